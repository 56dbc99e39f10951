"""The duplicate window, punch states, and when a day ends and a person is valid."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.attendance import Attendance, Moment, Opinion, Rules, Schedule, is_valid
from edge.types import Direction, Event, Outcome, Validity

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


def test_the_first_punch_wins_for_as_long_as_999_999_minutes() -> None:
    attendance = Attendance(replace(RULES, duplicate_window_s=999_999 * 60.0), {})
    n_days = 999_999 / 60 / 24
    found = [accept(attendance, moment(day * 86400.0)) for day in range(int(n_days) + 2)]
    assert found == [Direction.IN, *[None] * int(n_days), Direction.IN], "694 days later, on a day that is new"


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


@pytest.mark.parametrize("state", list(Direction))
def test_a_fixed_state_may_be_any_of_the_six(state: Direction) -> None:
    assert accept(Attendance(replace(RULES, direction=state), {}), moment(0)) is state


@pytest.mark.parametrize("state", list(Direction))
def test_who_was_last_there_goes_out_next_whatever_the_state_is_called(state: Direction) -> None:
    after = accept(Attendance(RULES, {A: event(MONDAY, state)}), moment(0, MONDAY + timedelta(hours=1)))
    assert after is (Direction.OUT if state.value.endswith("in") else Direction.IN)


def test_a_decision_carries_what_it_was_made_from() -> None:
    decision = Attendance(RULES, {}).decide(Opinion(NOBODY, 1.4, 0.1, 4), Moment(7.0, MONDAY, clock_ok=False))
    assert decision.outcome is Outcome.NOT_IN_DATABASE
    assert (decision.person_id, decision.direction, decision.clock_ok) == (None, None, False)
    assert (decision.distance, decision.n_frames, decision.at_s, decision.at_utc) == (1.4, 4, 7.0, MONDAY)


# By the time of day

BY_THE_CLOCK = Schedule(
    (
        (time(6), Direction.IN),
        (time(12), Direction.BREAK_OUT),
        (time(12, 30), Direction.BREAK_IN),
        (time(15), Direction.OUT),
        (time(22, 15), Direction.OVERTIME_OUT),
    )
)


@pytest.mark.parametrize(
    ("local", "state"),
    [
        ("06:00", Direction.IN),
        ("11:59", Direction.IN),
        ("12:00", Direction.BREAK_OUT),
        ("12:30", Direction.BREAK_IN),
        ("14:59", Direction.BREAK_IN),
        ("15:00", Direction.OUT),
        ("22:15", Direction.OVERTIME_OUT),
        ("00:00", Direction.OVERTIME_OUT),
        ("05:59", Direction.OVERTIME_OUT),
    ],
)
def test_a_schedule_gives_the_state_whose_period_it_is_in_local_time(local: str, state: Direction) -> None:
    at_utc = datetime.fromisoformat(f"2026-01-05T{local}:00+01:00").astimezone(UTC)
    attendance = Attendance(replace(RULES, direction=BY_THE_CLOCK), {A: event(at_utc - timedelta(hours=1))})
    assert accept(attendance, moment(0, at_utc)) is state


def test_the_order_in_which_a_schedule_is_written_says_nothing() -> None:
    for turns in itertools.permutations(BY_THE_CLOCK.turns):
        assert Schedule(turns).state(time(13)) is Direction.BREAK_IN
        assert Schedule(turns).state(time(1)) is Direction.OVERTIME_OUT


@pytest.mark.parametrize(
    ("at_utc", "state"),
    [
        ("2026-03-29T00:59", Direction.IN),  # 01:59, and a minute later it is 03:00
        ("2026-03-29T01:00", Direction.OUT),
        ("2026-10-25T00:29", Direction.IN),  # 02:29, the first time
        ("2026-10-25T00:30", Direction.OUT),
        ("2026-10-25T01:00", Direction.IN),  # 02:00, the second time
        ("2026-10-25T01:30", Direction.OUT),
    ],
)
def test_over_a_change_of_summer_time_a_schedule_goes_by_the_clock_on_the_wall(at_utc: str, state: Direction) -> None:
    rules = replace(RULES, direction=Schedule(((time(0), Direction.IN), (time(2, 30), Direction.OUT))))
    assert accept(Attendance(rules, {}), moment(0, datetime.fromisoformat(at_utc + "Z"))) is state


# The day

ZONES = [
    ZoneInfo(name)
    for name in (
        "Europe/Vienna",
        "America/New_York",
        "America/Havana",  # falls back from one o'clock to midnight
        "America/Sao_Paulo",  # changed at midnight until 2019
        "Asia/Beirut",  # changes at midnight
        "Australia/Lord_Howe",  # changes by half an hour
        "Antarctica/Troll",  # changes by two hours
        "Antarctica/Casey",  # went back by three
        "Pacific/Apia",  # left out 30 December 2011
        "Asia/Kathmandu",
    )
]


def changes(zone: ZoneInfo) -> list[datetime]:
    """The UTC moments of 2005 to 2030 at which the zone's offset changes."""
    days = [datetime(2005, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(26 * 365)]
    offset = [day.astimezone(zone).utcoffset() for day in days]
    found = []
    for day, (before, after) in zip(days, itertools.pairwise(offset), strict=False):
        if before != after:
            minutes = (day + timedelta(minutes=minute) for minute in range(1441))
            found.append(next(minute for minute in minutes if minute.astimezone(zone).utcoffset() == after))
    return found


CHANGES = [(zone, moment) for zone in ZONES for moment in changes(zone) or [datetime(2026, 1, 1, tzinfo=UTC)]]


@st.composite
def near_a_change(draw: st.DrawFn) -> tuple[ZoneInfo, datetime, time]:
    """A zone, a moment within hours of a change, and a time of day within hours of it; a clock may leave it out or repeat it."""
    zone, change = draw(st.sampled_from(CHANGES))
    wall = change.astimezone(zone).replace(tzinfo=None, fold=0)
    at_utc, hour = (moment + timedelta(minutes=draw(st.integers(-240, 240))) for moment in (change, wall))
    return zone, at_utc, hour.time()


def shown(at_utc: datetime, zone: ZoneInfo, day_ends: time) -> date:
    """The day by what the clock on the wall shows in one moment."""
    wall = at_utc.astimezone(zone).replace(tzinfo=None)
    return (wall - timedelta(hours=day_ends.hour, minutes=day_ends.minute)).date()


@settings(max_examples=1000)
@given(near_a_change())
def test_a_day_begins_when_the_wall_first_shows_its_hour_and_never_comes_again(drawn: tuple[ZoneInfo, datetime, time]) -> None:
    zone, at_utc, day_ends = drawn
    rules = replace(RULES, timezone=zone, day_ends=day_ends)
    before = (at_utc - timedelta(minutes=minute) for minute in range(4 * 60))
    assert rules.day(at_utc) == max(shown(moment, zone, day_ends) for moment in before)


@given(near_a_change(), st.lists(st.integers(2, 30) | st.integers(2, 900), max_size=20))
def test_every_day_begins_with_in_and_then_out_and_in_alternate(
    drawn: tuple[ZoneInfo, datetime, time], waits_min: list[int]
) -> None:
    zone, start, day_ends = drawn
    rules = replace(RULES, timezone=zone, day_ends=day_ends)
    attendance = Attendance(rules, {})
    days: dict[date, list[Direction | None]] = {}
    for elapsed_min in itertools.accumulate([0, *waits_min]):
        at_utc = start + timedelta(minutes=elapsed_min)
        days.setdefault(rules.day(at_utc), []).append(accept(attendance, moment(elapsed_min * 60.0, at_utc)))
    for found in days.values():
        assert found == [(Direction.IN, Direction.OUT)[n % 2] for n in range(len(found))]


def test_a_night_shift_that_a_day_ends_after_is_one_day_over_both_changes_of_summer_time() -> None:
    rules = replace(RULES, day_ends=time(14))
    zone = ZoneInfo("Europe/Vienna")
    attendance = Attendance(rules, {})
    found = []
    for first in (date(2026, 3, 27), date(2026, 10, 23)):
        for night in range(4):
            day = first + timedelta(days=night)
            for hour in (datetime.combine(day, time(22)), datetime.combine(day + timedelta(days=1), time(6))):
                at_utc = hour.replace(tzinfo=zone).astimezone(UTC)
                found.append(accept(attendance, moment((at_utc - MONDAY).total_seconds(), at_utc)))
    assert found == [Direction.IN, Direction.OUT] * 8


def test_without_a_zone_the_day_is_that_of_the_system() -> None:
    rules = replace(RULES, timezone=None, day_ends=time(4))
    for hour in range(48):
        at_utc = MONDAY + timedelta(hours=hour)
        assert rules.day(at_utc) == (at_utc.astimezone() - timedelta(hours=4)).date()


# Who is valid


@pytest.mark.parametrize(
    ("validity", "days"),
    [
        (Validity(), "1 2 3 4 5"),
        (Validity(valid_from=date(2026, 1, 2), valid_until=date(2026, 1, 4)), "2 3 4"),
        (Validity(valid_from=date(2026, 1, 3)), "3 4 5"),
        (Validity(valid_until=date(2026, 1, 3)), "1 2 3"),
        (Validity(active=False), ""),
    ],
)
def test_both_days_are_included(validity: Validity, days: str) -> None:
    assert " ".join(str(day) for day in range(1, 6) if is_valid(validity, date(2026, 1, day))) == days


def test_while_nobody_knows_the_day_dates_limit_nothing_but_the_switch_does() -> None:
    dates = {"valid_from": date(2026, 1, 1), "valid_until": date(2026, 1, 1)}
    assert is_valid(Validity(**dates), None)
    assert not is_valid(Validity(active=False, **dates), None)
