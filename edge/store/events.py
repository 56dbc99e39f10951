"""The part of the store that is the attendance ledger, and the cursors of its deliveries."""

from __future__ import annotations

import logging
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from edge.errors import EnrolError, StoreError
from edge.ledger import FIELDS, SALT_LENGTH, chained, genesis, name_digest
from edge.store.database import DurableDatabase
from edge.store.entries import Entries
from edge.store.sealing import of_person
from edge.types import Decision, Direction, Draft, Event, EventKind, Person, Stamp, utc_text

log = logging.getLogger(__name__)

# ruff: noqa: S608  what is put into the queries below is a constant of this file, never a value

_PREVIOUS = "(SELECT chain FROM event AS before WHERE before.seq < event.seq ORDER BY before.seq DESC LIMIT 1)"
COLUMNS = (
    "seq, event_id, unit, person_code, person_name, at_utc, direction, distance, clock_ok, backends,"
    ' kind, corrects, "by", why, boot_id, monotonic_s, (SELECT ledger_id FROM ledger), salt, name_digest,'
    f" coalesce({_PREVIOUS}, (SELECT muster_genesis(ledger_id) FROM ledger)), chain"
)
"""What `_event` reads, in the order of the fields of `Event`."""

KNOWN_LATER = (
    "(SELECT at_utc FROM event AS timing WHERE timing.corrects = event.event_id AND timing.corrects <> ''"
    " AND timing.kind = 'time' ORDER BY timing.seq DESC LIMIT 1)"
)
"""When a row truly happened, where a later row says it. ``corrects <> ''`` must be said for SQLite to use the index."""

VOID = "SELECT 1 FROM event AS void WHERE void.corrects = {row}.event_id AND void.corrects <> '' AND void.kind = 'void'"
"""The row that takes another one back."""

_DOUBTFUL = "kind = 'entry' AND clock_ok = 0 AND boot_id <> ''"
"""An entry may be made for a row whose time is not known yet. There is an index for such rows."""

_LATEST = (
    f"SELECT person.id, {KNOWN_LATER}, {COLUMNS} FROM person JOIN event ON event.seq = ("
    "SELECT seq FROM event AS own WHERE own.person_id = person.id AND own.kind = '{kind}'"
    f" AND NOT ({_DOUBTFUL}) AND NOT EXISTS ({VOID.format(row='own')})"
    " ORDER BY own.{order} DESC LIMIT 1)"
)
"""Each person's last row of a kind that was not taken back. Both orders have an index, and so has ``corrects`` where it is not
empty, which must be said again for SQLite to use it (sqlite.org/partialindex.html)."""

_LATEST_DOUBTFUL = (
    f"SELECT person_id, {KNOWN_LATER}, {COLUMNS} FROM event"
    f" WHERE {_DOUBTFUL} AND +person_id IS NOT NULL AND NOT EXISTS ({VOID.format(row='event')})"
)
"""All those that `_LATEST` leaves out, because their order is not known beforehand. The plus spares SQLite every other entry."""

_LAST = """SELECT ledger_id, n, (SELECT chain FROM event WHERE seq = n)
FROM ledger, (
    SELECT max(coalesce(max(seq), 0), (SELECT coalesce(max(seq), 0) FROM event)) AS n FROM sqlite_sequence WHERE name = 'event'
)"""
"""The ledger's id, the number that the last row got, and that row's hash. Should the counter have been lost or set back, the rows
themselves tell: somebody at the door must not be turned away for it."""

_WRITTEN = (*FIELDS[1:], "person_name", "salt", "person_id", "chain")
"""The columns of a new row; what the chain begins with, the ledger's id, is a row of its own."""

_NAMES = ", ".join(f'"{column}"' for column in _WRITTEN)
_INSERT = f"INSERT INTO event ({_NAMES}) VALUES ({', '.join('?' * len(_WRITTEN))})"


