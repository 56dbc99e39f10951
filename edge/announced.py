"""What others have announced on the unit's panel, and for how long it holds. No clock and no I/O of its own."""

from __future__ import annotations

from edge.ports import ANNOUNCED_ANSWERS, Announcements
from edge.types import Signal

KEPT_S = 60.0
"""A program that works on a stick says so again and again; one that has died does not, and its word must not stay for ever."""


class Announced:
    """The announcements of a unit as the loop needs them.

    Args:
        announcements: what was said; None where nobody can say anything.

    Attributes:
        lasting: what the panel shows in place of ready; None when nothing was announced.
    """

    def __init__(self, announcements: Announcements | None) -> None:
        self._announcements = announcements
        self._heard_s = 0.0
        self.lasting: Signal | None = None

    def heed(self, at_s: float) -> list[Signal]:
        """Hear what is new.

        Args:
            at_s: now, on the camera's clock.

        Returns:
            The answers that have to be given at once.
        """
        answers = []
        while self._announcements and (signal := self._announcements.latest()):
            if signal in ANNOUNCED_ANSWERS:
                answers.append(signal)
            else:
                self.lasting, self._heard_s = (None if signal is Signal.READY else signal), at_s
        if not 0 <= at_s - self._heard_s < KEPT_S:
            self.lasting = None
        return answers
