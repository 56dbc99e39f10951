"""When a stick may be pulled. The commands are real programs; what is mounted is said by a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import DeviceError
from edge.exchange.stick.unmount import release


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


@pytest.fixture
def mounts(tmp_path: Path, stick: Path) -> Path:
    """Says that the stick is one."""
    (tmp_path / "mountinfo").write_text(f"1 0 8:1 / / rw - ext4 a rw\n2 1 8:17 / {stick} rw - vfat b rw\n", encoding="utf-8")
    return tmp_path / "mountinfo"


def noting(tmp_path: Path, code: int = 0) -> tuple[str, ...]:
    return ("sh", "-c", f'echo "$0" >> {tmp_path}/called; echo busy >&2; exit {code}')


def test_it_is_flushed_and_then_unmounted(tmp_path: Path, stick: Path, mounts: Path) -> None:
    said = release(stick, flush=noting(tmp_path), unmounts=[noting(tmp_path, 1), noting(tmp_path)], mountinfo=mounts)
    assert "unmounted" in said
    assert (tmp_path / "called").read_text() == f"{stick}\n" * 3


def test_what_is_flushed_may_be_pulled_though_it_is_busy(tmp_path: Path, stick: Path, mounts: Path) -> None:
    said = release(stick, flush=("true",), unmounts=[noting(tmp_path, 1)], mountinfo=mounts)
    assert "could not be unmounted (busy)" in said


@pytest.mark.parametrize("flush", [("false",), ("no-such-program",), ("sh", "-c", "exec sleep 60")])
def test_what_is_not_flushed_may_not_be_pulled_and_stays_mounted(
    tmp_path: Path, stick: Path, mounts: Path, flush: tuple[str, ...]
) -> None:
    with pytest.raises(DeviceError, match=r"not everything is on the stick yet.*Leave it in"):
        release(stick, flush=flush, unmounts=[noting(tmp_path)], mountinfo=mounts, limit_s=0.3)
    assert not (tmp_path / "called").exists()


def test_a_folder_of_the_disk_and_a_folder_on_a_stick_are_not_unmounted(tmp_path: Path, stick: Path, mounts: Path) -> None:
    (stick / "below").mkdir()
    for folder in (tmp_path, stick / "below"):
        release(folder, unmounts=[noting(tmp_path)], mountinfo=mounts)
    assert not (tmp_path / "called").exists()


def test_who_wants_it_to_stay_mounted_has_it_flushed(tmp_path: Path, stick: Path, mounts: Path) -> None:
    assert release(stick, flush=noting(tmp_path), unmounts=(), mountinfo=mounts) == "All that was written is on the stick."
    assert (tmp_path / "called").exists()


def test_the_real_flush_flushes(stick: Path) -> None:
    (stick / "-x").write_bytes(b"x")
    assert release(stick) == "All that was written is on the stick."
    with pytest.raises(DeviceError):
        release(stick / "gone")
