"""Trying again what may go well the next time: a stick that was just plugged in, a server that is starting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, repeat
from typing import Protocol

PAUSES_S = (1.0, 5.0, 15.0, 60.0)
"""Between the tries; the last one goes on for as long as there is time."""


class Time(Protocol):
    """A clock that can be waited on."""

    def monotonic_s(self) -> float:
        """Seconds that never jump."""

    def wait(self, seconds: float) -> object:
        """Let time pass."""


def insist(attempt: Callable[[Sequence[str]], Sequence[str]], names: Sequence[str], *, for_s: float, time: Time) -> None:
    """Try everything once, and what failed for the moment again, until nothing is left or the time is over.

    Args:
        attempt: tries what is named, and returns those that are worth another try.
        names: what is to be done.
        for_s: for how long; the last try is at its end. 0 tries once.
        time: by which it is measured.
    """
    until = time.monotonic_s() + for_s
    left = attempt(names)
    for pause_s in chain(PAUSES_S, repeat(PAUSES_S[-1])):
        left_s = until - time.monotonic_s()
        if not left or left_s <= 0:
            return
        time.wait(min(pause_s, left_s))
        left = attempt(left)
