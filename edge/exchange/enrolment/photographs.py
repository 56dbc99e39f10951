"""A photograph from somebody's telephone, scanner or mail as the pixels that the rest of Muster works on.

Read are JPEG (with MPO), PNG, WebP, BMP, TIFF and GIF; of several pictures in a file, the first. EXIF rotation is
honoured. Grey, palette, CMYK and 16-bit pictures become 8-bit RGB; colour profiles are ignored, as at the door.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)
from PIL import Image as Pictures

from edge.errors import EnrolError
from edge.exchange.files import read_regular
from edge.types import Image

_READERS = (
    JpegImagePlugin.JpegImageFile,
    PngImagePlugin.PngImageFile,
    WebPImagePlugin.WebPImageFile,
    BmpImagePlugin.BmpImageFile,
    TiffImagePlugin.TiffImageFile,
    GifImagePlugin.GifImageFile,
)
FORMATS = tuple(reader.format for reader in _READERS)
"""Pillow knows some forty more; each of them is code that a hostile file could reach. JPEG brings MPO with it."""

MAX_PIXELS = 50_000_000
MAX_BYTES = 100_000_000

BACKGROUND = (128, 128, 128)
"""What shows through transparency: the grey that the networks see as zero."""

_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Pictures.Transpose.FLIP_LEFT_RIGHT,
    3: Pictures.Transpose.ROTATE_180,
    4: Pictures.Transpose.FLIP_TOP_BOTTOM,
    5: Pictures.Transpose.TRANSPOSE,
    6: Pictures.Transpose.ROTATE_270,
    7: Pictures.Transpose.TRANSVERSE,
    8: Pictures.Transpose.ROTATE_90,
}
"""EXIF orientation -> what makes the picture upright (CIPA DC-008, tag 0x0112)."""

_DECODER_FAULTS = (
    OSError,
    ValueError,
    SyntaxError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    MemoryError,
    struct.error,
    zlib.error,
    Pictures.DecompressionBombError,
)
"""What Pillow's decoders raise, and have raised in its history, for files that are damaged or made to harm."""


def read_bytes(path: Path) -> bytes:
    """The file as it is.

    Raises:
        EnrolError: it is not an ordinary file, too large, or the medium fails.
    """
    try:
        return read_regular(path, at_most=MAX_BYTES)
    except OSError as error:
        raise EnrolError(error.strerror or str(error)) from error


def decode(content: bytes) -> Image:
    """The pixels of a picture file.

    Returns:
        (H, W, 3) uint8 RGB, upright.

    Raises:
        EnrolError: with the short reason why it cannot be read.
    """
    if not content:
        raise EnrolError("the file is empty")
    if content[4:8] == b"ftyp":
        raise EnrolError("a HEIC, AVIF or video file; export it as JPEG")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, about odd tags and large pictures: both are answered below
        try:
            return _decode(content)
        except UnidentifiedImageError as error:
            raise EnrolError(f"not a picture that Muster reads ({', '.join(FORMATS)})") from error
        except Pictures.DecompressionBombError as error:
            raise EnrolError(f"more than {MAX_PIXELS // 1_000_000} megapixels; make it smaller") from error
        except _DECODER_FAULTS as error:
            raise EnrolError("the picture is damaged or incomplete") from error


def _decode(content: bytes) -> Image:
    with Pictures.open(io.BytesIO(content), formats=FORMATS) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            raise Pictures.DecompressionBombError
        picture.load()
        rgb = _rgb(picture)
        rotation = _UPRIGHT.get(_orientation(picture))
        return np.asarray(rgb if rotation is None else rgb.transpose(rotation))


def _orientation(picture: ImageFile.ImageFile) -> int:
    """1 to 8; 1, upright, where the EXIF data are missing or damaged: the picture may be good all the same."""
    try:
        return int(picture.getexif().get(_ORIENTATION_TAG, 1))
    except _DECODER_FAULTS:
        return 1


def _rgb(picture: Pictures.Image) -> Pictures.Image:
    if picture.mode.startswith("I"):
        return _from_sixteen_bits(picture)
    if picture.mode == "F":
        raise EnrolError("a picture of floating-point numbers; export it as JPEG")
    if picture.has_transparency_data:
        cut_out = picture.convert("RGBA")
        ground = Pictures.new("RGB", picture.size, BACKGROUND)
        ground.paste(cut_out, mask=cut_out.getchannel("A"))
        return ground
    return picture if picture.mode == "RGB" else picture.convert("RGB")  # it would copy: 200 MB of the largest that is read


def _from_sixteen_bits(picture: Pictures.Image) -> Pictures.Image:
    """Grey with 16 bits, scaled: Pillow's own conversion cuts everything above 255."""
    levels = np.asarray(picture).astype(np.int64)
    if levels.min() < 0 or levels.max() > 65535:
        raise EnrolError("a picture of 32 bits a pixel; export it as JPEG")
    return Pictures.fromarray((levels // 257).astype(np.uint8)).convert("RGB")
