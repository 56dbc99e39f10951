"""Who watches over the unit hears of each turn that was whole, and of nothing else: one that hangs is begun anew."""

from __future__ import annotations

from collections.abc import Sequence

from edge.errors import StoreError
from edge.journal import Fault
from edge.ports import Clock, Watchdog
from edge.store import Store
from edge.words import counted

RETRY_S = 10.0
"""After a database that could not be written: another program may have it for a while, and whoever is at the door waits, too."""


class Heartbeat:
    """Feeds the watchdog after a turn of the loop that was whole.

    Whole is a turn with a new frame that was searched for faces, while the database is read and written without a fault; that it
    can be written is tried whenever the watchdog is due, because at a door where nobody comes nothing else writes.

    Args:
        watchdog: who is fed; None where nobody watches, and then nothing is tried either.
        store: the database.
        clock: tells when to try it again.
    """

    def __init__(self, watchdog: Watchdog | None, store: Store, clock: Clock) -> None:
        self._watchdog, self._store, self._clock = watchdog, store, clock
        self._fault = Fault("writing the database")
        self._not_before_s = float("-inf")

    @property
    def is_ailing(self) -> bool:
        """Whether the database could not be written when that was last tried."""
        return self._fault.is_on

    def turned(self, faults: Sequence[Fault], *, n_recorded: int) -> None:
        """A frame was taken, searched for faces and answered.

        Args:
            faults: what keeps this turn from being whole while it is on.
            n_recorded: rows since the start, for whoever asks how the unit is.
        """
        now_s = self._clock.monotonic_s()
        if self._watchdog is None or self.ail(faults) or not self._watchdog.is_due() or now_s < self._not_before_s:
            return
        try:
            self._store.pulse()
        except StoreError as error:
            self._fault.begin(error)
            self._not_before_s = now_s + RETRY_S
            self.ail([self._fault])
            return
        self._fault.end()
        self._watchdog.feed()
        self._watchdog.say(f"at work, {counted(n_recorded, 'row')} since the start")

    def ail(self, faults: Sequence[Fault]) -> bool:
        """Say which of these is on, the first; whether one is."""
        ailing = [fault for fault in faults if fault.is_on]
        if ailing and self._watchdog:
            self._watchdog.say(f"fault: {ailing[0]}")
        return bool(ailing)
