"""What the doctor says of the power supply, by what a Raspberry Pi's firmware answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.doctor import State
from edge.doctor.power import power


def firmware(folder: Path, answer: str) -> Path:
    """A vcgencmd that says this."""
    path = folder / "vcgencmd"
    path.write_text(f"#!/bin/sh\necho '{answer}'\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("answer", "state", "words", "advice"),
    [
        ("throttled=0x0", State.OK, "no undervoltage since it was started", ""),
        ("throttled=0x50005", State.WARNING, "now: undervoltage, throttled", "supply"),
        ("throttled=0x10000", State.WARNING, "since it was started, and not now: undervoltage", "supply"),
        ("throttled=0x80008", State.WARNING, "now: soft temperature limit reached", "let air to it"),
        ("throttled=0x80000", State.OK, "since it was started, and not now: soft temperature limit reached", ""),
        ("VCHI initialization failed", State.WARNING, "VCHI initialization failed", "group video"),
    ],
)
def test_what_the_firmware_has_seen(tmp_path: Path, answer: str, state: State, words: str, advice: str) -> None:
    found = power(firmware(tmp_path, answer))
    assert (found.state, found.name) == (state, "power")
    assert words in found.sentence
    assert advice in found.advice
    assert bool(found.advice) == (state is not State.OK)


def test_elsewhere_nobody_measures_it(tmp_path: Path) -> None:
    assert power(tmp_path / "vcgencmd").state is State.OK
