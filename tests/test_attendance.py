"""The duplicate window, in and out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from edge.attendance import Attendance, Moment, Opinion, Rules
from edge.types import Direction, Event, Outcome

A, B, NOBODY = 1, 2, None
MONDAY = datetime(2026, 1, 5, 8, tzinfo=UTC)
RULES = Rules(n_least=3, n_window=5, recheck_s=1.0, duplicate_window_s=60.0, direction=None, timezone=ZoneInfo("Europe/Vienna"))


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
