"""A recording instead of a camera."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from edge.device.camera import Wanted, open_camera
from edge.device.clock import SystemClock
from edge.device.replay import Replay
from edge.device.stop import Stop
from edge.errors import DeviceError
from edge.ports import Camera
from edge.types import Frame

RED = (255, 0, 0)


def every(camera: Camera) -> list[Frame]:
    frames = []
    while (frame := camera.read()) is not None:
        frames.append(frame)
    camera.close()
    return frames


def save(path: Path, mode: str = "RGB", colour: object = RED) -> None:
    Image.new(mode, (8, 6), colour).save(path)


def claims(path: Path, width: int, height: int) -> None:
    """A small PNG whose header claims to be large."""
    save(path)
    content = bytearray(path.read_bytes())
    content[16:24] = struct.pack(">II", width, height)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    path.write_bytes(content)


def film(path: Path, *, n: int = 20, fps: float = 10.0) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, (64, 48))
    for i in range(n):
        writer.write(np.full((48, 64, 3), (0, 0, 12 * i), np.uint8))  # BGR: redder and redder
    writer.release()


def test_pictures_come_in_natural_order_with_an_exact_clock(tmp_path: Path) -> None:
    for name in ("frame10.png", "frame2.png", "frame1.png"):
        save(tmp_path / name)
    frames = every(Replay(tmp_path, 4.0, Stop()))
    assert [(frame.name, frame.at_s) for frame in frames] == [("frame1.png", 0.0), ("frame2.png", 0.25), ("frame10.png", 0.5)]
    assert frames[0].pixels.shape == (6, 8, 3)
    assert frames[0].pixels.dtype == np.uint8
    assert tuple(frames[0].pixels[0, 0]) == RED


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("L", 90, (90, 90, 90)),
        ("RGBA", (255, 0, 0, 10), RED),
        ("P", 0, (0, 0, 0)),
        ("CMYK", (0, 255, 255, 0), RED),
        ("I;16", 90 * 256 + 5, (90, 90, 90)),
        ("1", 1, (255, 255, 255)),
    ],
)
def test_every_kind_of_picture_becomes_rgb(tmp_path: Path, mode: str, colour: object, expected: tuple[int, int, int]) -> None:
    save(tmp_path / "one.tif", mode, colour)
    (frame,) = every(Replay(tmp_path, 15.0, Stop()))
    assert frame.pixels.shape == (6, 8, 3)
    assert tuple(frame.pixels[0, 0]) == expected


def test_a_picture_that_cannot_be_read_is_reported_and_skipped_and_time_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save(tmp_path / "1.png")
    (tmp_path / "2.png").write_bytes(b"")
    (tmp_path / "3.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "4.jpg")
    os.truncate(tmp_path / "4.jpg", 9000)
    Image.fromarray(noise).save(tmp_path / "5.png")
    os.truncate(tmp_path / "5.png", 9000)
    save(tmp_path / "6.png")
    frames = every(Replay(tmp_path, 10.0, Stop()))
    assert [(frame.name, frame.at_s) for frame in frames] == [("1.png", 0.0), ("6.png", 0.5)]
    assert len(caplog.records) == 4


def test_a_picture_made_to_fill_the_memory_is_refused_before_it_is_decoded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    claims(tmp_path / "huge.png", 20_000, 20_000)
    claims(tmp_path / "large.png", 9_000, 9_000)
    save(tmp_path / "small.png")
    assert [frame.name for frame in every(Replay(tmp_path, 10.0, Stop()))] == ["small.png"]
    assert "9000 x 9000" in caplog.text


def test_what_only_calls_itself_a_picture_is_not_handed_to_any_other_decoder(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Image.new("RGB", (8, 6)).save(tmp_path / "1.png", "EPS")
    save(tmp_path / "2.png")
    assert [frame.name for frame in every(Replay(tmp_path, 10.0, Stop()))] == ["2.png"]
    assert "cannot identify image file" in caplog.text


def test_other_files_and_hidden_ones_are_no_frames(tmp_path: Path) -> None:
    save(tmp_path / "1.png")
    save(tmp_path / "._2.png")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    assert [frame.name for frame in every(Replay(tmp_path, 10.0, Stop()))] == ["1.png"]


def test_a_name_that_is_not_utf_8_can_still_be_printed(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    os.rename(os.fsencode(tmp_path / "a.png"), os.fsencode(tmp_path) + b"/M\xfcller.png")  # noqa: PTH104 bytes on purpose
    (frame,) = every(Replay(tmp_path, 10.0, Stop()))
    assert frame.name == "M\ufffdller.png"


@pytest.mark.parametrize("name", ["missing", "missing.png", "missing.mp4"])
def test_what_is_not_there_is_said_at_once(tmp_path: Path, name: str) -> None:
    with pytest.raises(DeviceError, match="is not there"):
        Replay(tmp_path / name, 15.0, Stop())


def test_a_folder_without_pictures_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="holds no picture"):
        Replay(tmp_path, 15.0, Stop())


def test_a_single_picture_is_a_recording_of_one_frame(tmp_path: Path) -> None:
    save(tmp_path / "one.png")
    assert len(every(Replay(tmp_path / "one.png", 15.0, Stop()))) == 1


@pytest.mark.native
def test_a_video_has_its_own_pace_and_is_rgb(tmp_path: Path) -> None:
    film(tmp_path / "door.mp4", n=20, fps=10.0)
    frames = every(Replay(tmp_path / "door.mp4", 99.0, Stop()))
    assert [frame.at_s for frame in frames] == [i / 10 for i in range(20)]
    assert frames[3].name == "door.mp4#3"
    red, green, blue = frames[15].pixels[20, 20].astype(int)
    assert abs(red - 180) < 15
    assert max(green, blue) < 30


@pytest.mark.native
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_video_that_ends_in_the_middle_of_a_frame_ends_cleanly(tmp_path: Path, share: float) -> None:
    path = tmp_path / "cut.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (64, 48))
    random = np.random.default_rng(1)
    for _ in range(20):
        writer.write(random.integers(0, 255, (48, 64, 3), np.uint8))
    writer.release()
    os.truncate(path, int(path.stat().st_size * share))
    frames = every(Replay(path, 10.0, Stop()))
    assert 0 < len(frames) < 20
    assert all(frame.pixels.shape == (48, 64, 3) for frame in frames)


@pytest.mark.parametrize("content", [b"", b"this is no video", b"\0" * 4096])
def test_what_is_no_video_is_said_at_once(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "door.mp4").write_bytes(content)
    with pytest.raises(DeviceError, match="not a video"):
        Replay(tmp_path / "door.mp4", 15.0, Stop())


def test_damaged_files_leave_the_terminal_alone(tmp_path: Path) -> None:
    film(tmp_path / "door.mp4")
    os.truncate(tmp_path / "door.mp4", 600)
    (tmp_path / "no.avi").write_bytes(b"RIFF\0\0\0\0AVI LIST")
    script = (
        "import sys; from pathlib import Path; from edge.device.replay import Replay; from edge.device.stop import Stop\n"
        "from edge.errors import DeviceError\n"
        "for name in sys.argv[1:]:\n"
        "    try: Replay(Path(name), 15.0, Stop()).read()\n"
        "    except DeviceError: pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "door.mp4", tmp_path / "no.avi"], capture_output=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")


def test_a_wish_to_stop_ends_the_recording(tmp_path: Path) -> None:
    save(tmp_path / "1.png")
    save(tmp_path / "2.png")
    stop = Stop()
    camera = open_camera(Wanted(f"replay:{tmp_path}", (640, 480), 10.0), SystemClock(), stop)
    assert camera.read() is not None
    stop.set()
    assert camera.read() is None
    camera.close()
    camera.close()
