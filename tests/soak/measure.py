"""What a process has: memory, descriptors, threads; and whether it has more and more of it."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

_ROLLUP = re.compile(r"^(Rss|Pss|Private_Clean|Private_Dirty|Swap|SwapPss): +(\d+) kB", re.MULTILINE)


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

    What was swapped out counts as if it were there. ``heap`` is what malloc has handed out, in kB, where glibc says it, and
    ``blocks`` the number of Python's own small pieces: a small leak shows in these at once, and in the others only when it has
    filled what was free before.
    """
    found = {name: int(size) for name, size in _ROLLUP.findall(Path("/proc/self/smaps_rollup").read_text())}
    swapped, own = found.get("Swap", 0), found.get("SwapPss", 0)
    memory = {
        "rss": found["Rss"] + swapped,
        "pss": found["Pss"] + own,
        "uss": found["Private_Clean"] + found["Private_Dirty"] + own,
        "blocks": sys.getallocatedblocks(),
        "descriptors": len(os.listdir("/proc/self/fd")) - 1,  # noqa: PTH208  less the one that looks
        "threads": len(os.listdir("/proc/self/task")),  # noqa: PTH208
    }
    heap = _ALLOCATED() if _ALLOCATED else None
    return memory | ({"heap": (heap.uordblks + heap.hblkhd) // 1000} if heap else {})


def growth(turns: Sequence[int], values: Sequence[float], *, n_turns: int) -> float:
    """By what share a figure would grow in so many turns, as it grows in these.

    The slope is the median of the slopes between all pairs of samples (Theil 1950, Sen 1968): up to 29 % of them may be
    anything, a delivery that shared pages for a moment or one chunk that the allocator gave back, without a change. So it
    does not see what happens late, once: that is for `late`.
    """
    at, what = np.asarray(turns, float), np.asarray(values, float)
    first, second = np.triu_indices(len(at), 1)
    slope = float(np.median((what[second] - what[first]) / (at[second] - at[first])))
    return slope * n_turns / float(np.median(what))


def late(values: Sequence[float]) -> float:
    """By what share the last tenth of the samples is above the first, each by its median."""
    tenth = max(1, len(values) // 10)
    return float(np.median(values[-tenth:])) / float(np.median(values[:tenth])) - 1
