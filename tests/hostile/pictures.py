"""Pictures that are damaged, that lie about themselves, or that are far larger than they look."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache
from random import Random

import numpy as np
from PIL import Image

_SIDE = 96


@cache
def good(kind: str, number: int = 0) -> bytes:
    """A real picture of one of `KINDS`; another number is another picture. Each file is large enough to be hurt."""
    return KINDS[kind](_pixels(number))


def mutated(rng: Random) -> bytes:
    """A real picture that somebody spoilt: cut, with other bits, other lengths, or a part of another in it."""
    content = bytearray(good(rng.choice(list(KINDS)), rng.randrange(4)))
    for _ in range(rng.choice([1, 1, 1, 2, 5, 30])):
        _MUTATIONS[rng.randrange(len(_MUTATIONS))](content, rng)
    return bytes(content)


def strange(rng: Random) -> bytes:
    """What is no picture, or one that asks for far more than it has."""
    return rng.choice(_STRANGE)(rng)


@cache
def heavy(number: int) -> bytes:
    """One of `N_HEAVY` pictures that are dear to read, or would be."""
    return _HEAVY[number]()


def _pixels(number: int) -> Image.Image:
    """Smooth blots; of 0 and 1 about the same, of the others something else each."""
    blots = np.random.default_rng(max(number, 1)).integers(0, 256, (6, 6, 3), np.uint8)
    if number == 0:
        blots = (blots * 0.97).astype(np.uint8)
    return Image.fromarray(blots).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)


def _saved(picture: Image.Image, kind: str, **how: object) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind, **how)
    return content.getvalue()


def _exif() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a description\0" * 20
    return exif.tobytes()


def _moving(picture: Image.Image, kind: str) -> bytes:
    others = [picture.rotate(90), picture.rotate(180)]
    return _saved(picture, kind, save_all=True, append_images=others)


KINDS = {
    "jpeg": lambda p: _saved(p, "JPEG", exif=_exif()),
    "jpeg progressive": lambda p: _saved(p, "JPEG", progressive=True),
    "jpeg grey": lambda p: _saved(p.convert("L"), "JPEG"),
    "jpeg cmyk": lambda p: _saved(p.convert("CMYK"), "JPEG"),
    "mpo": lambda p: _moving(p, "MPO"),
    "png": lambda p: _saved(p, "PNG"),
    "png palette": lambda p: _saved(p.convert("P"), "PNG", transparency=3),
    "png alpha": lambda p: _saved(p.convert("RGBA"), "PNG"),
    "png 16": lambda p: _saved(p.convert("I;16"), "PNG"),
    "png 1": lambda p: _saved(p.convert("1"), "PNG"),
    "apng": lambda p: _moving(p, "PNG"),
    "webp": lambda p: _saved(p, "WEBP", exif=_exif()),
    "webp lossless": lambda p: _saved(p.convert("RGBA"), "WEBP", lossless=True),
    "webp moving": lambda p: _moving(p, "WEBP"),
    "bmp": lambda p: _saved(p, "BMP"),
    "bmp palette": lambda p: _saved(p.convert("P"), "BMP"),
    "gif": lambda p: _saved(p.convert("P"), "GIF"),
    "gif moving": lambda p: _moving(p, "GIF"),
    "tiff": lambda p: _saved(p, "TIFF"),
    "tiff lzw": lambda p: _saved(p, "TIFF", compression="tiff_lzw"),
    "tiff deflate": lambda p: _saved(p, "TIFF", compression="tiff_adobe_deflate"),
    "tiff jpeg": lambda p: _saved(p, "TIFF", compression="jpeg"),
    "tiff fax": lambda p: _saved(p.convert("1"), "TIFF", compression="group4"),
    "tiff 16": lambda p: _saved(p.convert("I;16"), "TIFF"),
    "tiff float": lambda p: _saved(p.convert("F"), "TIFF"),
    "tiff 32": lambda p: _saved(p.convert("I"), "TIFF"),
    "tiff moving": lambda p: _moving(p, "TIFF"),
}


def _cut(content: bytearray, rng: Random) -> None:
    del content[rng.randrange(len(content) + 1) :]


def _flip(content: bytearray, rng: Random) -> None:
    for _ in range(rng.randint(1, 8) if content else 0):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def _flip_head(content: bytearray, rng: Random) -> None:
    for _ in range(rng.randint(1, 4) if content else 0):
        content[rng.randrange(min(len(content), 64))] = rng.randrange(256)


def _number(content: bytearray, rng: Random) -> None:
    """Some number of the file is another: none, all ones, a little less than either, a very large one."""
    size = rng.choice([1, 2, 4])
    if len(content) > size:
        at = rng.randrange(min(len(content) - size, 400))
        content[at : at + size] = rng.choice(
            [b"\0" * size, b"\xff" * size, b"\x7f" + b"\xff" * (size - 1), b"\x80" + b"\0" * (size - 1)]
        )


def _double(content: bytearray, rng: Random) -> None:
    start = rng.randrange(len(content) + 1)
    some = content[start : start + rng.randint(1, 200)]
    content[start:start] = some * rng.choice([1, 2, 50])


def _drop(content: bytearray, rng: Random) -> None:
    start = rng.randrange(len(content) + 1)
    del content[start : start + rng.randint(1, 40)]


def _splice(content: bytearray, rng: Random) -> None:
    other = good(rng.choice(list(KINDS)))
    start = rng.randrange(len(content) + 1)
    content[start:] = other[rng.randrange(len(other)) :]


def _swap_magic(content: bytearray, rng: Random) -> None:
    content[:12] = good(rng.choice(list(KINDS)))[:12]


def _tail(content: bytearray, rng: Random) -> None:
    content += rng.randbytes(rng.choice([1, 100, 20_000]))


_MUTATIONS = (_cut, _flip, _flip, _flip_head, _flip_head, _number, _number, _double, _drop, _splice, _swap_magic, _tail)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(size: tuple[int, int], *chunks: bytes, depth: int = 8, colour: int = 2, rows: bytes = b"") -> bytes:
    """A PNG that says what it likes of itself."""
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _zeros(n_bytes: int) -> bytes:
    """So many zeros, packed a thousand to one."""
    packer = zlib.compressobj(9)
    block = bytes(1 << 20)
    return (
        b"".join(packer.compress(block) for _ in range(n_bytes >> 20))
        + packer.compress(bytes(n_bytes % (1 << 20)))
        + packer.flush()
    )


def _gif(width: int, height: int, rng: Random) -> bytes:
    return good("gif")[:6] + struct.pack("<HH", width, height) + good("gif")[10:] + rng.randbytes(20)


def _tiff(entries: list[tuple[int, int, int, int]], following: int, tail: bytes = b"") -> bytes:
    """A TIFF of one directory: tag, type, count, value; and where the next one is said to be."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + struct.pack("<I", following) + tail


