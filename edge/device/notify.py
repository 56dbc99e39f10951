"""systemd hears from the unit that it is ready, that it still works, and how it is (sd_notify(3), without its library)."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

FEEDS_PER_PERIOD = 4
"""How often in the time that systemd allows without a word it gets one: an attempt may fail and the next one still be in time."""


class Systemd:
    """The service manager that has started this process, if one has; implements `edge.ports.Watchdog`.

    It is never waited for: a word that cannot be said now is not said.

    Args:
        environ: where systemd says by which socket it is reached, and how long it waits for a word.
        now_s: seconds that never jump.
    """

    def __init__(self, environ: Mapping[str, str] | None = None, *, now_s: Callable[[], float] = time.monotonic) -> None:
        environ = os.environ if environ is None else environ
        self._address, self._now_s = _address(environ), now_s
        self._pause_s = _period_s(environ) / FEEDS_PER_PERIOD
        self._fed_s: float | None = None
        self._status = ""

    def is_due(self) -> bool:
        """Whether it waits to hear that the unit works."""
        return self._fed_s is None or (self._pause_s > 0 and self._now_s() - self._fed_s >= self._pause_s)

    def feed(self) -> None:
        """Say that the unit works; the first time, that it is ready."""
        ready = "READY=1\n" if self._fed_s is None else ""
        self._fed_s = self._now_s()
        self._send(f"{ready}WATCHDOG=1")

    def say(self, status: str) -> None:
        """Have ``systemctl status`` show one line; the same again is not sent."""
        if status != self._status:
            self._status = status
            self._send(f"STATUS={' '.join(status.split())}")

    def close(self) -> None:
        """Say that the unit is ending. Closing twice is allowed."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if self._address is None:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as ours, suppress(OSError):
            ours.setblocking(False)
            ours.sendto(text.encode(errors="backslashreplace"), self._address)


def _address(environ: Mapping[str, str]) -> str | None:
    """Where the socket is: a path, or a name behind @ that is in no folder (unix(7)); None where nobody listens."""
    said = environ.get("NOTIFY_SOCKET", "")
    return f"\0{said[1:]}" if said.startswith("@") else said if said.startswith("/") else None


def _period_s(environ: Mapping[str, str]) -> float:
    """How long systemd waits for a word before it ends this process; 0 where it does not wait (sd_watchdog_enabled(3))."""
    period_us, process = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    is_ours = not process or process == str(os.getpid())
    return int(period_us) / 1e6 if period_us.isdecimal() and is_ours else 0.0
