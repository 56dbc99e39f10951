"""The SQLite file itself: born complete, opened durably, migrated forward, its errors said in sentences.

Migrations are the numbered SQL files of ``edge/migrations``. Each runs in one transaction together with the step of
``PRAGMA user_version``, so a power cut leaves the version before or the version after. They are never edited once
released and there is no way back: a database that is newer than the program is refused.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Self

import sqlite_utils

from edge.errors import NewerDatabaseError, StoreError
from edge.folders import settle
from edge.ledger import FIELDS, chained, genesis, name_digest
from edge.store.staging import sweep

APPLICATION_ID = 0x4D757374
"""What migration 001 writes into the header of the file ("Must")."""

MEMORY = Path(":memory:")

_DAMAGED = (
    "{path} is damaged ({why}). It stays where it is and nothing was changed. "
    "Move it away, and {path}-wal and {path}-shm with it; then put a backup in its place, or begin with an empty one."
)
_WIDOWED = "{path} is not there, but {path}-wal is, its latest rows. Put the database back, or move that file to where it went."
_LOCKED = "another process holds {path}; waited {waited_s:g} s for it. Wait until it has finished, or end it, then try again."
_CLOSED = (
    "{path} cannot be opened for writing ({why}). Give its folder to the user that runs muster, or name another with --data."
)
_SENTENCES = {
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_FULL: "no room left for {path}; this change was not stored. Make room on its disk, then try again.",
    sqlite3.SQLITE_IOERR: "the disk under {path} fails ({why}); this change was not stored. Make room on it or replace it.",
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_ERROR: _DAMAGED,
    sqlite3.SQLITE_READONLY: _CLOSED,
    sqlite3.SQLITE_CANTOPEN: _CLOSED,
    sqlite3.SQLITE_PERM: _CLOSED,
    sqlite3.SQLITE_AUTH: _CLOSED,
}


class DurableDatabase(sqlite_utils.Database):
    """A database whose commit means that the rows survive a power cut; made by `DurableDatabase.open`.

    Raises:
        StoreError: for what comes from outside the program. A constraint or a wrong value raises what sqlite3 raises.
    """

    def __init__(self, path: Path, *, busy_timeout_s: float) -> None:
        self.path = path
        self.busy_timeout_s = busy_timeout_s
        self.key_id: str | None = None  # of the key that whoever has opened it writes with; None: nobody writes sealed things yet
        with self.sentences():
            connection = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)
            super().__init__(connection, execute_plugins=False)
            # journal_size_limit: where a log begins anew, nothing stays behind it of what was erased since
            for pragma in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON", "journal_size_limit = 0"):
                connection.execute(f"PRAGMA {pragma}")
            # SQL cannot hash: migration 006 chains the rows of old databases with these. Nothing in the schema needs them.
            connection.create_function("muster_genesis", 1, genesis, deterministic=True)
            connection.create_function("muster_name_digest", 2, name_digest, deterministic=True)
            connection.create_function("muster_chain", 1 + len(FIELDS), chained, deterministic=True)

    @classmethod
    def open(cls, path: Path, *, busy_timeout_s: float, checks_pages: bool = True) -> Self:
        """Open the file, create it where there is none, and bring its schema up to date.

        Args:
            path: of the file.
            busy_timeout_s: how long to wait for another process before saying so.
            checks_pages: look at every page first, which takes seconds with a million rows. A damaged page is otherwise told by
                whoever reads it.

        Raises:
            NewerDatabaseError: a newer Muster made it.
            StoreError: it is damaged, locked, not ours, or cannot be reached.
        """
        if path != MEMORY:
            _see_to_the_file(path, busy_timeout_s)
        database = cls(path, busy_timeout_s=busy_timeout_s)
        try:
            database.check(pages=checks_pages)
            database.enable_wal()
            database.migrate(migrations())
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def open_to_read(cls, path: Path, *, busy_timeout_s: float = 5.0) -> Self:
        """Open a file that is there; whatever would change it fails.

        Raises:
            NewerDatabaseError: a newer Muster made it.
            StoreError: it is not there, damaged, not ours, or of an older Muster.
        """
        if not path.exists():
            raise StoreError(f"{path} is not there. Name the unit's data folder with --data.")
        database = cls(path, busy_timeout_s=busy_timeout_s)
        try:
            database.rows("PRAGMA query_only = ON")
            database.check(pages=False)
            if database.version < len(migrations()):
                raise StoreError(
                    f"{path} is of an older Muster. `muster run`, or any other command that writes, brings it up to date."
                )
            database.migrate(migrations())  # nothing to do, or it is newer
        except BaseException:
            database.close()
            raise
        return database

    @contextlib.contextmanager
    def sentences(self) -> Iterator[None]:
        """Turn what sqlite3 raises for the disk's, the file's or another process's sake into a StoreError."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            sentence = _SENTENCES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
            if sentence is None:
                raise
            if sentence is _DAMAGED:
                raise _damaged(self.path, str(error)) from error
            raise StoreError(sentence.format(path=self.path, why=error, waited_s=self.busy_timeout_s)) from error

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """All the changes of one block, or none of them. Durable when the block is left; blocks may be nested.

        The write lock is taken at the beginning: a transaction that reads first and writes later is refused at once in
        WAL mode when somebody else has written between, whatever the time-out (sqlite.org/isolation.html).
        """
        with self.sentences():
            if self.conn.in_transaction:
                yield
                return
            self.conn.execute("BEGIN IMMEDIATE")
            try:
                self.check_key()
                yield
                self.conn.execute("COMMIT")
            except BaseException:
                self.rollback()
                raise

    def check_key(self) -> None:
        """Refuse to go on where another process has put everything under another key since this one opened the file.

        Raises:
            StoreError: it has.
        """
        if self.key_id is not None and (found := self.rows("SELECT key_id FROM sealing")) != [(self.key_id,)]:
            raise refusal(self.path, found=found[0][0] if found else "", given=self.key_id)

    def rows(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query, fetched before it returns."""
        with self.sentences():
            return self.conn.execute(sql, values).fetchall()

    def empty_log(self) -> bool:
        """Put what the write-ahead log holds into the file, and cut it to nothing; False while another process reads.

        SQLite does not wait for the cut: a power cut could bring back what the log held, and with it who was erased since.

        Raises:
            StoreError: the disk fails.
        """
        is_blocked, *_ = self.rows("PRAGMA wal_checkpoint(TRUNCATE)")[0]
        if is_blocked:
            return False
        try:
            with self.path.with_name(f"{self.path.name}-wal").open("rb") as log:
                os.fsync(log.fileno())
        except FileNotFoundError:
            pass  # it is in memory
        except OSError as error:
            raise StoreError(_SENTENCES[sqlite3.SQLITE_IOERR].format(path=self.path, why=error.strerror)) from error
        return True

    @property
    def version(self) -> int:
        """How many migrations the file has seen."""
        return int(self.rows("PRAGMA user_version")[0][0])

    def check(self, *, pages: bool = True) -> None:
        """Refuse a file that is damaged, as far as it is looked at, or is not Muster's.

        Raises:
            StoreError: with the first fault that SQLite finds.
        """
        finding = self.rows("PRAGMA quick_check(1)")[0][0] if pages else "ok"
        if finding != "ok":
            raise _damaged(self.path, finding)
        is_new = self.rows("SELECT count(*) FROM sqlite_master") == [(0,)]
        if not is_new and self.rows("PRAGMA application_id") != [(APPLICATION_ID,)]:
            raise StoreError(f"{self.path} is the database of another program. Name another folder with --data.")

    def enable_wal(self) -> None:
        """Readers go on while somebody writes, and one fsync makes a commit durable."""
        with self.sentences():
            super().enable_wal()

    def migrate(self, scripts: Sequence[str]) -> None:
        """Apply the scripts that this file has not seen; script n makes version n.

        Raises:
            NewerDatabaseError: the file has seen more scripts than there are.
        """
        if self.version > len(scripts):
            raise NewerDatabaseError(
                f"{self.path} has version {self.version}, this Muster knows {len(scripts)}: a newer one made it. Update Muster."
            )
        while self.version < len(scripts):
            with self.writing():
                version = self.version  # another process may have been quicker
                if version < len(scripts):
                    self.executescript(scripts[version])
                    self.conn.execute(f"PRAGMA user_version = {version + 1}")


def _damaged(path: Path, why: str) -> StoreError:
    """Waiting does not mend it, so it is not retryable."""
    error = StoreError(_DAMAGED.format(path=path, why=" ".join(why.split())))
    error.retryable = False
    return error


def refusal(path: Path, *, found: str, given: str) -> StoreError:
    """That a database is sealed with another key than the one that is given, and what to do; waiting does not mend it."""
    if not found:
        words = f"{path} is no longer sealed with key {given}: another process took the seal off. Start this again."
    else:
        which = f"the key given is {given}" if given else "no key is given"
        words = (
            f"{path} is sealed with key {found}, and {which}. Name that key's file in privacy.key_file, or give the service the"
            " credential muster-key; `muster key status` says what there is. Where it is lost, a backup has it inside:"
            " `muster restore --replace`."
        )
    error = StoreError(words)
    error.retryable = False
    return error


def migrations() -> list[str]:
    """The SQL of every migration, the oldest first."""
    files = (file for file in resources.files("edge.migrations").iterdir() if file.name.endswith(".sql"))
    return [file.read_text(encoding="utf-8") for file in sorted(files, key=lambda file: file.name)]


def _see_to_the_file(path: Path, busy_timeout_s: float) -> None:
    """Create what is missing, readable by nobody else, and refuse an empty file: it was a database once.

    Beside a new database SQLite would take the log of an old one for its own, and everybody in it would be back.
    SQLite waits for the names in a folder only when it makes a log. Without ours, a power cut can leave the log and not the
    database, or take the whole folder that was made for it (`make faults`).
    """
    try:
        _make_folder(path.parent)
        has_log = path.with_name(f"{path.name}-wal").exists()  # asked first: a log that is new has a database by now
        if not path.exists():
            if has_log:
                raise StoreError(_WIDOWED.format(path=path))
            _give_birth(path, busy_timeout_s)
        sweep(path)
        settle(path.parent)
        size = path.stat().st_size
    except OSError as error:
        raise StoreError(_CLOSED.format(path=path, why=error.strerror)) from error
    if size == 0:
        raise _damaged(path, "it is empty")


def _make_folder(folder: Path) -> None:
    """Make a folder, those above it as well, and wait until the disk has their names."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in missing:
        settle(each.parent)


def _give_birth(path: Path, busy_timeout_s: float) -> None:
    """Build the database under another name and link it into place when it is whole.

    An empty file can then only be a damaged one, and of two processes that start together the second uses the first's.
    """
    newborn = path.with_name(f".{path.name}.{os.getpid()}")
    newborn.unlink(missing_ok=True)
    os.close(os.open(newborn, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        with contextlib.closing(DurableDatabase(newborn, busy_timeout_s=busy_timeout_s)) as database:
            database.migrate(migrations())
            database.enable_wal()
        with contextlib.suppress(FileExistsError):
            os.link(newborn, path)
    finally:
        newborn.unlink()
