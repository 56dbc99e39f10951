"""What a process has: memory, descriptors, threads; and whether it has more and more of it."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

_ROLLUP = re.compile(r"^(Rss|Pss|Private_Clean|Private_Dirty): +(\d+) kB", re.MULTILINE)


class _Mallinfo2(ctypes.Structure):
    """struct mallinfo2 of glibc 2.33 and later (mallinfo(3))."""

    _fields_ = [(name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd")]
    _fields_ += [(name, ctypes.c_size_t) for name in ("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]


def _mallinfo2() -> ctypes._NamedFuncPointer | None:
    function = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if function:
        function.restype = _Mallinfo2
    return function


_ALLOCATED = _mallinfo2()


def sample() -> dict[str, int]:
    """This process now: kB of memory (proc(5), smaps_rollup), open descriptors, threads; and what of the memory is in use.

    ``heap`` is what malloc has handed out, in kB, and ``blocks`` the number of Python's own small pieces: a small leak shows in
    these at once, and in the others only when it has filled what was free before.
    """
    found = {name: int(size) for name, size in _ROLLUP.findall(Path("/proc/self/smaps_rollup").read_text())}
    heap = _ALLOCATED() if _ALLOCATED else _Mallinfo2()
    return {
        "rss": found["Rss"],
        "pss": found["Pss"],
        "uss": found["Private_Clean"] + found["Private_Dirty"],
        "heap": (heap.uordblks + heap.hblkhd) // 1000,
        "blocks": sys.getallocatedblocks(),
        "descriptors": len(os.listdir("/proc/self/fd")) - 1,  # noqa: PTH208  less the one that looks
        "threads": len(os.listdir("/proc/self/task")),  # noqa: PTH208
    }


def growth(turns: Sequence[int], values: Sequence[float]) -> float:
    """By what share a figure grew from the first to the last of these turns.

    The slope is the median of the slopes between all pairs of samples (Theil 1950, Sen 1968): up to 29 % of them may be
    anything, a delivery that shared pages for a moment or one chunk that the allocator gave back, without a change.
    """
    at, what = np.asarray(turns, float), np.asarray(values, float)
    first, second = np.triu_indices(len(at), 1)
    slope = float(np.median((what[second] - what[first]) / (at[second] - at[first])))
    return slope * float(at[-1] - at[0]) / float(np.median(what))
