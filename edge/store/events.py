"""The part of the store that is the attendance ledger, and the cursors of its deliveries."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from edge.errors import EnrolError
from edge.store.database import DurableDatabase
from edge.types import Decision, Direction, Event, Person, utc_text

# ruff: noqa: S608  what is put into the queries below is a constant of this file, never a value

_COLUMNS = "seq, event_id, unit, person_code, person_name, at_utc, direction, distance, clock_ok, backends"


class Events:
    """Who came and went when. Rows are added, never changed."""

    _database: DurableDatabase
    _unit: str

    def record(self, person: Person, decision: Decision, *, backends: str = "") -> Event:
        """Write an accepted decision into the ledger. When this returns, the row survives a power cut.

        Args:
            person: who it is.
            decision: what was decided.
            backends: where each network ran in the frame that decided; empty when nobody knows.

        Raises:
            EnrolError: the person was removed meanwhile; there is no row.
            StoreError: the row is not stored.
        """
        if decision.direction is None:
            raise ValueError(f"only an accepted decision is recorded, not {decision.outcome}")
        values: list[Any] = [str(uuid.uuid4()), self._unit, utc_text(decision.at_utc), decision.direction.value]
        values += [float(decision.distance), int(decision.clock_ok), backends]
        sql = (
            "INSERT INTO event"
            " (event_id, unit, at_utc, direction, distance, clock_ok, backends, person_id, person_code, person_name)"
            f" SELECT ?, ?, ?, ?, ?, ?, ?, id, code, name FROM person WHERE id = ? RETURNING {_COLUMNS}"
        )
        with self._database.writing():
            rows = self._database.rows(sql, [*values, person.id])
        if not rows:
            raise EnrolError(f"{person.code} {person.name} is no longer enrolled; no row was written.")
        return _event(rows[0])

    def events(self, *, since: datetime | None = None, until: datetime | None = None, code: str | None = None) -> list[Event]:
        """The ledger in the order it was written: from ``since`` on, before ``until`` (timezone-aware), of one code."""
        limits = {"at_utc >= ?": since and utc_text(since), "at_utc < ?": until and utc_text(until), "person_code = ?": code}
        chosen = {clause: value for clause, value in limits.items() if value is not None}
        return self._events(" AND ".join(chosen) or "TRUE", list(chosen.values()))

    def last_events(self) -> dict[int, Event]:
        """Person id -> their latest event, for those who are enrolled and have one: the latest written, whatever its date."""
        last = "SELECT id, (SELECT max(seq) FROM event WHERE person_id = person.id) AS seq FROM person"
        rows = self._database.rows(f"SELECT last.id, {_COLUMNS} FROM event JOIN ({last}) AS last USING (seq)")
        return {person_id: _event(row) for person_id, *row in rows}

    def undelivered(self, destination: str) -> list[Event]:
        """What a destination does not have yet, the oldest first."""
        return self._events("seq > coalesce((SELECT seq FROM cursor WHERE destination = ?), 0)", [destination])

    def mark_delivered(self, destination: str, seq: int) -> None:
        """Everything up to and including ``seq`` has arrived. The mark never goes back."""
        sql = (
            "INSERT INTO cursor (destination, seq) VALUES (?, ?)"
            " ON CONFLICT (destination) DO UPDATE SET seq = max(seq, excluded.seq)"
        )
        with self._database.writing():
            self._database.rows(sql, [destination, seq])

    def forget_deliveries(self, destination: str) -> None:
        """A destination is taken for a new one: it has nothing yet. For a stick that was lost or a share that was emptied."""
        with self._database.writing():
            self._database.rows("DELETE FROM cursor WHERE destination = ?", [destination])

    def _events(self, condition: str, values: list[Any]) -> list[Event]:
        rows = self._database.rows(f"SELECT {_COLUMNS} FROM event WHERE {condition} ORDER BY seq", values)
        return [_event(row) for row in rows]


def _event(row: tuple[Any, ...] | list[Any]) -> Event:
    """A row of `_COLUMNS` as it travels."""
    seq, event_id, unit, code, name, at_utc, direction, distance, clock_ok, backends = row
    moment = datetime.fromisoformat(at_utc)
    return Event(seq, event_id, unit, code, name, moment, Direction(direction), distance, bool(clock_ok), backends)
