"""A database on its way into the place of another: where it lies, and how it goes away without leaving anybody in the open."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database."""

_N_CHUNK = 1 << 20


def staged_for(path: Path) -> Path:
    """Where the database lies that is going to be at a place."""
    return path.with_name(f".{path.name}.restoring")


def copying(name: Path) -> Path:
    """Where a copy of the present one lies that is going to have a name beside it."""
    return name.with_name(f".{name.name}.part")


@contextlib.contextmanager
def staged(path: Path) -> Iterator[int]:
    """A new file for a database on its way, for its owner alone; erased at the end, whatever becomes of it.

    Raises:
        OSError: it cannot be written.
    """
    place = staged_for(path)
    erase(place)
    try:
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)
    finally:
        erase(place)


def sweep(path: Path) -> None:
    """Erase what an interrupted run left beside a database. People are in it who have been removed, or will be."""
    place = staged_for(path)
    if not place.exists():
        return
    with contextlib.suppress(OSError), place.open("rb") as file:  # somebody is at it, or this is not our folder
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for each in path.parent.glob(copying(path.with_name(f"{path.name}.*")).name):
            erase(each)
        erase(place)


def erase(path: Path) -> None:
    """Overwrite a database and what SQLite keeps beside it, and delete them, the database last.

    Flash memory keeps old blocks until it needs them; that no program can promise away.
    """
    for each in (*(path.with_name(path.name + suffix) for suffix in BESIDE), path):
        with contextlib.suppress(FileNotFoundError):
            found = each.lstat()
            if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:  # with a second name it is the unit's database by now
                _overwrite(each, found.st_size)
            each.unlink()


def _overwrite(path: Path, size: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        for begin in range(0, size, _N_CHUNK):
            os.pwrite(descriptor, bytes(min(_N_CHUNK, size - begin)), begin)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
