"""The LEDs and the buzzer, over gpiozero. Wiring: README; each signal's pattern: `edge.device.patterns`.

One thread plays the patterns, so that showing a signal never keeps the loop waiting. Which pins there are is decided here, and
nothing is replaced in silence: on a Raspberry Pi whose pins cannot be used, that is a DeviceError and not a mock panel.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from edge.device.header import BOARD, has_pins, on_the_header
from edge.device.patterns import PATTERNS, Beat, Colour, Programme
from edge.errors import DeviceError
from edge.ports import Panel
from edge.types import Signal

log = logging.getLogger(__name__)

LEFT = -1
"""A pin that is left out."""


@dataclass(frozen=True, slots=True)
class Pins:
    """BCM numbers; -1 leaves one out. Naming blue as well makes the three colours one RGB LED."""

    red: int = LEFT
    green: int = LEFT
    blue: int = LEFT
    buzzer: int = LEFT

    def named(self) -> dict[str, int]:
        """Those that are not left out, by their names."""
        return {name: pin for name, pin in asdict(self).items() if pin != LEFT}

    def __str__(self) -> str:
        """By their keys in the configuration, as a message names them."""
        return ", ".join(f"'panel.{name}_pin' (GPIO{pin})" for name, pin in self.named().items())


class Lights:
    """LEDs and buzzer as something that can be in one state at a time.

    Args:
        pins: which.
        factory: gpiozero's pin factory; closed together with the devices.

    Raises:
        gpiozero.GPIOZeroError: a pin does not exist or is in use.
    """

    def __init__(self, pins: Pins, factory: Any) -> None:
        from gpiozero import LED, RGBLED, Buzzer

        self._rgb = self._buzzer = None
        self._single: list[Any] = []
        legs = (pins.red, pins.green, pins.blue)
        with ExitStack() as stack:  # what is open already is closed again when the next pin is in use
            stack.callback(factory.close)
            if LEFT not in legs:
                self._rgb = stack.enter_context(RGBLED(*legs, pwm=False, pin_factory=factory))
            else:
                self._single = [stack.enter_context(LED(leg, pin_factory=factory)) if leg != LEFT else None for leg in legs]
            if pins.buzzer != LEFT:
                self._buzzer = stack.enter_context(Buzzer(pins.buzzer, pin_factory=factory))
            self._open = stack.pop_all()

    def set(self, beat: Beat) -> None:
        """Light and sound as the beat says."""
        if self._rgb:
            self._rgb.color = beat.colour.value
        for led, is_lit in zip(self._single, beat.colour.value, strict=False):
            if led:
                led.value = is_lit
        if self._buzzer:
            self._buzzer.value = beat.buzz

    def close(self) -> None:
        """All off, all pins released."""
        self.set(Beat(Colour.OFF, False, 0.0))
        self._open.close()


class GpioPanel:
    """Plays patterns on LEDs and buzzer; implements `edge.ports.Panel`.

    Args:
        lights: what is lit.
        tell: hears a line about each signal that was shown; None where nobody looks at a terminal.
    """

    def __init__(self, lights: Lights, tell: Callable[[str], None] | None = None) -> None:
        self._lights = lights
        self._tell = tell
        self._programme = Programme()
        self._changed = threading.Condition()
        self._is_new = self._is_closed = False
        self._player = threading.Thread(target=self._play, name="panel", daemon=True)
        self._player.start()

    def show(self, signal: Signal) -> None:
        """Begin the pattern of a signal and return at once. A lasting signal waits for the end of a running answer.

        Raises:
            DeviceError: a pin has failed since; nothing is lit any more.
        """
        if not (self._is_closed or self._player.is_alive()):
            raise DeviceError("the panel has gone dark: a pin has failed. Look at the wiring; a restart opens the pins anew.")
        with self._changed:
            self._is_new = self._programme.show(signal) or self._is_new
            self._changed.notify_all()
        if self._tell:
            self._tell(f"{signal.value}: {PATTERNS[signal]}")

    def _play(self) -> None:
        with self._changed:
            while not self._is_closed:
                beat, self._is_new = self._programme.next_beat(), False
                self._lights.set(beat)
                self._changed.wait_for(lambda: self._is_new or self._is_closed, beat.seconds)

    def close(self) -> None:
        """All off, pins released. Closing twice is allowed."""
        with self._changed:
            if self._is_closed:
                return
            self._is_closed = True
            self._changed.notify_all()
        self._player.join()
        self._lights.close()


class SilentPanel:
    """No LED, no buzzer, no word; implements `edge.ports.Panel`."""

    def show(self, signal: Signal) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


def open_panel(
    kind: str, pins: Pins, *, board: Path = BOARD, tell: Callable[[str], None] | None = None, leaves_out: bool = False
) -> Panel:
    """The panel that the configuration names.

    Args:
        kind: gpio, mock, none, or auto: gpio on a Raspberry Pi and mock anywhere else.
        pins: which.
        board: file that names the computer.
        tell: where the mock panel writes; the terminal unless told otherwise.
        leaves_out: whether pins that cannot be used are left out, as long as there are others.

    Raises:
        DeviceError: the pins cannot be used.
    """
    if kind == "none":
        return SilentPanel()
    if kind == "gpio" or (kind == "auto" and has_pins(board)):
        return GpioPanel(open_lights(pins, leaves_out=leaves_out))
    from gpiozero.pins.mock import MockFactory

    return GpioPanel(Lights(pins, MockFactory()), tell or to_terminal)


def open_lights(pins: Pins, *, leaves_out: bool = False) -> Lights:
    """LEDs and buzzer on the pins of this Raspberry Pi.

    Args:
        pins: which.
        leaves_out: whether those that cannot be used are left out, as long as there are others.

    Raises:
        DeviceError: lgpio is missing, or the pins are busy, not permitted, or not there; it names those by their keys.
    """
    return lights_by(lambda some: on_the_header(partial(Lights, some), what=str(some)), pins, leaves_out=leaves_out)


def lights_by(opened: Callable[[Pins], Lights], pins: Pins, *, leaves_out: bool = False) -> Lights:
    """LEDs and buzzer; where that fails it is found out which pins it is.

    Args:
        opened: opens some pins, or raises DeviceError.
        pins: which.
        leaves_out: as for `open_lights`.

    Raises:
        DeviceError: what was said of the pins that cannot be used.
    """
    try:
        return opened(pins)
    except DeviceError:
        wrong = {name: pin for name, pin in pins.named().items() if not _is_usable(opened, Pins(**{name: pin}))}
        others = replace(pins, **dict.fromkeys(wrong, LEFT))
        if not wrong or not others.named():
            raise
        if not leaves_out:
            opened(Pins(**wrong)).close()
            raise
        log.warning("left out, because it cannot be used: %s", Pins(**wrong))
    return opened(others if "red" not in wrong else replace(others, red=others.green, green=LEFT))  # a fault is told by its pace


def _is_usable(opened: Callable[[Pins], Lights], pins: Pins) -> bool:
    try:
        opened(pins).close()
    except DeviceError:
        return False
    return True


def to_terminal(line: str) -> None:
    """Write a line at once, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