def _tiff_of(width: int, height: int, following: int = 0) -> bytes:
    return _tiff(
        [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8), (279, 4, 1, 4)],
        following,
    )


_STRANGE = (
    lambda r: b"",
    lambda r: b"\0" * r.choice([1, 12, 4096]),
    lambda r: r.randbytes(r.randint(1, 3000)),
    lambda r: b"\xff\xd8\xff\xe0" + r.randbytes(200),
    lambda r: b"PK\x03\x04" + r.randbytes(300),
    lambda r: b"\x1f\x8b\x08" + r.randbytes(300),
    lambda r: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n",
    lambda r: b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    lambda r: b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
    lambda r: b"\0\0\0\x18ftypheic" + r.randbytes(100),
    lambda r: b"MZ" + r.randbytes(200),
    lambda r: b"\x7fELF" + r.randbytes(200),
    lambda r: b"P6\n99999 99999\n255\n",
    lambda r: b"qoif" + struct.pack(">IIBB", 65535, 65535, 3, 0),
    lambda r: b"8BPS\0\x01" + r.randbytes(40),
    lambda r: b"import os\nos.system('reboot')\n",
    lambda r: b"RIFF" + struct.pack("<I", 0xFFFFFFFF) + b"WEBPVP8X" + struct.pack("<I", 10) + b"\xff" * 10,
    lambda r: png((r.choice([0, 1, 2**31 - 1, 100_000]), r.choice([0, 1, 2**31 - 1])), rows=zlib.compress(b"\0" * 99)),
    lambda r: png((100, 100), depth=r.choice([0, 1, 3, 16, 255]), colour=r.randrange(8), rows=zlib.compress(b"\0" * 40_000)),
    lambda r: png((10, 10), _chunk(b"zTXt", b"a\0\0" + _zeros(70_000_000)), rows=zlib.compress(b"\0" * 310)),
    lambda r: png((10, 10), _chunk(b"iCCP", b"a\0\0" + _zeros(70_000_000)), rows=zlib.compress(b"\0" * 310)),
    lambda r: png((10, 10), *[_chunk(b"tEXt", b"a\0b")] * 20_000, rows=zlib.compress(b"\0" * 310)),
    lambda r: png((1, 1), rows=_zeros(64_000_000)),
    lambda r: _gif(65535, 65535, r),
    lambda r: _gif(0, 0, r),
    lambda r: _tiff_of(2**31, 2**31),
    lambda r: _tiff_of(10, 10, following=8),
    lambda r: _tiff([(256, 4, 2**31 - 1, 8)] * 200, 8),
    lambda r: _tiff([(256, 4, 1, 7000), (257, 4, 1, 7000), (258, 3, 1, 8), (259, 3, 1, 8), (273, 4, 2**28, 8)], 0),
    lambda r: (
        b"BM" + struct.pack("<IHHIIiiHHIIIIII", 99, 0, 0, 54, 40, r.choice([-1, 2**31 - 1, 0]), -(2**31), 1, 24, 0, 0, 0, 0, 0, 0)
    ),
    lambda r: b"BM" + struct.pack("<IHHIIiiHHIIIIII", 99, 0, 0, 54, 40, 5000, 5000, 1, 8, 1, 0, 0, 0, 256, 0) + b"\xff\0" * 999,
)