class Events(Entries):
    """Who came and went when. Rows are added, each chained to the one before it, and never changed."""

    _database: DurableDatabase
    _unit: str

    def record(self, person: Person, decision: Decision, *, backends: str = "", stamp: Stamp | None = None) -> Event:
        """Write an accepted decision into the ledger. When this returns, the row survives a power cut.

        Args:
            person: who it is.
            decision: what was decided.
            backends: where each network ran in the frame that decided; empty when nobody knows.
            stamp: the same moment on the clock that never jumps; None when nobody knows.

        Raises:
            EnrolError: the person was removed meanwhile; there is no row.
            StoreError: the row is not stored.
        """
        if decision.direction is None:
            raise ValueError(f"only an accepted decision is recorded, not {decision.outcome}")
        with self._database.writing():
            enrolled = self._database.rows("SELECT code, name FROM person WHERE id = ?", [person.id])
            if not enrolled:
                raise EnrolError(f"{person.code} {person.name} is no longer enrolled; no row was written.")
            code, kept = enrolled[0]
            draft = Draft(
                code,
                self._seal.opened_text(kept, of_person(code)),
                decision.at_utc,
                decision.direction,
                distance=float(decision.distance),
                clock_ok=decision.clock_ok,
                backends=backends,
                boot_id=stamp.boot_id if stamp else "",
                monotonic_s=stamp.monotonic_s if stamp else None,
            )
            return self._append(draft, person.id)

    def append(self, *drafts: Draft) -> list[Event]:
        """Write rows that belong together, in their order: all of them, or none. A row's person need not be enrolled any more.

        Raises:
            StoreError: the rows are not stored.
        """
        with self._database.writing():
            return [self._append(draft, self._person_of(draft)) for draft in drafts]

    def _person_of(self, draft: Draft) -> int | None:
        """Who is enrolled as whom a row names; None where nobody is.

        What is said of a row about the same person stays with that row's person, who may be gone: the code may be somebody
        else's by now. A code that is named anew, with another name, is whoever has it now.
        """
        row = self._events("event_id = ?", [draft.corrects]) if draft.corrects else []
        if row and (row[0].person_code, row[0].person_name) == (draft.person_code, draft.person_name):
            found = self._database.rows("SELECT person_id FROM event WHERE seq = ?", [row[0].seq])
        else:
            found = self._database.rows("SELECT id FROM person WHERE code = ?", [draft.person_code])
        return found[0][0] if found else None

    def _append(self, draft: Draft, person_id: int | None) -> Event:
        """One row behind the last one; the write lock is held, so nobody comes between."""
        ledger_id, last_seq, last = self._database.rows(_LAST)[0]
        # Who took out the last rows shall not have the chain mended by the next one: that follows nothing then.
        previous = last or genesis(f"{ledger_id} without row {last_seq}" if last_seq else ledger_id)
        salt, at_utc = secrets.token_hex(SALT_LENGTH // 2), utc_text(draft.at_utc)
        digest = name_digest(salt, draft.person_name)
        event_id = str(uuid.uuid4())
        who = (event_id, self._unit, draft.kind.value, draft.person_code, digest, at_utc, draft.direction.value)
        how = (draft.distance, int(draft.clock_ok), draft.backends, draft.boot_id, draft.monotonic_s)
        row = (last_seq + 1, *who, *how, draft.corrects, draft.by, draft.why)
        chain = chained(previous, ledger_id, *row)
        self._database.rows(_INSERT, [*row, *self._seal.row(draft.person_name, salt, event_id), person_id, chain])
        return self._events("seq = ?", [last_seq + 1])[0]

    def events(self, *, since: datetime | None = None, until: datetime | None = None, code: str | None = None) -> list[Event]:
        """The ledger in the order it was written: from ``since`` on, before ``until`` (timezone-aware), of one code."""
        limits = {"at_utc >= ?": since and utc_text(since), "at_utc < ?": until and utc_text(until), "person_code = ?": code}
        chosen = {clause: value for clause, value in limits.items() if value is not None}
        return self._events(" AND ".join(chosen) or "TRUE", list(chosen.values()))

    def last_events(self) -> dict[int, Event]:
        """Person id -> their latest event that stands, for those who are enrolled and have one.

        Of punches the latest written, whatever its date: a clock may have been set back. An entry is written long after its time,
        and is the latest only where that is not before the punch's. A row that was taken back does not stand; one that takes
        another back or corrects its time is no coming or going. A row whose time became known later has that time here.
        """
        latest = dict(self._timed(_LATEST.format(kind=EventKind.PUNCH.value, order="seq")))
        entries = _LATEST.format(kind=EventKind.ENTRY.value, order="at_utc")
        for person_id, entry in [*self._timed(entries), *self._timed(_LATEST_DOUBTFUL)]:
            if person_id not in latest or latest[person_id].at_utc <= entry.at_utc:
                latest[person_id] = entry
        return latest

    def _timed(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[int, Event]]:
        """The persons and events of a query, at the time that became known later where one did."""
        found = self._database.rows(sql, values)
        rows = [(person_id, known_later, self._event(row)) for person_id, known_later, *row in found]
        return [
            (person_id, replace(event, at_utc=datetime.fromisoformat(known_later), clock_ok=True) if known_later else event)
            for person_id, known_later, event in rows
        ]

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

    def _events(self, condition: str, values: list[Any], *, n_most: int = -1) -> list[Event]:
        """Rows by number; -1 sets no limit."""
        sql = f"SELECT {COLUMNS} FROM event WHERE {condition} ORDER BY seq LIMIT ?"
        rows = self._database.rows(sql, [*values, n_most])
        return [self._event(row) for row in rows]

    def _event(self, row: tuple[Any, ...] | list[Any]) -> Event:
        """A row of `COLUMNS` as it travels."""
        seq, event_id, unit, code, kept, at_utc, direction, distance, clock_ok, backends, kind, *rest = row
        *why, kept_salt, digest, previous, chain = rest
        name, salt = self._named(seq, event_id, kept, kept_salt)
        rest = [*why, salt, digest, previous, chain]
        what = (datetime.fromisoformat(at_utc), Direction(direction), distance, bool(clock_ok), backends, EventKind(kind))
        return Event(seq, event_id, unit, code, name, *what, *rest)

    def _named(self, seq: int, event_id: str, kept: str, kept_salt: str) -> tuple[str, str]:
        """Name and salt of a row. One that does not open travels without them, as one whose name was erased: it still counts.

        Raises:
            StoreError: everything is under another key by now.
        """
        try:
            return self._seal.opened_row(kept, kept_salt, event_id)
        except StoreError:
            self._database.check_key()
            log.exception("row %d (event %s) goes without its name; see `muster ledger verify`", seq, event_id)
            return "", ""
