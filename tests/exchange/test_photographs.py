"""Whatever somebody brings as a photograph: it is read right, or refused with a short reason."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pictures

from edge.errors import EnrolError
from edge.exchange.enrolment import photographs

W, H = 48, 32
RAMP = np.stack(np.broadcast_arrays(*np.meshgrid(np.linspace(0, 240, W), np.linspace(0, 240, H)), 60), axis=-1).astype(np.uint8)
"""Red grows to the right, green downwards: any rotation shows."""
GREY = RAMP[:, :, 0]


def encoded(picture: Pictures.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def distance(content: bytes, expected: np.ndarray) -> float:
    """Largest difference of a channel."""
    pixels = photographs.decode(content)
    assert pixels.dtype == np.uint8
    assert pixels.shape == expected.shape
    return float(np.abs(pixels.astype(int) - expected).max())


def three(channel: np.ndarray) -> np.ndarray:
    return np.repeat(channel[:, :, None], 3, axis=2)


@pytest.mark.parametrize(("form", "tolerance"), [("JPEG", 12), ("MPO", 12), ("PNG", 0), ("WEBP", 16), ("BMP", 0), ("TIFF", 0)])
def test_every_format_gives_the_same_pixels(form: str, tolerance: int) -> None:
    assert distance(encoded(Pictures.fromarray(RAMP), form, quality=95), RAMP) <= tolerance


def test_of_a_moving_picture_the_first_is_taken() -> None:
    frames = [Pictures.new("RGB", (W, H), colour) for colour in ("red", "blue")]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(photographs.decode(content)[0, 0], [255, 0, 0])


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_honoured(form: str, orientation: int) -> None:
    """What each orientation means, written down a second way: 6 was turned left by the camera, and so on."""
    stored = {
        1: RAMP,
        2: RAMP[:, ::-1],
        3: RAMP[::-1, ::-1],
        4: RAMP[::-1],
        5: RAMP.transpose(1, 0, 2),
        6: np.rot90(RAMP),
        7: RAMP[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(RAMP, -1),
    }[orientation]
    exif = Pictures.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95, "exif": exif} if form != "TIFF" else {"exif": exif}
    assert distance(encoded(Pictures.fromarray(np.ascontiguousarray(stored)), form, **options), RAMP) <= 20


@pytest.mark.parametrize(
    "exif",
    [b"Exif\0\0garbage", b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x63\0\0"],
)
def test_a_good_picture_with_damaged_exif_is_read(exif: bytes) -> None:
    assert distance(encoded(Pictures.fromarray(RAMP), "JPEG", quality=95, exif=exif), RAMP) <= 12


@pytest.mark.parametrize("form", ["PNG", "TIFF", "JPEG"])
def test_grey_is_read(form: str) -> None:
    assert distance(encoded(Pictures.fromarray(GREY), form), three(GREY)) <= 4


def test_black_and_white_is_read() -> None:
    assert distance(encoded(Pictures.fromarray(GREY > 100), "PNG"), three(np.where(GREY > 100, 255, 0))) == 0


def test_a_palette_is_read() -> None:
    picture = Pictures.fromarray(RAMP).quantize(64)
    assert distance(encoded(picture, "PNG"), np.asarray(picture.convert("RGB"))) == 0


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk_is_read_and_not_inverted(form: str) -> None:
    assert distance(encoded(Pictures.fromarray(RAMP).convert("CMYK"), form), RAMP) <= 12


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bits_are_scaled_and_not_cut(suffix: str) -> None:
    grey, colour = (cv2.imencode(suffix, a.astype(np.uint16) * 257)[1].tobytes() for a in (GREY, RAMP[:, :, ::-1]))
    assert distance(grey, three(GREY)) <= 1
    assert distance(colour, RAMP) <= 1


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_becomes_middle_grey(mode: str) -> None:
    picture = Pictures.fromarray(three(GREY)).convert(mode)
    picture.putalpha(Pictures.fromarray(np.where(np.arange(W) < W // 2, 255, 0).astype(np.uint8)[None].repeat(H, 0)))
    expected = three(GREY).copy()
    expected[:, W // 2 :] = 128
    assert distance(encoded(picture, "PNG"), expected) <= 1


def test_a_transparent_colour_of_a_palette_becomes_middle_grey() -> None:
    content = encoded(Pictures.fromarray(np.zeros((H, W), np.uint8), "L").convert("P"), "PNG", transparency=0)
    assert distance(content, np.full((H, W, 3), 128)) == 0


@pytest.mark.parametrize("mode", ["I", "F"])
def test_pictures_of_science_are_refused(mode: str) -> None:
    with pytest.raises(EnrolError, match="export it as JPEG"):
        photographs.decode(encoded(Pictures.new(mode, (W, H), 1_000_000), "TIFF"))


def png_header(width: int, height: int) -> bytes:
    """A PNG that says how large it is and has next to no pixels: decoding it would take the memory all the same."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(1000))),
        (b"IEND", b""),
    ]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(("width", "height"), [(50_001, 1000), (10_000, 10_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_more_than_fifty_megapixels_are_refused_before_they_are_decoded(width: int, height: int) -> None:
    with pytest.raises(EnrolError, match="more than 50 megapixels"):
        photographs.decode(png_header(width, height))


def scans(n_scans: int, side: int = 8) -> bytes:
    """A progressive JPEG that goes over its pixels so often; each time takes it 12 bytes."""

    def segment(marker: int, content: bytes) -> bytes:
        return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content

    tables = segment(0xDB, b"\0" + b"\1" * 64) + segment(0xC4, b"\0\1" + bytes(16)) + segment(0xC4, b"\x10\1" + bytes(16))
    frame = segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0")
    again = segment(0xDA, b"\1\1\0\1\x3f\0") + b"\0"
    return b"\xff\xd8" + tables + frame + segment(0xDA, b"\1\1\0\0\0\0") + b"\0" + again * (n_scans - 1) + b"\xff\xd9"


def test_a_jpeg_of_very_many_scans_is_refused_before_it_is_decoded() -> None:
    """14 bytes a scan: a file of a megabyte would keep a unit busy for an hour."""
    assert photographs.decode(scans(photographs.MAX_SCANS)).shape == (8, 8, 3)
    with pytest.raises(EnrolError, match="would take minutes"):
        photographs.decode(scans(photographs.MAX_SCANS + 1))
    with pytest.raises(EnrolError, match="would take minutes"):
        photographs.decode(scans(60_000, side=7_000))


def test_scans_are_counted_in_the_picture_alone() -> None:
    """Not in a thumbnail, in what a camera has noted, nor in the video that telephones put behind a picture."""
    of_a_scan = b"\xff\xda" * 2_000
    jpeg = encoded(Pictures.fromarray(RAMP), "JPEG", progressive=True, quality=95, comment=of_a_scan)
    assert distance(jpeg + b"\0\0\0\x18ftypmp42" + of_a_scan, RAMP) < 12


@pytest.mark.parametrize("packed", ["jpeg", "group3", "group4", "lzma"])
def test_a_tiff_that_is_packed_as_no_photograph_is_refused(packed: str) -> None:
    """The decoder of faxes complains of each line on stderr, and JPEG in a TIFF may have any number of scans."""
    picture = Pictures.fromarray(RAMP).convert("1" if packed.startswith("group") else "RGB")
    with pytest.raises(EnrolError, match="export it as JPEG"):
        photographs.decode(encoded(picture, "TIFF", compression=packed))


def test_a_png_with_a_palette_that_is_not_there_is_damaged() -> None:
    """Pillow asserts that it is there."""
    content = png_header(100, 1).replace(b"\x08\x02\0\0\0", b"\x08\x03\0\0\0")
    head = content[12:29]
    with pytest.raises(EnrolError, match="damaged"):
        photographs.decode(content.replace(content[29:33], struct.pack(">I", zlib.crc32(head)), 1))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"Dear Sir or Madam", "not a picture"),
        (b"%PDF-1.7 ...", "not a picture"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (encoded(Pictures.fromarray(RAMP), "JPEG")[:-200], "damaged or incomplete"),
        (encoded(Pictures.fromarray(RAMP), "PNG")[:-60], "damaged or incomplete"),
        (png_header(100, 100), "damaged or incomplete"),
        (b"\x89PNG\r\n\x1a\n", "not a picture|damaged"),
    ],
    ids=["empty", "a letter", "PDF", "HEIC", "torn JPEG", "torn PNG", "PNG with too few pixels", "PNG without anything"],
)
def test_the_reason_is_said(content: bytes, reason: str) -> None:
    with pytest.raises(EnrolError, match=reason):
        photographs.decode(content)


class TestOnlyOrdinaryFilesAreOpened:
    def test_a_file_is_read(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(encoded(Pictures.fromarray(RAMP), "PNG"))
        np.testing.assert_array_equal(photographs.decode(photographs.read_bytes(tmp_path / "a.png")), RAMP)

    def test_a_pipe_does_not_make_it_wait(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "a.jpg")
        with pytest.raises(EnrolError, match="not a file"):
            photographs.read_bytes(tmp_path / "a.jpg")

    def test_a_device_a_link_and_a_folder_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "link.jpg").symlink_to("/etc/hostname")
        for path in (Path("/dev/zero"), tmp_path / "link.jpg", tmp_path):
            with pytest.raises(EnrolError, match="not a file"):
                photographs.read_bytes(path)

    def test_one_that_is_not_there_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(EnrolError, match="No such file"):
            photographs.read_bytes(tmp_path / "a.jpg")

    def test_one_that_is_far_too_large_is_not_read(self, tmp_path: Path) -> None:
        with (tmp_path / "a.bmp").open("wb") as file:
            file.truncate(photographs.MAX_BYTES + 1)
        with pytest.raises(EnrolError, match="larger than 100 MB"):
            photographs.read_bytes(tmp_path / "a.bmp")


SEEDS = [
    encoded(Pictures.fromarray(RAMP), "JPEG", quality=80),
    encoded(
        Pictures.fromarray(RAMP),
        "JPEG",
        progressive=True,
        exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0",
    ),
    encoded(Pictures.fromarray(RAMP), "PNG"),
    encoded(Pictures.fromarray(RAMP).quantize(16), "PNG", transparency=3),
    encoded(Pictures.fromarray(RAMP), "GIF"),
    encoded(Pictures.fromarray(RAMP), "BMP"),
    encoded(Pictures.fromarray(RAMP), "WEBP"),
    encoded(Pictures.fromarray(RAMP), "TIFF", compression="tiff_lzw"),
    encoded(Pictures.fromarray(GREY.astype(np.uint16) * 257), "TIFF"),
]
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from(["set", "cut", "insert", "drop"]), st.binary(min_size=1, max_size=4)),
    min_size=1,
    max_size=6,
)


def mutated(content: bytes, edits: list[tuple[float, str, bytes]]) -> bytes:
    for where, what, patch in edits:
        at = int(where * len(content))
        content = {
            "set": content[:at] + patch + content[at + len(patch) :],
            "cut": content[:at] or content,
            "insert": content[:at] + patch + content[at:],
            "drop": content[:at] + content[at + len(patch) :],
        }[what]
    return content


@given(st.sampled_from(SEEDS), EDITS)
def test_a_mutated_picture_gives_pixels_or_a_reason_and_nothing_else(seed: bytes, edits: list[tuple[float, str, bytes]]) -> None:
    try:
        pixels = photographs.decode(mutated(seed, edits))
    except EnrolError:
        return
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3
