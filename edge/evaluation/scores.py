"""Verification: all photographs against all, counted by distance (ISO/IEC 19795-1: genuine and impostor scores, FMR, FNMR, DET).

Memory does not grow with the number of pairs. The 2e8 pairs of 20,000 photographs become two tables of `N_LEVELS` counts, from
which every rate follows exactly, and the nearest different-person pairs, which the bootstrap weighs anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edge.evaluation.levels import N_LEVELS, Levels, levels, n_accepted
from edge.evaluation.samples import Samples
from edge.evaluation.selection import Nearest, Pairs

FMRS = (1e-3, 1e-4, 1e-5)
"""The false match rates that are quoted."""

Counts = NDArray[np.int64]

BLOCK = 1024
"""Rows of templates that are compared with as many at once: 1 million pairs, some 25 MB."""

TAIL = 4 * max(FMRS)
"""Share of the different-person pairs that is kept as pairs: the nearest, four times what the largest FMR accepts."""
MIN_TAIL = 100_000
N_FARTHEST = 50


@dataclass(frozen=True)
class Scores:
    """How far apart the pairs are.

    Attributes:
        same: (N_LEVELS,) how many same-person pairs are at each level (genuine scores).
        different: (N_LEVELS,) how many different-person pairs are (impostor scores).
        nearest: the different-person pairs with the smallest distances, nearest first.
        farthest: the same-person pairs with the largest distances, farthest first.
    """

    same: Counts
    different: Counts
    nearest: Pairs
    farthest: Pairs

    @cached_property
    def same_below(self) -> Counts:
        """(N_LEVELS + 1,) how many same-person pairs a threshold accepts."""
        return np.concatenate([[0], np.cumsum(self.same)])

    @cached_property
    def different_below(self) -> Counts:
        """(N_LEVELS + 1,) how many different-person pairs a threshold accepts."""
        return np.concatenate([[0], np.cumsum(self.different)])

    @property
    def n_same(self) -> int:
        """Same-person pairs."""
        return int(self.same_below[-1])

    @property
    def n_different(self) -> int:
        """Different-person pairs."""
        return int(self.different_below[-1])

    def threshold(self, fmr: float) -> int:
        """The level below which a share ``fmr`` of the different-person pairs lies (ties: `edge.evaluation.levels`)."""
        return int(self.thresholds(np.array([n_accepted(fmr, self.n_different)]))[0])

    def thresholds(self, k: NDArray[np.int64]) -> NDArray[np.intp]:
        """The largest levels at which no more than each of the (n,) ``k`` different-person pairs are accepted."""
        return np.searchsorted(self.different_below, k, side="right") - 1

    def fmr(self, threshold: int) -> float:
        """Share of the different-person pairs that a threshold accepts."""
        return float(self.different_below[threshold] / self.n_different)

    def fnmr(self, threshold: int) -> float:
        """Share of the same-person pairs that a threshold refuses."""
        return float(1 - self.same_below[threshold] / self.n_same)

    def obstacle(self, fmr: float) -> str:
        """Why the FNMR at this FMR cannot be told; empty where it can."""
        if not self.n_same:
            return "nobody has two photographs with a face, so there is no same-person pair"
        if not self.n_different:
            return "only one person has a photograph with a face, so there is no different-person pair"
        if not n_accepted(fmr, self.n_different):
            return f"{round(1 / fmr):,} different-person pairs are needed; there are {self.n_different:,}"
        return ""

    def det(self, n_points: int = 300) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The DET curve: FMR and FNMR at thresholds that accept 1, 2, ... all different-person pairs, about evenly in log FMR."""
        ks = np.unique(np.geomspace(1, self.n_different, n_points).astype(np.int64))
        at = np.unique(self.thresholds(ks))
        return self.different_below[at] / self.n_different, 1 - self.same_below[at] / self.n_same


def score(samples: Samples) -> Scores:
    """Compare all photographs with all others, each pair once."""
    same, different = np.zeros(N_LEVELS, np.int64), np.zeros(N_LEVELS, np.int64)
    nearest = Nearest(max(MIN_TAIL, int(TAIL * samples.n_different_pairs)))
    farthest = Nearest(N_FARTHEST)
    for corner, block, counts in _blocks(samples):
        is_same = _of_one_person(samples, corner, block.shape)
        same += np.bincount(block[counts & is_same], minlength=N_LEVELS)
        different += np.bincount(block[counts & ~is_same], minlength=N_LEVELS)
        nearest.add(block, counts & ~is_same, corner)
        farthest.add(-block, counts & is_same, corner)
    far = farthest.ranked()
    return Scores(same, different, nearest.ranked(), Pairs(-far.levels, far.first, far.second))


def _blocks(samples: Samples) -> Iterator[tuple[tuple[int, int], Levels, NDArray[np.bool_]]]:
    """Blocks above the diagonal: the first row and column, the levels (n, m), and which pairs count, (n, m)."""
    templates = samples.templates
    for row in range(0, len(templates), BLOCK):
        for column in range(row, len(templates), BLOCK):
            block = levels(templates[row : row + BLOCK], templates[column : column + BLOCK])
            yield (row, column), block, np.triu(np.ones(block.shape, bool), 1 if row == column else -BLOCK)


def _of_one_person(samples: Samples, corner: tuple[int, int], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """(n, m): which pairs of a block are of one person."""
    first = samples.persons[corner[0] : corner[0] + shape[0]]
    second = samples.persons[corner[1] : corner[1] + shape[1]]
    same: NDArray[np.bool_] = first[:, None] == second
    return same
