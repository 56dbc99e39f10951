"""Where time comes from."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from edge.device.clock import ReplayClock, SystemClock, kernel_max_error_us
from edge.device.fakes import ManualClock

START = datetime(2026, 1, 5, 8, tzinfo=UTC)


def unsynchronised() -> int:
    return 16_000_000


def synchronised() -> int:
    return 250_000


def rtc(folder: Path, *, was_set: str = "1", epoch: str = "1790000000") -> Path:
    (folder / "hctosys").write_text(was_set + "\n")
    (folder / "since_epoch").write_text(epoch + "\n")
    return folder


def test_the_system_clock_tells_when_a_frame_was_taken() -> None:
    clock = SystemClock()
    now_s, now = clock.monotonic_s(), datetime.now(UTC)
    assert abs(clock.utc(now_s) - now) < timedelta(seconds=1)
    assert clock.utc(now_s) - clock.utc(now_s - 90) == pytest.approx(timedelta(seconds=90), abs=timedelta(seconds=1))


def test_a_time_server_is_believed(tmp_path: Path) -> None:
    assert SystemClock(max_error_us=synchronised, rtc=tmp_path).is_trusted()


def test_without_time_server_and_battery_clock_the_time_is_not_believed(tmp_path: Path) -> None:
    assert not SystemClock(max_error_us=unsynchronised, rtc=tmp_path / "missing").is_trusted()


@pytest.mark.parametrize(
    ("was_set", "epoch", "expected"),
    [("1", "1790000000", True), ("0", "1790000000", False), ("1", "86400", False), ("1", "rubbish", False)],
)
def test_a_battery_clock_is_believed_if_it_set_the_time_and_has_kept_it(
    tmp_path: Path, was_set: str, epoch: str, *, expected: bool
) -> None:
    clock = SystemClock(
        max_error_us=unsynchronised, rtc=rtc(tmp_path, was_set=was_set, epoch=epoch), epoch_s=lambda: 1_790_000_100
    )
    assert clock.is_trusted() is expected


@pytest.mark.parametrize(("epoch_s", "expected"), [(1_790_000_300, True), (1_790_000_301, False), (86_400, False)])
def test_a_battery_clock_from_which_the_system_has_departed_vouches_for_nothing(
    tmp_path: Path, epoch_s: float, *, expected: bool
) -> None:
    clock = SystemClock(max_error_us=unsynchronised, rtc=rtc(tmp_path), epoch_s=lambda: epoch_s)
    assert clock.is_trusted() is expected


def test_the_kernel_states_an_error() -> None:
    assert 0 <= kernel_max_error_us() <= 16_000_000


def test_a_recording_has_its_own_time() -> None:
    clock = ReplayClock(START, is_trusted=False)
    assert clock.utc(90.5) == START + timedelta(seconds=90.5)
    assert not clock.is_trusted()
    assert 0 <= clock.monotonic_s() < 60


def test_the_manual_clock_stands_still_and_its_utc_can_be_set() -> None:
    clock = ManualClock(START)
    assert not clock.wait(10)
    assert clock.monotonic_s() == 10
    assert clock.utc(10) == START + timedelta(seconds=10)
    clock.set_utc(START - timedelta(hours=1))
    assert clock.monotonic_s() == 10
    assert clock.utc(12) == START - timedelta(hours=1) + timedelta(seconds=2)


def test_a_stamp_counts_from_this_start_of_the_machine_and_not_by_the_clock_that_somebody_sets(tmp_path: Path) -> None:
    (tmp_path / "boot_id").write_text("0f2cd1ad-8c31-4a0a-8f4b-1f3e5d0c6a11\n")
    clock = SystemClock(boot_id=tmp_path / "boot_id")
    before_s = time.clock_gettime(time.CLOCK_BOOTTIME)
    now_s = clock.monotonic_s()
    stamp, earlier = clock.stamp(now_s), clock.stamp(now_s - 90)
    assert stamp
    assert earlier
    assert stamp.boot_id == "0f2cd1ad-8c31-4a0a-8f4b-1f3e5d0c6a11"
    assert before_s <= stamp.monotonic_s <= time.clock_gettime(time.CLOCK_BOOTTIME)
    assert stamp.monotonic_s - earlier.monotonic_s == pytest.approx(90, abs=1)


def test_this_computer_names_its_start() -> None:
    one, other = SystemClock().stamp(0.0), SystemClock().stamp(0.0)
    assert one
    assert other
    assert one.boot_id == other.boot_id
    assert UUID(one.boot_id).version == 4


def test_where_nothing_names_the_start_there_is_no_stamp(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "rubbish").write_bytes(b"\xff\xfe")
    for name in ("missing", "empty", "rubbish"):
        assert SystemClock(boot_id=tmp_path / name).stamp(0.0) is None
    assert ReplayClock(START, is_trusted=True).stamp(0.0) is None
