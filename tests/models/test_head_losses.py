"""The losses against loops that follow the papers' formulas, and against numerical slopes."""

from __future__ import annotations

import numpy as np
import pytest

from models.head.fit import distances, slope
from models.head.losses import Hinge, Mined, NPair, Objective, SoftMargin, Tail
from models.head.mining import Triplets, batch_hard, hard_negatives, semi_hard

PERSONS = np.array([0, 0, 0, 1, 1, 2, 3, 3])
OBJECTIVES = {
    "hinge, semi-hard": Mined(Hinge(0.4), semi_hard),
    "hinge, batch-hard": Mined(Hinge(0.4), batch_hard),
    "soft margin, semi-hard": Mined(SoftMargin(0.3), semi_hard),
    "soft margin, hard negatives": Mined(SoftMargin(0.3), hard_negatives),
    "N-pair": NPair(0.2),
    "tail": Tail(0.3, 0.1),
}


@pytest.fixture
def vectors() -> np.ndarray:
    return np.random.default_rng(7).normal(size=(len(PERSONS), 6))


@pytest.fixture
def matrix() -> np.ndarray:
    return np.random.default_rng(8).normal(size=(6, 4))


def every_triplet(_: np.ndarray, persons: np.ndarray) -> Triplets:
    n = range(len(persons))
    found = [(a, p, x) for a in n for p in n for x in n if a != p and persons[a] == persons[p] != persons[x]]
    return Triplets(*np.array(found).T)


def embedded(vectors: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    outputs = vectors @ matrix
    return outputs / np.linalg.norm(outputs, axis=1, keepdims=True)


def test_distances_are_squared_l2_between_unit_vectors(vectors: np.ndarray, matrix: np.ndarray) -> None:
    units = embedded(vectors, matrix)
    expected = [[np.sum((a - b) ** 2) for b in units] for a in units]
    assert distances(vectors, matrix) == pytest.approx(np.array(expected), abs=1e-12)


def test_the_triplet_loss_is_that_of_the_paper(vectors: np.ndarray, matrix: np.ndarray) -> None:
    units, triplets = embedded(vectors, matrix), every_triplet(vectors, PERSONS)
    expected = [
        max(np.sum((units[a] - units[p]) ** 2) - np.sum((units[a] - units[n]) ** 2) + 0.2, 0)
        for a, p, n in zip(*triplets, strict=True)
    ]
    judged = Mined(Hinge(0.2), every_triplet)(distances(vectors, matrix), PERSONS)
    assert judged.value == pytest.approx(np.mean(expected))
    assert judged.active == pytest.approx(np.mean(np.array(expected) > 0))


def test_the_soft_margin_is_a_smooth_hinge() -> None:
    gaps = np.linspace(-2, 2, 41)
    losses, _ = SoftMargin(0.1)(gaps)
    assert losses == pytest.approx(0.1 * np.log1p(np.exp(gaps / 0.1)))
    assert np.all(losses >= Hinge(0.0)(gaps)[0])
    assert SoftMargin(1e-3)(gaps)[0] == pytest.approx(Hinge(0.0)(gaps)[0], abs=1e-3)


def test_n_pair_is_a_sum_over_the_anchors_negatives(vectors: np.ndarray, matrix: np.ndarray) -> None:
    d, tau = distances(vectors, matrix), 0.2
    n = range(len(PERSONS))
    expected = [
        tau * np.log(1 + sum(np.exp((d[a, p] - d[a, x]) / tau) for x in n if PERSONS[x] != PERSONS[a]))
        for a in n
        for p in n
        if a != p and PERSONS[a] == PERSONS[p]
    ]
    assert NPair(tau)(d, PERSONS).value == pytest.approx(np.mean(expected))


def test_tail_compares_with_the_soft_minimum_of_all_different_pairs(vectors: np.ndarray, matrix: np.ndarray) -> None:
    d, n = distances(vectors, matrix), range(len(PERSONS))
    apart = [d[a, b] for a in n for b in n if PERSONS[a] != PERSONS[b]]
    together = [d[a, b] for a in n for b in n if a != b and PERSONS[a] == PERSONS[b]]
    minimum = -0.1 * np.log(np.mean(np.exp(-np.array(apart) / 0.1)))
    expected = 0.3 * np.mean(np.log1p(np.exp((np.array(together) - minimum) / 0.3)))
    assert Tail(0.3, 0.1)(d, PERSONS).value == pytest.approx(expected)


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
def test_the_slope_is_the_numerical_one(objective: Objective, vectors: np.ndarray, matrix: np.ndarray) -> None:
    judged = objective(distances(vectors, matrix), PERSONS)
    analytic, step = slope(vectors, matrix, judged.slopes), 1e-6
    assert np.abs(analytic).max() > 1e-3
    for at in np.ndindex(matrix.shape):
        there, back = matrix.copy(), matrix.copy()
        there[at] += step
        back[at] -= step
        rise = [objective(distances(vectors, each), PERSONS).value for each in (there, back)]
        assert analytic[at] == pytest.approx((rise[0] - rise[1]) / (2 * step), abs=1e-6)


@pytest.mark.parametrize("objective", OBJECTIVES.values(), ids=OBJECTIVES)
@pytest.mark.parametrize("persons", [np.zeros(8, int), np.arange(8)], ids=["one person", "nobody twice"])
def test_without_a_triplet_nothing_pulls(
    objective: Objective, persons: np.ndarray, vectors: np.ndarray, matrix: np.ndarray
) -> None:
    judged = objective(distances(vectors, matrix), persons)
    assert (judged.value, judged.active) == (0, 0)
    assert not judged.slopes.any()
