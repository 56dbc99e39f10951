"""Faces that look alike and should not, and faces that should and do not."""

from __future__ import annotations

import numpy as np
import pytest

from edge.matching.combination import Combination
from edge.matching.gallery import Gallery
from edge.matching.likeness import N_PAIRS, Pair, confusable, nearest, originals, parties
from edge.vectors import distances

D = 16
NOBODY = Gallery(np.empty((0, 0), np.float32), np.empty(0, np.int64))


def unit(n: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(n, D)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def at(*distances_: float) -> np.ndarray:
    """Unit vectors so far (squared L2) from the first axis, each on its own side of it."""
    vectors = np.zeros((len(distances_), D), np.float32)
    for row, distance in enumerate(distances_):
        vectors[row, 0] = 1 - distance / 2
        vectors[row, row + 1] = (1 - vectors[row, 0] ** 2) ** 0.5
    return vectors


def as_pairs(found: list[Pair]) -> dict[tuple[int, int], float]:
    return {(pair.first, pair.second): pytest.approx(pair.distance, abs=1e-5) for pair in found}


def test_distances_are_squared_l2() -> None:
    a, b = unit(5, 1), unit(7, 2)
    expected = ((a[:, np.newaxis].astype(float) - b) ** 2).sum(axis=2)
    assert distances(a, b) == pytest.approx(expected, abs=1e-5)
    assert distances(a, a).min() >= 0


def test_a_copy_has_the_row_of_the_first() -> None:
    templates = np.concatenate([unit(3, 3), at(0.0, 0.05, 1.0, 0.09)])
    assert originals(templates).tolist() == [0, 1, 2, 3, 3, 5, 3]


def test_a_chain_of_copies_goes_no_farther_than_its_first() -> None:
    """Otherwise a slow film of somebody turning round would be one photograph."""
    angles = np.arange(8) * 0.25  # neighbours are 0.06 apart
    chain = np.zeros((8, D), np.float32)
    chain[:, 0], chain[:, 1] = np.cos(angles), np.sin(angles)
    assert originals(chain).tolist() == [0, 0, 2, 2, 4, 4, 6, 6]
    assert originals(chain[[0, 2, 1]]).tolist() == [0, 1, 0], "of two that it is a copy of, the first"


def test_parties_are_joined_by_chains() -> None:
    angles = np.array([0, 1.0, 2.0, 3.0])  # neighbours are 0.92 apart, the ends 3.98
    chain = np.zeros((5, D), np.float32)
    chain[:4, 0], chain[:4, 1] = np.cos(angles), np.sin(angles)
    chain[4, 2] = 1
    assert parties(chain[[0, 4, 3, 2, 1]]).tolist() == [0, 1, 0, 0, 0]


@pytest.mark.parametrize(("distance", "expected"), [(1.19, [0, 0]), (1.21, [0, 1])])
def test_the_limit_of_a_party_is_the_one_that_was_measured(distance: float, expected: list[int]) -> None:
    assert parties(at(0.0, distance)).tolist() == expected


def test_nearest_of_a_gallery_and_of_none() -> None:
    gallery = Gallery(unit(300, 4), np.arange(300) // 2)
    probes = unit(200, 5)
    expected = distances(probes, gallery.templates)
    gaps, people = nearest(probes, gallery)
    assert gaps == pytest.approx(expected.min(axis=1))
    assert people.tolist() == (expected.argmin(axis=1) // 2).tolist()
    gaps, people = nearest(probes, NOBODY)
    assert (set(gaps.tolist()), set(people.tolist())) == ({4.0}, {-1})


@pytest.mark.parametrize("combination", list(Combination))
def test_confusable_people_are_those_that_the_door_could_mistake(combination: Combination) -> None:
    templates, ids = unit(400, 6), np.random.default_rng(7).permutation(np.repeat(np.arange(200), 2))
    people = [templates[ids == person].astype(float) for person in range(200)]
    means = [each.mean(axis=0) / np.linalg.norm(each.mean(axis=0)) for each in people]
    expected: dict[tuple[int, int], float] = {}
    for probe, own in zip(templates, ids, strict=True):
        for other in set(range(200)) - {own}:
            theirs, mean = people[other], means[other]
            gaps = ((theirs - probe) ** 2).sum(axis=1)
            gap = {
                Combination.NEAREST: gaps.min(),
                Combination.MEAN: ((mean - probe) ** 2).sum(),
                Combination.NEAREST_TWO: gaps.mean(),
            }[combination]
            if gap <= 0.8:
                pair = (min(own, other), max(own, other))
                expected[pair] = min(gap, expected.get(pair, 4))
    found = confusable(Gallery(templates, ids), 0.8, combination=combination)
    assert len(expected) > 5
    assert as_pairs(found) == expected
    assert [pair.distance for pair in found] == sorted(pair.distance for pair in found)


def test_among_some_people_only_pairs_with_them_are_told() -> None:
    gallery = Gallery(unit(400, 6), np.arange(400) // 2)
    everywhere = confusable(gallery, 0.8)
    some = np.array([everywhere[0].first, everywhere[-1].second])
    assert confusable(gallery, 0.8, among=some) == [pair for pair in everywhere if {pair.first, pair.second} & set(some.tolist())]


def test_where_all_are_alike_the_nearest_pairs_are_told_and_not_all() -> None:
    everybody = Gallery(np.repeat(at(0.0), 150, axis=0), np.arange(150))
    assert len(confusable(everybody, 0.8)) == N_PAIRS < 150 * 149 / 2


def test_nobody_is_confusable_with_nobody() -> None:
    assert confusable(NOBODY, 0.8) == []
    assert confusable(Gallery(at(0.0, 0.1), np.array([7, 7])), 0.8) == []
