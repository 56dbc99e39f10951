"""The door while nobody has set the clock, and when it is set: signals, rows, duplicates, in and out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from test_unit import ADA, BOB, LIMITS, MODEL, RULES, DiskThatFills, ReadsPixels, enrol, frame, walk

from edge.device.fakes import ManualClock, RecordingPanel, ScriptedCamera
from edge.errors import StoreError
from edge.store import Store
from edge.types import Direction, Event, EventKind, Outcome, Signal
from edge.unit import Hands, Unit
from edge.vision.recogniser import Recogniser

START = datetime(1970, 1, 1, tzinfo=UTC)
MORNING = datetime(2026, 11, 22, 7, tzinfo=UTC)
IN_DOUBT, ACCEPTED, ALREADY, FAULT = Signal.ACCEPTED_WITHOUT_TIME, Signal.ACCEPTED, Signal.ALREADY, Signal.FAULT
IN, OUT = Direction.IN, Direction.OUT


@dataclass
class Door:
    """A unit whose machine started at second 0, in 1970 by its own clock."""

    store: Store
    clock: ManualClock = field(default_factory=lambda: ManualClock(START, trusted=False))
    panel: RecordingPanel = field(default_factory=RecordingPanel)
    rules = replace(RULES, timezone=ZoneInfo("Europe/Vienna"))

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        eyes = ReadsPixels()
        self.outcomes: list[Outcome] = []
        self.unit = Unit(
            Hands(ScriptedCamera([]), self.panel, self.clock, self.store),
            Recogniser(eyes, eyes, MODEL),
            rules=self.rules,
            limits=LIMITS,
            report=lambda verdict: self.outcomes.append(verdict.decision.outcome),
        )

    def come(self, at_s: float, who: int = ADA, *, late_s: float = 0.0) -> Signal:
        """Somebody walks up and leaves, and each frame is looked at a while later; what the door answered."""
        n_shown = len(self.panel.signals)
        for picture in [*walk((who, 200, 120), n=5, start_s=at_s), *walk(n=20, start_s=at_s + 0.5)]:
            self.clock.now_s = picture.at_s + late_s
            self.unit.step(picture)
        answers = [signal for signal in self.panel.signals[n_shown:] if signal in (IN_DOUBT, ACCEPTED, ALREADY)]
        (answer,) = answers
        return answer

    def set_clock(self, at_s: float, at_utc: datetime) -> None:
        """A time server is reached, and a frame later nobody is at the door."""
        self.clock.now_s = at_s
        self.clock.set_utc(at_utc)
        self.clock.trusted = True
        self.unit.step(frame(at_s))

    def rows(self, kind: EventKind) -> list[Event]:
        return [event for event in self.store.events() if event.kind is kind]


@pytest.fixture
def door() -> Iterator[Door]:
    with DiskThatFills.open(":memory:", unit="door") as store:
        for who, name in enumerate(("Ada", "Bob")):
            enrol(store, who, name)
        yield Door(store)


def test_who_is_accepted_while_nobody_has_set_the_clock_hears_it(door: Door) -> None:
    assert door.come(10.0) is IN_DOUBT
    assert door.come(20.0) is ALREADY, "nothing was written that could be in doubt"
    door.set_clock(100.0, MORNING)
    assert door.come(200.0) is ACCEPTED
    assert door.come(210.0) is ALREADY


def test_a_row_carries_the_stamp_of_the_frame_that_decided_it(door: Door) -> None:
    door.come(10.0, late_s=0.7)
    (event,) = door.store.events()
    assert (event.boot_id, event.monotonic_s, event.at_utc) == (
        door.clock.boot_id,
        pytest.approx(10.2),
        START + timedelta(seconds=event.monotonic_s or 0),
    )


def test_when_the_clock_is_set_rows_get_their_time_in_that_very_frame_and_once(door: Door) -> None:
    door.come(10.0)
    door.come(20.0, BOB)
    door.set_clock(3600.0, MORNING)
    assert [row.at_utc for row in door.rows(EventKind.TIME)] == [MORNING - timedelta(seconds=3600 - s) for s in (10.2, 20.2)]
    for at_s in (3601.0, 3602.0):
        door.unit.step(frame(at_s))
    assert len(door.rows(EventKind.TIME)) == 2


def test_a_service_that_starts_anew_after_the_clock_was_set_makes_up_for_it(door: Door) -> None:
    door.come(10.0)
    door.clock.trusted = True
    door.clock.now_s = 60.0
    door.clock.set_utc(MORNING)
    door.restart()
    door.unit.step(frame(60.0))
    assert [row.at_utc for row in door.rows(EventKind.TIME)] == [MORNING - timedelta(seconds=49.8)]


def test_rows_of_an_earlier_start_of_the_machine_stay_in_doubt(door: Door) -> None:
    door.come(10.0)
    door.clock = ManualClock(MORNING)
    door.clock.boot_id = "another start"
    door.restart()
    door.come(5.0, BOB)
    assert door.rows(EventKind.TIME) == []
    assert [event.clock_ok for event in door.store.events()] == [False, True]


def test_the_duplicate_window_and_in_and_out_go_on_over_the_leap_of_the_clock(door: Door) -> None:
    door.come(10.0)
    door.set_clock(30.0, MORNING)
    assert door.come(40.0) is ALREADY, "half a minute is half a minute"
    assert door.come(80.0) is ACCEPTED
    assert [event.direction for event in door.rows(EventKind.PUNCH)] == [IN, OUT]


def test_who_stands_at_the_door_when_the_clock_is_set_goes_out_of_the_day_that_it_truly_is(door: Door) -> None:
    door.come(10.0)
    door.unit.step(frame(200.0))
    door.clock.now_s, door.clock.trusted = 200.1, True
    door.clock.set_utc(MORNING)
    door.come(200.1)  # within the second in which nobody looks for what others have written
    assert [event.direction for event in door.rows(EventKind.PUNCH)] == [IN, OUT]


def test_who_came_yesterday_by_the_true_time_comes_in_today(door: Door) -> None:
    door.come(10.0)
    door.set_clock(86_400.0, MORNING)
    door.come(86_500.0)
    assert [event.direction for event in door.rows(EventKind.PUNCH)] == [IN, IN]


def test_a_clock_that_leaps_back_while_it_is_not_trusted_locks_nobody_out(door: Door) -> None:
    door.set_clock(1.0, MORNING)
    door.come(10.0)
    door.clock.trusted = False
    door.clock.set_utc(START)
    assert door.come(80.0) is IN_DOUBT
    door.set_clock(100.0, MORNING + timedelta(seconds=99))
    (row,) = door.rows(EventKind.TIME)
    assert row.at_utc == MORNING + timedelta(seconds=79.2)
    assert door.come(200.0) is ACCEPTED
    assert [event.direction for event in door.rows(EventKind.PUNCH)] == [IN, IN, OUT], (
        "1970 was another day, until it was known that it was today"
    )


def test_times_that_cannot_be_written_down_keep_nobody_at_the_door(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    class Full(DiskThatFills):
        def give_times(self, boot_id: str, zero_utc: datetime, *, n_most: int) -> list[Event]:
            raise StoreError("no room left for times")

    with Full.open(":memory:", unit="door") as store:
        enrol(store, ADA, "Ada")
        door = Door(store)
        door.come(10.0)
        door.set_clock(3600.0, MORNING)
        assert door.come(3700.0) is ACCEPTED
        assert caplog.text.count("no room left for times") == 1
        assert FAULT not in door.panel.signals


def test_both_times_half_past_two_in_the_night_of_the_change_are_written_in_order_and_an_hour_apart(door: Door) -> None:
    """The last Sunday of October in Vienna: the wall shows 02:30 twice, and somebody comes at both."""
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    door.set_clock(1.0, first - timedelta(seconds=9))
    assert [door.come(at_s) for at_s in (10.0, 10.0 + 3600)] == [ACCEPTED, ACCEPTED]
    punches = door.rows(EventKind.PUNCH)
    local = [event.at_utc.astimezone(door.rules.timezone).isoformat(timespec="minutes") for event in punches]
    assert local == ["2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00"]
    assert [event.direction for event in punches] == [IN, OUT]


def test_after_a_restart_the_duplicate_window_does_not_see_the_hour_that_comes_twice(door: Door) -> None:
    first = datetime(2026, 10, 25, 0, 59, 50, tzinfo=UTC)  # ten seconds later the wall shows 02:00 again
    door.set_clock(1.0, first)
    door.come(2.0)
    door.restart()
    assert door.come(32.0) is ALREADY
    assert door.come(70.0) is ACCEPTED
