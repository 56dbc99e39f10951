"""The loop at the door with everything that it uses, and what may look through its camera."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from edge.config import CameraConfig, Config, PanelConfig
from edge.device.announcements import Announcements
from edge.device.button import GpioButton, attentive, open_button
from edge.device.camera import Wanted, open_camera
from edge.device.clock import ReplayClock, SystemClock
from edge.device.lock import alone
from edge.device.notify import Systemd
from edge.device.panel import open_panel
from edge.device.requests import RequestFiles
from edge.device.stop import Stop, StopOnSignal
from edge.errors import DeviceError
from edge.journal import Tally, Verdict
from edge.ports import Camera, Clock, Panel
from edge.store import FILE_NAME, Store
from edge.store.key import find_seal
from edge.unit import Hands, Unit
from edge.wiring.accelerator import fitted
from edge.wiring.noticeboard import status_file
from edge.wiring.origin import Origin, at_rest
from edge.wiring.places import Places
from edge.wiring.rules import limits, rules
from edge.wiring.signals import patient_panel, pins
from edge.wiring.start import Awaited, Start, Told, began_s

log = logging.getLogger(__name__)


def run(
    config: Config, data: Path, *, report: Callable[[Verdict], None], places: Places | None = None, origin: Origin | None = None
) -> tuple[Tally, signal.Signals | None]:
    """Take the roll until the recording is over or somebody asks to stop.

    Args:
        config: everything.
        data: folder of the database.
        report: hears every verdict after its signal.
        places: where things are; on this computer when None.
        origin: where the configuration comes from, and what follows from that.

    Returns:
        What the run came to, and the signal that ended it, SIGINT or SIGTERM; None when the recording was over.

    Raises:
        MusterError: the unit cannot start.
    """
    stop, places, origin, start = Stop(), places or Places(), origin or Origin(), Start(began_s())
    start.done("imports")
    with StopOnSignal(stop) as signals, ExitStack() as stack:
        hands = _watched(_hands(config, data, stop, stack), start, stack, when_ready=origin.when_ready)
        start.done("database, panel")
        recogniser, fitting = stack.enter_context(fitted(config, data, places, is_stopped=stop.is_set))
        start.done("networks")
        if config.accelerator.kind != "cpu":
            log.info(str(fitting))
        noticeboard = stack.enter_context(status_file(config, data, fitting, origin=origin))
        unit = Unit(
            replace(hands, accelerator=fitting, noticeboard=noticeboard, at_rest=at_rest(origin, places.root)),
            recogniser,
            rules=rules(config),
            limits=limits(config),
            report=report,
        )
        start.done("who is known")
        tally = unit.run()
    return tally, signals.received


def _hands(config: Config, data: Path, stop: Stop, stack: ExitStack) -> Hands:
    """Everything that the loop uses beside its networks."""
    source = wanted(config.camera)
    clock = _clock(source)
    seal = find_seal(config.privacy.key_file, environ=os.environ)
    store = stack.enter_context(Store.open(data / FILE_NAME, unit=config.unit.name, seal=seal))
    stack.enter_context(alone(data))
    button = _button(config.panel, stack)
    wait = attentive(stop.wait, button) if button else None
    return Hands(
        camera=stack.enter_context(closing(open_camera(source, clock, stop, wait=wait))),
        panel=stack.enter_context(closing(patient_panel(config.panel))),
        clock=clock,
        store=store,
        announcements=_announcements(data, stack),
        button=button,
        requests=RequestFiles.of_service(),
    )


def _watched(hands: Hands, start: Start, stack: ExitStack, *, when_ready: Callable[[], None] | None) -> Hands:
    """Under the eyes of the service manager, where one has started this process; its start is told in the log."""
    watchdog = stack.enter_context(closing(Systemd()))
    return replace(hands, camera=Awaited(hands.camera, start), watchdog=Told(watchdog, start, when_ready))


def _button(panel: PanelConfig, stack: ExitStack) -> GpioButton | None:
    """The push button, where there is one."""
    button = open_button(panel.kind, panel.button_pin)
    return stack.enter_context(closing(button)) if button else None


def _announcements(data: Path, stack: ExitStack) -> Announcements | None:
    """What other programs have to say on the panel; a folder that has no sockets keeps no unit from its work."""
    try:
        return stack.enter_context(closing(Announcements(data)))
    except DeviceError as error:
        log.warning(str(error))
        return None


@contextmanager
def sight(config: Config) -> Iterator[tuple[Camera, Panel, StopOnSignal]]:
    """Camera and panel for somebody who is being photographed, and which signal has asked to stop: the camera then ends.

    A panel that is only pretended is not shown: whoever sees the terminal reads the same there in words.

    Raises:
        DeviceError: the recording is not there, or the pins cannot be used.
    """
    stop, source = Stop(), wanted(config.camera)
    tell = None if config.panel.kind == "mock" else _nothing
    with ExitStack() as stack:
        signals = stack.enter_context(StopOnSignal(stop))
        camera = stack.enter_context(closing(open_camera(source, _clock(source), stop)))
        yield camera, stack.enter_context(closing(open_panel(config.panel.kind, pins(config.panel), tell=tell))), signals


def _nothing(_line: str) -> None:
    """Says nothing."""


def _clock(source: Wanted) -> Clock:
    """A recording brings its own time and begins now."""
    clock = SystemClock()
    return clock if source.replayed is None else ReplayClock(datetime.now(UTC), is_trusted=clock.is_trusted())


def wanted(camera: CameraConfig) -> Wanted:
    """The camera that the configuration names."""
    return Wanted(camera.source, (camera.width, camera.height), camera.fps)
