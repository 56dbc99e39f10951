"""The nearest of very many pairs, kept while they come by block by block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.evaluation.levels import N_LEVELS, Levels
from edge.evaluation.samples import Rows


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of templates as parallel arrays (k,): the level of each pair and its two rows."""

    levels: Levels
    first: Rows
    second: Rows

    def __len__(self) -> int:
        return len(self.levels)

    def __getitem__(self, rows: slice | Rows) -> Pairs:
        return Pairs(self.levels[rows], self.first[rows], self.second[rows])


class Nearest:
    """Keeps the ``n`` pairs with the smallest levels in memory for 2 n; of equal ones those that came first."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._bound = N_LEVELS
        self._parts: list[Pairs] = []
        self._n_kept = 0

    def add(self, block: Levels, wanted: NDArray[np.bool_], corner: tuple[int, int]) -> None:
        """Look at a block of pairs.

        Args:
            block: (n, m) levels.
            wanted: (n, m), which of them count.
            corner: the rows that the block begins with.
        """
        first, second = np.nonzero(wanted & (block < self._bound))
        self._parts.append(Pairs(block[first, second], first + corner[0], second + corner[1]))
        self._n_kept += len(first)
        if self._n_kept > 2 * self._n:
            self._trim()

    def ranked(self) -> Pairs:
        """What was kept, nearest first."""
        self._trim()
        return self._parts[0]

    def _trim(self) -> None:
        empty = Pairs(np.empty(0, np.int32), np.empty(0, np.intp), np.empty(0, np.intp))
        parts = self._parts or [empty]
        together = Pairs(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("levels", "first", "second")))
        kept = together[np.argsort(together.levels, kind="stable")[: self._n]]
        self._parts, self._n_kept = [kept], len(kept)
        if len(kept) == self._n:
            self._bound = int(kept.levels[-1])
