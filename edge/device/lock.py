"""One `muster run` at a time in one data folder: two loops would each keep their own duplicate window and record twice."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.errors import DeviceError

FILE_NAME = "run.lock"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the only loop in this folder. The system lets go of the lock when the process ends, however it ends.

    Raises:
        DeviceError: another process is at work there.
    """
    with (folder / FILE_NAME).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DeviceError(
                f"another `muster run` is at work in {folder}. Stop it first (`systemctl stop muster`), or name another folder"
                " with --data."
            ) from error
        yield
