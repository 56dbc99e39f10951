"""Whether the power supply is strong enough for an Edge TPU."""

from __future__ import annotations

from pathlib import Path

from edge.device.power import undervoltage
from edge.doctor.finding import Finding, State, split

NAME = "power"

STRONGER = (
    "use the supply that is made for this Raspberry Pi (27 W for a Pi 5, 15 W for a Pi 4) with its own cable,"
    " or give the Edge TPU a powered USB 3 hub"
)
COOLER = "let air to it: a heat sink, a fan, an enclosure with slits"


def power(vcgencmd: Path) -> Finding:
    """What a Raspberry Pi's firmware has seen of its supply: now, and since it was started."""
    found = undervoltage(vcgencmd)
    if found is None:
        return Finding(NAME, State.OK, "no Raspberry Pi: nobody measures it")
    if found.fault:
        return Finding(NAME, State.WARNING, *split(found.fault))
    now, before = ", ".join(found.now), ", ".join(words for words in found.since_boot if words not in found.now)
    words = "; ".join([f"now: {now}"] * bool(now) + [f"since it was started, and not now: {before}"] * bool(before))
    if found.is_low_now or found.was_low:
        return Finding(NAME, State.WARNING, words, STRONGER)
    if found.now:
        return Finding(NAME, State.WARNING, words, COOLER)
    return Finding(NAME, State.OK, words or "no undervoltage since it was started")
