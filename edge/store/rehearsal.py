"""The part of the store that lets somebody try things out on a copy of the people, in memory."""

from __future__ import annotations

from edge.store.database import DurableDatabase

_TABLES = ("person", "template", "aside", "stick", "backup")


class Rehearsal:
    """People and sticks for a trial."""

    _database: DurableDatabase

    def _lend(self, copy: Rehearsal) -> None:
        """Put people, templates and sticks into another store, as they are kept; the ledger stays out of it."""
        for table in _TABLES:
            rows = self._database.rows(f"SELECT * FROM {table}")  # noqa: S608  our own words
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                with copy._database.writing():
                    copy._database.conn.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608  the same
