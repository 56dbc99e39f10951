"""The database at one moment, byte by byte, while others go on writing; nothing of it is copied to the disk.

What is written in WAL mode goes into the log, and from there into the file only in a checkpoint. A reader that begins when the
log has nothing that the file lacks reads the file alone, and no checkpoint touches the file before that reader ends
(sqlite.org/walformat.html, WAL_READ_LOCK(0)). So the log is put into the file while nobody may write, which takes a moment,
such a reader begins, and until it ends the bytes of the file are the database. Were the file touched all the same, its time
would say so.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from edge.errors import StoreError
from edge.store.database import MEMORY, DurableDatabase

PAUSES_S = (0.1, 0.2, 0.5, 1.0, 2.0, 4.0)
"""Before the log is tried again, while another process reads from it."""

_LAST_CHAIN = "SELECT chain FROM event WHERE seq = (SELECT max(seq) FROM event)"
_N_WRITTEN = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'event'"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a database says of itself.

    Attributes:
        ledger: the id of the ledger.
        schema: how many migrations the file has seen.
        n_rows: rows of the ledger.
        n_written: the number that the last row got.
        chain: the hash of the last row; empty where there is none.
    """

    ledger: str
    schema: int
    n_rows: int
    n_written: int
    chain: str

    @classmethod
    def of(cls, database: DurableDatabase) -> Facts:
        """Asked of a database; within a transaction they belong together."""
        (ledger,) = database.rows("SELECT coalesce(max(ledger_id), '') FROM ledger")[0]
        n_rows, n_written = (int(database.rows(sql)[0][0]) for sql in ("SELECT count(*) FROM event", _N_WRITTEN))
        chain = database.rows(_LAST_CHAIN)
        return cls(ledger, database.version, n_rows, n_written, chain[0][0] if chain else "")


class Snapshot:
    """The bytes of a database, read from the beginning to the end.

    Attributes:
        facts: what it says of itself.
        n_bytes: how many there are.
    """

    def __init__(self, facts: Facts, n_bytes: int, source: IO[bytes]) -> None:
        self.facts, self.n_bytes = facts, n_bytes
        self._left, self._source = n_bytes, source

    def read(self, n_most: int) -> bytes:
        """The next bytes; none at the end."""
        content = self._source.read(min(n_most, self._left))
        self._left -= len(content)
        return content

    @property
    def is_read(self) -> bool:
        """Whether it came to its end."""
        return not self._left


@contextlib.contextmanager
def frozen(database: DurableDatabase, *, pause: Callable[[float], object] = time.sleep) -> Iterator[Snapshot]:
    """The database as it is now; who writes meanwhile is not kept waiting.

    Args:
        database: the writer's side, not within a transaction.
        pause: waits for so many seconds.

    Raises:
        StoreError: others read from the log without a break, or what was read in the block is not the whole of one moment.
    """
    path = database.path
    if path == MEMORY:
        raise ValueError("a database in memory has no file")
    with contextlib.closing(DurableDatabase(path, busy_timeout_s=database.busy_timeout_s)) as reader:
        _begin(database, reader, pause)
        before = path.stat()
        (pages,), (size,) = (reader.rows(f"PRAGMA {word}")[0] for word in ("page_count", "page_size"))
        with _bytes_of(path) as source:
            snapshot = Snapshot(Facts.of(reader), pages * size, source)
            yield snapshot
        after = path.stat()
        if (after.st_mtime_ns, after.st_size) != (before.st_mtime_ns, before.st_size) or not snapshot.is_read:
            raise StoreError(f"{path} was changed by another program while it was read, or ended early. Do the same again.")


def _begin(database: DurableDatabase, reader: DurableDatabase, pause: Callable[[float], object]) -> None:
    """Let the reader begin when the log is empty of news."""
    for seconds in PAUSES_S:
        reader.rows("PRAGMA wal_checkpoint(PASSIVE)")  # most of it, while others may still write
        with database.writing():
            is_blocked, n_there, n_done = reader.rows("PRAGMA wal_checkpoint(PASSIVE)")[0]
            if not is_blocked and n_there == n_done >= 0:
                with reader.sentences():
                    reader.conn.execute("BEGIN")
                reader.rows("SELECT count(*) FROM sqlite_master")
                return
        pause(seconds)
    raise StoreError(
        f"another process has been reading {database.path} for too long. Wait until it has finished, then try again."
    )


@contextlib.contextmanager
def _bytes_of(path: Path) -> Iterator[IO[bytes]]:
    """Read a file in a process of its own.

    To close a file lets go of every lock that this very process has on it, SQLite's too (fcntl(2), sqlite.org/howtocorrupt.html).
    """
    command = ["/bin/cat", "--", os.fspath(path.absolute())]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:  # noqa: S603  no shell has a part in it
        try:
            yield process.stdout or open(os.devnull, "rb")  # noqa: PTH123, SIM115  never: it is a pipe
        finally:
            process.kill()
