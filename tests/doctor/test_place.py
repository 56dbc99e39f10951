"""Camera, pins, clock, disk and destinations of a unit in trouble."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from edge.config import Config, parse
from edge.device.clock import SystemClock
from edge.device.lock import alone
from edge.doctor import Finding, State
from edge.doctor.place import camera, clock, destinations, disk, pins
from edge.doctor.unit import user_of_devices
from edge.exchange.sync import prepare


def config(**sections: dict[str, object]) -> Config:
    return parse(dict(sections))


@pytest.mark.parametrize(("kind", "words"), [("none", "left out"), ("mock", "as configured"), ("auto", "no Raspberry Pi")])
def test_without_pins_there_is_nothing_to_complain_about(tmp_path: Path, kind: str, words: str) -> None:
    found = pins(config(panel={"kind": kind}), tmp_path / "missing")
    assert found.state is State.OK
    assert words in found.sentence


def test_pins_that_cannot_be_used_are_a_fault(tmp_path: Path) -> None:
    board = tmp_path / "model"
    board.write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    found = pins(Config(), board)
    assert found.state is State.FAULT
    assert "pins" in found.sentence


def test_a_camera_that_is_not_there_is_a_fault() -> None:
    found = camera(config(camera={"source": "usb:63"}))
    assert found.state is State.FAULT
    assert "/dev/video63 is not there" in found.sentence
    assert found.advice.startswith("plug the camera in")


def test_a_recording_is_tried_with_one_frame(tmp_path: Path) -> None:
    source = config(camera={"source": f"replay:{tmp_path}"})
    assert camera(source).state is State.FAULT
    (tmp_path / "1.png").write_bytes(b"")
    assert "not one picture" in camera(source).sentence
    Image.new("RGB", (64, 48)).save(tmp_path / "2.png")
    assert camera(source) == Finding("camera", State.OK, f"replay:{tmp_path} gives 64 x 48")


def test_a_clock_that_nobody_set_is_a_warning(tmp_path: Path) -> None:
    assert clock(SystemClock(max_error_us=lambda: 100, rtc=tmp_path)).state is State.OK
    found = clock(SystemClock(max_error_us=lambda: 16_000_000, rtc=tmp_path))
    assert found.state is State.WARNING
    assert "nothing has set it" in found.sentence


def test_the_disk_is_looked_at_where_the_data_will_be(tmp_path: Path) -> None:
    found = disk(tmp_path / "not" / "yet" / "there")
    assert str(tmp_path) in found.sentence
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


@pytest.mark.parametrize(
    ("used", "free", "state", "words"),
    [
        (20_000_000_000, 12_000_000_000, State.OK, "62 % full, 12.0 GB free in"),
        (28_700_000_000, 3_300_000_000, State.OK, "89 % full, 3.3 GB free in"),
        (28_800_000_000, 3_200_000_000, State.WARNING, "90 % full, 3.2 GB free in"),
        (500_000_000, 499_999_999, State.WARNING, "50 % full, 0.5 GB free in"),
        (31_980_000_001, 19_999_999, State.FAULT, "99 % full, 0.0 GB free in"),
    ],
)
def test_a_disk_warns_from_90_percent_on_and_while_there_is_still_room(
    tmp_path: Path, used: int, free: int, state: State, words: str
) -> None:
    found = disk(tmp_path, usage=lambda _: SimpleNamespace(used=used, free=free))
    assert (found.state, found.sentence) == (state, f"{words} {tmp_path}")
    assert ("nothing is overwritten" in found.advice) == (state is not State.OK)


@pytest.mark.parametrize(
    ("kind", "words"), [("tmpfs", "in memory (tmpfs)"), ("ramfs", "in memory (ramfs)"), ("overlay", "(overlay)"), ("ext4", "")]
)
def test_a_data_folder_that_forgets_everything_without_power_is_told(tmp_path: Path, kind: str, words: str) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(f"1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 0:40 / {tmp_path} rw - {kind} data rw\n")
    usage = SimpleNamespace(used=1, free=12_000_000_000)
    found = disk(tmp_path / "data", usage=lambda _: usage, mountinfo=mountinfo)
    assert (found.state is State.WARNING, "forgets everybody and every row" in found.sentence) == (bool(words), bool(words))
    assert words in found.sentence
    assert ("findmnt --target" in found.advice) == bool(words)


def test_camera_and_pins_are_left_to_a_unit_at_work(tmp_path: Path) -> None:
    """They are its own: whoever opened them would disturb it, and be told that they are busy."""
    board = tmp_path / "model"
    board.write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames/1.png").write_bytes(b"no picture, and nobody looks")
    with alone(tmp_path):
        user = user_of_devices(tmp_path)
        assert pins(Config(), board, user=user).state is State.OK
        found = camera(config(camera={"source": f"replay:{tmp_path / 'frames'}"}), user=user)
        assert (found.state, "left to `muster run`" in found.sentence) == (State.OK, True)
        assert camera(config(camera={"source": "usb:63"}), user=user).sentence.startswith("/dev/video63 is not there")
    assert user_of_devices(tmp_path) is None


def test_a_folder_that_cannot_be_written_is_a_fault() -> None:
    assert disk(Path("/proc/self")).state is State.FAULT


def test_a_destination_that_is_not_there_or_proves_nothing_is_named(tmp_path: Path) -> None:
    share, gone = tmp_path / "share", str(tmp_path / "stick")
    share.mkdir()
    assert destinations(config(sync={"destinations": []})).state is State.OK
    bare = destinations(config(sync={"destinations": [str(share)]}))
    assert bare.state is State.WARNING
    assert "it has no muster-destination.toml" in bare.sentence
    assert f"`muster sync --prepare {share}`; until then rows wait" in bare.advice
    prepare(str(share))
    assert destinations(config(sync={"destinations": [str(share)]})) == Finding("destinations", State.OK, str(share))
    found = destinations(config(sync={"destinations": [str(share), gone]}))
    assert (found.state, found.sentence) == (State.WARNING, f"{gone}: it is not there")
    assert found.advice.startswith("plug in the stick or mount the share")
