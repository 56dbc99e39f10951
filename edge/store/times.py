"""The part of the store that gives rows their time once the clock is known."""

from __future__ import annotations

from datetime import datetime, timedelta

from edge.store.events import Events
from edge.types import Draft, Event, EventKind

CLOCK = "clock"
"""Who makes the rows that say when another row happened."""

_WAITING = (
    "boot_id = ? AND boot_id <> '' AND clock_ok = 0 AND kind IN ('punch', 'entry') AND monotonic_s IS NOT NULL AND NOT EXISTS ("
    "SELECT 1 FROM event AS later"
    " WHERE later.corrects = event.event_id AND later.corrects <> '' AND later.kind IN ('void', 'time'))"
)
"""Rows of one start of the machine whose time is not known yet. ``boot_id <> ''`` must be said for SQLite to use the index."""


class Times(Events):
    """When it happened what was written down before anybody had set the clock."""

    def give_times(self, boot_id: str, zero_utc: datetime, *, n_most: int) -> list[Event]:
        """Write down when rows of one start of the machine truly happened, each once: a row that names the old one.

        Whoever stops it half-way, or does it twice, leaves the same rows. What was taken back, or is of another start, stays.

        Args:
            boot_id: the start of the machine.
            zero_utc: the moment from which its stamps count, by a clock that is trusted.
            n_most: at most so many, the oldest first: nobody else can write meanwhile.

        Returns:
            The rows that were written.

        Raises:
            StoreError: none of them is stored.
        """
        with self._database.writing():
            waiting = self._events(_WAITING, [boot_id], n_most=n_most)
            return self.append(*(_timed(event, zero_utc) for event in waiting))


def _timed(event: Event, zero_utc: datetime) -> Draft:
    at_utc = zero_utc + timedelta(seconds=event.monotonic_s or 0.0)
    return Draft(
        event.person_code,
        event.person_name,
        at_utc,
        event.direction,
        EventKind.TIME,
        boot_id=event.boot_id,
        monotonic_s=event.monotonic_s,
        corrects=event.event_id,
        by=CLOCK,
        why=how_wrong(event.at_utc - at_utc),
    )


def how_wrong(ahead: timedelta) -> str:
    """How far a clock was off, as in "the clock was 2 days, 3:04:05 slow"."""
    seconds = timedelta(seconds=round(abs(ahead).total_seconds()))
    return f"the clock was {seconds} {'fast' if ahead > timedelta(0) else 'slow'}" if seconds else "the clock was right"
