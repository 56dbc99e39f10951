"""The lower tail of the distances between people, smoothed so that a threshold does not hang on a single pair."""

from __future__ import annotations

import numpy as np

from edge.errors import EnrolError
from edge.matching.score_table import Reals

BIN = 0.005
FITTED = (1e-5, 1e-2)
"""FMR between which the tail is fitted. Below, the pairs are few, and some are mistakes of the set: one person in two folders."""

MIN_FITTED = 10
"""Pairs of people below which the fit does not begin."""


class TooFewError(EnrolError):
    """The people are too few to tell how near strangers come."""


def smooth(pairs: Reals, n_pairs: float, grid: Reals) -> Reals:
    """FMR at each distance of a grid, ascending.

    Up to the upper end of `FITTED` the density's logarithm is a parabola (a normal distribution's tail), which is fitted to the
    counts in small bins by maximum likelihood; above, the counts themselves are added.

    Args:
        pairs: (2, n) distances, and what share of a pair of people each counts for.
        n_pairs: pairs of people, near or not.
        grid: (k,) ascending.

    Raises:
        TooFewError: the tail has too few pairs.
    """
    edges = np.arange(0, grid[-1] + BIN, BIN)
    middles = (edges[:-1] + edges[1:]) / 2
    counts, _ = np.histogram(pairs[0], edges, weights=pairs[1])
    below = np.cumsum(counts)
    first, last = np.searchsorted(below, (max(FITTED[0] * n_pairs, MIN_FITTED), FITTED[1] * n_pairs))
    if last - first < MIN_FITTED or last >= len(counts):
        raise TooFewError(f"{n_pairs:,.0f} pairs of people are too few to tell how near strangers come. Add more people.")
    density = np.exp(_parabola(middles, _fit(middles[first:last], counts[first:last])))
    smoothed = np.cumsum(np.where(np.arange(len(counts)) < last, density, counts)) / n_pairs
    return np.asarray(np.exp(np.interp(grid, edges[1:], np.log(np.maximum(smoothed, np.finfo(float).tiny)))))


def _fit(at: Reals, counts: Reals) -> Reals:
    """(3,) coefficients of the Poisson regression of counts on a parabola, by Newton's method."""
    powers = np.stack([np.ones_like(at), at - 1, (at - 1) ** 2], axis=1)  # (n, 3)
    coefficients = np.array([np.log(counts.mean()), 0.0, 0.0])
    for _ in range(100):
        expected = np.exp(powers @ coefficients)
        step = np.linalg.solve(powers.T @ (expected[:, np.newaxis] * powers), powers.T @ (counts - expected))
        coefficients += step * min(1.0, 1 / np.abs(step).max(initial=1e-12))
        if np.abs(step).max() < 1e-9:
            break
    return coefficients


def _parabola(at: Reals, coefficients: Reals) -> Reals:
    return np.asarray(coefficients[0] + coefficients[1] * (at - 1) + coefficients[2] * (at - 1) ** 2)
