"""Where the configuration of a unit comes from: the present one, or the last that worked; and what the door shows then."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.config import CameraConfig, Config, PanelConfig
from edge.device.button import open_button
from edge.device.camera import Wanted, must_be_there
from edge.errors import DeviceError
from edge.store.room import Room, Usage
from edge.types import Signal
from edge.wiring.signals import patient_panel

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the configuration comes from.

    Attributes:
        fault: why it is the last one that worked and not the present one; empty where it is the present one.
        when_ready: called once the unit is ready with it.
        digest: of the unit's own configuration (`edge.config.digest`); empty where it is not that.
    """

    fault: str = ""
    when_ready: Callable[[], None] | None = None
    digest: str = ""


def at_rest(origin: Origin, root: Path, *, usage: Callable[[Path], Usage] = shutil.disk_usage) -> Signal:
    """What a door shows where nobody is. The log says why, where that is not that all is well.

    Args:
        origin: of the configuration.
        root: a folder on the system's own disk, where the journal is; the unit looks after the disk of its data itself.
        usage: as `shutil.disk_usage`.
    """
    try:
        room = Room.on(root, usage=usage)
    except OSError as error:
        log.warning("nobody can say how full %s is (%s)", root, os.strerror(error.errno or 0))
        room = None
    if room and room.is_scarce:
        log.warning("the card is too small, or full: %s in %s. The unit works; `muster doctor` says what to do.", room, root)
    return Signal.ATTENTION if origin.fault or (room and room.is_scarce) else Signal.READY


def unusable(config: Config, before: Config) -> str:
    """What a configuration that was changed names and is not there, while what it named before is: its camera or its pins.

    A camera that has always been the same and is not there is no fault of the configuration: it is waited for.

    Args:
        config: the present one.
        before: the last one that worked.

    Returns:
        A sentence; empty where nothing is wrong, or before it was no better.
    """
    for is_changed, look in (
        (config.camera != before.camera, lambda each: look_for(each.camera)),
        (config.panel != before.panel, lambda each: _try_pins(each.panel)),
    ):
        if is_changed and (fault := _refusal(look, config)) and not _refusal(look, before):
            return fault
    return ""


def look_for(camera: CameraConfig) -> None:
    """Whether a camera is there, as far as that can be told without disturbing who uses it.

    Raises:
        DeviceError: it is not.
    """
    must_be_there(Wanted(camera.source, (camera.width, camera.height), camera.fps))


def _try_pins(panel: PanelConfig) -> None:
    patient_panel(panel).close()
    button = open_button(panel.kind, panel.button_pin)
    if button:
        button.close()


def _refusal(look: Callable[[Config], None], config: Config) -> str:
    try:
        look(config)
    except DeviceError as error:
        return str(error)
    return ""
