"""Nothing of a run is left behind: it ends in order when it is told to, and its folders go at its end or before the next one."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "muster-rig-"


def end_in_order() -> None:
    """Leave by way of every ``finally`` when the process is told to end, or its terminal goes."""
    for name in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(name) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(name, lambda number, _: sys.exit(128 + number))


@contextmanager
def own_folder(where: Path) -> Iterator[Path]:
    """A new folder; those of runs that were killed are removed first."""
    _sweep(where)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=where))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _sweep(where: Path) -> None:
    mounts = Path("/proc/self/mountinfo").read_text()
    for left in where.glob(f"{_PREFIX}*-*"):
        pid = left.name.split("-")[2]
        if pid.isdecimal() and not Path("/proc", pid).exists() and f" {left}" not in mounts:
            shutil.rmtree(left, ignore_errors=True)
