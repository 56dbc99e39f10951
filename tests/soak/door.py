"""What stands in for the devices of the unit: a camera that plays the plan, a panel and a service manager that write down."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from soak.faces import Album, Image, Scene
from soak.oracle import ANSWERS, WATCHDOG_S
from soak.plan import N_VARIANTS, TICKS_PER_S, Plan
from soak.trace import Trace

from edge.device.fakes import ManualClock
from edge.errors import DeviceError
from edge.types import Frame, Signal


class PlannedCamera:
    """Shows the plan, as fast as it is wanted, and moves the clock; implements `edge.ports.Camera`.

    Args:
        plan: what is to be seen.
        album: the faces.
        clock: is moved to the time of each frame, and set as the plan says.
        between: called before each frame.
    """

    def __init__(self, plan: Plan, album: Album, clock: ManualClock, *, between: Callable[[int], None]) -> None:
        self._plan, self._album, self._clock, self._between = plan, album, clock, between
        self._scene = Scene(N_VARIANTS)
        self._turn = -1
        self._n_steps = 0
        self._patches: list[tuple[int, Image] | None] = [None, None]

    def read(self) -> Frame | None:
        """The next frame; None after the last."""
        self._turn += 1
        self._between(self._turn)
        if self._turn == len(self._plan.ticks):
            return None
        self._clock.now_s = at_s = float(self._plan.ticks[self._turn] / TICKS_PER_S)
        self._set_clock()
        if self._plan.is_lost[self._turn]:
            raise DeviceError("the camera is gone, as the plan has it.")
        return Frame(self._drawn(at_s), at_s)

    def _set_clock(self) -> None:
        steps = self._plan.steps
        while self._n_steps < len(steps) and steps[self._n_steps, 0] <= self._plan.ticks[self._turn]:
            ahead = timedelta(milliseconds=int(steps[self._n_steps, 1]))
            self._clock.set_utc(self._plan.begins_utc + timedelta(seconds=self._clock.now_s) + ahead)
            self._clock.trusted = True
            self._n_steps += 1

    def _drawn(self, at_s: float) -> Image:
        frame = self._scene.empty(at_s)
        for place, visit in enumerate(self._plan.shown[self._turn].tolist()):
            if visit >= 0:
                self._scene.put(frame, place, self._patch(place, visit), self._plan.variant(self._turn, visit))
        return frame

    def _patch(self, place: int, visit: int) -> Image:
        held = self._patches[place]
        if held is None or held[0] != visit:
            held = self._patches[place] = (visit, self._album.patch(int(self._plan.visits[visit, 0])))
        return held[1]

    def close(self) -> None:
        """Closing twice is allowed."""
        self._album.close()


class WatchedPanel:
    """Writes down each signal, and with an answer what the latest row was that another connection to the database saw then.

    What that sees is committed, and a commit of this database is on the disk: docs/figures.md, "Power cuts and kills".
    """

    def __init__(self, trace: Trace, database: Path) -> None:
        self._trace = trace
        self._reader = sqlite3.connect(f"file:{database}?mode=ro", uri=True, isolation_level=None)
        self._reader.execute("PRAGMA cache_size = 16")

    def show(self, signal: Signal) -> None:
        """Written down."""
        row = None
        if signal.value in ANSWERS:
            row = self._reader.execute("SELECT event_id FROM event ORDER BY seq DESC LIMIT 1").fetchone()
        self._trace.note("signal", signal=signal.value, row=row and row[0])

    def close(self) -> None:
        """Closing twice is allowed."""
        self._reader.close()


class ServiceManager:
    """Hears what a unit says to systemd, on a socket of its own, and writes it down."""

    def __init__(self, trace: Trace, clock: ManualClock) -> None:
        self._trace, self._clock = trace, clock
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        name = f"muster-soak-{os.getpid()}"
        self._socket.bind(f"\0{name}")
        self.environ = {"NOTIFY_SOCKET": f"@{name}", "WATCHDOG_USEC": str(round(WATCHDOG_S * 1_000_000))}

    def listen(self) -> None:
        """Everything that was said."""
        while True:
            try:
                said = self._socket.recv(500).decode()
            except BlockingIOError:
                return
            self._trace.note("said", at_s=self._clock.now_s, text=said)

    def close(self) -> None:
        self._socket.close()
