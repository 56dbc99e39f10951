"""The part of the store that knows what a destination has, also when it had another name, and what it lacks."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from edge.store.database import DurableDatabase
from edge.types import utc_text

# ruff: noqa: S608  what is put into the queries below is a constant of this file, never a value

_HOUR = f"substr(at_utc, 1, {len('2026-11-22T08')}) AS hour"
"""The hour that a row is from: a ledger has few of them, however many rows."""

_LACKING = "seq > coalesce((SELECT seq FROM cursor WHERE destination = :destination), 0) AND seq <= :last"
"""Rows that a destination does not have. Rows are only ever added: what there is up to one number is the same in every query."""

_PUT_RIGHT = f"SELECT corrects FROM event WHERE {_LACKING} AND corrects <> ''"
"""The rows that they take back or give another time."""


class Delivered(NamedTuple):
    """The last event that a destination has."""

    event_id: str
    at_utc: datetime


class Lacking(NamedTuple):
    """What a destination does not have.

    Attributes:
        last_seq: the number of the last row; 0 where it has everything.
        hours: the hours, of UTC, in which something changed for it, by their beginnings.
    """

    last_seq: int
    hours: list[datetime]


class Deliveries:
    """What destinations have, and what they lack, however many rows that are."""

    _database: DurableDatabase

    def lacking(self, destination: str) -> Lacking:
        """The rows that a destination does not have: up to which number, and in which hours they happened."""
        return self._lacking(destination, f"SELECT DISTINCT {_HOUR} FROM event WHERE {_LACKING}")

    def lacking_as_it_stands(self, destination: str) -> Lacking:
        """The same for one that gets the ledger as it stands: also when the rows happened that the lacking ones put right.

        A row that was given another time before leaves the hour that it had by that.
        """
        named = f"SELECT {_HOUR} FROM event WHERE event_id IN ({_PUT_RIGHT})"
        timed = f"SELECT {_HOUR} FROM event WHERE corrects IN ({_PUT_RIGHT}) AND corrects <> '' AND kind = 'time'"
        return self._lacking(destination, f"SELECT {_HOUR} FROM event WHERE {_LACKING} UNION {named} UNION {timed}")

    def _lacking(self, destination: str, hours_of_rows: str) -> Lacking:
        (last,) = self._database.rows("SELECT coalesce(max(seq), 0) FROM event")[0]
        values = {"destination": destination, "last": last}
        hours = self._database.rows(hours_of_rows, values)
        return Lacking(last if hours else 0, [datetime.fromisoformat(f"{hour}:00:00Z") for (hour,) in hours])

    def units(self, *, since: datetime, until: datetime) -> set[str]:
        """How the unit was called when rows were written that are from between two moments (timezone-aware)."""
        sql = "SELECT DISTINCT unit FROM event WHERE at_utc >= ? AND at_utc < ?"
        return {unit for (unit,) in self._database.rows(sql, [utc_text(since), utc_text(until)])}

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
