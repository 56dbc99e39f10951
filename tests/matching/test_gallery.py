from __future__ import annotations

import numpy as np
import pytest

from edge.matching.combination import Combination
from edge.matching.gallery import FARTHEST, Gallery, NearestTemplate
from edge.matching.matcher import Rule
from edge.types import Match

pytestmark = pytest.mark.native

EAST, NORTH, WEST = np.eye(2, dtype=np.float32)[0], np.eye(2, dtype=np.float32)[1], -np.eye(2, dtype=np.float32)[0]


def gallery(*rows: tuple[int, np.ndarray]) -> Gallery:
    return Gallery(np.stack([vector for _, vector in rows]), np.array([person for person, _ in rows], np.int64))


def matched(known: Gallery, probe: np.ndarray, rule: Rule, combination: Combination = Combination.NEAREST) -> Match:
    return NearestTemplate(known, rule, combination).match(probe)


def random_units(n: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((n, 64)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def test_the_nearest_is_named_with_distance_and_margin() -> None:
    match = matched(gallery((7, EAST), (8, NORTH)), EAST, Rule(1.0))
    assert (match.person_id, match.distance, match.margin) == (7, 0.0, 2.0)


def test_a_stranger_is_nobody_but_the_distance_is_told() -> None:
    match = matched(gallery((7, EAST), (8, NORTH)), WEST, Rule(1.0))
    assert match.person_id is None
    assert match.distance == pytest.approx(2.0)


def test_the_margin_is_to_another_person_not_to_another_template() -> None:
    match = matched(gallery((7, EAST), (7, EAST), (8, WEST)), EAST, Rule(1.0, 1.0))
    assert (match.person_id, match.margin) == (7, 4.0)


def test_two_people_too_alike_are_told_apart_or_not_named() -> None:
    twins = gallery((7, EAST), (8, EAST))
    assert matched(twins, EAST, Rule(1.0)).person_id == 7
    assert matched(twins, EAST, Rule(1.0, 0.05)).person_id is None


def test_an_empty_gallery_knows_nobody() -> None:
    empty = Gallery(np.empty((0, 2), np.float32), np.empty(0, np.int64))
    assert matched(empty, EAST, Rule(4.0)).person_id is None
    assert matched(empty, EAST, Rule(4.0)).distance == FARTHEST


def test_one_person_alone_has_the_largest_margin() -> None:
    assert matched(gallery((7, EAST)), EAST, Rule(1.0, 1.0)).person_id == 7


@pytest.mark.parametrize("combination", list(Combination))
def test_distances_are_those_of_the_vectors(combination: Combination) -> None:
    """With one template each all combinations are the same."""
    known = random_units(200, 3)
    probe = known[17] + 0.05 * random_units(1, 4)[0]
    probe /= np.linalg.norm(probe)
    match = matched(Gallery(known, np.arange(200)), probe, Rule(4.0), combination)
    by_hand = ((known - probe) ** 2).sum(axis=1)
    assert match.person_id == int(by_hand.argmin()) == 17
    assert match.distance == pytest.approx(by_hand.min(), abs=1e-5)
    assert match.margin == pytest.approx(np.partition(by_hand, 1)[1] - by_hand.min(), abs=1e-5)


@pytest.mark.parametrize("combination", list(Combination))
def test_several_templates_count_together_as_spelt_out(combination: Combination) -> None:
    """Mixed numbers of templates, in the order in which photographs come: anybody's after anybody's."""
    persons = np.random.default_rng(5).permutation([3] * 5 + [9] * 2 + [4] + [7] * 3)
    known = random_units(len(persons), 6)
    for probe in random_units(50, 7):
        to_people = {}
        for person in set(persons.tolist()):
            own = known[persons == person]
            each = sorted(((own - probe) ** 2).sum(axis=1).tolist())
            mean = own.sum(axis=0) / np.linalg.norm(own.sum(axis=0))
            to_people[person] = {
                Combination.NEAREST: each[0],
                Combination.MEAN: ((mean - probe) ** 2).sum(),
                Combination.NEAREST_TWO: sum(each[:2]) / len(each[:2]),
            }[combination]
        first, second, *_ = sorted(to_people.values())
        match = matched(Gallery(known, persons.astype(np.int64)), probe, Rule(4.0), combination)
        assert to_people[match.person_id] == first
        assert (match.distance, match.margin) == (pytest.approx(first, abs=1e-5), pytest.approx(second - first, abs=1e-5))


def test_of_two_copies_both_are_the_nearest_two() -> None:
    twice = gallery((7, EAST), (7, EAST), (7, WEST), (8, NORTH))
    assert matched(twice, EAST, Rule(4.0), Combination.NEAREST_TWO).distance == 0


def test_templates_that_cancel_are_near_nobody() -> None:
    torn = gallery((7, EAST), (7, WEST), (8, NORTH))
    match = matched(torn, NORTH, Rule(1.0), Combination.MEAN)
    assert (match.person_id, match.margin) == (8, 2.0)


def test_rounding_makes_no_distance_negative() -> None:
    known = random_units(500, 9)
    found = NearestTemplate(Gallery(known, np.arange(500)), Rule(1.0))
    assert max(float(np.einsum("d,d->", each, each)) for each in known) > 1, "as here, where a face is as near as can be"
    assert all(found.match(each).distance >= 0 for each in known)


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match="ids"):
        Gallery(np.empty((2, 4), np.float32), np.empty(3, np.int64))
