"""Distances as whole numbers, so that a table of counts holds every one of any number of pairs.

A level is a squared distance in steps of 2^-18 (4e-6). That is fine enough: int8 moves a distance by 1e-3, and the rounding
of float32 by 3e-7. And coarse enough that copies of one picture are at level 0, whichever way the processor adds.

Everywhere in this package a pair is **accepted when its level is below the threshold**, and the threshold for a share f
of n non-mated scores is the level of the (k + 1)-th smallest of them, k = floor(f n). So at most k are accepted, exactly k where
no two are tied there: the share that was asked for is never exceeded, and nothing is interpolated.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge.types import Floats

Levels = NDArray[np.int32]
"""Squared distances in steps of `STEP`."""

STEP = 2.0**-18
N_LEVELS = 4 * 2**18 + 1
"""From 0 to 4, both included. As a threshold: everything is accepted. As a level: never accepted below that."""


def levels(a: Floats, b: Floats) -> Levels:
    """Between unit vectors (n, d) and (m, d), (n, m)."""
    steps = a @ b.T  # (n, m)
    steps *= np.float32(-2 / STEP)
    steps += np.float32(2 / STEP)
    np.rint(steps, out=steps)
    return steps.clip(0, N_LEVELS - 1, out=steps).astype(np.int32)


def distance(level: float) -> float:
    """The squared L2 distance of a level."""
    return level * STEP


def n_accepted(share: float, n: int) -> int:
    """How many of n scores make up a share, rounded down; the sum forgives 0.01 * 300 its last bit."""
    return math.floor(share * n + 1e-9)


def threshold(scores: Levels, share: float) -> int:
    """The level below which a share of the (n,) scores lies, or less where scores are tied.

    Args:
        scores: ascending.
        share: in [0, 1].
    """
    k = n_accepted(share, len(scores))
    return int(scores[k]) if k < len(scores) else N_LEVELS
