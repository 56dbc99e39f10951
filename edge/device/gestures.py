"""What somebody means who presses a button: a pure function of when its contact closed and opened. No clock, no pins."""

from __future__ import annotations

from collections.abc import Iterable

from edge.ports import Gesture

BOUNCE_S = 0.03
"""A state counts once it has stayed for so long: contacts bounce for some milliseconds, and a long wire hears every motor."""

PRESS_S = 1.0
"""The longest press. Whoever holds on for longer and lets go before `HOLD_S` has thought better of it, and nothing happens."""

BETWEEN_S = 0.6
"""Two presses belong together when the second begins within so many seconds of the end of the first."""

HOLD_S = 3.0
"""Held for so long it is no press; nobody leans on a button for three seconds by mistake."""


class Gestures:
    """Follows the contact of one button.

    A press is told at its end, and a second one soon after it as two: whoever hears of a press must be able to take it back.
    Further ones in the same breath mean nothing.

    Args:
        is_down: whether it is pressed to begin with; that press means nothing, or a button that is stuck would shut down every
            start of the system.
    """

    def __init__(self, *, is_down: bool = False) -> None:
        self._is_down = self._is_spent = is_down
        self._since_s = float("-inf")
        self._edge: tuple[float, bool] | None = None
        self._n_presses = 0
        self._told: list[Gesture] = []

    def hear(self, edges: Iterable[tuple[float, bool]], now_s: float) -> list[Gesture]:
        """What was meant up to now.

        Args:
            edges: since the last call: when, and whether the contact closed then; in order.
            now_s: on the same clock, not before the last of them.

        Returns:
            What has become certain by now, in order.
        """
        for edge in edges:
            self._pass_time(edge[0])
            self._edge = edge
        self._pass_time(now_s)
        told, self._told = self._told, []
        return told

    def _pass_time(self, until_s: float) -> None:
        if self._edge and until_s - self._edge[0] >= BOUNCE_S:
            self._settle(self._edge[0], is_down=self._edge[1])
            self._edge = None
        sure_s = self._edge[0] if self._edge else until_s  # from there on it may be open again, and nobody knows yet
        if self._is_down and not self._is_spent and sure_s - self._since_s >= HOLD_S:
            self._is_spent = True
            self._told.append(Gesture.HOLD)

    def _settle(self, at_s: float, *, is_down: bool) -> None:
        if is_down == self._is_down:
            return
        lasted_s, self._since_s, self._is_down = at_s - self._since_s, at_s, is_down
        if is_down:
            self._is_spent = False
            self._n_presses = self._n_presses if lasted_s <= BETWEEN_S else 0
        elif self._is_spent or lasted_s > PRESS_S:
            self._n_presses = 0
        else:
            self._n_presses += 1
            self._told += {1: [Gesture.PRESS], 2: [Gesture.TWO_PRESSES]}.get(self._n_presses, [])
