"""The part of the store that lets somebody try things out on a copy of the people, in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from edge.store.database import DurableDatabase

_TABLES = ("person", "template", "aside", "stick", "backup")


_LAST_ROWS = """SELECT * FROM event
WHERE seq IN ({marks}) OR (corrects <> '' AND kind = 'time' AND corrects IN (SELECT event_id FROM event WHERE seq IN ({marks})))
ORDER BY seq"""
_N_AT_ONCE = 10_000


class Rehearsal:
    """People and sticks for a trial."""

    _database: DurableDatabase

    def _lend_rows(self, copy: Rehearsal, numbers: Iterable[int]) -> None:
        """Put rows of the ledger into another store, with what is known of their times, so that *in* and *out* go on from them.

        Args:
            copy: the other store, whose ledger is empty.
            numbers: of the rows.
        """
        wanted, rows = list(numbers), dict[int, tuple[Any, ...]]()
        for first in range(0, len(wanted), _N_AT_ONCE):
            some = wanted[first : first + _N_AT_ONCE]
            sql = _LAST_ROWS.format(marks=", ".join("?" * len(some)))
            rows |= {row[0]: row for row in self._database.rows(sql, some * 2)}
        with copy._database.writing():
            for seq in sorted(rows):
                marks = ", ".join("?" * len(rows[seq]))
                copy._database.rows(f"INSERT INTO event VALUES ({marks})", rows[seq])  # noqa: S608  our own words

    def _lend(self, copy: Rehearsal) -> None:
        """Put people, templates and sticks into another store, as they are kept; the ledger stays out of it."""
        for table in _TABLES:
            rows = self._database.rows(f"SELECT * FROM {table}")  # noqa: S608  our own words
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                with copy._database.writing():
                    copy._database.conn.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608  the same
