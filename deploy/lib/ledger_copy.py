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
"""Exit code: something was written that counts since the copy was made; it must not take the place of the database."""

COUNTED = {
    "event": "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'event'",
    "erasure": "SELECT count(*) FROM erasure",
    "person": "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'person'",
    "template": "SELECT count(*) FROM template",
    "audit": "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'audit'",
}
"""Table -> how many rows it ever had. What was entered by a stick is in `audit`, too."""


def main(what: str, database: Path, copy: Path) -> int:
    """`keep` copies the database, `compare` says whether the copy is as good, `return` puts it in its place then."""
    try:
        if what == "keep":
            keep(database, copy)
        elif written(database) != written(copy):
            return CHANGED
        elif what == "return":
            put_back(database, copy)
    except (sqlite3.Error, OSError) as error:
        print(f"{database}: {error}", file=sys.stderr)
        return 1
    return 0


def keep(database: Path, copy: Path) -> None:
    """One file, whole or not there, for the owner of the database alone."""
    part = copy.with_name(f"{copy.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(opened(database)) as source, closing(opened(part)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")
        settle(part)
        part.replace(copy)
    finally:
        part.unlink(missing_ok=True)  # on a full disk it would be in the way of rows
    settle(copy.parent)


def opened(path: Path) -> sqlite3.Connection:
    """A database that is there; none is made."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)


def written(path: Path) -> tuple[object, ...]:
    """What must not be lost: how many rows were ever written, people and faces entered, people erased, lines of the log."""
    with closing(opened(path)) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return tuple(database.execute(asked).fetchone() if table in tables else None for table, asked in COUNTED.items())


def put_back(database: Path, copy: Path) -> None:
    """In an order in which a power cut leaves no log of the one beside the other."""
    with closing(opened(database)) as present:
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