def _many_scans(side: int, n_scans: int) -> bytes:
    """A progressive JPEG that goes over all its pixels again and again, of which each time costs it 14 bytes."""

    def segment(marker: int, content: bytes) -> bytes:
        return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content

    quantised = segment(0xDB, b"\0" + b"\x01" * 64)
    frame = segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\x01\x11\0")
    # One Huffman code alone: the bit 0 stands for 0, "nothing comes", or an end of band over all that is left.
    tables = segment(0xC4, b"\0" + b"\x01" + b"\0" * 15 + b"\0") + segment(0xC4, b"\x10" + b"\x01" + b"\0" * 15 + b"\0")
    first = segment(0xDA, b"\x01\x01\0\0\0\x01") + b"\0"
    again = segment(0xDA, b"\x01\x01\0\0\0\x10") + b"\0"
    return b"\xff\xd8" + quantised + frame + tables + first + again * n_scans + b"\xff\xd9"


def _sixteen_bits() -> bytes:
    return png((7000, 7000), depth=16, colour=0, rows=_zeros(7000 * 14_001))


_HEAVY = (
    lambda: png((7000, 7000), rows=_zeros(7000 * 21_001)),
    lambda: png((7000, 7000), colour=6, rows=_zeros(7000 * 28_001)),
    _sixteen_bits,
    lambda: png((7000, 7000), depth=16, colour=6, rows=_zeros(7000 * 56_001)),
    lambda: png((49_000_000, 1), rows=_zeros(147_000_001)),
    lambda: png((1, 49_000_000), rows=_zeros(4 * 49_000_000)),
    lambda: png((8000, 8000), rows=_zeros(8000 * 24_001)),
    lambda: png((60_000, 60_000), colour=0, depth=1, rows=_zeros(60_000 * 7501)),
    lambda: _many_scans(7000, 600),
    lambda: _many_scans(1000, 60_000),
    lambda: _many_scans(200, 900),
    lambda: _saved(Image.new("RGB", (7000, 7000)), "JPEG", progressive=True),
    lambda: _saved(Image.new("CMYK", (7000, 7000)), "JPEG"),
    lambda: _saved(Image.new("RGB", (7000, 7000)), "WEBP", lossless=True, quality=0, method=0),
    lambda: _saved(Image.new("P", (7000, 7000)), "GIF"),
    lambda: _saved(Image.new("I;16", (7000, 7000)), "TIFF", compression="tiff_adobe_deflate"),
    lambda: _saved(Image.new("RGB", (7000, 7000)), "TIFF", compression="tiff_lzw"),
)
N_HEAVY = len(_HEAVY)
