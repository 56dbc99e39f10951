"""Rows from before the clock was set: what the store writes when it is, and what a machine makes of it over many starts."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from decisions import accepted
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.device.fakes import ManualClock
from edge.exchange.ledger.table import Row
from edge.ledger import verify
from edge.store import Store
from edge.store.times import how_wrong
from edge.timekeeping import N_AT_ONCE, RETRY_S, Timekeeper
from edge.types import Direction, Draft, Event, EventKind, Person, Stamp

START = datetime(1970, 1, 1, 0, 0, 20, tzinfo=UTC)
"""When a machine without a battery clock believes that it starts."""

ZERO = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
"""When it truly did."""

BOOT, OTHER = "11111111-2222-4333-8444-555555555555", "99999999-2222-4333-8444-555555555555"
ALL = 1_000


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open(":memory:", unit="door") as store:
        yield store


def person(store: Store, code: str = "1042") -> Person:
    return store.find_person(code) or store.add_person(code, f"Jane {code}")


def punch(store: Store, after_s: float, *, boot_id: str = BOOT, clock_ok: bool = False, code: str = "1042") -> Event:
    """A punch so many seconds after a start in 1970."""
    decision = accepted(START + timedelta(seconds=after_s), clock_ok=clock_ok)
    return store.record(person(store, code), decision, stamp=Stamp(boot_id, after_s))


def is_whole(store: Store) -> bool:
    return not list(verify(store.entries(), n_written=store.n_written()))


# The rows


def test_a_row_says_when_another_one_truly_happened(store: Store) -> None:
    old = punch(store, 3600.25)
    (new,) = store.give_times(BOOT, ZERO, n_most=ALL)
    assert (new.kind, new.corrects, new.by) == (EventKind.TIME, old.event_id, "clock")
    assert (new.at_utc, new.clock_ok) == (datetime(2026, 11, 22, 7, 0, 0, 250_000, tzinfo=UTC), True)
    assert (new.person_code, new.person_name, new.direction) == (old.person_code, old.person_name, old.direction)
    assert (new.boot_id, new.monotonic_s) == (old.boot_id, old.monotonic_s) == (BOOT, 3600.25)
    assert new.why == "the clock was 20779 days, 5:59:40 slow"
    assert store.events()[0] == old, "it stays as it was written"
    assert is_whole(store)


def test_each_row_gets_its_time_once(store: Store) -> None:
    for after_s in (10.0, 20.0):
        punch(store, after_s)
    assert len(store.give_times(BOOT, ZERO, n_most=ALL)) == 2
    punch(store, 30.0)
    assert [event.monotonic_s for event in store.give_times(BOOT, ZERO + timedelta(hours=1), n_most=ALL)] == [30.0]
    assert store.give_times(BOOT, ZERO, n_most=ALL) == []


def test_many_rows_get_their_times_by_and_by_the_oldest_first(store: Store) -> None:
    for after_s in range(5):
        punch(store, float(after_s))
    given = [[event.monotonic_s for event in store.give_times(BOOT, ZERO, n_most=2)] for _ in range(4)]
    assert given == [[0.0, 1.0], [2.0, 3.0], [4.0], []]


def test_what_does_not_wait_for_this_start_of_the_machine_stays_as_it_is(store: Store) -> None:
    punch(store, 10.0, boot_id=OTHER)
    punch(store, 20.0, clock_ok=True)
    store.record(person(store), accepted(START, clock_ok=False))
    store.append(Draft("1042", "Jane", START, Direction.IN, distance=0.4, clock_ok=False, boot_id=BOOT))
    back = punch(store, 30.0)
    store.append(Draft("1042", "Jane", START, Direction.IN, EventKind.VOID, corrects=back.event_id, by="Eve", why="the twin"))
    assert store.give_times(BOOT, ZERO, n_most=ALL) == []
    assert store.give_times("", ZERO, n_most=ALL) == []


def test_an_entry_in_place_of_a_row_without_a_time_gets_its_time_too(store: Store) -> None:
    old = punch(store, 10.0)
    void = Draft(
        "1042", "Jane", old.at_utc, Direction.IN, EventKind.VOID, clock_ok=False, corrects=old.event_id, by="Eve", why="!"
    )
    entry = Draft(
        *("7", "John", old.at_utc, Direction.IN, EventKind.ENTRY),
        clock_ok=False,
        boot_id=BOOT,
        monotonic_s=10.0,
        corrects=old.event_id,
        by="Eve",
        why="!",
    )
    _, entered = store.append(void, entry)
    (new,) = store.give_times(BOOT, ZERO, n_most=ALL)
    assert (new.corrects, new.person_code, new.at_utc) == (entered.event_id, "7", ZERO + timedelta(seconds=10))


def test_all_of_them_or_none(store: Store) -> None:
    for after_s in (10.0, 20.0, 30.0):
        punch(store, after_s)
    store._database.execute(
        "CREATE TEMP TRIGGER fails BEFORE INSERT ON event WHEN NEW.kind = 'time' AND NEW.monotonic_s > 20"
        " BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    with pytest.raises(sqlite3.IntegrityError):
        store.give_times(BOOT, ZERO, n_most=ALL)
    assert [event.kind for event in store.events()] == [EventKind.PUNCH] * 3
    store._database.execute("DROP TRIGGER fails")
    assert len(store.give_times(BOOT, ZERO, n_most=ALL)) == 3


def test_of_two_at_once_one_gives_the_times(tmp_path: Path) -> None:
    """The second has begun before the first is done, and waits for it."""
    is_given, has_begun = threading.Event(), threading.Event()

    def give_first() -> None:
        with Store.open(tmp_path / "muster.db", unit="door") as first, first.transaction():
            first.give_times(BOOT, ZERO, n_most=ALL)
            is_given.set()
            has_begun.wait(20)

    with Store.open(tmp_path / "muster.db", unit="door") as second:
        punch(second, 10.0)
        thread = threading.Thread(target=give_first)
        thread.start()
        assert is_given.wait(20)
        second._database.conn.set_trace_callback(lambda sql: has_begun.set() if sql.startswith("BEGIN") else None)
        assert second.give_times(BOOT, ZERO, n_most=ALL) == []
        thread.join()
        assert len(second.events()) == 2


def test_the_name_of_somebody_who_was_erased_does_not_come_back(store: Store) -> None:
    punch(store, 10.0)
    store.remove_person("1042")
    (new,) = store.give_times(BOOT, ZERO, n_most=ALL)
    assert (new.person_code, new.person_name) == ("1042", store.events()[0].person_name)
    assert is_whole(store)


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (timedelta(hours=-1, seconds=-2.4), "the clock was 1:00:02 slow"),
        (timedelta(days=400, minutes=5), "the clock was 400 days, 0:05:00 fast"),
        (timedelta(milliseconds=-499), "the clock was right"),
        (timedelta(0), "the clock was right"),
    ],
)
def test_how_far_it_was_off_is_said_in_words(ahead: timedelta, said: str) -> None:
    assert how_wrong(ahead) == said


# Who was last seen when


def test_the_last_event_of_a_person_is_at_the_time_that_became_known(store: Store) -> None:
    jane = person(store)
    punch(store, 10.0)
    last = punch(store, 20.0)
    assert store.last_events() == {jane.id: last}
    store.give_times(BOOT, ZERO, n_most=ALL)
    (found,) = store.last_events().values()
    assert (found.event_id, found.at_utc, found.clock_ok) == (last.event_id, ZERO + timedelta(seconds=20), True)


def entered(store: Store, at_utc: datetime, *, why: str, after_s: float | None = None) -> Event:
    stamp = (BOOT, after_s) if after_s is not None else ("", None)
    draft = Draft(
        *("1042", "Jane", at_utc, Direction.OUT, EventKind.ENTRY),
        clock_ok=after_s is None,
        boot_id=stamp[0],
        monotonic_s=stamp[1],
        by="Eve",
        why=why,
    )
    return store.append(draft)[0]


def test_an_entry_is_before_or_behind_a_punch_by_the_true_time_of_both(store: Store) -> None:
    jane = person(store)
    punch(store, 3600.0)
    entered(store, ZERO + timedelta(minutes=30), why="before it")
    assert store.last_events()[jane.id].why == "before it", "as long as nobody knows better"
    store.give_times(BOOT, ZERO, n_most=ALL)
    assert store.last_events()[jane.id].kind is EventKind.PUNCH
    entered(store, ZERO + timedelta(minutes=60), why="at that very moment, and written later")
    assert store.last_events()[jane.id].kind is EventKind.ENTRY
    entered(store, ZERO + timedelta(minutes=61), why="behind it")
    assert store.last_events()[jane.id].why == "behind it"


@pytest.mark.parametrize("believed", [START, datetime(2038, 1, 19, tzinfo=UTC)])
def test_the_latest_of_two_entries_is_found_when_a_clock_was_wrong_either_way(store: Store, believed: datetime) -> None:
    jane = person(store)
    entered(store, ZERO + timedelta(minutes=10), why="first")
    entered(store, believed, why="second", after_s=1200.0)
    store.give_times(BOOT, ZERO, n_most=ALL)
    assert store.last_events()[jane.id].why == "second"
    entered(store, ZERO + timedelta(minutes=30), why="third")
    assert store.last_events()[jane.id].why == "third"


def test_of_entries_the_latest_by_its_time_counts_whenever_it_was_written(store: Store) -> None:
    jane = person(store)
    for minutes, why in ((30, "the latest"), (10, "remembered later")):
        entered(store, ZERO + timedelta(minutes=minutes), why=why)
    assert store.last_events()[jane.id].why == "the latest"


# Both sides of a change of summer time


@pytest.mark.parametrize(
    ("zone", "true_utc", "at_local"),
    [
        ("Europe/Vienna", "2026-03-29T00:59:59", "2026-03-29T01:59:59.000+01:00"),
        ("Europe/Vienna", "2026-03-29T01:00:00", "2026-03-29T03:00:00.000+02:00"),
        ("Europe/Vienna", "2026-10-25T00:30:00", "2026-10-25T02:30:00.000+02:00"),
        ("Europe/Vienna", "2026-10-25T01:30:00", "2026-10-25T02:30:00.000+01:00"),
        ("America/New_York", "2026-11-01T05:30:00", "2026-11-01T01:30:00.000-04:00"),
        ("America/New_York", "2026-11-01T06:30:00", "2026-11-01T01:30:00.000-05:00"),
        ("Australia/Lord_Howe", "2026-04-04T14:45:00", "2026-04-05T01:45:00.000+11:00"),
        ("Australia/Lord_Howe", "2026-04-04T15:15:00", "2026-04-05T01:45:00.000+10:30"),
        ("Asia/Kathmandu", "2026-04-04T15:15:00", "2026-04-04T21:00:00.000+05:45"),
    ],
)
def test_a_row_that_gets_its_time_has_the_local_time_of_that_moment(
    store: Store, zone: str, true_utc: str, at_local: str
) -> None:
    """Not of the moment at which it became known, which may lie on the other side of the change."""
    true = datetime.fromisoformat(true_utc).replace(tzinfo=UTC)
    punch(store, 100.0)
    (new,) = store.give_times(BOOT, true - timedelta(seconds=100), n_most=ALL)
    row = Row.of(new, ZoneInfo(zone))
    assert (row.at_local, row.month, row.fault()) == (at_local, at_local[:7], None)


# Whoever keeps the time


class FailingDisk(Store):
    """A disk that is full when a test says so."""

    is_full = False

    def give_times(self, boot_id: str, zero_utc: datetime, *, n_most: int) -> list[Event]:
        with self._database.writing():
            if self.is_full:
                self._database.execute("PRAGMA max_page_count = 1")
            try:
                return super().give_times(boot_id, zero_utc, n_most=n_most)
            finally:
                self._database.execute("PRAGMA max_page_count = 1073741823")


def test_a_disk_that_is_full_is_said_once_and_tried_again_later(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    clock = ManualClock(START)
    with FailingDisk.open(":memory:", unit="door") as store:
        for after_s in range(N_AT_ONCE):
            punch(store, float(after_s), boot_id=clock.boot_id)
        keeper, store.is_full = Timekeeper(clock, store), True
        clock.set_utc(ZERO)
        assert [keeper.settle(at_s) for at_s in (0.0, 0.1, RETRY_S, RETRY_S + 0.1)] == [False] * 4
        store.is_full = False
        assert not keeper.settle(2 * RETRY_S - 0.1)
        assert keeper.settle(2 * RETRY_S)
    said = [record.getMessage() for record in caplog.records]
    assert [line.split(":")[0] for line in said] == ["giving rows their time", "giving rows their time", "the clock is set"]


def test_more_rows_than_a_frame_may_take_get_their_time_with_the_next_frames(store: Store) -> None:
    clock = ManualClock(ZERO)
    for after_s in range(N_AT_ONCE + 1):
        punch(store, float(after_s), boot_id=clock.boot_id)
    keeper = Timekeeper(clock, store)
    assert [keeper.settle(at_s) for at_s in (0.0, 0.1, 0.2)] == [True, True, False]
    assert len(store.events()) == 2 * (N_AT_ONCE + 1)
    assert is_whole(store)


def test_the_time_is_right_to_the_millisecond_whenever_it_becomes_known(store: Store) -> None:
    clock = ManualClock(ZERO)
    punch(store, 12.25, boot_id=clock.boot_id)
    assert Timekeeper(clock, store).settle(20.7)
    assert store.events()[-1].at_utc == clock.utc(12.25)


def test_a_recording_has_no_start_and_leaves_the_rows_alone(store: Store) -> None:
    class Recording(ManualClock):
        def stamp(self, _at_s: float) -> None:  # type: ignore[override]
            return None

    punch(store, 10.0)
    assert not Timekeeper(Recording(ZERO), store).settle(20.0)
    assert len(store.events()) == 1


# A machine over many starts


@dataclass
class Machine:
    """A unit without a battery clock, and the time on the wall, which it does not see.

    Attributes:
        truth: of each row's event_id.
        known: those rows whose time somebody could know.
    """

    store: Store
    wall: datetime = ZERO
    n_starts: int = 0
    truth: dict[str, datetime] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)

    def start(self, seconds: float) -> None:
        """The power comes back some time later; the clock believes what it likes."""
        self.wall += timedelta(seconds=seconds)
        self.n_starts += 1
        self.waiting.clear()
        self.clock = ManualClock(START + timedelta(seconds=seconds), trusted=False)
        self.clock.boot_id = f"{self.n_starts:08d}-0000-4000-8000-000000000000"
        self.restart(seconds)

    def restart(self, _seconds: float) -> None:
        """The service alone starts anew."""
        self.keeper = Timekeeper(self.clock, self.store)

    def wait(self, seconds: float) -> None:
        """Time passes, on both clocks."""
        self.clock.advance(seconds)
        self.wall += timedelta(seconds=seconds)

    def trust(self, _seconds: float) -> None:
        """A time server sets the clock."""
        self.clock.set_utc(self.wall)
        self.clock.trusted = True

    def doubt(self, seconds: float) -> None:
        """The time server is gone for long, and somebody sets the clock by hand."""
        self.clock.trusted = False
        self.clock.set_utc(self.wall - timedelta(seconds=seconds))

    def look(self, _seconds: float) -> None:
        """A frame in which nobody stands."""
        self.keeper.settle(self.clock.now_s)
        if self.clock.trusted:
            self.known |= self.waiting
            self.waiting.clear()

    def come(self, seconds: float) -> None:
        """A frame in which somebody is accepted."""
        self.wait(1.0)
        self.look(seconds)
        self._record()

    def come_as_trust_is_lost(self, seconds: float) -> None:
        """The same, and between looking and recording the clock is not trusted any more."""
        self.look(seconds)
        self.doubt(seconds)
        self._record()

    def _record(self) -> None:
        clock = self.clock
        decision = accepted(clock.utc(clock.now_s), clock_ok=clock.trusted)
        event = self.store.record(person(self.store), decision, stamp=clock.stamp(clock.now_s))
        self.keeper.heed(event)
        self.truth[event.event_id] = self.wall
        (self.known if clock.trusted else self.waiting).add(event.event_id)


STEPS = ("start", "restart", "wait", "trust", "doubt", "look", "come", "come_as_trust_is_lost")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 3_000_000_000)), max_size=40))
def test_whatever_becomes_of_the_clock_each_row_has_its_true_time_once_or_says_that_nobody_knows(
    steps: list[tuple[str, int]],
) -> None:
    with Store.open(":memory:", unit="door") as store:
        machine = Machine(store)
        machine.start(0.0)
        for step, milliseconds in steps:
            getattr(machine, step)(milliseconds / 1000)
        machine.look(0.0)
        times = [event for event in store.events() if event.kind is EventKind.TIME]
        assert len({event.corrects for event in times}) == len(times), "each once"
        standing = {event.event_id: event for event in store.standing()}
        assert set(standing) == set(machine.truth)
        for event_id, true in machine.truth.items():
            assert standing[event_id].clock_ok is (event_id in machine.known)
            if event_id in machine.known:
                assert abs(standing[event_id].at_utc - true) <= timedelta(milliseconds=2)
        last = store.last_events()
        if machine.truth:
            (found,) = last.values()
            assert found == standing[list(machine.truth)[-1]]
        assert is_whole(store)
