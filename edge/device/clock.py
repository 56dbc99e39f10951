"""Where time comes from, and whether it can be believed."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.types import Stamp

RTC = Path("/sys/class/rtc/rtc0")
"""The battery clock of a Raspberry Pi 5, or of an add-on board; earlier models have none."""

SYNCHRONISED_US = 16_000_000
"""The kernel's estimate of its largest error grows to 16 s while nobody corrects the clock, and is smaller while an NTP client
does; `timedatectl` takes the same limit (systemd, src/basic/time-util.c)."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Another text at each start of the machine (random(4))."""

AGREE_S = 300.0
"""The system's clock, while nobody corrects it, and a battery clock drift apart: by 52 s in 30 days where 20 parts in a million
lie between them. More than this somebody has set, and nobody knows which of the two is right."""

FIRST_PLAUSIBLE_S = datetime(2025, 1, 1, tzinfo=UTC).timestamp()
"""A battery clock that names an earlier time has lost its battery."""


def kernel_max_error_us() -> int:
    """The largest error, in microseconds, that the kernel reckons with (adjtimex(2)); reading needs no privilege."""
    # struct timex begins: unsigned modes; long offset, freq, maxerror. The kernel fills all of it, about 210 bytes.
    timex = (ctypes.c_long * 64)()
    if ctypes.CDLL(None).adjtimex(ctypes.byref(timex)) < 0:
        return SYNCHRONISED_US
    return int(timex[3])


class SystemClock:
    """The computer's own clocks; implements `edge.ports.Clock`.

    Args:
        max_error_us: how wrong the kernel reckons its clock to be.
        rtc: a battery clock in sysfs, which may be missing.
        boot_id: file that names this start of the machine.
        epoch_s: seconds since 1970, as the system believes.
    """

    def __init__(
        self,
        *,
        max_error_us: Callable[[], int] = kernel_max_error_us,
        rtc: Path = RTC,
        boot_id: Path = BOOT_ID,
        epoch_s: Callable[[], float] = time.time,
    ) -> None:
        self._max_error_us = max_error_us
        self._epoch_s = epoch_s
        self._rtc = rtc
        self._boot_id = _said(boot_id)

    def monotonic_s(self) -> float:
        """Seconds that never jump."""
        return time.monotonic()

    def utc(self, at_s: float) -> datetime:
        """The UTC moment of ``at_s``, as the system believes now."""
        return datetime.now(UTC) - timedelta(seconds=time.monotonic() - at_s)

    def is_trusted(self) -> bool:
        """Whether a time server corrects the clock, or it was set from a battery clock at the start and still says the same."""
        return self._max_error_us() < SYNCHRONISED_US or self._was_set_from_battery()

    def stamp(self, at_s: float) -> Stamp | None:
        """``at_s`` since this start of the machine; None where the system does not name its starts.

        CLOCK_MONOTONIC stands still while a machine sleeps, and CLOCK_BOOTTIME does not (clock_gettime(2)). Nobody sets either.
        """
        if not self._boot_id:
            return None
        return Stamp(self._boot_id, time.clock_gettime(time.CLOCK_BOOTTIME) - (time.monotonic() - at_s))

    def _was_set_from_battery(self) -> bool:
        try:
            was_set = (self._rtc / "hctosys").read_text().strip() == "1"
            kept_s = float((self._rtc / "since_epoch").read_text())
            return was_set and kept_s >= FIRST_PLAUSIBLE_S and abs(self._epoch_s() - kept_s) <= AGREE_S
        except (OSError, ValueError):
            return False


def _said(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, ValueError):
        return ""


class ReplayClock:
    """The clock of a recording: its first frame was taken at a given moment; implements `edge.ports.Clock`.

    Args:
        start_utc: UTC of second 0, timezone-aware.
        is_trusted: what `is_trusted` answers.
    """

    def __init__(self, start_utc: datetime, *, is_trusted: bool) -> None:
        self._start_utc = start_utc
        self._is_trusted = is_trusted
        self._began_s = time.monotonic()

    def monotonic_s(self) -> float:
        """Seconds since this clock was made."""
        return time.monotonic() - self._began_s

    def utc(self, at_s: float) -> datetime:
        """``at_s`` seconds after the start."""
        return self._start_utc + timedelta(seconds=at_s)

    def is_trusted(self) -> bool:
        """As it was told."""
        return self._is_trusted

    def stamp(self, _at_s: float) -> Stamp | None:
        """None: what a recording shows happened at no start of this machine."""
        return None
