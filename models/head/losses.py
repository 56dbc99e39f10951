"""Triplet losses as functions of the gap ‖f(a) − f(p)‖² − ‖f(a) − f(n)‖², and relatives that look at a whole batch.

All distances are squared L2 between unit vectors, in [0, 4]; every function gives its own derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.evaluation.samples import Rows
from models.head.mining import Triplets

Reals = NDArray[np.float64]
"""float64 array; each use names its shape."""


class Judged(NamedTuple):
    """What a batch costs: the mean loss, its derivative by each distance (n, n), and the share of terms with a slope."""

    value: float
    slopes: Reals
    active: float


class Gap(Protocol):
    """The loss of single triplets."""

    def __call__(self, gaps: Reals) -> tuple[Reals, Reals]:
        """Gaps (t,) -> losses (t,) and their derivatives (t,)."""


class Objective(Protocol):
    """The loss of a batch."""

    def __call__(self, distances: Reals, persons: Rows) -> Judged:
        """Distances (n, n), and whose each row is (n,)."""


@dataclass(frozen=True, slots=True)
class Hinge:
    """max(gap + α, 0): Schroff et al. 2015, "FaceNet", equation 3."""

    margin: float

    def __call__(self, gaps: Reals) -> tuple[Reals, Reals]:
        """Gaps (t,) -> losses (t,) and their derivatives (t,)."""
        losses = np.maximum(gaps + self.margin, 0)
        return losses, (losses > 0).astype(np.float64)


@dataclass(frozen=True, slots=True)
class SoftMargin:
    """τ ln(1 + e^(gap / τ)): Hermans et al. 2017, "In Defense of the Triplet Loss", section 2, with a temperature."""

    temperature: float

    def __call__(self, gaps: Reals) -> tuple[Reals, Reals]:
        """Gaps (t,) -> losses (t,) and their derivatives (t,)."""
        scaled = gaps / self.temperature
        return self.temperature * np.logaddexp(0, scaled), _sigmoid(scaled)


@dataclass(frozen=True, slots=True)
class Mined:
    """A loss over the triplets that a mining picks."""

    loss: Gap
    mine: Callable[[Reals, Rows], Triplets]

    def __call__(self, distances: Reals, persons: Rows) -> Judged:
        """Distances (n, n), and whose each row is (n,)."""
        slopes = np.zeros(distances.shape)
        picked = self.mine(distances, persons)
        n = len(picked.anchors)
        if not n:
            return Judged(0.0, slopes, 0.0)
        gaps = distances[picked.anchors, picked.positives] - distances[picked.anchors, picked.negatives]
        losses, by_gap = self.loss(gaps)
        np.add.at(slopes, (picked.anchors, picked.positives), by_gap / n)
        np.add.at(slopes, (picked.anchors, picked.negatives), -by_gap / n)
        return Judged(float(losses.mean()), slopes, float(np.mean(by_gap > 1e-3)))


@dataclass(frozen=True, slots=True)
class NPair:
    """τ ln(1 + Σₙ e^(gap / τ)) for every pair of one person, over all negatives of the anchor at once.

    Sohn 2016, "Improved Deep Metric Learning with Multi-class N-pair Loss Objective", equation 6, here with distances and a
    temperature.
    Its gradient mines by itself: each negative weighs as much as it is near.
    """

    temperature: float

    def __call__(self, distances: Reals, persons: Rows) -> Judged:
        """Distances (n, n), and whose each row is (n,)."""
        tau, same = self.temperature, persons[:, None] == persons
        nearness = np.where(same, -np.inf, -distances / tau)  # (n, n)
        pulls = np.logaddexp.reduce(nearness, axis=1)  # (n,) soft minimum of the negatives
        anchors, positives = np.nonzero(same & ~np.eye(len(persons), dtype=bool))
        slopes = np.zeros(distances.shape)
        if not len(anchors) or same.all():
            return Judged(0.0, slopes, 0.0)
        scaled = distances[anchors, positives] / tau + pulls[anchors]
        by_pair = _sigmoid(scaled) / len(anchors)
        slopes[anchors, positives] = by_pair
        slopes -= np.exp(nearness - pulls[:, None]) * np.bincount(anchors, by_pair, len(persons))[:, None]
        return Judged(float(tau * np.logaddexp(0, scaled).mean()), slopes, float(np.mean(by_pair * len(anchors) > 1e-3)))


@dataclass(frozen=True, slots=True)
class Tail:
    """τ ln(1 + e^((D_ap − m) / τ)), where m is the soft minimum of *all* distances between two people in the batch.

    A triplet loss lets each anchor have a scale of its own; a door has one threshold for everybody, and it is set by the
    nearest strangers of all. m stands for that threshold: m = −e ln mean exp(−D / e), with the width e = ``edge``.
    """

    temperature: float
    edge: float

    def __call__(self, distances: Reals, persons: Rows) -> Judged:
        """Distances (n, n), and whose each row is (n,)."""
        same = persons[:, None] == persons
        anchors, positives = np.nonzero(same & ~np.eye(len(persons), dtype=bool))
        slopes = np.zeros(distances.shape)
        if not len(anchors) or same.all():
            return Judged(0.0, slopes, 0.0)
        nearness = np.where(same, -np.inf, -distances / self.edge)
        total = float(np.logaddexp.reduce(nearness, axis=None))
        scaled = (distances[anchors, positives] + self.edge * (total - np.log((~same).sum()))) / self.temperature
        by_pair = _sigmoid(scaled) / len(anchors)
        slopes[anchors, positives] = by_pair
        slopes -= np.exp(nearness - total) * by_pair.sum()
        value = self.temperature * np.logaddexp(0, scaled).mean()
        return Judged(float(value), slopes, float(np.mean(by_pair * len(anchors) > 1e-3)))


def _sigmoid(values: Reals) -> Reals:
    return np.exp(-np.logaddexp(0, -values))
