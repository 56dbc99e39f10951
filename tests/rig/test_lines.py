"""The rig reads the panel from its lines: every signal as it is, also where a slow machine shows it badly."""

from __future__ import annotations

from random import Random

import pytest
from rig.lines import Change, beeps, signals, spans

from edge.device.patterns import PATTERNS, Colour, beats
from edge.types import Signal

RED, GREEN, BUZZER = 5, 6, 7


def changes(shown: list[Signal], *, seed: int, late_s: float) -> tuple[list[Change], float]:
    """What the lines do for signals one after the other, each for a round; a beat begins up to so many seconds late."""
    chance, at_s, found = Random(seed), 1_000.0, []  # noqa: S311
    for signal in shown:
        for beat in beats(PATTERNS[signal]):
            red, green, _ = beat.colour.value
            moment_s = at_s + chance.uniform(0, late_s)
            levels = ((RED, bool(red)), (GREEN, bool(green)), (BUZZER, beat.buzz))
            found += [Change(moment_s + i * 0.001, line, level) for i, (line, level) in enumerate(levels)]
            at_s += beat.seconds
    return found, at_s


def read(shown: list[Signal], *, seed: int = 1, late_s: float = 0.0) -> list[Signal]:
    found, until_s = changes(shown, seed=seed, late_s=late_s)
    seen = spans(found, red=RED, green=GREEN, buzzer=BUZZER, until_s=until_s)
    return [signal for _, signal in signals(seen)]


@pytest.mark.parametrize("signal", [signal for signal in Signal if signal in PATTERNS])
def test_each_signal_is_read_as_itself(signal: Signal) -> None:
    assert read([Signal.READY, signal, Signal.READY]).count(signal) == (3 if signal is Signal.READY else 1)


@pytest.mark.parametrize("seed", range(20))
def test_answers_are_read_from_a_machine_that_is_late(seed: int) -> None:
    shown = [
        Signal.READY,
        Signal.ACCEPTED,
        Signal.READY,
        Signal.NOT_IN_DATABASE,
        Signal.READY,
        Signal.STICK_REFUSED,
        Signal.READY,
    ]
    said = read(shown, seed=seed, late_s=0.03)
    assert [signal for signal in said if signal is not Signal.READY] == [
        Signal.ACCEPTED,
        Signal.NOT_IN_DATABASE,
        Signal.STICK_REFUSED,
    ]


@pytest.mark.parametrize("seed", range(20))
def test_beeps_are_counted_on_a_machine_that_is_late(seed: int) -> None:
    shown = [
        Signal.ACCEPTED,
        Signal.READY,
        Signal.ALREADY,
        Signal.READY,
        Signal.ACCEPTED_WITHOUT_TIME,
        Signal.READY,
        Signal.NOT_IN_DATABASE,
    ]
    found, until_s = changes(shown, seed=seed, late_s=0.045)
    heard = beeps(spans(found, red=RED, green=GREEN, buzzer=BUZZER, until_s=until_s))
    assert [(colour, n) for _, colour, n in heard] == [(Colour.GREEN, 1), (Colour.GREEN, 2), (Colour.GREEN, 3), (Colour.RED, 1)]


def test_lines_that_do_nothing_say_nothing() -> None:
    assert signals(spans([Change(1.0, 0, is_high=False)], red=RED, green=GREEN, buzzer=BUZZER, until_s=60.0)) == []
