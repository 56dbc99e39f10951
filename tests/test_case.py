"""What is said along a track."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from edge.attendance import Opinion, Rules
from edge.case import Case
from edge.matching.matcher import Matcher
from edge.types import Floats, Match, Refusal

A, B, NOBODY = 1, 2, None
RULES = Rules(n_least=3, n_window=5, recheck_s=1.0, duplicate_window_s=60.0, direction=None, timezone=None)


class Knows:
    """Stands in for a gallery: each of its people is one axis, and whoever is nearer than 0.8 is named."""

    def __init__(self, *people: int) -> None:
        self.people = people

    def match(self, probe: Floats) -> Match:
        distances = {person: float(2 - 2 * probe[person]) for person in self.people} or {-1: 4.0}
        nearest = min(distances, key=lambda person: distances[person])
        return Match(nearest if distances[nearest] <= 0.8 else None, distances[nearest], 1.0)


KNOWN = Knows(A, B)
STRANGER = 5


def seen(who: int, *, blur: float = 0.0, by: int = 7) -> Floats:
    """Somebody as a frame shows them; blurred, the template is drawn towards what it would be of anybody."""
    template = np.zeros(8, np.float32)
    template[who], template[by] = 1 - blur, blur
    return template / np.linalg.norm(template)


def watch(
    case: Case, frames: Sequence[int | Floats], *, start_s: float = 0.0, matcher: Matcher = KNOWN
) -> list[int | str | None]:
    """Feed frames, ten a second; what is answered is settled at once. Returns the answers in order."""
    answers = []
    for i, frame in enumerate(frames):
        at_s = start_s + i / 10
        if case.is_due(at_s):
            case.hear(seen(frame) if isinstance(frame, int) else frame, at_s, weight=1.0, matcher=matcher)
        new = case.opinion()
        if new:
            case.settle(new)
            answers.append(new.person_id)
    return answers


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([A, A], []),
        ([A, A, A], [A]),
        ([STRANGER] * 4, []),
        ([STRANGER] * 5, [NOBODY]),
        ([A, B, A, B, A], [A]),
        ([A, STRANGER, A, STRANGER, A], [A]),
        ([A, A, B, B, B], [B]),
        ([STRANGER, A, A, A], [A]),
        ([0, 3, 4, 5, 6], [NOBODY]),
    ],
    ids=str,
)
def test_three_fused_frames_name_somebody_and_after_five_without_a_name_it_is_nobody(
    frames: list[int], expected: list[int | None]
) -> None:
    assert watch(Case(RULES), frames) == expected


def test_frames_none_of_which_is_enough_are_enough_together() -> None:
    """Each is 0.84 from Ada, each in another direction; their mean is 0.56 from her."""
    noise = np.eye(8, dtype=np.float32)[[4, 5, 6]] + 0.5 * np.eye(8, dtype=np.float32)[7]
    frames = 0.58 * seen(A) + (1 - 0.58**2) ** 0.5 * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    assert [KNOWN.match(frame).person_id for frame in frames] == [None] * 3
    assert watch(Case(RULES), list(frames)) == [A]


def test_a_sharp_frame_counts_more() -> None:
    case = Case(RULES)
    for weight, blur in ((1.0, 0.5), (1.0, 0.5), (10.0, 0.0)):
        case.hear(seen(A, blur=blur), 0.0, weight=weight, matcher=KNOWN)
    assert case.opinion().distance < 0.05


def test_the_opinion_is_of_the_fused_template_and_says_how_many_frames_it_was_made_of() -> None:
    case = Case(replace(RULES, n_least=1))
    for i, blur in enumerate((0.3, 0.2, 0.1, 0.0)):
        case.hear(seen(A, blur=blur), 0.0, weight=1.0, matcher=KNOWN)
        mean = np.mean([seen(A, blur=each) for each in (0.3, 0.2, 0.1, 0.0)[: i + 1]], axis=0)
        expected = 2 - 2 * mean[A] / np.linalg.norm(mean)
        assert case.opinion() == Opinion(A, pytest.approx(expected, abs=1e-6), 1.0, i + 1)


def test_only_the_latest_frames_count() -> None:
    case = Case(RULES)
    assert watch(case, [seen(A, blur=0.6)] * 20) == [NOBODY]
    assert watch(case, [A] * 3, start_s=2.0) == [A], "came nearer"


def test_a_settled_track_is_looked_at_again_only_from_time_to_time() -> None:
    case = Case(RULES)
    assert watch(case, [A, A, A]) == [A]
    assert case.is_answered
    assert [at_s / 10 for at_s in range(2, 25) if case.is_due(at_s / 10)] == [at_s / 10 for at_s in range(12, 25)]


def test_who_stays_is_answered_once() -> None:
    assert watch(Case(RULES), [A] * 600) == [A]


def test_somebody_who_steps_in_where_the_other_left_is_answered_and_the_other_not_again() -> None:
    assert watch(Case(RULES), [A] * 30 + [B] * 30) == [A, B]


def test_a_stranger_who_steps_in_is_not_given_the_others_name_nor_the_other_a_second_time() -> None:
    assert watch(Case(RULES), [A] * 2 + [STRANGER] * 60) == [NOBODY]
    assert watch(Case(RULES), [A] * 3 + [STRANGER] * 60 + [A] * 30) == [A]


def test_who_steps_in_has_as_many_frames_as_everybody_before_it_is_nobody() -> None:
    assert watch(Case(RULES), [A] * 2 + [STRANGER] * 4) == []
    assert watch(Case(RULES), [A] * 2 + [STRANGER] * 5) == [NOBODY]


def test_two_who_change_places_at_every_frame_get_at_most_one_name_and_a_right_one() -> None:
    assert watch(Case(RULES), [A, B] * 30) == [A]


def test_a_single_wrong_look_at_a_settled_person_says_nothing() -> None:
    case = Case(RULES)
    watch(case, [A, A, A])
    assert watch(case, [B, A, A, A, A, A], start_s=5.0) == []
    assert not case.is_due(5.6), "settled again"


def test_a_stranger_is_told_once_and_still_judged() -> None:
    case = Case(RULES)
    assert watch(case, [STRANGER] * 100) == [NOBODY]
    assert case.is_answered
    assert case.is_due(10.0)
    assert watch(case, [A, A, A, A], start_s=10.0) == [A], "another steps in"


def test_a_person_who_turns_away_is_not_called_a_stranger() -> None:
    case = Case(RULES)
    assert watch(case, [A] * 3 + [STRANGER] * 60) == [A]
    assert watch(case, [A] * 20, start_s=7.0) == []
    assert case.is_answered


def test_an_opinion_stands_until_it_is_settled() -> None:
    case = Case(RULES)
    for i in range(10):
        case.hear(seen(A), i / 10, weight=1.0, matcher=KNOWN)
        assert (case.opinion() is not None) == (i >= 2), "the disk may be full: it is asked again at each frame"
        assert case.is_due(i / 10)


def test_who_is_enrolled_meanwhile_is_known_at_the_next_frame() -> None:
    case = Case(RULES)
    assert watch(case, [STRANGER] * 5) == [NOBODY]
    assert watch(case, [STRANGER], matcher=Knows(STRANGER)) == [STRANGER]


def test_before_anybody_is_enrolled_everybody_is_a_stranger() -> None:
    assert watch(Case(RULES), [A] * 5, matcher=Knows()) == [NOBODY]


# Faces that are not fit to be judged


DARK, FAR = Refusal.TOO_DARK, Refusal.TOO_FAR


@pytest.mark.parametrize(
    ("gates", "advice"),
    [
        ([DARK] * 4, None),
        ([DARK] * 5, DARK),
        ([DARK] * 5 + [None], None),
        ([DARK] * 4 + [FAR], None),
        ([DARK] * 4 + [FAR] * 5, FAR),
        ([DARK, None] * 9, None),
    ],
)
def test_the_reason_is_told_once_it_has_been_the_same_for_so_many_frames(
    gates: list[Refusal | None], advice: Refusal | None
) -> None:
    case = Case(RULES)
    for refusal in gates:
        case.gate(refusal)
    assert case.advice is advice


@pytest.mark.parametrize("who", [A, STRANGER])
def test_who_was_answered_is_not_nagged_and_stays_answered(who: int) -> None:
    case = Case(RULES)
    watch(case, [who] * 5)
    for _ in range(20):
        case.gate(DARK)
    assert case.advice is None
    assert case.is_answered
    assert case.opinion() is None
