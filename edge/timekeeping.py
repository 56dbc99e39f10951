"""Rows that were written before anybody had set the clock get their time as soon as it is known."""

from __future__ import annotations

import logging
from datetime import timedelta

from edge.errors import StoreError
from edge.journal import Fault
from edge.ports import Clock
from edge.store import Store
from edge.types import Event
from edge.words import counted

log = logging.getLogger(__name__)

N_AT_ONCE = 250
"""Rows that get their time with one frame: the door waits for them, and a day without a time server is made up for in seconds."""

RETRY_S = 10.0
"""After a disk that failed."""


class Timekeeper:
    """Knows whether rows wait for their time, and gives it to them.

    A unit without a battery clock starts somewhere in the past. What is written then has a stamp of the clock that never jumps,
    and that counts from the start of the machine. Once the clock is set, the difference of the two is the same for every stamp of
    this start. Stamps of an earlier start say nothing: nobody knows how long the machine was off.

    Args:
        clock: tells the time, and whether it is to be believed.
        store: with the rows.
    """

    def __init__(self, clock: Clock, store: Store) -> None:
        self._clock, self._store = clock, store
        self._fault = Fault("giving rows their time")
        self._is_waiting = True  # perhaps: this program may have been started anew
        self._not_before_s = float("-inf")

    def heed(self, event: Event) -> None:
        """Hear of a row that was written just now."""
        self._is_waiting = self._is_waiting or not event.clock_ok

    def settle(self, at_s: float) -> bool:
        """Give rows their time, if any wait and the clock is known. Called with every frame.

        Args:
            at_s: now, on the camera's clock.

        Returns:
            Whether any row has another time now.
        """
        if not (self._is_waiting and at_s >= self._not_before_s and self._clock.is_trusted()):
            return False
        stamp = self._clock.stamp(at_s)
        if stamp is None:
            self._is_waiting = False
            return False
        zero_utc = self._clock.utc(at_s) - timedelta(seconds=stamp.monotonic_s)
        try:
            written = self._store.give_times(stamp.boot_id, zero_utc, n_most=N_AT_ONCE)
        except StoreError as error:
            self._fault.begin(error)
            self._not_before_s = at_s + RETRY_S
            return False
        self._fault.end()
        self._is_waiting = len(written) == N_AT_ONCE
        if written:
            log.info("the clock is set: %s got the time; %s", counted(len(written), "row"), written[-1].why)
        return bool(written)
