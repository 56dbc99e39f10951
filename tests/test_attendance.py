"""Votes, the duplicate window, in and out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from edge.attendance import Attendance, Case, Moment, Opinion, Rules, count
from edge.types import Direction, Event, Match, Outcome

A, B, NOBODY = 1, 2, None
MONDAY = datetime(2026, 1, 5, 8, tzinfo=UTC)
RULES = Rules(n_agree=3, n_window=5, recheck_s=1.0, duplicate_window_s=60.0, direction=None, timezone=ZoneInfo("Europe/Vienna"))


def match(person: int | None, distance: float = 0.5, margin: float = 1.0) -> Match:
    return Match(person, distance, margin)


def opinion(person: int | None) -> Opinion:
    return Opinion(person, 0.5, 1.0, 3)


def moment(at_s: float = 0.0, at_utc: datetime | None = None) -> Moment:
    return Moment(at_s, at_utc or MONDAY + timedelta(seconds=at_s), clock_ok=True)


def event(at_utc: datetime, direction: Direction = Direction.IN) -> Event:
    return Event(1, "id", "unit", "A1", "Ada", at_utc, direction, 0.5, clock_ok=True)


def accept(attendance: Attendance, now: Moment, person: int = A) -> Direction | None:
    """Decide and remember, as after a commit."""
    decision = attendance.decide(opinion(person), now)
    if decision.outcome is Outcome.ACCEPTED:
        attendance.remember(decision)
    return decision.direction


# Counting votes


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        ([A, A], "open"),
        ([A, A, A], A),
        ([A, B, A, B, A], A),
        ([A, NOBODY, A, NOBODY], "open"),
        ([NOBODY, A, NOBODY, A, NOBODY], NOBODY),
    ],
)
def test_three_of_five_decide(votes: list[int | None], expected: int | str | None) -> None:
    found = count([match(person) for person in votes], 3)
    assert (found.person_id if found else "open") == expected


def test_where_two_agreed_the_person_goes_before_nobody_and_then_the_later_one() -> None:
    votes = [match(person) for person in (A, A, NOBODY, NOBODY, NOBODY)]
    assert count(votes, 2).person_id == A
    assert count([match(person) for person in (A, A, B, B)], 2).person_id == B


def test_distance_and_margin_are_medians_of_those_that_agreed() -> None:
    votes = [match(A, 0.2, 3.0), match(B, 9, 9), match(A, 0.9, 1.0), match(A, 0.4, 2.0)]
    assert count(votes, 3) == Opinion(A, 0.4, 2.0, 3)


# One track


def hear(case: Case, people: list[int | None], *, start_s: float = 0.0, step_s: float = 0.1) -> list[int | str | None]:
    """Feed frames; what is answered is settled at once. Returns the answers in order."""
    answers = []
    for i, person in enumerate(people):
        at_s = start_s + i * step_s
        if case.is_due(at_s):
            case.hear(match(person), at_s)
        new = case.opinion()
        if new:
            case.settle(new)
            answers.append(new.person_id)
    return answers


def test_a_settled_track_is_looked_at_again_only_from_time_to_time() -> None:
    case = Case(RULES)
    assert hear(case, [A, A, A]) == [A]
    assert case.is_answered
    assert [at_s / 10 for at_s in range(2, 25) if case.is_due(at_s / 10)] == [at_s / 10 for at_s in range(12, 25)]


def test_who_stays_is_answered_once() -> None:
    assert hear(Case(RULES), [A] * 600) == [A]


def test_somebody_who_steps_in_where_the_other_left_is_answered_and_the_other_not_again() -> None:
    assert hear(Case(RULES), [A] * 30 + [B] * 30) == [A, B]


def test_a_single_wrong_look_at_a_settled_person_says_nothing() -> None:
    case = Case(RULES)
    hear(case, [A, A, A])
    assert hear(case, [B, A, A, A, A, A], start_s=5.0) == []
    assert not case.is_due(5.6), "settled again"


def test_two_votes_for_one_and_then_another_person_names_only_the_other() -> None:
    assert hear(Case(RULES), [A, A, B, B, B]) == [B]


def test_a_stranger_is_told_once_and_still_judged() -> None:
    case = Case(RULES)
    assert hear(case, [NOBODY] * 100) == [NOBODY]
    assert case.is_answered
    assert case.is_due(10.0)
    assert hear(case, [A, A, A], start_s=10.0) == [A], "came nearer and was recognised"


def test_a_person_who_turns_away_is_not_called_a_stranger() -> None:
    assert hear(Case(RULES), [A] * 3 + [NOBODY] * 60) == [A]


def test_an_opinion_stands_until_it_is_settled() -> None:
    case = Case(RULES)
    for i in range(10):
        case.hear(match(A), i / 10)
        assert (case.opinion() is not None) == (i >= 2), "the disk may be full: it is asked again at each frame"
        assert case.is_due(i / 10)


# Duplicates


def test_a_second_time_within_the_window_is_already() -> None:
    attendance = Attendance(RULES, {})
    assert accept(attendance, moment(0)) is Direction.IN
    assert attendance.decide(opinion(A), moment(59.9)).outcome is Outcome.ALREADY
    assert attendance.decide(opinion(A), moment(60.0)).outcome is Outcome.ACCEPTED
    assert attendance.decide(opinion(B), moment(1.0)).outcome is Outcome.ACCEPTED


def test_already_does_not_lengthen_the_window() -> None:
    attendance = Attendance(RULES, {})
    accept(attendance, moment(0))
    for at_s in range(1, 60):
        accept(attendance, moment(at_s))
    assert accept(attendance, moment(60)) is Direction.OUT


def test_what_was_not_remembered_is_decided_anew() -> None:
    attendance = Attendance(RULES, {})
    first = attendance.decide(opinion(A), moment(0))
    again = attendance.decide(opinion(A), moment(1))
    assert first.outcome is again.outcome is Outcome.ACCEPTED
    assert first.direction is again.direction is Direction.IN


def test_within_one_run_the_utc_clock_may_jump_as_it_likes() -> None:
    attendance = Attendance(RULES, {})
    accept(attendance, moment(0))
    assert attendance.decide(opinion(A), moment(10, MONDAY + timedelta(days=1))).outcome is Outcome.ALREADY
    assert attendance.decide(opinion(A), moment(100, MONDAY)).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("elapsed_s", "outcome"),
    [(0, Outcome.ALREADY), (59, Outcome.ALREADY), (60, Outcome.ACCEPTED), (-3600, Outcome.ACCEPTED), (-1, Outcome.ACCEPTED)],
)
def test_after_a_restart_utc_decides_and_a_clock_set_back_locks_nobody_out(elapsed_s: int, outcome: Outcome) -> None:
    attendance = Attendance(RULES, {A: event(MONDAY)})
    assert attendance.decide(opinion(A), moment(3.0, MONDAY + timedelta(seconds=elapsed_s))).outcome is outcome


def test_a_window_of_nothing_records_every_time() -> None:
    attendance = Attendance(replace(RULES, duplicate_window_s=0), {})
    assert [accept(attendance, moment(0)), accept(attendance, moment(0))] == [Direction.IN, Direction.OUT]


# Directions


def test_in_and_out_alternate_and_each_day_begins_with_in() -> None:
    attendance = Attendance(RULES, {})
    hours = [0, 4, 5, 24, 33, 48]
    found = [accept(attendance, moment(hour * 3600.0)) for hour in hours]
    assert found == [Direction.IN, Direction.OUT, Direction.IN, Direction.IN, Direction.OUT, Direction.IN]


def test_the_day_is_the_local_one() -> None:
    last = {A: event(datetime(2026, 1, 5, 22, 30, tzinfo=UTC))}  # half past eleven in Vienna
    before, after = datetime(2026, 1, 5, 22, 59, tzinfo=UTC), datetime(2026, 1, 5, 23, 0, tzinfo=UTC)
    assert accept(Attendance(RULES, last), moment(0, before)) is Direction.OUT
    assert accept(Attendance(RULES, last), moment(0, after)) is Direction.IN


def test_after_a_restart_the_direction_continues() -> None:
    later = moment(0, MONDAY + timedelta(hours=4))
    assert accept(Attendance(RULES, {A: event(MONDAY)}), later) is Direction.OUT
    assert accept(Attendance(RULES, {A: event(MONDAY, Direction.OUT)}), later) is Direction.IN


def test_a_fixed_direction_is_always_that() -> None:
    attendance = Attendance(replace(RULES, direction=Direction.OUT, duplicate_window_s=0), {})
    assert [accept(attendance, moment(0)), accept(attendance, moment(1))] == [Direction.OUT, Direction.OUT]


def test_a_decision_carries_what_it_was_made_from() -> None:
    decision = Attendance(RULES, {}).decide(Opinion(NOBODY, 1.4, 0.1, 4), Moment(7.0, MONDAY, clock_ok=False))
    assert decision.outcome is Outcome.NOT_IN_DATABASE
    assert (decision.person_id, decision.direction, decision.clock_ok) == (None, None, False)
    assert (decision.distance, decision.n_frames, decision.at_s, decision.at_utc) == (1.4, 4, 7.0, MONDAY)
