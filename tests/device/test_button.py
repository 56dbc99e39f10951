"""The push button on gpiozero's own mock pins; time is an argument, and nobody waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from gpiozero import LED
from gpiozero.exc import GPIOPinInUse
from gpiozero.pins.mock import MockFactory, MockPin

from edge.device.button import SLICE_S, GpioButton, attentive, open_button
from edge.device.fakes import ManualClock
from edge.device.gestures import BOUNCE_S, HOLD_S
from edge.doctor import State
from edge.doctor.place import push_button
from edge.errors import DeviceError
from edge.ports import Gesture

PIN = 23


class Stuck(MockPin):
    """Wired to ground, which is stronger than any pull-up."""

    def _set_pull(self, value: str) -> None:
        super()._set_pull(value)
        self.drive_low()


class Finger:
    """Presses a mock pin: to ground, against the pull-up."""

    def __init__(self, factory: MockFactory, clock: ManualClock) -> None:
        self._pin, self._clock = factory.pin(PIN), clock

    def press(self, seconds: float = 0.2) -> None:
        self.down(seconds)
        self._pin.drive_high()
        self._clock.advance(BOUNCE_S)

    def down(self, seconds: float) -> None:
        self._pin.drive_low()
        self._clock.advance(seconds)


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    factory = MockFactory()
    yield factory
    factory.reset()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def button(factory: MockFactory, clock: ManualClock) -> Iterator[GpioButton]:
    with closing(GpioButton(PIN, factory, now_s=clock.monotonic_s)) as button:
        yield button


@pytest.fixture
def finger(factory: MockFactory, clock: ManualClock) -> Finger:
    return Finger(factory, clock)


def test_the_pin_is_pulled_up_and_a_press_connects_it_to_ground(button: GpioButton, factory: MockFactory, finger: Finger) -> None:
    assert (factory.pin(PIN).function, factory.pin(PIN).pull) == ("input", "up")
    assert button.gestures() == []
    finger.press()
    assert button.gestures() == [Gesture.PRESS]
    assert button.gestures() == [], "told once"


def test_a_press_between_two_looks_is_not_missed(button: GpioButton, clock: ManualClock, finger: Finger) -> None:
    finger.press()
    clock.advance(0.3)
    finger.press()
    clock.advance(5.0)
    assert button.gestures() == [Gesture.PRESS, Gesture.TWO_PRESSES]


def test_a_button_that_is_held_is_told_before_it_is_let_go(button: GpioButton, finger: Finger) -> None:
    finger.down(HOLD_S - 0.01)
    assert button.gestures() == []
    finger.down(0.02)
    assert button.gestures() == [Gesture.HOLD]


def test_who_only_looks_whether_there_is_news_takes_nothing_away(button: GpioButton, finger: Finger) -> None:
    assert not button.has_news()
    finger.press()
    assert button.has_news()
    assert button.gestures() == [Gesture.PRESS]


def test_a_release_that_nobody_told_is_no_button_that_is_held(
    button: GpioButton, factory: MockFactory, clock: ManualClock, finger: Finger
) -> None:
    finger.down(0.5)
    button._device.when_released = None  # as where the edge is lost
    factory.pin(PIN).drive_high()
    button.gestures()
    clock.advance(60.0)
    assert button.gestures() == [Gesture.PRESS]


def test_a_wire_that_hears_a_motor_fills_no_memory(button: GpioButton, factory: MockFactory, clock: ManualClock) -> None:
    for _ in range(2000):
        factory.pin(PIN).drive_low()
        clock.advance(0.001)
        factory.pin(PIN).drive_high()
        clock.advance(0.001)
    assert len(button._edges) <= 256
    clock.advance(5.0)
    assert button.gestures() == []


def test_a_button_that_is_stuck_at_the_start_means_nothing_until_it_was_let_go(clock: ManualClock) -> None:
    factory = MockFactory()
    factory.pin(PIN, pin_class=Stuck)
    with closing(GpioButton(PIN, factory, now_s=clock.monotonic_s)) as button:
        assert button.is_down
        clock.advance(10 * HOLD_S)
        assert button.gestures() == []
        factory.pin(PIN).drive_high()
        clock.advance(1.0)
        Finger(factory, clock).press()
        assert button.gestures() == [Gesture.PRESS]


@pytest.mark.parametrize("kind", [MockPin, Stuck])
def test_the_doctor_tells_of_a_button_that_is_stuck_and_gives_the_pin_back(kind: type[MockPin]) -> None:
    factory = MockFactory()
    factory.pin(PIN, pin_class=kind)
    found = push_button(GpioButton(PIN, factory))
    is_stuck = kind is Stuck
    assert found.state is (State.WARNING if is_stuck else State.OK)
    assert ("GPIO23 is pressed" in found.sentence, "wired to ground" in found.advice) == (is_stuck, is_stuck)
    LED(PIN, pin_factory=factory).close()


def test_the_pin_is_given_back(factory: MockFactory) -> None:
    button = GpioButton(PIN, factory)
    button.close()
    button.close()
    LED(PIN, pin_factory=factory).close()


def test_a_pin_that_is_in_use_is_said() -> None:
    factory = MockFactory()
    other = LED(PIN, pin_factory=factory)
    with pytest.raises(GPIOPinInUse):
        GpioButton(PIN, factory)
    other.close()


@pytest.mark.parametrize(("kind", "pin"), [("gpio", -1), ("mock", PIN), ("none", PIN), ("auto", PIN)])
def test_without_a_pin_or_without_a_header_there_is_no_button(kind: str, pin: int, tmp_path: Path) -> None:
    assert open_button(kind, pin, board=tmp_path / "missing") is None


def test_on_a_raspberry_pi_whose_pin_cannot_be_used_the_key_is_named(tmp_path: Path) -> None:
    board = tmp_path / "model"
    board.write_bytes(b"Raspberry Pi 4 Model B Rev 1.4\0")
    with pytest.raises(DeviceError, match=r"panel\.button_pin|lgpio"):
        open_button("auto", PIN, board=board)


# While the camera is waited for


def test_a_wait_goes_on_to_its_end_where_nobody_presses(button: GpioButton, clock: ManualClock) -> None:
    assert attentive(clock.wait, button, now_s=clock.monotonic_s)(60.0) is False
    assert clock.now_s == pytest.approx(60.0)


def test_a_wait_ends_as_soon_as_the_button_was_held(button: GpioButton, clock: ManualClock, factory: MockFactory) -> None:
    factory.pin(PIN).drive_low()
    assert attentive(clock.wait, button, now_s=clock.monotonic_s)(60.0) is False
    assert HOLD_S <= clock.now_s <= HOLD_S + 2 * SLICE_S
    assert button.gestures() == [Gesture.HOLD], "whoever waited has not taken it"


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_a_unit_that_is_to_stop_waits_no_longer(button: GpioButton, seconds: float) -> None:
    stop = threading.Event()
    stop.set()
    assert attentive(stop.wait, button)(seconds) is True
