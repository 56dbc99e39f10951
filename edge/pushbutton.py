"""What comes of the push button: a row that goes the other way, the stick once more, the end. No clock and no I/O of its own."""

from __future__ import annotations

import logging

from edge.errors import DeviceError
from edge.ports import Button, Gesture, Requests, Wish
from edge.types import Signal

log = logging.getLogger(__name__)

OTHER_WAY_S = 30.0
"""Enough to step before the camera; and whoever presses and walks away does not change the row of somebody who comes later."""

PATIENCE_S = {Wish.SHUT_DOWN: 20.0, Wish.ENROL: 5.0}
"""Who can grant a wish takes it by then, or nobody is there who could. Before a shutdown another program takes over the panel."""

ENDING_S = 120.0
"""A system that is still there so long after it was to be shut down stays."""

_UNHEARD = {
    Wish.SHUT_DOWN: "nobody here shuts the system down for it (muster-shutdown.path). Over SSH: `sudo systemctl poweroff`.",
    Wish.ENROL: "no stick is plugged in that could be served (plug one in), or it is being served already (wait for its end).",
}


class PushButton:
    """What somebody has asked for at the button, and until when it holds.

    Args:
        button: None where there is none.
        requests: who is asked to shut down or to serve the stick; None where nobody is.

    Attributes:
        is_switched: whether the next row goes the other way than the rules say.
        is_ending: whether the system is being shut down.
    """

    def __init__(self, button: Button | None, requests: Requests | None) -> None:
        self._button, self._requests = button, requests
        self._switched_s: float | None = None
        self._before_s: float | None = None
        self._asked_s: dict[Wish, float] = {}
        self._ending_s: float | None = None

    @property
    def is_switched(self) -> bool:
        """Whether the next row goes the other way than the rules say."""
        return self._switched_s is not None

    @property
    def is_ending(self) -> bool:
        """Whether the system is being shut down."""
        return self._ending_s is not None

    def heed(self, now_s: float) -> list[Signal]:
        """Hear what was pressed, and let lapse what is over.

        Args:
            now_s: seconds that never jump.

        Returns:
            The answers that have to be given at once.
        """
        if self._button is None:
            return []
        answers = [answer for gesture in self._button.gestures() for answer in self._follow(gesture, now_s)]
        if self._switched_s is not None and now_s - self._switched_s >= OTHER_WAY_S:
            self._switched_s = None
            log.info("the push button: nobody came, rows go as usual")
        if self._ending_s is not None and now_s - self._ending_s >= ENDING_S:
            self._ending_s = None
        return answers + [answer for wish in list(self._asked_s) for answer in self._look_after(wish, now_s)]

    def settle(self) -> None:
        """Somebody who is known has got their answer: what was pressed was meant for them."""
        self._switched_s = self._before_s = None

    def _follow(self, gesture: Gesture, now_s: float) -> list[Signal]:
        if gesture is Gesture.PRESS:
            self._before_s, self._switched_s = self._switched_s, None if self.is_switched else now_s
            log.info("the push button: %s", "the next row goes the other way" if self.is_switched else "rows go as usual")
            return [Signal.BUTTON]
        if gesture is Gesture.TWO_PRESSES:
            self._switched_s = self._before_s  # the first of the two was no press
        return [Signal.BUTTON, *self._ask(Wish.SHUT_DOWN if gesture is Gesture.HOLD else Wish.ENROL, now_s)]

    def _ask(self, wish: Wish, now_s: float) -> list[Signal]:
        log.info("the push button: %s", "shut down" if wish is Wish.SHUT_DOWN else "serve the stick")
        if self._requests is None:
            return self._refused(wish)
        try:
            self._requests.ask(wish)
        except DeviceError as error:
            log.warning("the push button: %s", error)
            return [Signal.STICK_REFUSED]
        self._asked_s[wish] = now_s
        if wish is Wish.SHUT_DOWN:
            self._ending_s = now_s
        return []

    def _look_after(self, wish: Wish, now_s: float) -> list[Signal]:
        """Whether somebody has taken a wish; one that nobody takes is withdrawn, and that is told."""
        if self._requests is None or not self._requests.is_waiting(wish):
            del self._asked_s[wish]
        elif now_s - self._asked_s[wish] >= PATIENCE_S[wish]:
            del self._asked_s[wish]
            self._requests.withdraw(wish)
            return self._refused(wish)
        return []

    def _refused(self, wish: Wish) -> list[Signal]:
        if wish is Wish.SHUT_DOWN:
            self._ending_s = None
        log.warning("the push button: %s", _UNHEARD[wish])
        return [Signal.STICK_REFUSED]
