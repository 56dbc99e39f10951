"""Mining against the definitions of section 3.2, looked up one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.head.mining import batch_hard, hard_negatives, semi_hard

PEOPLE = arrays(np.intp, st.integers(2, 9), elements=st.integers(0, 3))


def spread(n: int) -> np.ndarray:
    points = np.random.default_rng(n).normal(size=(n, 3))
    return ((points[:, None] - points) ** 2).sum(axis=2)


def pairs(persons: np.ndarray) -> list[tuple[int, int]]:
    n = range(len(persons))
    return [(a, p) for a in n for p in n if a != p and persons[a] == persons[p]]


def strangers(persons: np.ndarray, anchor: int) -> list[int]:
    return [n for n in range(len(persons)) if persons[n] != persons[anchor]]


@given(PEOPLE)
def test_semi_hard_takes_the_nearest_that_is_farther_than_the_positive(persons: np.ndarray) -> None:
    d = spread(len(persons))
    expected = []
    for a, p in pairs(persons):
        farther = [n for n in strangers(persons, a) if d[a, n] > d[a, p]]
        if farther:
            expected.append((a, p, min(farther, key=lambda n, a=a: d[a, n])))
    assert list(zip(*semi_hard(d, persons), strict=True)) == expected


@given(PEOPLE)
def test_batch_hard_takes_farthest_positive_and_nearest_negative(persons: np.ndarray) -> None:
    d = spread(len(persons))
    expected = []
    for a in range(len(persons)):
        positives, negatives = [p for b, p in pairs(persons) if b == a], strangers(persons, a)
        if positives and negatives:
            expected.append((a, max(positives, key=lambda p, a=a: d[a, p]), min(negatives, key=lambda n, a=a: d[a, n])))
    assert list(zip(*batch_hard(d, persons), strict=True)) == expected


@given(PEOPLE)
def test_hard_negatives_takes_the_nearest_for_every_pair(persons: np.ndarray) -> None:
    d = spread(len(persons))
    expected = [
        (a, p, min(strangers(persons, a), key=lambda n, a=a: d[a, n])) for a, p in pairs(persons) if strangers(persons, a)
    ]
    assert list(zip(*hard_negatives(d, persons), strict=True)) == expected
