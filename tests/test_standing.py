"""What counts in the end: rows that nobody took back, at the time at which they truly happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.store import Store
from edge.store.standing import _STANDING
from edge.types import Direction, Draft, Event, EventKind, utc_text

MORNING = datetime(2026, 11, 22, 7, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, 0, 0, 42, tzinfo=UTC)
"""What a unit without a clock believes when it starts."""


def came(store: Store, at_utc: datetime, *, clock_ok: bool = True, code: str = "1042") -> Event:
    (event,) = store.append(Draft(code, "Jane Doe", at_utc, Direction.IN, distance=0.4, clock_ok=clock_ok))
    return event


def named(store: Store, event: Event, kind: EventKind, at_utc: datetime | None = None, code: str = "") -> Event:
    """A row that names another."""
    who = (code or event.person_code, event.person_name)
    (row,) = store.append(Draft(*who, at_utc or event.at_utc, event.direction, kind, corrects=event.event_id, by="Eve", why="so"))
    return row


def seqs(events: list[Event]) -> list[int]:
    return [event.seq for event in events]


def test_without_corrections_the_ledger_stands_as_it_is(store: Store) -> None:
    rows = [came(store, MORNING + timedelta(hours=hour)) for hour in range(3)]
    assert store.standing() == rows


def test_what_was_taken_back_does_not_stand_and_what_was_entered_does(store: Store) -> None:
    first, second = came(store, MORNING), came(store, MORNING + timedelta(hours=1))
    named(store, first, EventKind.VOID)
    entry = named(store, first, EventKind.ENTRY, code="7")
    assert store.standing() == [entry, second]
    assert store.standing(code="1042") == [second]
    assert store.standing(code="7") == [entry]


def test_a_time_that_became_known_counts_in_place_of_the_one_believed(store: Store) -> None:
    untimed, later = came(store, EPOCH, clock_ok=False), came(store, MORNING + timedelta(hours=1))
    named(store, untimed, EventKind.TIME, MORNING)
    named(store, untimed, EventKind.TIME, MORNING + timedelta(minutes=1))
    first, second = store.standing()
    assert (first.seq, first.event_id, first.kind) == (untimed.seq, untimed.event_id, EventKind.PUNCH)
    assert (first.at_utc, first.clock_ok) == (MORNING + timedelta(minutes=1), True)
    assert second == later
    assert store.events()[0] == untimed, "the ledger itself stays as it was written"


def test_limits_go_by_the_true_time_and_not_by_the_one_believed(store: Store) -> None:
    untimed = came(store, EPOCH, clock_ok=False)
    astray = came(store, MORNING, clock_ok=False)
    named(store, untimed, EventKind.TIME, MORNING)
    named(store, astray, EventKind.TIME, MORNING + timedelta(days=40))
    hour = timedelta(hours=1)
    assert seqs(store.standing(since=MORNING, until=MORNING + hour)) == [untimed.seq]
    assert seqs(store.standing(since=MORNING + timedelta(milliseconds=1))) == [astray.seq]
    assert seqs(store.standing(until=MORNING)) == []


def test_a_row_with_a_known_time_that_is_taken_back_is_gone_all_the_same(store: Store) -> None:
    untimed = came(store, EPOCH, clock_ok=False)
    named(store, untimed, EventKind.TIME, MORNING)
    named(store, untimed, EventKind.VOID)
    assert store.standing() == []


def test_a_name_for_no_row_or_none_at_all_changes_nothing(store: Store) -> None:
    event = came(store, MORNING)
    for corrects in ("", "nobody's"):
        for kind in (EventKind.VOID, EventKind.TIME):
            store.append(Draft("1042", "Jane Doe", EPOCH, Direction.IN, kind, corrects=corrects))
    assert store.standing() == [event]


STEPS = st.lists(
    st.tuples(st.sampled_from([*EventKind]), st.integers(0, 30), st.integers(0, 9), st.sampled_from(["1", "2"])), max_size=25
)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS, since=st.integers(0, 30), n_hours=st.integers(0, 30))
def test_any_ledger_stands_as_reading_it_row_by_row_would_have_it(
    steps: list[tuple[EventKind, int, int, str]], since: int, n_hours: int
) -> None:
    with Store.open(":memory:", unit="door-1") as store:
        for kind, hour, which, code in steps:
            written, at_utc = store.events(), MORNING + timedelta(hours=hour)
            corrects = written[which].event_id if which < len(written) and kind is not EventKind.PUNCH else ""
            store.append(Draft(code, "Jane Doe", at_utc, Direction.IN, kind, clock_ok=hour % 3 > 0, corrects=corrects))
        begin, end = MORNING + timedelta(hours=since), MORNING + timedelta(hours=since + n_hours)
        expected = by_reading(store.events())
        assert [(e.seq, e.at_utc, e.clock_ok) for e in store.standing()] == expected
        within = [row for row in expected if begin <= row[1] < end]
        assert [(e.seq, e.at_utc, e.clock_ok) for e in store.standing(since=begin, until=end)] == within


def by_reading(events: list[Event]) -> list[tuple[int, datetime, bool]]:
    """Number, time and whether it is sure, of what stands."""
    standing = {e.event_id: (e.seq, e.at_utc, e.clock_ok) for e in events if e.kind in (EventKind.PUNCH, EventKind.ENTRY)}
    for event in events:
        if event.kind is EventKind.VOID:
            standing.pop(event.corrects, None)
        elif event.kind is EventKind.TIME and event.corrects in standing:
            standing[event.corrects] = (standing[event.corrects][0], event.at_utc, True)
    return sorted(standing.values(), key=lambda row: (row[1], row[0]))


@pytest.mark.parametrize("since", [None, MORNING])
def test_a_month_is_found_by_indexes_however_long_the_ledger(store: Store, since: datetime | None) -> None:
    """The plan, not the time: a scan of the whole table within the loop over it would be a million times a million."""
    values = [utc_text(since) if since else "", "~", None]
    plan = [row[3] for row in store._database.rows(f"EXPLAIN QUERY PLAN {_STANDING}", values)]
    for index in ("event_corrects", "event_time"):
        assert any(index in line for line in plan), plan
    assert not [line for line in plan if line.startswith("SCAN") and "event" in line], plan
