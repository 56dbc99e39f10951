"""The panel for a program that is not the unit: the unit at work shows it, and where none is, the program itself."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from edge.config import Config, PanelConfig
from edge.device.announcements import announce
from edge.device.header import has_pins
from edge.device.lock import at_work
from edge.device.notify import Systemd
from edge.device.panel import Pins, SilentPanel, open_panel
from edge.device.patterns import PATTERNS
from edge.errors import DeviceError
from edge.ports import ANNOUNCEABLE, Panel
from edge.types import Signal

log = logging.getLogger(__name__)

LOOK_S = 0.2
"""How soon pins are given back to a unit that starts meanwhile."""

PATIENCE_S = 2.0
"""How long a unit that starts waits for pins that such a program has."""

AGAIN_S = 20.0
"""How often a signal that lasts is announced again: the unit forgets it after a minute, for the sake of programs that died."""


@contextmanager
def panel_of(config: Config, data: Path) -> Iterator[Panel]:
    """Where a program shows what it does with a stick: `Signal.STICK_AT_WORK` and those beside it; each needs saying but once.

    At the end a unit keeps the latest signal for a minute, and pins of our own keep it for one round. No panel is no reason to
    stop: who cannot show anything says so in the log.

    Args:
        config: which pins, where no unit is at work.
        data: the data folder of the unit.
    """
    panel, is_over = SharedPanel(data, partial(_own_panel, config.panel)), threading.Event()
    watcher = threading.Thread(target=_watch, args=(panel, is_over), name="a unit that starts", daemon=True)
    watcher.start()
    try:
        yield panel
        is_over.wait(panel.rest_s)
    finally:
        is_over.set()
        watcher.join()
        panel.close()


def is_shown() -> None:
    """Say to the service manager, where one waits for it, that the panel shows what it was told to."""
    Systemd().feed()


def pins(panel: PanelConfig) -> Pins:
    """The pins that the configuration names."""
    return Pins(panel.red_pin, panel.green_pin, panel.blue_pin, panel.buzzer_pin)


def patient_panel(config: PanelConfig, *, pause: Callable[[float], object] = time.sleep) -> Panel:
    """The panel of a unit that starts: a program that shows what it does with a stick gives its pins back in a moment.

    Raises:
        DeviceError: the pins cannot be used.
    """
    for _ in range(round(PATIENCE_S / LOOK_S)):
        try:
            return open_panel(config.kind, pins(config))
        except DeviceError:
            pause(LOOK_S)
    return open_panel(config.kind, pins(config))


class SharedPanel:
    """Announces to the unit at work, else opens a panel itself; implements `edge.ports.Panel`.

    Args:
        data: the data folder of the unit.
        open_own: opens pins of our own; raises DeviceError.
        now_s: seconds that never jump.
    """

    def __init__(self, data: Path, open_own: Callable[[], Panel], *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._data, self._open_own, self._now_s = data, open_own, now_s
        self._own: Panel | None = None
        self._latest: Signal | None = None
        self._told_s: float | None = None
        self._lock = threading.Lock()

    def show(self, signal: Signal) -> None:
        """Have it shown, by whoever has the pins."""
        with self._lock:
            self._latest = signal
            self._put()

    def look(self) -> None:
        """Give the pins to a unit that has started, take them over from one that has ended, and say again what lasts.

        Called every `LOOK_S`.
        """
        with self._lock:
            if self._latest is None or (self._own and not self._yields()):
                return
            is_due = self._told_s is None or self._now_s() - self._told_s >= AGAIN_S or not self._yields()
            if is_due and not (self._told_s is not None and PATTERNS[self._latest].is_momentary):
                self._put()

    @property
    def rest_s(self) -> float:
        """How long pins of our own have to be kept for the latest signal to be seen."""
        is_seen = self._own and not isinstance(self._own, SilentPanel)
        return PATTERNS[self._latest].light.round_s if is_seen and self._latest else 0.0

    def close(self) -> None:
        """Give our own pins back. Closing twice is allowed."""
        with self._lock:
            self._let_go()

    def _put(self) -> None:
        signal = self._latest or Signal.READY
        is_told = signal in ANNOUNCEABLE and announce(self._data, signal)
        self._told_s = self._now_s() if is_told else None
        if is_told or signal is Signal.READY:  # where no unit is at work, nobody waits for a face
            self._let_go()
        elif not self._yields():
            self._show_ourselves(signal)

    def _yields(self) -> bool:
        """Whether a unit has the pins or is about to open them; ours are free then."""
        try:
            is_at_work = at_work(self._data) is not None
        except DeviceError:  # who may not know takes it that one has
            is_at_work = True
        if is_at_work:
            self._let_go()
        return is_at_work

    def _show_ourselves(self, signal: Signal) -> None:
        try:
            self._own = self._own or self._open_own()
            self._own.show(signal)
        except DeviceError as error:
            log.warning("the panel does not show what is done with the stick: %s", error)
            self._let_go()
            self._own = SilentPanel()

    def _let_go(self) -> None:
        if self._own:
            self._own.close()
        self._own = None


def _own_panel(config: PanelConfig) -> Panel:
    """Real pins, or nothing: whoever runs the program reads the same there in words."""
    is_real = config.kind == "gpio" or (config.kind == "auto" and has_pins())
    return open_panel(config.kind, pins(config), leaves_out=True) if is_real else SilentPanel()


def _watch(panel: SharedPanel, is_over: threading.Event) -> None:
    while not is_over.wait(LOOK_S):
        panel.look()
