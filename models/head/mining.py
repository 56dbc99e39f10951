"""Which triplets of a batch are looked at (Schroff et al. 2015, "FaceNet", section 3.2)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.evaluation.samples import Rows


class Triplets(NamedTuple):
    """Rows of a batch, (t,) each: an anchor, another photograph of the same person, and one of somebody else."""

    anchors: Rows
    positives: Rows
    negatives: Rows


def semi_hard(distances: NDArray[np.float64], persons: Rows) -> Triplets:
    """For every pair of one person the nearest negative that is *farther* than the positive; nothing where there is none.

    Section 3.2: ‖f(a) − f(p)‖² < ‖f(a) − f(n)‖². Whether it lies within the margin is the loss's affair.

    Args:
        distances: (n, n) squared L2.
        persons: (n,) whose each row is.
    """
    anchors, positives = _pairs(persons)
    to_positive = distances[anchors, positives]
    candidates = np.where(persons[anchors, None] == persons, np.inf, distances[anchors])  # (t, n)
    candidates[candidates <= to_positive[:, None]] = np.inf
    negatives = candidates.argmin(axis=1)
    there = np.isfinite(candidates[np.arange(len(anchors)), negatives])
    return Triplets(anchors[there], positives[there], negatives[there])


def batch_hard(distances: NDArray[np.float64], persons: Rows) -> Triplets:
    """For every anchor its farthest positive and its nearest negative in the batch: argmax and argmin of section 3.2.

    Args:
        distances: (n, n) squared L2.
        persons: (n,) whose each row is.
    """
    same = persons[:, None] == persons
    others = same & ~np.eye(len(persons), dtype=bool)
    anchors = np.flatnonzero(others.any(axis=1) & ~same.all(axis=1))
    positives = np.where(others, distances, -np.inf)[anchors].argmax(axis=1)
    negatives = np.where(same, np.inf, distances)[anchors].argmin(axis=1)
    return Triplets(anchors, positives, negatives)


def hard_negatives(distances: NDArray[np.float64], persons: Rows) -> Triplets:
    """For every pair of one person the nearest negative, farther than the positive or not.

    Args:
        distances: (n, n) squared L2.
        persons: (n,) whose each row is.
    """
    anchors, positives = _pairs(persons)
    candidates = np.where(persons[anchors, None] == persons, np.inf, distances[anchors])
    there = np.isfinite(candidates).any(axis=1)
    return Triplets(anchors[there], positives[there], candidates[there].argmin(axis=1))


def _pairs(persons: Rows) -> tuple[Rows, Rows]:
    """Every two rows of one person, both ways."""
    anchors, positives = np.nonzero((persons[:, None] == persons) & ~np.eye(len(persons), dtype=bool))
    return anchors, positives
