from __future__ import annotations

import numpy as np
import pytest

from edge.matching.gallery import FARTHEST, Gallery, NearestTemplate
from edge.matching.matcher import Rule
from edge.types import Match

pytestmark = pytest.mark.native

EAST, NORTH, WEST = np.eye(2, dtype=np.float32)[0], np.eye(2, dtype=np.float32)[1], -np.eye(2, dtype=np.float32)[0]


def gallery(*rows: tuple[int, np.ndarray]) -> Gallery:
    return Gallery(np.stack([vector for _, vector in rows]), np.array([person for person, _ in rows], np.int64))


def matched(known: Gallery, probe: np.ndarray, rule: Rule) -> Match:
    return NearestTemplate(known, rule).match(probe)


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


def test_distances_are_those_of_the_vectors() -> None:
    rng = np.random.default_rng(3)
    known = rng.standard_normal((200, 64)).astype(np.float32)
    known /= np.linalg.norm(known, axis=1, keepdims=True)
    probe = known[17] + 0.05 * rng.standard_normal(64).astype(np.float32)
    probe /= np.linalg.norm(probe)
    match = matched(Gallery(known, np.arange(200)), probe, Rule(4.0))
    by_hand = ((known - probe) ** 2).sum(axis=1)
    assert match.person_id == int(by_hand.argmin()) == 17
    assert match.distance == pytest.approx(by_hand.min(), abs=1e-5)
    assert match.margin == pytest.approx(np.partition(by_hand, 1)[1] - by_hand.min(), abs=1e-5)


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match="ids"):
        Gallery(np.empty((2, 4), np.float32), np.empty(3, np.int64))
