"""A photograph from somebody's telephone, scanner or mail as the pixels that the rest of Muster works on.

Read are JPEG (with MPO), PNG, WebP, BMP, TIFF and GIF; of several pictures in a file, the first. EXIF rotation is
honoured. Grey, palette, CMYK and 16-bit pictures become 8-bit RGB; colour profiles are ignored, as at the door.
"""

from __future__ import annotations

import io
import re
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

MAX_SCANS = 100
"""A progressive JPEG goes over its pixels some ten times. Each further time takes it 14 bytes, and a unit seconds."""

_SCAN, _END = 0xDA, 0xD9
_ALONE = {0x00, 0x01, *range(0xD0, 0xD9)}
_MARKER = re.compile(rb"\xff+([^\xff])", re.DOTALL)
_NEXT = re.compile(rb"\xff+([^\x00\xd0-\xd7\xff])", re.DOTALL)
"""Any marker of a JPEG, and one that ends the pixels of a scan (ISO/IEC 10918-1, B.1.1)."""

_TIFF = {"raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate"}
"""How a photograph may be packed in a TIFF. A fax is none, and its decoder complains of every line on stderr; JPEG in TIFF may
have any number of scans."""

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
    AssertionError,
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
        if content.startswith(b"\xff\xd8") and _n_scans(content, at_most=MAX_SCANS) > MAX_SCANS:
            raise EnrolError("a JPEG that would take minutes to read; save it again with a program for photographs")
        if picture.format == "TIFF" and picture.info.get("compression") not in _TIFF:
            raise EnrolError("a TIFF that is packed in a way that no photograph is; export it as JPEG")
        picture.load()
        rgb = _rgb(picture)
        rotation = _UPRIGHT.get(_orientation(picture))
        return np.asarray(rgb if rotation is None else rgb.transpose(rotation))


def _n_scans(content: bytes, *, at_most: int) -> int:
    """How often a JPEG goes over its pixels, up to one more than is asked for; what follows its end is not looked at."""
    at, n_scans = 0, 0
    while n_scans <= at_most and (found := _MARKER.search(content, at)):
        marker, at = found[1][0], found.end()
        if marker == _END:
            break
        if marker in _ALONE:
            continue
        at += int.from_bytes(content[at : at + 2], "big")
        if marker == _SCAN:
            n_scans += 1
            following = _NEXT.search(content, at)
            at = following.start() if following else len(content)
    return n_scans


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
    levels = np.asarray(picture)
    if levels.min() < 0 or levels.max() > 65535:
        raise EnrolError("a picture of 32 bits a pixel; export it as JPEG")
    # // 257 for any 16 bits, without a wider copy of a picture that may have 50 megapixels
    return Pictures.fromarray((levels // levels.dtype.type(257)).astype(np.uint8)).convert("RGB")
