"""What LED and buzzer do for each signal: one table, and the order in which signals give way to each other.

Red and green look alike to one man in twelve, so no two signals differ by colour alone: each has its own rhythm, and the
answers sound different too. Why a face cannot be judged is said in groups of amber flashes, short or long, with a rest between
the groups: as many as can be counted while walking up. None of them sounds, for they may last. A door at rest winks, slowly where
all is well and like a clock where it is degraded: dark enough that an answer stands out, and never in groups but in pairs, five
seconds apart, where it works and somebody should ask `muster doctor`. A stick is told by lights that last for seconds while all
is well, and by a burst of flashes that nobody could count, in long darkness, where it is not. The push button is answered by a
rattle, which nobody takes for a beep; a green flicker, half of the time, says that the next row goes the other way, and an amber
tick that the system ends.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from edge.types import Signal


class Colour(Enum):
    """Which of red, green and blue are lit; on two single LEDs amber is both of them."""

    OFF = (0, 0, 0)
    RED = (1, 0, 0)
    GREEN = (0, 1, 0)
    AMBER = (1, 1, 0)


@dataclass(frozen=True, slots=True)
class Blink:
    """On and off in turn.

    Attributes:
        on_s: how long it is on.
        off_s: how long it is off then.
        n: so many times, or until something else is shown (None).
        rest_s: off for so long after the n times, and again, until something else is shown; None: that was all.
    """

    on_s: float
    off_s: float = 0.0
    n: int | None = 1
    rest_s: float | None = None

    @property
    def is_lasting(self) -> bool:
        """Whether it goes on until something else is shown."""
        return self.n is None or self.rest_s is not None

    @property
    def round_s(self) -> float:
        """How long it takes until it begins anew, or ends."""
        return round((self.on_s + self.off_s) * (self.n or 1) + (self.rest_s or 0.0), 3)


@dataclass(frozen=True, slots=True)
class Pattern:
    """One signal at the door: the light, and the sound if any (always of an end)."""

    colour: Colour
    light: Blink
    sound: Blink | None = None

    @property
    def is_momentary(self) -> bool:
        """Whether it ends by itself."""
        return not self.light.is_lasting

    def __str__(self) -> str:
        """One line for a terminal: what LED and buzzer do."""
        return f"LED {self.colour.name.lower()} {_words(self.light)}" + (f" · buzzer {_words(self.sound)}" if self.sound else "")


def _words(blink: Blink) -> str:
    if blink.n is None:
        return f"blinking ({blink.on_s:g} s on, {blink.off_s:g} s off)"
    if blink.rest_s is not None:
        return f"blinking ({blink.n} x {blink.on_s:g} s, {blink.rest_s:g} s rest)"
    return f"{blink.on_s:g} s" if blink.n == 1 else f"{blink.n} x {blink.on_s:g} s"


def _group(n: int, on_s: float) -> Pattern:
    return Pattern(Colour.AMBER, Blink(on_s, 0.2, n, rest_s=1.0))


SHORT_S, LONG_S = 0.1, 0.5
"""A flash of a group: nobody takes one for the other."""

PATTERNS = {
    Signal.READY: Pattern(Colour.GREEN, Blink(0.05, 2.95, None)),
    Signal.LOOKING: Pattern(Colour.AMBER, Blink(0.4, 0.2, None)),
    Signal.ACCEPTED: Pattern(Colour.GREEN, Blink(1.5), Blink(0.1)),
    Signal.ACCEPTED_WITHOUT_TIME: Pattern(Colour.GREEN, Blink(0.9, 0.1, 2), Blink(0.1, 0.1, 3)),
    Signal.ALREADY: Pattern(Colour.GREEN, Blink(0.3, 0.2, 2), Blink(0.1, 0.1, 2)),
    Signal.NOT_IN_DATABASE: Pattern(Colour.RED, Blink(1.5), Blink(0.7)),
    Signal.STICK_REFUSED: Pattern(Colour.RED, Blink(0.4, 0.2, 3), Blink(0.3, 0.3, 3)),
    Signal.STICK_AT_WORK: Pattern(Colour.AMBER, Blink(9.5, 0.5, None)),
    Signal.SAFE_TO_PULL: Pattern(Colour.GREEN, Blink(2.0, 2.0, None)),
    Signal.STICK_FAILED: Pattern(Colour.RED, Blink(0.1, 0.1, 6, rest_s=4.0)),
    Signal.TOO_FAR: _group(2, SHORT_S),
    Signal.TOO_DARK: _group(3, SHORT_S),
    Signal.TOO_BRIGHT: _group(4, SHORT_S),
    Signal.BLURRED: _group(1, LONG_S),
    Signal.TURNED_AWAY: _group(2, LONG_S),
    Signal.CUT_OFF: _group(3, LONG_S),
    Signal.SEVERAL_PEOPLE: _group(4, LONG_S),
    Signal.BUTTON: Pattern(Colour.AMBER, Blink(0.05, 0.05, 4), Blink(0.05, 0.05, 4)),
    Signal.OTHER_WAY: Pattern(Colour.GREEN, Blink(0.05, 0.05, 10, rest_s=1.0)),
    Signal.SHUTTING_DOWN: Pattern(Colour.AMBER, Blink(0.025, 0.375, None)),
    Signal.DEGRADED: Pattern(Colour.AMBER, Blink(0.05, 0.95, None)),
    Signal.ATTENTION: Pattern(Colour.AMBER, Blink(0.05, 0.25, 2, rest_s=4.4)),
    Signal.FAULT: Pattern(Colour.RED, Blink(0.1, 0.1, None)),
}


@dataclass(frozen=True, slots=True)
class Beat:
    """For so many seconds nothing changes: one colour, and the buzzer on or off."""

    colour: Colour
    buzz: bool
    seconds: float


def beats(pattern: Pattern) -> list[Beat]:
    """A pattern as beats; a lasting one as one round of its light."""
    lit, heard = _spans(pattern.light), _spans(pattern.sound) if pattern.sound else []
    edges = sorted({0.0, pattern.light.round_s, *(edge for span in lit + heard for edge in span)})
    return [
        Beat(pattern.colour if _covers(lit, start) else Colour.OFF, _covers(heard, start), round(end - start, 3))
        for start, end in itertools.pairwise(edges)
    ]


def _spans(blink: Blink) -> list[tuple[float, float]]:
    period_s = blink.on_s + blink.off_s
    # To the millisecond: 0.2 + 0.1 is not 0.3, and light and sound that end together shall end in one beat.
    return [(round(i * period_s, 3), round(i * period_s + blink.on_s, 3)) for i in range(blink.n or 1)]


def _covers(spans: list[tuple[float, float]], moment: float) -> bool:
    return any(start <= moment < end for start, end in spans)


class Programme:
    """Which beat comes next. Not thread-safe.

    A momentary signal (an answer) begins at once. A lasting one waits until a running answer has ended: the green light of
    whoever was just accepted is not cut off by the next face. Only a fault does not wait. After an answer the lasting signal
    comes back by itself.
    """

    def __init__(self) -> None:
        self._lasting = Signal.READY
        self._is_answering = False
        self._beats = self._begun(Signal.READY)

    def show(self, signal: Signal) -> bool:
        """Take in a signal; returns whether it begins now."""
        if PATTERNS[signal].is_momentary:
            self._is_answering = True
        else:
            self._lasting = signal
            if self._is_answering and signal is not Signal.FAULT:
                return False
            self._is_answering = False
        self._beats = self._begun(signal)
        return True

    def next_beat(self) -> Beat:
        """The beat that begins now."""
        beat = next(self._beats, None)
        if beat is None:
            self._is_answering = False
            self._beats = self._begun(self._lasting)
            beat = next(self._beats)
        return beat

    @staticmethod
    def _begun(signal: Signal) -> Iterator[Beat]:
        pattern = PATTERNS[signal]
        return iter(beats(pattern)) if pattern.is_momentary else itertools.cycle(beats(pattern))
