"""The pins of the 40-pin header, and which keys want the same one."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import Any

BCM_PINS = 28
"""GPIO0 to GPIO27 are on the 40-pin header (Raspberry Pi documentation, "GPIO and the 40-pin header")."""

IDENTIFICATION = (0, 1)
"""Where add-on boards say at the start who they are: no other use is allowed (the same, "ID_SD and ID_SC")."""

BUSES = {"i2c": (2, 3), "one-wire": (4,), "spi": (7, 8, 9, 10, 11), "uart": (14, 15), "pcm": (18, 19, 20, 21)}
"""Buses of the header that something else may use -> their pins as Raspberry Pi OS sets them when the bus is switched on."""

PIN_KEYS = ("red_pin", "green_pin", "blue_pin", "buzzer_pin", "button_pin")
"""Keys of the section panel that hold a pin."""


def conflicts(panel: Any, *, written: Container[str] = PIN_KEYS) -> Iterator[str]:
    """A sentence for each pin that two keys want, or that is not free.

    Args:
        panel: the section of that name.
        written: its keys that somebody has written; the others have their defaults, and nobody looks for them in a file.
    """
    taken: dict[int, str] = {}
    for name in PIN_KEYS:
        pin = getattr(panel, name)
        if pin < 0:
            continue
        if pin in taken:
            yield _twice(taken[pin], name, pin, written)
        taken.setdefault(pin, name)
        if pin in IDENTIFICATION:
            yield f"'panel.{name}' is {pin}, where add-on boards identify themselves; take another pin, such as {_free(panel)}."
        for bus in (bus for bus in dict.fromkeys(panel.reserved) if pin in BUSES[bus]):
            yield (
                f"'panel.{name}' is {pin}, which 'panel.reserved' keeps for {bus} ({_listed(BUSES[bus])});"
                f" take another pin, such as {_free(panel)}, or take {bus!r} off that list if nothing uses it."
            )


def _twice(first: str, second: str, pin: int, written: Container[str]) -> str:
    """Two keys have one pin: begins with the one that stands in the file."""
    if first in written and second in written:
        return f"'panel.{second}' is {pin}, and so is 'panel.{first}'; give each its own pin."
    one, other = (first, second) if first in written else (second, first)
    return f"'panel.{one}' is {pin}, the default of 'panel.{other}'; take another pin, or write {other} with its own (-1: none)."


def _free(panel: Any) -> int:
    """A pin of no bus at all that no key names; there are more of these than keys."""
    named = {getattr(panel, name) for name in PIN_KEYS}
    used = {*named, *IDENTIFICATION, *(pin for pins in BUSES.values() for pin in pins)}
    return next(pin for pin in range(BCM_PINS) if pin not in used)


def _listed(pins: Iterable[int]) -> str:
    return ", ".join(f"GPIO{pin}" for pin in pins)
