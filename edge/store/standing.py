"""The part of the store that says what counts: what came of the ledger after everything that was put right in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from edge.store.events import Events
from edge.types import Event, utc_text

# ruff: noqa: S608  what is put into the queries below is a constant of this file, never a value

_KNOWN_LATER = (
    "(SELECT at_utc FROM event AS timing WHERE timing.corrects = event.event_id AND timing.corrects <> ''"
    " AND timing.kind = 'time' AND timing.seq <= ?1 ORDER BY timing.seq DESC LIMIT 1)"
)
"""When a row truly happened, where a later row says it. ``corrects <> ''`` must be said for SQLite to use the index."""

_NEARBY = (
    "(SELECT seq FROM event WHERE at_utc >= ?2 AND at_utc < ?3 UNION SELECT named.seq FROM event AS timing"
    " JOIN event AS named ON named.event_id = timing.corrects"
    " WHERE timing.at_utc >= ?2 AND timing.at_utc < ?3 AND timing.kind = 'time')"
)
"""The rows that can have happened between two times, by the index of the times: as believed, or as known later."""

_STANDING = (
    f"SELECT seq, {_KNOWN_LATER} AS known_later FROM event WHERE seq <= ?1 AND kind IN ('punch', 'entry') AND NOT EXISTS ("
    "SELECT 1 FROM event AS void WHERE void.corrects = event.event_id AND void.corrects <> ''"
    f" AND void.kind = 'void' AND void.seq <= ?1) AND seq IN {_NEARBY}"
    f" AND coalesce({_KNOWN_LATER}, at_utc) >= ?2 AND coalesce({_KNOWN_LATER}, at_utc) < ?3 AND (?4 IS NULL OR person_code = ?4)"
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
        # Rows are only ever added: what there is up to one number is the same in every query.
        (last,) = self._database.rows("SELECT coalesce(max(seq), 0) FROM event")[0]
        values = [last, utc_text(since) if since else _BEFORE_ALL, utc_text(until) if until else _AFTER_ALL, code]
        known_later = {seq: at_utc for seq, at_utc in self._database.rows(_STANDING, values) if at_utc is not None}
        events = self._events(f"seq IN (SELECT seq FROM ({_STANDING}))", values)
        return sorted(
            (_timed(event, known_later.get(event.seq)) for event in events), key=lambda event: (event.at_utc, event.seq)
        )

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


def _timed(event: Event, known_later: str | None) -> Event:
    if known_later is None:
        return event
    return replace(event, at_utc=datetime.fromisoformat(known_later), clock_ok=True)
