"""Which camera the configuration means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edge.device.camera_pi import PiSource, must_have_module
from edge.device.camera_usb import UsbSource, must_be_usable
from edge.device.clock import SystemClock
from edge.device.live import LiveCamera, Source
from edge.device.stop import Stop
from edge.errors import DeviceError
from edge.ports import Camera, Clock

DEVICES = Path("/dev")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a camera; the fields are those of the configuration.

    Attributes:
        source: ``pi``, ``usb:N`` or ``replay:PATH``.
        size: (width, height) in pixels.
        fps: frames per second.
    """

    source: str
    size: tuple[int, int]
    fps: float

    @property
    def replayed(self) -> Path | None:
        """The recording that is wanted, or None for a live camera."""
        kind, _, path = self.source.partition(":")
        return Path(path) if kind == "replay" else None


def open_camera(wanted: Wanted, clock: Clock, stop: Stop, *, wait: Callable[[float], bool] | None = None) -> Camera:
    """The camera, ready to be read.

    Args:
        wanted: which.
        clock: stamps its frames.
        stop: ends each wait.
        wait: how a live one waits before it is opened anew, see `LiveCamera`.

    Raises:
        DeviceError: a recording is not there. A live camera is opened at its first frame and says so then.
    """
    path = wanted.replayed
    if path is None:
        return LiveCamera(partial(open_source, wanted), clock, stop, wait=wait)
    # Imported here: a live camera needs no Pillow, and starts without it 40 ms earlier.
    from edge.device.replay import Replay

    return Replay(path, wanted.fps, stop)


def must_be_there(wanted: Wanted, devices: Path = DEVICES) -> None:
    """Look for a camera and leave it alone, so that this may be asked while somebody uses it.

    Raises:
        DeviceError: it is missing or not permitted, or a recording cannot be read.
    """
    kind, _, number = wanted.source.partition(":")
    if wanted.replayed:
        open_camera(wanted, SystemClock(), Stop()).close()
    elif kind == "usb":
        must_be_usable(devices / f"video{number}")
    else:
        must_have_module()


def open_source(wanted: Wanted, devices: Path = DEVICES) -> Source:
    """A live camera's device, open and running.

    Raises:
        DeviceError: it is missing, busy or not permitted.
    """
    kind, _, number = wanted.source.partition(":")
    if kind == "pi":
        return PiSource(wanted.size, wanted.fps)
    if kind == "usb":
        return UsbSource(devices / f"video{number}", wanted.size, wanted.fps)
    raise DeviceError(f"camera.source {wanted.source!r} is not known. Use pi, usb:N or replay:PATH.")
