"""Which photographs are kept: different ones, whatever their order, and nobody else's."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest

from edge.matching.choice import APART, BLOCK, diverse

D = 16


def fan(*degrees: float) -> np.ndarray:
    """Unit vectors in one plane."""
    angles = np.radians(degrees)
    vectors = np.zeros((len(degrees), D), np.float32)
    vectors[:, 0], vectors[:, 1] = np.cos(angles), np.sin(angles)
    return vectors


def crowd(n: int, seed: int, scatter: float = 0.1) -> np.ndarray:
    vectors = fan(*[0] * n) + np.random.default_rng(seed).normal(0, scatter, (n, D)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_few_are_all_kept() -> None:
    assert diverse(crowd(5, 1)).tolist() == [0, 1, 2, 3, 4]
    assert diverse(crowd(1, 1)).tolist() == [0]
    assert diverse(np.empty((0, D), np.float32)).tolist() == []


def test_of_many_the_central_one_and_those_at_the_edges_are_kept() -> None:
    assert diverse(fan(-30, -10, 0, 10, 31), 3).tolist() == [0, 2, 4]


def test_a_second_copy_says_nothing_new() -> None:
    assert diverse(fan(0, 0, 0, 0, 20, -20, 10), 4).tolist()[-3:] == [4, 5, 6]


def test_somebody_else_among_them_is_left_out_though_nothing_is_more_different() -> None:
    assert 2 not in diverse(fan(0, 5, 100, 10, 15, 20, 25), 3)
    assert diverse(fan(0, 5, 100)).tolist() == [0, 1]


def test_others_among_them_do_not_move_the_centre() -> None:
    assert diverse(fan(0, 2, 4, 100, 102), 1).tolist() == [1]


@pytest.mark.parametrize("degrees", [(0, 120), (0, 120, 240), (0, 5, 120, 125)])
def test_without_a_majority_nobody_is_left_out(degrees: tuple[float, ...]) -> None:
    assert diverse(fan(*degrees)).tolist() == list(range(len(degrees)))


def test_the_limit_is_where_it_says() -> None:
    edge = math.degrees(math.acos(1 - APART / 2))
    assert 3 in diverse(fan(0, 0.1, -0.1, edge - 0.2))
    assert 3 not in diverse(fan(0, 0.1, -0.1, edge + 0.2))


@pytest.mark.parametrize("seed", range(20))
def test_the_order_in_which_they_came_changes_nothing(seed: int) -> None:
    templates = crowd(9, seed, scatter=0.25)
    shuffled = np.random.default_rng(seed).permutation(9)
    assert sorted(shuffled[diverse(templates[shuffled])]) == diverse(templates).tolist()


def test_five_thousand_photographs_of_one_person_fit_into_memory() -> None:
    templates = crowd(5_000, 3)
    tracemalloc.start()
    try:
        rows = diverse(templates)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(rows) == 5
    assert peak < 20e6, "all with all would be 100 MB"


def test_of_more_than_a_block_the_same_are_chosen_as_by_looking_at_all_pairs() -> None:
    templates = crowd(BLOCK + 2, 4, scatter=0.4)
    between = np.array([[float(np.sum((a - b) ** 2)) for b in templates] for a in templates])
    chosen = [int(np.median(between, axis=1).argmin())]
    is_near = between[chosen[0]] <= APART
    while len(chosen) < 5:
        chosen.append(int(np.where(is_near, between[chosen].min(axis=0), -1).argmax()))
    assert not is_near.all()
    assert diverse(templates).tolist() == sorted(chosen)


@pytest.mark.parametrize("n_most", [1, 2, 3, 5, 8, 20])
def test_never_more_than_asked_for_and_none_twice(n_most: int) -> None:
    rows = diverse(crowd(12, 5), n_most)
    assert len(rows) == min(n_most, 12) == len(set(rows))
