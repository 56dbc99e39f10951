"""What happens in front of the door in so many hours, as arrays: who is seen in which frame, and what else goes on meanwhile.

Time goes in ticks of a fifth of a second. `soak.drawing` makes plans.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

TICKS_PER_S = 5
ZONE = ZoneInfo("Europe/Berlin")
N_VARIANTS = 4
"""Frames of one person that differ; a longer visit shows them again."""


@dataclass(frozen=True)
class Plan:
    """All of it.

    Attributes:
        begins: UTC of tick 0, in seconds since 1970.
        n_people: who is enrolled: 0 to n_people - 1; above them are strangers.
        ticks: (t,) of each turn of the loop.
        is_lost: (t,) whether the camera is gone then.
        shown: (t, 2) which visit is seen left and right, -1 for none.
        visits: (v, 2) who, first tick.
        steps: (s, 2) tick at which the clock is corrected, and milliseconds by which it is ahead of the truth from then on. The
            first is when it becomes known at all.
        errands: (e, 2) tick at which another program works on the database, and who is renamed by it; -1: it delivers.
        everybody_by: the turn by which everybody was there once.
    """

    begins: float
    n_people: int
    ticks: Ints
    is_lost: NDArray[np.bool_]
    shown: Ints
    visits: Ints
    steps: Ints
    errands: Ints
    everybody_by: int

    @property
    def begins_utc(self) -> datetime:
        """The true time of tick 0."""
        return datetime.fromtimestamp(self.begins, UTC)

    def variant(self, turn: int, visit: int) -> int:
        """Which of the person's frames is seen."""
        return int(self.ticks[turn] - self.visits[visit, 1]) % N_VARIANTS

    def hour(self, turn: int) -> float:
        """Of the simulated time at a turn."""
        return float(self.ticks[turn] / TICKS_PER_S / 3600)

    def write(self, path: Path) -> None:
        """Into a file that `read` reads."""
        np.savez(path, **{each.name: getattr(self, each.name) for each in fields(self)})

    @classmethod
    def read(cls, path: Path) -> Self:
        """From a file; all in memory, and the file closed."""
        with np.load(path) as found:
            arrays = {name: found[name] for name in found.files}
        numbers = {name: array.item() for name, array in arrays.items() if not array.ndim}
        return cls(**arrays | numbers)
