"""Accuracy over listed pairs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.evaluation.pairs import accuracy, at_best_threshold


def test_the_threshold_is_chosen_on_the_other_folds() -> None:
    distances = np.array([0.1, 0.2, 1.5, 1.6, 0.9, 1.0])
    same = np.array([True, True, False, False, True, False])
    testing = np.array([False, False, False, False, True, True])
    assert at_best_threshold(distances, same, testing) == pytest.approx(0.5)


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.booleans()), min_size=3, max_size=60))
def test_it_is_what_trying_every_threshold_gives(rows: list[tuple[int, bool, bool]]) -> None:
    distances, same, testing = (np.array(column) for column in zip(*rows, strict=True))
    if testing.any() and not testing.all():
        training, is_same = distances[~testing], same[~testing]
        right = {t: int(sum((training <= t) == is_same)) for t in set(training.tolist())}
        best = np.median([t for t, n in right.items() if n == max(right.values())])
        expected = np.mean((distances[testing] <= best) == same[testing])
        assert at_best_threshold(distances.astype(float), same, testing) == pytest.approx(float(expected))


def test_mean_and_deviation_are_over_the_folds() -> None:
    distances = np.array([0.1, 1.0, 0.1, 1.0, 1.0, 0.1])
    same = np.array([True, False, True, False, True, False])
    found = accuracy(distances, same, np.array([3, 3, 5, 5, 9, 9]), n_left_out=2)
    assert (found.mean, found.deviation) == (pytest.approx(2 / 3), pytest.approx(np.std([1, 1, 0])))
    assert (found.n_pairs, found.n_left_out) == (6, 2)
