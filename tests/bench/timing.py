"""Medians of calls that take turns, so that a noisy neighbour disturbs all of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np

Call = Callable[[], object]


def medians_ms(calls: Mapping[str, Call], *, n_rounds: int = 60) -> dict[str, float]:
    """Five calls of each a round, in turn; the first of the five brings its data back into the caches and is not counted."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(n_rounds // 4):
        for name, call in calls.items():
            call()
            for _ in range(4):
                began = time.perf_counter()
                call()
                times[name].append(time.perf_counter() - began)
    return {name: 1000 * float(np.median(taken)) for name, taken in times.items()}


def table(title: str, rows: Mapping[str, str]) -> str:
    """A title and aligned rows."""
    width = max(map(len, rows))
    return "\n".join([title, *(f"  {name.ljust(width)}  {value}" for name, value in rows.items()), ""])
