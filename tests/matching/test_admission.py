"""Whether new photographs show the person that somebody says."""

from __future__ import annotations

import numpy as np
import pytest

from edge.matching.admission import Finding, Fit, judge
from edge.matching.gallery import Gallery

D = 64
NOTHING = np.empty((0, D), np.float32)
NOBODY = Gallery(np.empty((0, 0), np.float32), np.empty(0, np.int64))


def faces(who: int, n: int, *, apart: float = 0.5, first: int = 0) -> np.ndarray:
    """Photographs of somebody: any two are so far apart (squared L2), and 2 from everybody else's."""
    templates = np.zeros((n, D), np.float32)
    templates[:, who] = (1 - apart / 2) ** 0.5
    for row in range(n):
        templates[row, 20 + who * 4 + first + row] = (apart / 2) ** 0.5
    return templates


def fits(found: list[Finding]) -> list[Fit]:
    return [finding.fit for finding in found]


ADA, BOB = faces(1, 4), faces(2, 4)


def test_photographs_that_agree_are_good() -> None:
    assert judge(ADA, NOTHING, NOBODY) == [Finding(Fit.GOOD)] * 4
    assert judge(ADA[:1], NOTHING, NOBODY) == [Finding(Fit.GOOD)]
    assert judge(ADA[2:], ADA[:2], NOBODY) == [Finding(Fit.GOOD)] * 2


def test_the_same_face_of_somebody_else_is_refused_with_who_it_is() -> None:
    known = Gallery(np.concatenate([BOB[:2], ADA[:2]]), np.array([7, 7, 8, 8]))
    found = judge(ADA[2:], NOTHING, known)
    assert fits(found) == [Fit.SAME_FACE] * 2
    assert {finding.other for finding in found} == {8}
    assert found[0].distance == pytest.approx(0.5, abs=1e-6)
    assert fits(judge(ADA[2:], NOTHING, known, may_look_alike=True)) == [Fit.GOOD] * 2


@pytest.mark.parametrize(("distance", "fit"), [(0.64, Fit.SAME_FACE), (0.66, Fit.GOOD)])
def test_the_limit_of_the_same_face_is_the_one_that_was_measured(distance: float, fit: Fit) -> None:
    cosine = 1 - distance / 2
    new = cosine * ADA[:1] + (1 - cosine**2) ** 0.5 * BOB[:1]
    assert fits(judge(new, NOTHING, Gallery(ADA[:1], np.array([8])))) == [fit]


def test_photographs_that_go_with_what_is_enrolled_are_judged_one_by_one() -> None:
    """Of twins who are both enrolled each photograph belongs to the nearer one."""
    known = Gallery(ADA[:1], np.array([8]))
    own = faces(1, 1, first=3)
    new = np.concatenate([own, ADA[:1]]) + ADA[1:2]
    new /= np.linalg.norm(new, axis=1, keepdims=True)
    assert fits(judge(new, own, known)) == [Fit.GOOD, Fit.SAME_FACE]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2)])
def test_the_odd_one_out_is_refused_wherever_it_lies(order: tuple[int, ...]) -> None:
    together = np.concatenate([ADA[:3], BOB[:1]])[list(order)]
    found = judge(together, NOTHING, Gallery(BOB[1:], np.array([7, 7, 7])))
    odd = found[order.index(3)]
    assert (odd.fit, odd.n, odd.other, odd.distance) == (Fit.UNLIKE_OTHERS, 3, 7, pytest.approx(2))
    assert [finding.fit for finding in found if finding is not odd] == [Fit.GOOD] * 3


def test_of_two_nobody_can_tell_unless_one_is_known() -> None:
    both = np.concatenate([ADA[:1], BOB[:1]])
    assert judge(both, NOTHING, NOBODY) == [Finding(Fit.SEVERAL_PEOPLE, n=2)] * 2
    assert fits(judge(both, NOTHING, Gallery(BOB[1:], np.array([7, 7, 7])))) == [Fit.GOOD, Fit.SAME_FACE]


def test_those_who_are_known_leave_the_others_to_agree() -> None:
    known = Gallery(BOB[2:], np.array([7, 7]))
    assert fits(judge(np.concatenate([ADA[:2], BOB[:2]]), NOTHING, known)) == [Fit.GOOD] * 2 + [Fit.SAME_FACE] * 2
    three = np.concatenate([ADA[:1], BOB[:1], faces(3, 1)])
    assert fits(judge(three, NOTHING, known)) == [Fit.SEVERAL_PEOPLE, Fit.SAME_FACE, Fit.SEVERAL_PEOPLE]


def test_several_people_of_whom_none_has_most_photographs_are_all_refused() -> None:
    assert set(fits(judge(np.concatenate([ADA[:2], BOB[:2]]), NOTHING, NOBODY))) == {Fit.SEVERAL_PEOPLE}
    three = np.concatenate([ADA[:1], BOB[:1], faces(3, 1)])
    assert judge(three, NOTHING, NOBODY) == [Finding(Fit.SEVERAL_PEOPLE, n=3)] * 3


def test_what_is_enrolled_counts_as_agreed() -> None:
    found = judge(np.concatenate([BOB, ADA[1:2]]), ADA[:1], NOBODY)
    assert fits(found) == [Fit.UNLIKE_ENROLLED] * 4 + [Fit.GOOD]
    assert found[0].distance == pytest.approx(2)


def test_a_copy_says_of_what_and_shares_its_fate() -> None:
    assert judge(ADA[[0, 1, 0]], NOTHING, NOBODY)[2] == Finding(Fit.COPY, pytest.approx(0, abs=1e-6), original=0)
    assert judge(ADA[[2, 1]], ADA[:2], NOBODY) == [Finding(Fit.GOOD), Finding(Fit.COPY, pytest.approx(0, abs=1e-6), original=-1)]
    copied = judge(np.concatenate([ADA[:3], BOB[[0, 0, 0, 0]]]), NOTHING, NOBODY)
    assert fits(copied) == [Fit.GOOD] * 3 + [Fit.UNLIKE_OTHERS] * 4, "four copies are one photograph"
