"""The part of the store that knows which copies of it somebody keeps elsewhere, and lets one more be made."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from edge.store.database import DurableDatabase
from edge.store.sealing import Seal
from edge.store.snapshot import Facts, Snapshot, frozen
from edge.types import utc_text


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of this database that somebody keeps.

    Attributes:
        id: a UUID, which stands in the first line of the file.
        file: where it was written.
        made_utc: when; whoever was enrolled then is in it.
        n_rows: rows of the ledger in it.
    """

    id: str
    file: str
    made_utc: datetime
    n_rows: int


class Backups:
    """Copies elsewhere: who is removed here is still in them."""

    _database: DurableDatabase
    _seal: Seal

    def backups(self) -> list[Backup]:
        """All that are known, the oldest first."""
        rows = self._database.rows("SELECT backup_id, file, made_utc, n_rows FROM backup ORDER BY made_utc, backup_id")
        return [Backup(backup_id, file, datetime.fromisoformat(made_utc), n_rows) for backup_id, file, made_utc, n_rows in rows]

    def know_backup(self, backup: Backup) -> None:
        """A copy is about to be where somebody can take it. One that is known stays as it is."""
        row = [backup.id, backup.file, utc_text(backup.made_utc), backup.n_rows]
        sql = "INSERT INTO backup (backup_id, file, made_utc, n_rows) VALUES (?, ?, ?, ?) ON CONFLICT (backup_id) DO NOTHING"
        with self._database.writing():
            self._database.rows(sql, row)

    def forget_backup(self, backup_id: str) -> bool:
        """A copy is destroyed, or was never made. False where none of this id was known."""
        with self._database.writing():
            return bool(self._database.rows("DELETE FROM backup WHERE backup_id = ? RETURNING backup_id", [backup_id]))

    def n_erasures(self) -> int:
        """How often somebody was erased; whoever makes a copy can tell that somebody was meanwhile."""
        return int(self._database.rows("SELECT coalesce(max(id), 0) FROM erasure")[0][0])

    def facts(self) -> Facts:
        """What this database says of itself."""
        return Facts.of(self._database)

    def key(self) -> bytes:
        """What names and templates are sealed with, for whoever may read a copy; empty for none."""
        return self._seal.key

    def frozen(self, *, pause: Callable[[float], object] = time.sleep) -> AbstractContextManager[Snapshot]:
        """The whole database at one moment, as bytes; who writes meanwhile is not kept waiting.

        Raises:
            StoreError: others read from the log without a break, or what was read is not the whole of one moment.
        """
        return frozen(self._database, pause=pause)
