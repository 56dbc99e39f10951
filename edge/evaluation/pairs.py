"""Accuracy over listed pairs in folds, as for LFW's View 2 (Huang et al. 2007, section III)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Distances = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Over the folds: the mean accuracy and its standard deviation, how many pairs were judged and how many left out."""

    mean: float
    deviation: float
    n_pairs: int
    n_left_out: int = 0


def accuracy(distances: Distances, same: Flags, folds: NDArray[np.int64], *, n_left_out: int = 0) -> Accuracy:
    """The threshold is chosen on all folds but one and tested on that one, for each fold in turn.

    Args:
        distances: (n,) squared L2.
        same: (n,) whether the two photographs are of one person.
        folds: (n,) numbers of at least two folds.
        n_left_out: pairs that are not here, because one of their photographs is a failure to acquire.
    """
    correct = [at_best_threshold(distances, same, folds == fold) for fold in np.unique(folds)]
    return Accuracy(float(np.mean(correct)), float(np.std(correct)), len(distances), n_left_out)


def at_best_threshold(distances: Distances, same: Flags, testing: Flags) -> float:
    """Accuracy on the tested rows at the median of the thresholds that are best on the others; "same" is at most that far."""
    training, is_same = distances[~testing], same[~testing]
    thresholds = np.unique(training)
    n_right = np.searchsorted(np.sort(training[is_same]), thresholds, side="right")
    n_wrong = np.searchsorted(np.sort(training[~is_same]), thresholds, side="right")
    gain = n_right - n_wrong  # the number of correct answers, but for a constant
    best = np.median(thresholds[gain == gain.max()])
    return float(np.mean((distances[testing] <= best) == same[testing]))
