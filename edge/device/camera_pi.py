"""The Raspberry Pi camera module, through picamera2. The only place that names it."""

from __future__ import annotations

import importlib
from contextlib import ExitStack
from typing import Any

from edge.device.colours import rgb_from_bgr
from edge.errors import DeviceError
from edge.types import Image

FORMAT = "RGB888"
"""libcamera's name for three bytes a pixel. It counts from the highest bit of a little-endian word, as DRM's fourcc codes do,
so the bytes lie in memory as blue, green, red (picamera2 manual, appendix A: "RGB888 ... [B, G, R]"; the same surprise is
raspberrypi/picamera2#848 and #1325)."""

_CABLE = "Check the ribbon cable with the power off; `rpicam-hello --list-cameras` must name it."


class PiSource:
    """The first camera module, open and running; a `edge.device.live.Source`.

    Args:
        size: (width, height) in pixels.
        fps: frames per second asked of the camera.

    Raises:
        DeviceError: picamera2 is not installed, or there is no camera, or it is busy.
    """

    def __init__(self, size: tuple[int, int], fps: float) -> None:
        picamera2 = _picamera2()
        try:
            self._camera = _started(picamera2.Picamera2(), size, fps)
        except (IndexError, RuntimeError, OSError) as error:  # IndexError: the list of cameras is empty
            raise DeviceError(
                f"the Pi camera cannot be started ({error}). Check the ribbon cable with the power off; `rpicam-hello"
                " --list-cameras` must name it, and no other program may use it."
            ) from error

    def grab(self) -> Image:
        """The next picture, (H, W, 3) uint8 RGB.

        Raises:
            DeviceError: the camera has stopped.
        """
        try:
            return rgb_from_bgr(self._camera.capture_array("main"))
        except (RuntimeError, OSError) as error:
            raise DeviceError(f"the Pi camera has stopped ({error}). Check its ribbon cable.") from error

    def close(self) -> None:
        """Stop and release the camera."""
        self._camera.close()


def must_have_module() -> None:
    """Whether a camera module is there; nobody who uses it is disturbed.

    Raises:
        DeviceError: picamera2 is not installed, or knows of no camera.
    """
    try:
        n_cameras = len(_picamera2().Picamera2.global_camera_info())
    except (RuntimeError, OSError) as error:
        raise DeviceError(f"the Pi cameras cannot be listed ({error}). {_CABLE}") from error
    if not n_cameras:
        raise DeviceError(f"there is no Pi camera. {_CABLE}")


def _picamera2() -> Any:
    try:
        return importlib.import_module("picamera2")
    except ImportError as error:
        raise DeviceError(
            f"picamera2 cannot be imported ({error}). On a Raspberry Pi: `sudo apt install python3-picamera2`, then"
            " `sudo /opt/muster/current/deploy/install`, so that Muster sees it (an environment made by hand:"
            " --system-site-packages). Without a network: docs/install.md. Elsewhere set camera.source to usb:0."
        ) from error


def _started(camera: Any, size: tuple[int, int], fps: float) -> Any:
    """The camera, running; one that does not start is released, or the next attempt would find it busy."""
    with ExitStack() as stack:
        stack.callback(camera.close)
        main = {"size": size, "format": FORMAT}
        camera.configure(camera.create_video_configuration(main=main, controls={"FrameRate": fps}))
        camera.start()
        stack.pop_all()
    return camera
