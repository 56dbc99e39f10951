"""One `muster run` at a time in one data folder: two loops would each keep their own duplicate window and record twice."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from edge.errors import DeviceError

FILE_NAME = "run.lock"

PAUSES_S = (0.02, 0.05, 0.1)
"""Before the lock is tried again: whoever asks `at_work` holds it for some microseconds, and keeps no unit from starting."""


@contextmanager
def alone(folder: Path, *, pause: Callable[[float], object] = time.sleep) -> Iterator[None]:
    """Be the only loop in this folder. The system lets go of the lock when the process ends, however it ends.

    Args:
        folder: with the database.
        pause: waits for so many seconds.

    Raises:
        DeviceError: another process is at work there.
    """
    with (folder / FILE_NAME).open("a") as file:
        if not _locked(file, fcntl.LOCK_EX) and not any(_after(pause, file, seconds) for seconds in PAUSES_S):
            raise DeviceError(_taken(folder, at_work(folder) or 0))
        with suppress(OSError):  # on a full disk it is not known who works here; that somebody does, the lock says
            os.ftruncate(file.fileno(), 0)
            os.write(file.fileno(), f"{os.getpid()}\n".encode())
        yield


def at_work(folder: Path) -> int | None:
    """Which process runs the loop in this folder.

    Returns:
        Its process id; 0 in the instant before it has written it down; None when there is none.

    Raises:
        DeviceError: the folder may not be looked into.
    """
    try:
        with (folder / FILE_NAME).open(errors="replace") as file:
            if _locked(file, fcntl.LOCK_SH):
                return None
            said = file.read(20).strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DeviceError(
            f"nobody can say whether a `muster run` is at work in {folder} ({error.strerror}). Be the user that owns the folder,"
            " or name another with --data."
        ) from error
    return int(said) if said.isdecimal() else 0


def _taken(folder: Path, pid: int) -> str:
    who, how = (f"another `muster run` (process {pid})", f" (`kill {pid}`)") if pid else ("another `muster run`", "")
    return f"{who} is at work in {folder}. Stop it first{how}, or name another folder with --data."


def _locked(file: IO[str], kind: int) -> bool:
    """Whether the lock is ours now; it goes when the file is closed."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _after(pause: Callable[[float], object], file: IO[str], seconds: float) -> bool:
    pause(seconds)
    return _locked(file, fcntl.LOCK_EX)
