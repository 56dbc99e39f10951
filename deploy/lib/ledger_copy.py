"""Keeps a database as it is before a new version of Muster changes its schema, and puts it back where nothing was written since.

Run by scripts/update with the system's own Python, while nobody has the database open.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

CHANGED = 3
"""Exit code: rows were written, or people erased, since the copy was made; it must not take the place of the database."""


def main(what: str, database: Path, copy: Path) -> int:
    """`keep` copies the database, `return` puts the copy in its place."""
    if what == "keep":
        keep(database, copy)
    elif written(database) != written(copy):
        return CHANGED
    else:
        put_back(database, copy)
    return 0


def keep(database: Path, copy: Path) -> None:
    """One file, whole or not there, for the owner of the database alone."""
    part = copy.with_name(f"{copy.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(part)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")
    settle(part)
    part.replace(copy)
    settle(copy.parent)


def written(path: Path) -> tuple[object, ...]:
    """What must not be lost: how many rows were ever written, and how many people erased."""
    with closing(sqlite3.connect(path)) as database:
        return (
            *database.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'event'"),
            *database.execute("SELECT count(*) FROM erasure"),
        )


def put_back(database: Path, copy: Path) -> None:
    """In an order in which a power cut leaves no log of the one beside the other."""
    with closing(sqlite3.connect(database)) as present:
        present.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        present.execute("PRAGMA journal_mode = DELETE")
    owner = database.stat()
    os.chown(copy, owner.st_uid, owner.st_gid)
    copy.chmod(owner.st_mode & 0o777)
    settle(copy)
    copy.replace(database)
    settle(database.parent)


def settle(path: Path) -> None:
    """Wait until the disk has it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
