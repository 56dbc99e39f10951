"""The part of the store that shows the ledger to whoever checks it: raw, page by page, and with the hash before each row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from edge.errors import StoreError
from edge.ledger import FIELDS, Entry, genesis, texts
from edge.store.database import DurableDatabase
from edge.store.sealing import Sealed

# ruff: noqa: S608  what is put into the queries below is a constant of this file, never a value

N_PAGE = 5_000
"""Rows that are read at a time: memory stays small, and no reader keeps the write-ahead log from being emptied."""

_CELLS = ", ".join(f'"{field}"' for field in FIELDS[1:])
_PREVIOUS = "(SELECT chain FROM event AS before WHERE before.seq < event.seq ORDER BY before.seq DESC LIMIT 1)"
_COLUMNS = f"(SELECT ledger_id FROM ledger), {_CELLS}, person_name, salt, {_PREVIOUS}, chain"


class Entries(Sealed):
    """Rows of the ledger as they are in the file, whatever somebody made of them."""

    _database: DurableDatabase

    def ledger_id(self) -> str:
        """By which files tell this ledger from that of another unit; empty when somebody took it away: then no row verifies."""
        return str(self._database.rows("SELECT coalesce(max(ledger_id), '') FROM ledger")[0][0])

    def n_written(self) -> int:
        """The number that the last row got, whether it is there or not."""
        return int(self._database.rows("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'event'")[0][0])

    def n_rows(self) -> int:
        """How many rows there are."""
        return int(self._database.rows("SELECT count(*) FROM event")[0][0])

    def entries(self) -> Iterator[Entry]:
        """Every row, by number."""
        rows = self._rows("seq > ? ORDER BY seq LIMIT ?", [-(2**63), N_PAGE])
        while rows:
            yield from map(self._entry, rows)
            rows = self._rows("seq > ? ORDER BY seq LIMIT ?", [rows[-1][1], N_PAGE])

    def entry(self, event_id: str) -> Entry | None:
        """The row of an id, or None."""
        rows = self._rows("event_id = ?", [event_id])
        return self._entry(rows[0]) if rows else None

    def entry_of(self, seq: int) -> Entry | None:
        """The row of a number, or None."""
        rows = self._rows("seq = ?", [seq])
        return self._entry(rows[0]) if rows else None

    def moments(self, since: str, until: str, *, last_seq: int) -> list[tuple[int, str, str]]:
        """Number, id and time of the rows between two times, both included and as `utc_text` writes them, up to a number."""
        sql = "SELECT seq, event_id, at_utc FROM event WHERE at_utc BETWEEN ? AND ? AND seq <= ? ORDER BY seq"
        return [(seq, event_id, at_utc) for seq, event_id, at_utc in self._read(sql, [since, until, last_seq])]

    def _rows(self, condition: str, values: list[Any]) -> list[tuple[Any, ...]]:
        return self._read(f"SELECT {_COLUMNS} FROM event WHERE {condition}", values)

    def _read(self, sql: str, values: list[Any]) -> list[tuple[Any, ...]]:
        try:
            return self._database.rows(sql, values)
        except sqlite3.OperationalError:  # somebody put bytes into a cell that are no text; the row shall be named all the same
            usual, self._database.conn.text_factory = self._database.conn.text_factory, _any_text
            try:
                return self._database.rows(sql, values)
            finally:
                self._database.conn.text_factory = usual

    def _entry(self, row: tuple[Any, ...]) -> Entry:
        """A row of `_COLUMNS`. A name that does not open is not as it was written; without its salt that shows."""
        cells = texts(*row[: len(FIELDS)])
        name, salt, previous, chain = row[len(FIELDS) :]
        try:
            name, salt = self._seal.opened_row(name, salt, cells[FIELDS.index("event_id")])
        except StoreError:
            self._database.check_key()
            salt = ""
        return Entry(cells, name, salt, previous or genesis(row[0]), chain)


def _any_text(content: bytes) -> str:
    return content.decode(errors="surrogateescape")
