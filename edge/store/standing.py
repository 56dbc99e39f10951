"""The part of the store that says what counts: what came of the ledger after everything that was put right in it."""

from __future__ import annotations

from datetime import datetime

from edge.store.events import COLUMNS, KNOWN_LATER, VOID, Events
from edge.types import Event, utc_text

# ruff: noqa: S608  what is put into the queries below is a constant of this file, never a value

_NEARBY = (
    "(SELECT seq FROM event WHERE at_utc >= ?1 AND at_utc < ?2 UNION SELECT named.seq FROM event AS timing"
    " JOIN event AS named ON named.event_id = timing.corrects"
    " WHERE timing.at_utc >= ?1 AND timing.at_utc < ?2 AND timing.kind = 'time')"
)
"""The rows that can have happened between two times, by the index of the times: as believed, or as known later."""

_STANDING = (
    f"SELECT person_id, {KNOWN_LATER}, {COLUMNS} FROM event"
    f" WHERE kind IN ('punch', 'entry') AND NOT EXISTS ({VOID.format(row='event')}) AND seq IN {_NEARBY}"
    f" AND coalesce({KNOWN_LATER}, at_utc) >= ?1 AND coalesce({KNOWN_LATER}, at_utc) < ?2 AND (?3 IS NULL OR person_code = ?3)"
)

MAX_DIGITS = 18
"""No row has a longer number; SQLite's numbers end there."""

_BEFORE_ALL, _AFTER_ALL = "", "~"
"""Texts before and behind every time that `utc_text` writes."""


class Standing(Events):
    """The ledger as it stands: who came and went when, as far as anybody knows by now."""

    def standing(self, *, since: datetime | None = None, until: datetime | None = None, code: str | None = None) -> list[Event]:
        """Punches and entries that nobody took back, by the time at which they truly happened, and then by number.

        A row whose time became known later has that time here, and ``clock_ok`` is then true; in the ledger it stays as it was
        written, so with another time its hash is not the hash of what is here.

        Args:
            since: from this moment on (timezone-aware), by the true time.
            until: before this moment, likewise.
            code: of one person; a row that was given to somebody else is theirs.
        """
        values = [utc_text(since) if since else _BEFORE_ALL, utc_text(until) if until else _AFTER_ALL, code]
        return sorted((event for _, event in self._timed(_STANDING, values)), key=lambda event: (event.at_utc, event.seq))

    def written(self, row: str) -> Event | None:
        """The row of a number or of an event_id, or None."""
        if row.isascii() and row.isdecimal():
            found = self._events("seq = ?", [int(row)]) if len(row) <= MAX_DIGITS else []
        else:
            found = self._events("event_id = ?", [row])
        return found[0] if found else None

    def named_by(self, event: Event) -> list[Event]:
        """Every row that names this one: that takes it back, stands in its place, or says when it happened."""
        return self._events("corrects = ? AND corrects <> ''", [event.event_id])
