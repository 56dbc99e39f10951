"""Everything that the unit remembers: people, templates, attendance events, and what has been delivered where.

One SQLite file on the unit's own disk (never on a share: WAL needs the shared memory of one machine, sqlite.org/wal.html).
A method that returns has stored its change durably. Several processes may have the file open; `Store.revision` tells
one of them when another has changed people or templates. A Store belongs to the thread that opened it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

from edge.store.audit import Audit
from edge.store.database import DurableDatabase
from edge.store.deliveries import Deliveries
from edge.store.dossier import Dossiers
from edge.store.events import Events
from edge.store.people import People
from edge.store.pulse import Pulse
from edge.store.rehearsal import Rehearsal
from edge.store.removal import Removal, Removals
from edge.store.resealing import Resealing
from edge.store.room import Room
from edge.store.sealing import Seal
from edge.store.standing import Standing
from edge.store.sticks import Sticks
from edge.store.succession import Succession
from edge.store.templates import Templates
from edge.store.times import Times

__all__ = ["FILE_NAME", "Removal", "Seal", "Store"]

FILE_NAME = "muster.db"
"""The database in the data folder."""


class Store(
    Succession,
    Removals,
    Dossiers,
    People,
    Templates,
    Standing,
    Times,
    Events,
    Deliveries,
    Resealing,
    Audit,
    Sticks,
    Rehearsal,
    Pulse,
):
    """The unit's database; a context manager.

    Raises:
        StoreError: from every method: locked, damaged, disk full. What the method was to store is then not stored.
    """

    @classmethod
    def open(
        cls, path: Path | str, *, unit: str, busy_timeout_s: float = 5.0, seal: Seal | None = None, checks_pages: bool = True
    ) -> Self:
        """Open the database, and create it where there is none.

        Args:
            path: the file, or ":memory:".
            unit: the unit's name, written into every event.
            busy_timeout_s: how long to wait for another process before saying so.
            seal: under which names and templates are kept; none when None. A database that has none yet gets it now.
            checks_pages: see `DurableDatabase.open`.

        Raises:
            NewerDatabaseError: a newer Muster made it.
            StoreError: it is damaged (and stays as it is), locked, sealed with another key, or cannot be reached.
        """
        store = cls(DurableDatabase.open(Path(path), busy_timeout_s=busy_timeout_s, checks_pages=checks_pages), unit=unit)
        try:
            store._unlock(seal or Seal.none())
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def shut(cls, path: Path, *, unit: str, busy_timeout_s: float = 5.0) -> Self:
        """Open a database whose key is not here, for what is in the open in it (`legacy`). Names and templates do not open.

        Raises:
            StoreError: see `open`.
        """
        return cls(DurableDatabase.open(path, busy_timeout_s=busy_timeout_s), unit=unit)

    @classmethod
    def open_to_read(cls, path: Path, *, unit: str, seal: Seal | None = None) -> Self:
        """Open a database that is there, as this program knows it, and let nothing in it be changed.

        Raises:
            StoreError: it is not there, damaged, of an older or newer Muster, or sealed with another key.
        """
        store = cls(DurableDatabase.open_to_read(path), unit=unit)
        try:
            store._unlock_to_read(seal or Seal.none())
        except BaseException:
            store.close()
            raise
        return store

    def __init__(self, database: DurableDatabase, *, unit: str) -> None:
        self._database = database
        self._unit = unit
        self._seal = Seal.none()

    def close(self) -> None:
        """Let go of the file. Closing twice is allowed."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def rehearsal(self) -> Store:
        """A store in memory with the same people, templates and sticks, and no ledger, to try things out on. Close it."""
        copy = Store.open(":memory:", unit=self._unit, seal=self._seal)
        self._lend(copy)
        return copy

    def rehearsal_at_the_door(self) -> Store:
        """The same with everybody's last row, so that the duplicate window, *in* and *out* go on as at the door. Close it."""
        copy = self.rehearsal()
        self._lend_rows(copy, (event.seq for event in self.last_events().values()))
        return copy

    def transaction(self) -> AbstractContextManager[None]:
        """``with store.transaction():`` stores all the changes of the block, or none."""
        return self._database.writing()

    def room(self) -> Room:
        """How full the disk is that the file lies on.

        Raises:
            OSError: the disk does not say.
        """
        return Room.on(self._database.path.parent)

    def revision(self) -> int:
        """A number that grows with each change to people or templates, whichever process makes it."""
        return int(self._database.rows("SELECT number FROM revision")[0][0])
