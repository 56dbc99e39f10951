"""What LED and buzzer said, read from the changes of three lines: which signal that is, by the product's own table of patterns.

A guest under emulation keeps time badly, so a beat may be longer or shorter than it should; no two signals are that much alike.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.device.patterns import PATTERNS, Beat, Colour, beats
from edge.types import Signal

GLITCH_S = 0.02
"""Lines change one after the other: what lasts less is the way from one state to the next."""

SLACK, SLACK_S = 0.3, 0.12
"""A beat may be off by this share of its length and so many seconds."""

TOGETHER_S = 0.8
"""Beeps that are nearer to each other are one answer; answers are farther apart."""

LONGEST_FIRST = sorted(((signal, beats(pattern)) for signal, pattern in PATTERNS.items()), key=lambda each: -len(each[1]))
"""The beginning of one signal may be the whole of another."""


@dataclass(frozen=True)
class Change:
    """A line has risen or fallen.

    Attributes:
        at_s: seconds of the host's clock.
        line: its number.
        is_high: since then.
    """

    at_s: float
    line: int
    is_high: bool


@dataclass(frozen=True)
class Span:
    """For a while nothing changed."""

    at_s: float
    seconds: float
    colour: Colour
    buzz: bool


def spans(changes: Iterable[Change], *, red: int, green: int, buzzer: int, until_s: float) -> list[Span]:
    """The changes as what somebody at the door sees and hears."""
    state: dict[int, bool] = {}
    found: list[Span] = []
    edges = [*changes, Change(until_s, -1, is_high=False)]
    for change, following in itertools.pairwise(edges):
        state[change.line] = change.is_high
        colour = Colour((int(state.get(red, False)), int(state.get(green, False)), 0))
        seconds = following.at_s - change.at_s
        if found and (found[-1].colour, found[-1].buzz) == (colour, state.get(buzzer, False)):
            found[-1] = Span(found[-1].at_s, found[-1].seconds + seconds, colour, found[-1].buzz)
        elif seconds >= GLITCH_S:
            found.append(Span(change.at_s, seconds, colour, state.get(buzzer, False)))
        elif found:
            found[-1] = Span(found[-1].at_s, found[-1].seconds + seconds, found[-1].colour, found[-1].buzz)
    return found


def beeps(seen: Sequence[Span]) -> list[tuple[float, Colour, int]]:
    """What was heard, which survives any delay: when it began, the light with it, and how many beeps belong together."""
    found: list[tuple[float, Colour, int]] = []
    ended_s = float("-inf")
    for span in seen:
        if span.buzz:
            goes_on = bool(found) and span.at_s - ended_s < TOGETHER_S
            at_s, colour, n = found.pop() if goes_on else (span.at_s, span.colour, 0)
            found.append((at_s, colour, n + 1))
            ended_s = span.at_s + span.seconds
    return found


def signals(seen: Sequence[Span]) -> list[tuple[float, Signal]]:
    """Every signal that was shown, with the moment at which it began; a lasting one once for each round."""
    found = []
    position = 0
    while position < len(seen):
        for signal, wanted in LONGEST_FIRST:
            if len(wanted) <= len(seen) - position and all(
                _fits(span, beat) for span, beat in zip(seen[position:], wanted, strict=False)
            ):
                found.append((seen[position].at_s, signal))
                position += len(wanted) - 1
                break
        position += 1
    return found


def _fits(span: Span, beat: Beat) -> bool:
    return (span.colour, span.buzz) == (beat.colour, beat.buzz) and abs(
        span.seconds - beat.seconds
    ) <= SLACK * beat.seconds + SLACK_S
