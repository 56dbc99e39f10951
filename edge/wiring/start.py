"""What a start of the unit took, part by part; and when it is over, which is when the first turn of the loop was whole."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from edge.ports import Camera, Watchdog
from edge.types import Frame

log = logging.getLogger(__name__)

STAT = Path("/proc/self/stat")
_STARTED = 19
"""The 22nd word of /proc/PID/stat, in clock ticks since the machine started (proc(5)), counted behind the program's name."""


class Start:
    """Notes how long each part takes.

    Args:
        began_s: when the process began.
        now_s: seconds that never jump.
    """

    def __init__(self, began_s: float, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._began_s = self._latest_s = began_s
        self._now_s = now_s
        self._parts: list[tuple[str, float]] = []

    def done(self, part: str) -> None:
        """A part is over, and the next one begins."""
        now_s = self._now_s()
        self._parts.append((part, now_s - self._latest_s))
        self._latest_s = now_s

    def __str__(self) -> str:
        """One line for the log."""
        parts = ", ".join(f"{part} {seconds:.2f} s" for part, seconds in self._parts)
        return f"ready {self._latest_s - self._began_s:.2f} s after the start: {parts}"


class Awaited:
    """A camera whose first frame is noted; implements `edge.ports.Camera`."""

    def __init__(self, camera: Camera, start: Start) -> None:
        self._camera, self._start = camera, start
        self._has_come = False

    def read(self) -> Frame | None:
        """As the camera itself."""
        frame = self._camera.read()
        if not self._has_come:
            self._has_come = True
            self._start.done("first frame")
        return frame

    def close(self) -> None:
        """As the camera itself."""
        self._camera.close()


class Told:
    """A watchdog with whose first feeding the start is over, which the log tells; implements `edge.ports.Watchdog`.

    Args:
        watchdog: who is fed.
        start: what is told.
        when_ready: called once, after that.
    """

    def __init__(self, watchdog: Watchdog, start: Start, when_ready: Callable[[], None] | None = None) -> None:
        self._watchdog, self._start, self._when_ready = watchdog, start, when_ready
        self._is_over = False

    def is_due(self) -> bool:
        """As the watchdog itself."""
        return self._watchdog.is_due()

    def feed(self) -> None:
        """As the watchdog itself."""
        self._watchdog.feed()
        if not self._is_over:
            self._is_over = True
            self._start.done("first turn")
            log.info("%s", self._start)
            if self._when_ready:
                self._when_ready()

    def say(self, status: str) -> None:
        """As the watchdog itself."""
        self._watchdog.say(status)

    def close(self) -> None:
        """As the watchdog itself."""
        self._watchdog.close()


def began_s(stat: Path = STAT) -> float:
    """When this process began, on the clock of `time.monotonic`, to a hundredth of a second; now where nobody says it."""
    now_s = time.monotonic()
    try:
        ticks = int(stat.read_text().rpartition(")")[2].split()[_STARTED])
    except (OSError, ValueError, IndexError):
        return now_s
    age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return now_s - max(age_s, 0.0)
