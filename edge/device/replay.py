"""A recording instead of a camera: a folder of pictures, or a video.

Every frame is handed over, in order, as fast as it is wanted. Time is the recording's own: frame i was taken i / fps seconds
after the start, so a replay gives the same result on every machine and may run faster than it was recorded.
"""

from __future__ import annotations

import itertools
import logging
import math
import os
import re
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps

from edge.device.camera_usb import quiet_opencv
from edge.device.colours import rgb_from_bgr
from edge.device.stop import Stop
from edge.errors import DeviceError
from edge.types import Frame, Image

log = logging.getLogger(__name__)

PICTURES = {".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
"""Suffixes of the files in a folder that are taken for frames."""

FORMATS = ("BMP", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""What such a file may be inside, whatever its suffix says: Pillow knows forty more, and one of them starts Ghostscript."""

MAX_PIXELS = 50_000_000
"""A larger picture is skipped before it is decoded: some are made to fill the memory."""


UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, struct.error, Pillow.DecompressionBombError)
"""What Pillow's readers raise on files that are empty, truncated, damaged or made to do harm; SyntaxError is its broken PNG."""


class Replay:
    """Frames of a recording; implements `edge.ports.Camera`.

    Args:
        path: a folder (its pictures in natural order: 2 before 10), one picture, or a video.
        fps: frames per second of pictures, and of a video that does not name its own.
        stop: when it is set, the recording is over.

    Raises:
        DeviceError: the path is not there, holds no picture, or is no video.
    """

    def __init__(self, path: Path, fps: float, stop: Stop) -> None:
        self._stop = stop
        self._video: cv2.VideoCapture | None = None
        if path.is_dir() or path.suffix.lower() in PICTURES:
            self._frames = _pictures(_listed(path), fps)
        else:
            self._video = _opened(path)
            self._frames = _decoded(self._video, path, fps)

    def read(self) -> Frame | None:
        """The next frame; None after the last one, and when the unit was asked to stop."""
        return None if self._stop.is_set() else next(self._frames, None)

    def close(self) -> None:
        """Let go of the file. Closing twice is allowed."""
        if self._video:
            self._video.release()


def _listed(path: Path) -> list[Path]:
    if not path.exists():
        raise DeviceError(f"{_shown(path)} is not there. Name a folder of pictures or a video: camera.source = 'replay:PATH'.")
    try:
        entries = [path] if path.is_file() else [entry for entry in path.iterdir() if entry.suffix.lower() in PICTURES]
        files = [entry for entry in entries if entry.is_file() and not entry.name.startswith(".")]  # a pipe would be waited for
    except OSError as error:
        raise DeviceError(f"{_shown(path)} cannot be read ({error.strerror}). Check its permissions.") from error
    if not files:
        raise DeviceError(f"{_shown(path)} holds no picture. Known are {', '.join(sorted(PICTURES))}.")
    return sorted(files, key=_natural)


def _natural(path: Path) -> list[tuple[int, int, str]]:
    """A sort key that takes digits for a number: frame2 before frame10."""
    parts = re.split(r"([0-9]+)", path.name)
    return [(1, int(part), part) if part.isdecimal() else (0, 0, part) for part in parts]


def _pictures(paths: list[Path], fps: float) -> Iterator[Frame]:
    for index, path in enumerate(paths):
        try:
            yield Frame(_picture(path), index / fps, _shown(Path(path.name)))
        except UNREADABLE as error:
            log.warning("%s is skipped: %s", _shown(path), error)


def _picture(path: Path) -> Image:
    """(H, W, 3) uint8 RGB, turned upright as its EXIF data say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)  # our own limit is lower and comes next
        picture = Pillow.open(path, formats=FORMATS)
    with picture:
        width, height = picture.size
        if width * height > MAX_PIXELS:
            raise ValueError(f"{width} x {height} pixels are more than {MAX_PIXELS // 1_000_000} megapixels")
        upright = ImageOps.exif_transpose(picture)
        if upright.mode.startswith("I"):  # 16-bit grey; Pillow's own conversion would cut off instead of scale
            return rgb_from_bgr((np.asarray(upright) >> 8).clip(0, 255).astype(np.uint8))
        return np.array(upright.convert("RGB"))


def _opened(path: Path) -> cv2.VideoCapture:
    if not path.exists():
        raise DeviceError(f"{_shown(path)} is not there. Name a folder of pictures or a video: camera.source = 'replay:PATH'.")
    quiet_opencv()
    try:
        video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    except UnicodeEncodeError as error:
        raise DeviceError(f"{_shown(path)}: OpenCV opens no video whose name is not UTF-8. Rename it.") from error
    if not video.isOpened():
        raise DeviceError(f"{_shown(path)} is not a video that OpenCV can read, or it is damaged from the start.")
    return video


def _decoded(video: cv2.VideoCapture, path: Path, fps: float) -> Iterator[Frame]:
    """Frames until the video ends, be it in the middle of one: what cannot be decoded is not there."""
    own = video.get(cv2.CAP_PROP_FPS)
    fps = own if math.isfinite(own) and own > 0 else fps
    for index in itertools.count():
        ok, pixels = video.read()
        if not ok or pixels is None:
            return
        yield Frame(rgb_from_bgr(pixels), index / fps, f"{_shown(Path(path.name))}#{index}")  # type: ignore[arg-type]


def _shown(path: Path) -> str:
    """The path as text that can be printed, even when its name is not UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")
