"""The push button, over gpiozero: from the pin to ground, against the pull-up inside. Wiring: docs/install.md."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from edge.device.gestures import Gestures
from edge.device.header import BOARD, has_pins, on_the_header
from edge.ports import Gesture

REMEMBERED = 256
"""So many changes of the contact are kept for who asks; of a wire that hears a motor only the latest."""

SLICE_S = 0.1
"""How soon somebody at the button is noticed while the camera is waited for."""


class GpioButton:
    """A button whose presses are noted as they come, by gpiozero's own thread; implements `edge.ports.Button`.

    Args:
        pin: BCM number.
        factory: gpiozero's pin factory; closed together with the pin.
        now_s: seconds that never jump.

    Attributes:
        pin: BCM number.

    Raises:
        gpiozero.GPIOZeroError: the pin does not exist or is in use.
    """

    def __init__(self, pin: int, factory: Any, *, now_s: Callable[[], float] = time.monotonic) -> None:
        from gpiozero import Button

        self.pin, self._now_s = pin, now_s
        self._edges: deque[tuple[float, bool]] = deque(maxlen=REMEMBERED)
        self._told: list[Gesture] = []
        with ExitStack() as stack:
            stack.callback(factory.close)
            self._device = stack.enter_context(Button(pin, pin_factory=factory))
            self._open = stack.pop_all()
        self._was_down = self.is_down
        self._recogniser = Gestures(is_down=self._was_down)
        self._device.when_pressed, self._device.when_released = self._close_contact, self._open_contact

    @property
    def is_down(self) -> bool:
        """Whether it is pressed right now."""
        return bool(self._device.is_pressed)

    def gestures(self) -> list[Gesture]:
        """What was meant since this was last asked, in order."""
        self._listen()
        told, self._told = self._told, []
        return told

    def has_news(self) -> bool:
        """Whether `gestures` has something to tell."""
        self._listen()
        return bool(self._told)

    def close(self) -> None:
        """Pin released. Closing twice is allowed."""
        self._open.close()

    def _close_contact(self) -> None:
        self._edges.append((self._now_s(), True))

    def _open_contact(self) -> None:
        self._edges.append((self._now_s(), False))

    def _listen(self) -> None:
        edges = [self._edges.popleft() for _ in range(len(self._edges))]
        is_down, now_s = self.is_down, self._now_s()
        self._was_down = edges[-1][1] if edges else self._was_down
        if is_down != self._was_down:  # a change that nobody told: one that is missed must not be a button that is held
            edges.append((now_s, is_down))
            self._was_down = is_down
        self._told += self._recogniser.hear(edges, now_s)


def open_button(kind: str, pin: int, *, board: Path = BOARD) -> GpioButton | None:
    """The button that the configuration names; None where there is none, and where the panel has no real pins.

    Args:
        kind: of the panel.
        pin: BCM number; -1 for none.
        board: file that names the computer.

    Raises:
        DeviceError: the pin cannot be used.
    """
    is_real = kind == "gpio" or (kind == "auto" and has_pins(board))
    return on_the_header(partial(GpioButton, pin), what=f"'panel.button_pin' (GPIO{pin})") if pin >= 0 and is_real else None


def attentive(
    wait: Callable[[float], bool], button: GpioButton, *, now_s: Callable[[], float] = time.monotonic
) -> Callable[[float], bool]:
    """A wait that ends when somebody has used the button, so that a unit without a camera can still be shut down by it.

    Args:
        wait: waits so many seconds and returns whether the unit should stop.
        button: who is listened to meanwhile.
        now_s: seconds that never jump.
    """

    def waited(seconds: float) -> bool:
        until_s = now_s() + seconds
        while (left_s := until_s - now_s()) > 0:
            if button.has_news():
                return False
            if wait(min(SLICE_S, left_s)):
                return True
        return wait(0.0)

    return waited
