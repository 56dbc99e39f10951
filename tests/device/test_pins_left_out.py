"""Pins of which one cannot be used: it is named by its key, and a fault is shown on the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from gpiozero.pins.mock import MockFactory

from edge.device.panel import Lights, Pins, lights_by
from edge.device.patterns import PATTERNS, Colour, beats
from edge.errors import DeviceError
from edge.types import Signal

PINS = Pins(red=17, green=27, buzzer=22)


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    factory = MockFactory()
    yield factory
    factory.reset()


def header(factory: MockFactory, *absent: int) -> Callable[[Pins], Lights]:
    """A header on which some pins cannot be used."""

    def opened(pins: Pins) -> Lights:
        wrong = [pin for pin in pins.named().values() if pin in absent]
        if wrong:
            raise DeviceError(f"{pins} cannot be used.")
        return Lights(pins, factory)

    return opened


def fault_on(lights: Lights, factory: MockFactory) -> set[int]:
    """Which pins are on while a fault flashes."""
    (beat,) = [beat for beat in beats(PATTERNS[Signal.FAULT]) if beat.colour is not Colour.OFF]
    lights.set(beat)
    return {pin for pin in (17, 27, 22, 5) if factory.pin(pin).state}


def test_pins_that_can_all_be_used_are_used(factory: MockFactory) -> None:
    lights = lights_by(header(factory), PINS)
    assert fault_on(lights, factory) == {17}
    lights.close()


@pytest.mark.parametrize(
    ("absent", "words"),
    [
        ((27,), "'panel.green_pin' (GPIO27) cannot be used."),
        ((17, 22), "'panel.red_pin' (GPIO17), 'panel.buzzer_pin' (GPIO22) cannot be used."),
        ((17, 27, 22), "'panel.red_pin' (GPIO17), 'panel.green_pin' (GPIO27), 'panel.buzzer_pin' (GPIO22) cannot be used."),
    ],
)
def test_a_unit_that_starts_names_just_those_that_cannot_be_used(
    factory: MockFactory, absent: tuple[int, ...], words: str
) -> None:
    with pytest.raises(DeviceError) as caught:
        lights_by(header(factory, *absent), PINS)
    assert str(caught.value) == words


@pytest.mark.parametrize(("absent", "shown_on"), [((22,), 17), ((27,), 17), ((17,), 27), ((17, 22), 27)])
def test_a_fault_is_shown_on_what_is_left(
    factory: MockFactory, absent: tuple[int, ...], shown_on: int, caplog: pytest.LogCaptureFixture
) -> None:
    lights = lights_by(header(factory, *absent), PINS, leaves_out=True)
    assert fault_on(lights, factory) == {shown_on}
    assert "left out, because it cannot be used: 'panel." in caplog.text
    lights.close()


def test_where_no_pin_can_be_used_there_is_no_panel(factory: MockFactory) -> None:
    with pytest.raises(DeviceError):
        lights_by(header(factory, 17, 27, 22), PINS, leaves_out=True)


def test_a_pin_that_only_fails_together_with_another_is_not_guessed(factory: MockFactory) -> None:
    def opened(pins: Pins) -> Lights:
        if len(pins.named()) > 1:
            raise DeviceError(f"{pins} cannot be used.")
        return Lights(pins, factory)

    with pytest.raises(DeviceError, match="GPIO27"):
        lights_by(opened, PINS, leaves_out=True)
