"""When an Edge TPU that failed is opened again: soon after the first failure, ever later after those that follow it."""

from __future__ import annotations

import math

from edge.device.live import PAUSES_S, Backoff

AFRESH_S = 600.0
"""Plugging in ends a pause, but only once in so long. A port that gives too little power throws the stick out at its first use
and finds it again a moment later, for ever, and to the kernel that looks as if somebody had plugged it in."""


class Attempts:
    """The pauses between attempts. It has no clock: the moments are given, in seconds that never jump.

    The pauses begin anew once it has answered and then gone on serving for as long as the longest pause. To have opened is not
    enough: a stick that dies of its first call each time opens well each time, and would be opened every second for ever. With
    this rule one that always fails alike is opened once a minute at most, whether it fails sooner (then the longest pause comes
    first) or later (then it has served for a minute); and however it fails, four times in 83 s (1 + 2 + 5 + 15 s, then a minute).

    Args:
        pauses_s: after the first failure, the second, ...; the last one repeats.
    """

    def __init__(self, pauses_s: tuple[float, ...] = PAUSES_S) -> None:
        self._backoff = Backoff(pauses_s)
        self._longest_s = max(pauses_s)
        self._due_s = self._afresh_s = -math.inf

    @property
    def pause_s(self) -> float:
        """Seconds from the latest failure to the next attempt."""
        return self._backoff.pause_s

    def fail(self, now_s: float, *, served_s: float) -> None:
        """It failed.

        Args:
            now_s: when.
            served_s: for how long it had served; 0 when it had answered nothing.
        """
        if served_s >= self._longest_s:
            self._backoff.reset()
        self._backoff.fail()
        self._due_s = now_s + self.pause_s

    def plug_in(self, now_s: float) -> None:
        """It was away and is there again."""
        if now_s - self._afresh_s >= AFRESH_S:
            self._backoff.reset()
            self._afresh_s, self._due_s = now_s, now_s

    def is_due(self, now_s: float) -> bool:
        """Whether it may be opened now."""
        return now_s >= self._due_s

    def next_s(self, now_s: float, *, at_most_s: float) -> float:
        """When to look next: when it may be opened, but after so long at the latest."""
        return min(now_s + at_most_s, self._due_s) if self._due_s > now_s else now_s + at_most_s
