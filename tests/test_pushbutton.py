"""The push button at the door: a row that goes the other way, the stick once more, the end of the system."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from test_unit import ADA, BOB, LIMITS, MODEL, RULES, STRANGER, DiskThatFills, ReadsPixels, enrol, frame, walk

from edge.attendance import Attendance, Moment, Opinion, Rules, Schedule
from edge.device.fakes import ManualClock, RecordingPanel, ScriptedButton, ScriptedCamera
from edge.device.requests import RequestFiles
from edge.errors import DeviceError
from edge.ports import Gesture, Wish
from edge.pushbutton import ENDING_S, OTHER_WAY_S, PATIENCE_S
from edge.types import Direction, Frame, Outcome, Signal
from edge.unit import Hands, Unit
from edge.vision.recogniser import Recogniser

PRESS, TWO, HOLD = Gesture.PRESS, Gesture.TWO_PRESSES, Gesture.HOLD
READY, LOOKING, ACCEPTED, FAULT = Signal.READY, Signal.LOOKING, Signal.ACCEPTED, Signal.FAULT
BUTTON, OTHER_WAY, ENDING, REFUSED = Signal.BUTTON, Signal.OTHER_WAY, Signal.SHUTTING_DOWN, Signal.STICK_REFUSED
IN, OUT = Direction.IN, Direction.OUT


@dataclass
class Door:
    """A unit with a button, in front of frames as they come."""

    store: DiskThatFills
    folder: Path
    rules: Rules = RULES
    panel: RecordingPanel = field(default_factory=RecordingPanel)
    clock: ManualClock = field(default_factory=ManualClock)
    button: ScriptedButton = field(default_factory=ScriptedButton)

    def __post_init__(self) -> None:
        self.requests = RequestFiles(self.folder)
        self.unit = self.of(ScriptedCamera([]))

    def of(self, camera: ScriptedCamera, *, requests: RequestFiles | None = None) -> Unit:
        eyes = ReadsPixels()
        hands = Hands(camera, self.panel, self.clock, self.store, button=self.button, requests=requests or self.requests)
        return Unit(hands, Recogniser(eyes, eyes, MODEL), rules=self.rules, limits=LIMITS, report=lambda _verdict: None)

    def press(self, gesture: Gesture) -> None:
        """And a frame of an empty room after it."""
        self.button.script.append(gesture)
        self.wait(0.1)

    def wait(self, seconds: float) -> None:
        """Nobody is there meanwhile."""
        self.clock.advance(seconds)
        self.unit.step(frame(self.clock.now_s))

    def come(self, who: int) -> None:
        """Somebody walks up, and goes."""
        for _ in range(5):
            self.clock.advance(0.1)
            self.unit.step(frame(self.clock.now_s, (who, 200, 120)))
        for _ in range(6):
            self.wait(0.1)

    @property
    def directions(self) -> list[Direction]:
        return [event.direction for event in self.store.events()]


@pytest.fixture
def store() -> Iterator[DiskThatFills]:
    with DiskThatFills.open(":memory:", unit="door") as store:
        enrol(store, ADA, "Ada")
        enrol(store, BOB, "Bob")
        yield store


@pytest.fixture
def door(store: DiskThatFills, tmp_path: Path) -> Door:
    return Door(store, tmp_path)


# The other way


def test_the_next_row_goes_the_other_way_and_the_one_after_it_as_the_rules_say(door: Door) -> None:
    door.press(PRESS)
    door.come(ADA)
    door.come(BOB)
    assert door.directions == [OUT, IN]
    assert door.panel.signals == [BUTTON, OTHER_WAY, LOOKING, ACCEPTED, READY, LOOKING, ACCEPTED, READY]


def test_whoever_was_switched_goes_on_from_there(door: Door) -> None:
    door.press(PRESS)
    door.come(ADA)
    door.clock.advance(3600)
    door.come(ADA)
    assert door.directions == [OUT, IN]


def test_a_press_again_takes_it_back(door: Door) -> None:
    door.press(PRESS)
    door.press(PRESS)
    door.come(ADA)
    assert door.directions == [IN]
    assert door.panel.signals[:4] == [BUTTON, OTHER_WAY, BUTTON, READY]


def test_it_ends_by_itself_when_nobody_comes(door: Door) -> None:
    door.press(PRESS)
    door.wait(OTHER_WAY_S - 0.01)
    assert door.panel.signals[-1] is OTHER_WAY
    door.wait(0.02)
    assert door.panel.signals[-1] is READY
    door.come(ADA)
    assert door.directions == [IN]


def test_a_stranger_uses_nothing_up(door: Door) -> None:
    door.press(PRESS)
    door.come(STRANGER)
    assert door.panel.signals[-1] is OTHER_WAY
    door.come(ADA)
    assert door.directions == [OUT]


def test_who_has_their_row_already_gets_none_and_the_next_one_is_not_concerned(door: Door) -> None:
    door.come(ADA)
    door.press(PRESS)
    door.come(ADA)
    assert door.panel.signals[-2:] == [Signal.ALREADY, READY]
    door.come(BOB)
    assert door.directions == [IN, IN]


def test_a_row_that_cannot_be_written_uses_nothing_up(door: Door) -> None:
    door.press(PRESS)
    door.store.is_full = True
    for picture in walk((ADA, 200, 120), n=5, start_s=door.clock.now_s):
        door.unit.step(picture)
    assert (door.directions, door.panel.signals[-1]) == ([], FAULT)
    door.store.is_full = False
    for picture in walk((ADA, 200, 120), n=5, start_s=door.clock.now_s + 0.5):
        door.unit.step(picture)
    assert door.directions == [OUT]


def test_of_two_at_once_one_goes_the_other_way(door: Door) -> None:
    door.press(PRESS)
    for picture in walk((ADA, 100, 120), (BOB, 400, 120), n=5, start_s=door.clock.now_s):
        door.unit.step(picture)
    assert sorted(direction.value for direction in door.directions) == ["in", "out"]


@pytest.mark.parametrize(
    ("rule", "other"),
    [
        *((IN, OUT), (OUT, IN)),
        *((Direction.BREAK_OUT, Direction.BREAK_IN), (Direction.BREAK_IN, Direction.BREAK_OUT)),
        *((Direction.OVERTIME_IN, Direction.OVERTIME_OUT), (Direction.OVERTIME_OUT, Direction.OVERTIME_IN)),
    ],
)
def test_every_state_has_its_other_way_whoever_says_which_it_is(rule: Direction, other: Direction) -> None:
    clock = ManualClock()
    opinion, moment = Opinion(1, 0.1, 2.0, 3), Moment(0.0, clock.utc(0.0), clock_ok=True)
    for direction in (rule, Schedule(((clock.utc(0.0).time().replace(hour=0), rule),))):
        attendance = Attendance(replace(RULES, direction=direction), {})
        assert attendance.decide(opinion, moment, is_switched=True).direction is other
        assert attendance.decide(opinion, moment).direction is rule
    stranger = Attendance(RULES, {}).decide(Opinion(None, 1.9, 0.0, 5), moment, is_switched=True)
    assert (stranger.outcome, stranger.direction) == (Outcome.NOT_IN_DATABASE, None)


# Wishes


def test_holding_it_asks_for_the_end_and_says_so_whatever_else_there_is_to_say(door: Door) -> None:
    door.press(HOLD)
    assert door.requests.is_waiting(Wish.SHUT_DOWN)
    door.requests.withdraw(Wish.SHUT_DOWN)  # somebody has taken it
    door.come(ADA)
    assert door.directions == [IN], "until it ends the unit works"
    assert door.panel.signals == [BUTTON, ENDING, ACCEPTED]


def test_a_system_that_does_not_end_is_served_on(door: Door) -> None:
    door.press(HOLD)
    door.requests.withdraw(Wish.SHUT_DOWN)
    door.wait(ENDING_S - 1)
    assert door.panel.signals[-1] is ENDING
    door.wait(1.1)
    assert door.panel.signals[-1] is READY


def test_two_presses_ask_for_the_stick_and_leave_the_next_row_as_it_was(door: Door) -> None:
    door.press(PRESS)
    door.press(TWO)
    assert door.requests.is_waiting(Wish.ENROL)
    assert door.panel.signals == [BUTTON, OTHER_WAY, BUTTON, READY]
    door.come(ADA)
    assert door.directions == [IN]


def test_who_wanted_the_other_way_still_wants_it_after_two_presses(door: Door) -> None:
    for gesture in (PRESS, PRESS, TWO):
        door.press(gesture)
    door.come(ADA)
    assert door.directions == [OUT]


def test_what_was_used_up_does_not_come_back_with_the_second_of_two_presses(door: Door) -> None:
    for gesture in (PRESS, PRESS):
        door.press(gesture)
    door.come(ADA)
    door.press(TWO)
    door.come(BOB)
    assert door.directions == [IN, IN]


@pytest.mark.parametrize(("gesture", "wish"), [(HOLD, Wish.SHUT_DOWN), (TWO, Wish.ENROL)])
def test_a_wish_that_nobody_takes_is_withdrawn_and_told(
    door: Door, gesture: Gesture, wish: Wish, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    door.press(gesture)
    door.wait(PATIENCE_S[wish] - 0.1)
    assert door.requests.is_waiting(wish)
    assert REFUSED not in door.panel.signals
    door.wait(0.2)
    door.wait(0.1)
    assert not door.requests.is_waiting(wish), "a stick that is plugged in tomorrow is not meant"
    assert door.panel.signals.count(REFUSED) == 1
    assert door.panel.signals[-2:] == ([REFUSED, READY] if wish is Wish.SHUT_DOWN else [READY, REFUSED]), "nothing ends"
    assert len(caplog.records) == 1


@pytest.mark.parametrize("wish", [Wish.SHUT_DOWN, Wish.ENROL])
def test_a_wish_that_was_taken_is_nobodys_any_more(door: Door, wish: Wish) -> None:
    door.press(HOLD if wish is Wish.SHUT_DOWN else TWO)
    door.requests.withdraw(wish)
    door.wait(PATIENCE_S[wish] + 1)
    assert REFUSED not in door.panel.signals


@pytest.mark.parametrize("gesture", [HOLD, TWO])
def test_where_nobody_can_be_asked_that_is_told_at_once(door: Door, gesture: Gesture, caplog: pytest.LogCaptureFixture) -> None:
    door.unit = Unit(
        Hands(ScriptedCamera([]), door.panel, door.clock, door.store, button=door.button),
        Recogniser(ReadsPixels(), ReadsPixels(), MODEL),
        rules=RULES,
        limits=LIMITS,
        report=lambda _verdict: None,
    )
    door.press(gesture)
    assert door.panel.signals == [BUTTON, REFUSED, READY]
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_wish_that_cannot_be_written_keeps_nobody_at_the_door(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    door.unit = door.of(ScriptedCamera([]), requests=RequestFiles(door.folder / "gone"))
    door.press(HOLD)
    assert door.panel.signals == [BUTTON, REFUSED, READY]
    assert "cannot be written" in caplog.text
    door.come(ADA)
    assert door.directions == [IN]


def test_a_unit_without_a_camera_can_be_shut_down_and_shows_it(door: Door) -> None:
    gone = DeviceError("unplugged")

    class Pressed(ScriptedCamera):
        def read(self) -> Frame | None:
            try:
                return super().read()
            finally:
                door.button.script.append(HOLD)

    door.of(Pressed([gone, gone, gone])).run()
    assert door.requests.is_waiting(Wish.SHUT_DOWN)
    assert door.panel.signals == [READY, FAULT, BUTTON, ENDING, BUTTON, BUTTON]


def test_a_door_without_a_button_is_as_it_was(door: Door) -> None:
    door.button.script.append(PRESS)
    unit = Unit(
        Hands(ScriptedCamera(walk((ADA, 200, 120), n=5)), door.panel, door.clock, door.store),
        Recogniser(ReadsPixels(), ReadsPixels(), MODEL),
        rules=RULES,
        limits=LIMITS,
        report=lambda _verdict: None,
    )
    unit.run()
    assert door.panel.signals == [READY, LOOKING, ACCEPTED, READY]
