"""The part of the store that knows how far a destination was, also when it had another name."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from edge.store.database import DurableDatabase


class Delivered(NamedTuple):
    """The last event that a destination has."""

    event_id: str
    at_utc: datetime


class Deliveries:
    """Cursors under the name that a destination had before it had an id."""

    _database: DurableDatabase

    def last_delivered(self, destination: str) -> Delivered | None:
        """Up to where a destination has everything; None for one that never had anything."""
        sql = "SELECT event_id, at_utc FROM event JOIN cursor USING (seq) WHERE destination = ?"
        rows = self._database.rows(sql, [destination])
        return Delivered(rows[0][0], datetime.fromisoformat(rows[0][1])) if rows else None

    def carry_over(self, old: str, new: str) -> None:
        """What has been delivered under one name has been under another, and nobody else inherits it."""
        sql = (
            "INSERT INTO cursor (destination, seq) SELECT ?, seq FROM cursor WHERE destination = ?"
            " ON CONFLICT (destination) DO UPDATE SET seq = max(seq, excluded.seq)"
        )
        with self._database.writing():
            self._database.rows(sql, [new, old])
            self._database.rows("DELETE FROM cursor WHERE destination = ?", [old])
