"""Builds the stand-in for libedgetpu.so.1 with the C compiler of the machine.

What it does is told by the environment variable MUSTER_STAND_IN, a comma-separated list of:

    no device       finds no Edge TPU: the runtime raises ValueError without a reason, as with libedgetpu
    only usb:1      finds one when asked for exactly that device
    hang open       never comes back from opening
    abort open      ends the process (SIGABRT) while opening
    abi             as plain libedgetpu 16.0 under a newer runtime: the runtime reads what was never written, and crashes
    hang N          the N-th call of this process, counted from 1 over all networks, never comes back
    abort N         it ends the process as libedgetpu does on a USB error: last words on stderr, SIGABRT
    kill N, segv N  it ends by SIGKILL, by SIGSEGV
    error N         it returns an error
    wrong           every answer is computed, and spoilt
    slow MS         every call takes so many milliseconds longer

MUSTER_STAND_IN_LOCK names a file that stands for the stick: whoever opens it has it alone, others find no device.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("stand_in.c")
COMPILER = shutil.which("cc")
"""None: the tests that need it are skipped, and say so."""


def build(folder: Path) -> Path:
    """The library, built into a folder; named as the real one is."""
    library = folder / "libedgetpu.so.1"
    command = [str(COMPILER), "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    return library
