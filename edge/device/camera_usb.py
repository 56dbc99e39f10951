"""A USB camera, through OpenCV's Video4Linux."""

from __future__ import annotations

import os
from pathlib import Path

import cv2

from edge.device.colours import rgb_from_bgr
from edge.errors import DeviceError
from edge.types import Image


class UsbSource:
    """/dev/videoN, open and running; a `edge.device.live.Source`.

    The camera chooses the nearest size that it has, so pictures may come in another one than asked for.

    Args:
        device: /dev/videoN.
        size: (width, height) in pixels, asked of the camera.
        fps: frames per second asked of the camera.

    Raises:
        DeviceError: there is no such device, or it may not be used, or it is busy or no camera.
    """

    def __init__(self, device: Path, size: tuple[int, int], fps: float) -> None:
        self._device = device
        must_be_usable(device)
        quiet_opencv()
        self._capture = cv2.VideoCapture(str(device), cv2.CAP_V4L2)
        if not self._capture.isOpened():
            self._capture.release()
            raise DeviceError(
                f"{device} cannot be opened: another program uses it, or it is no camera. `fuser {device}` names it."
            )
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
        self._capture.set(cv2.CAP_PROP_FPS, fps)
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    def grab(self) -> Image:
        """The next picture, (H, W, 3) uint8 RGB.

        Raises:
            DeviceError: the camera is gone.
        """
        try:
            ok, pixels = self._capture.read()
            if ok and pixels is not None and pixels.size:
                return rgb_from_bgr(pixels)  # type: ignore[arg-type]
        except cv2.error as error:
            raise DeviceError(
                f"{self._device} delivers pictures that OpenCV cannot read ({error.err}). Try another camera."
            ) from error
        # Only the first read after a camera was unplugged is sure to fail (opencv/opencv#14044), so it is believed.
        raise DeviceError(f"{self._device} delivers no more pictures. Is the camera still plugged in?")

    def close(self) -> None:
        """Release the device."""
        self._capture.release()


def must_be_usable(device: Path) -> None:
    """Whether there is such a device that this user may use; whether it is a camera, and free, is seen when it is opened.

    Raises:
        DeviceError: there is not.
    """
    if not device.exists():
        there = ", ".join(sorted(path.name for path in device.parent.glob("video*"))) or "none"
        raise DeviceError(f"{device} is not there (cameras found: {there}). Plug the camera in, or name another as usb:N.")
    if not os.access(device, os.R_OK | os.W_OK):
        raise DeviceError(f"{device} may not be used by this user. Add the user to the group video: `sudo adduser $USER video`.")


def quiet_opencv() -> None:
    """Keep OpenCV and FFmpeg from writing into the terminal: what they complain about is said in our own words."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET; read by OpenCV when it opens its first video
    # The function has moved: in OpenCV 4.11 it is the first of these, in 4.14 the second, and neither has both.
    set_level = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel
    set_level(0)  # silent
