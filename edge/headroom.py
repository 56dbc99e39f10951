"""How much room the ledger has left, looked at now and then: nothing in it is ever overwritten to make room."""

from __future__ import annotations

from edge.errors import MusterError
from edge.journal import Fault
from edge.store import Store

ROOM_CHECK_S = 600.0
"""How often, in seconds of the camera's clock, the unit looks how full its disk is."""


class Headroom:
    """Says in the log, once, when the disk gets full, and once when there is room again.

    Attributes:
        is_scarce: whether there is so little that the door should show it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._fault = Fault("the disk")
        self._seen_s: float | None = None
        self.is_scarce = False

    def look(self, at_s: float) -> None:
        """Look, where that was not done lately.

        Args:
            at_s: now, on the camera's clock.
        """
        if self._seen_s is not None and at_s - self._seen_s < ROOM_CHECK_S:
            return
        self._seen_s = at_s
        try:
            room = self._store.room()
        except OSError as error:
            self._fault.begin(MusterError(error.strerror or str(error)))
            return
        self.is_scarce = room.is_scarce
        if room.is_short:
            self._fault.begin(MusterError(f"{room}; {room.ADVICE}"))
        else:
            self._fault.end()
