"""How far the figures would move with other people: 95 % intervals by a bootstrap over people.

People are drawn with replacement, each with all their photographs, because scores of one person are not independent (Bolle,
Ratha & Pankanti 2004, "Error analysis of pattern recognition systems: the subsets bootstrap"). A person who is drawn w times
counts w times in every same-person pair and every probe; a pair of two people w1 w2 times. Each replicate finds its own
thresholds. What stays fixed is the galleries of the draws: their variation is the standard deviation over the draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.evaluation.levels import N_LEVELS, Levels, levels
from edge.evaluation.open_set import Draw
from edge.evaluation.samples import Rows, Samples
from edge.evaluation.scores import Scores

N_REPLICATES = 400
SEED = 1993
ROWS_AT_ONCE = 1024

Weights = NDArray[np.int32]
"""(b, p): how often each replicate drew each person."""


class Interval(NamedTuple):
    """From the 2.5th to the 97.5th percentile of the replicates."""

    low: float
    high: float


UNKNOWN = Interval(np.nan, np.nan)


def draw_people(n_people: int) -> Weights:
    """`N_REPLICATES` draws of as many people as there are; always the same for the same number."""
    generator = np.random.default_rng(SEED)
    drawn = (generator.integers(0, n_people, n_people) for _ in range(N_REPLICATES))
    return np.stack([np.bincount(people, minlength=n_people) for people in drawn]).astype(np.int32)


def interval(replicates: NDArray[np.float64]) -> Interval:
    """Of the (b,) replicates; those that drew nobody who counts are NaN and left out."""
    if not np.isfinite(replicates).any():
        return UNKNOWN
    return Interval(*map(float, np.nanpercentile(replicates, (2.5, 97.5))))


def fnmr_intervals(samples: Samples, scores: Scores, *, fmrs: Sequence[float], weights: Weights) -> list[Interval]:
    """Of the FNMR at each FMR.

    Exact as long as a replicate's thresholds lie among the different-person pairs that `Scores.nearest` keeps, four times those
    that the largest FMR accepts; beyond, the farthest of them is taken.
    """
    thresholds = np.stack([_thresholds(samples, scores, fmrs=fmrs, drawn=drawn) for drawn in weights])  # (b, f)
    refused, total = np.zeros(thresholds.shape), np.zeros(len(weights))
    for person, found in _same_person(samples):
        drawn = weights[:, person]
        below = np.searchsorted(found, thresholds.ravel()).reshape(thresholds.shape)
        refused += drawn[:, None] * (len(found) - below)
        total += drawn * len(found)
    shares = np.divide(refused, total[:, None], out=np.full(thresholds.shape, np.nan), where=total[:, None] > 0)
    return [interval(column) for column in shares.T]


def _thresholds(samples: Samples, scores: Scores, *, fmrs: Sequence[float], drawn: Rows) -> Levels:
    """(f,) one replicate's thresholds."""
    near = scores.nearest
    below = np.cumsum(drawn[samples.persons[near.first]].astype(np.int64) * drawn[samples.persons[near.second]])
    n = drawn.astype(np.int64) * samples.n_templates
    total = (int(n.sum()) ** 2 - int((n**2).sum())) / 2
    at = np.searchsorted(below, np.floor(np.array(fmrs) * total + 1e-9), side="right")
    found: Levels = near.levels[at.clip(max=len(near) - 1)]
    return found


def _same_person(samples: Samples) -> Iterator[tuple[int, Levels]]:
    """Each person's same-person levels, ascending; of somebody with very many photographs in several parts."""
    for person in np.flatnonzero(samples.n_templates > 1):
        rows = samples.rows[person]
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some, later = rows[start : start + ROWS_AT_ONCE], rows[start:]
            block = levels(samples.templates[some], samples.templates[later])
            yield int(person), np.sort(block[np.triu(np.ones(block.shape, bool), 1)])


def fnir_intervals(samples: Samples, found: Sequence[Draw], *, fpirs: Sequence[float], weights: Weights) -> list[Interval]:
    """Of the mean FNIR at each FPIR."""
    strangers = samples.persons[samples.strangers]
    shares = np.mean([_fnirs(draw, strangers, fpirs=fpirs, weights=weights) for draw in found], axis=0)  # (f, b)
    return [interval(row) for row in shares]


def _fnirs(draw: Draw, strangers: Rows, *, fpirs: Sequence[float], weights: Weights) -> NDArray[np.float64]:
    """(f, b) the FNIR of one draw in each replicate."""
    order = np.argsort(draw.strangers, kind="stable")
    ranked = np.append(draw.strangers[order], N_LEVELS)
    below = np.cumsum(weights[:, strangers[order]], axis=1, dtype=np.int32)  # (b, m)
    mated = np.argsort(draw.mated, kind="stable")
    named = np.zeros((len(weights), len(mated) + 1))
    np.cumsum(weights[:, draw.persons[mated]], axis=1, out=named[:, 1:])  # (b, p + 1)
    shares = np.full((len(fpirs), len(weights)), np.nan)
    for row, fpir in zip(shares, fpirs, strict=True):
        allowed = np.floor(fpir * below[:, -1:] + 1e-9)
        thresholds = ranked[np.sum(below <= allowed, axis=1)]
        accepted = named[np.arange(len(weights)), np.searchsorted(draw.mated[mated], thresholds)]
        np.divide(named[:, -1] - accepted, named[:, -1], out=row, where=named[:, -1] > 0)
    return shares
