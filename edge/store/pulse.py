"""The part of the store that proves, while nobody comes, that a row could be written."""

from __future__ import annotations

from edge.store.database import DurableDatabase


class Pulse:
    """Of a store."""

    _database: DurableDatabase

    def pulse(self) -> None:
        """Write something, durably, that changes nothing: the number of the schema as it is.

        Raises:
            StoreError: no row could be written now either.
        """
        with self._database.writing():
            self._database.conn.execute(f"PRAGMA user_version = {self._database.version}")
