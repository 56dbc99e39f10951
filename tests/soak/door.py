"""What stands in for the devices of the unit: a camera that plays the plan, a panel and a service manager that write down."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from soak.faces import Album, Image, Scene
from soak.plan import N_VARIANTS, TICKS_PER_S, Plan

from edge.device.announcements import announce
from edge.device.fakes import ManualClock
from edge.errors import DeviceError
from edge.types import Frame, Signal

ANSWERS = {Signal.ACCEPTED, Signal.ACCEPTED_WITHOUT_TIME, Signal.ALREADY, Signal.NOT_IN_DATABASE}
WATCHDOG_S = 90
"""As in muster.service."""


class Trace:
    """What happened, line by line, in a file: nothing of it stays in the memory of the process that is measured.

    Attributes:
        turn: of the loop, counted by the camera.
    """

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open("w", encoding="utf-8")
        self.turn = -1

    def note(self, what: str, **values: Any) -> None:
        """One line."""
        self._file.write(json.dumps({"what": what, "turn": self.turn, **values}) + "\n")

    def close(self) -> None:
        self._file.close()


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
        if signal in ANSWERS:
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
        self.environ = {"NOTIFY_SOCKET": f"@{name}", "WATCHDOG_USEC": str(WATCHDOG_S * 1_000_000)}

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


class Office:
    """Other programs of the unit, begun when the plan says so, beside the loop: deliveries, renamed people, announcements."""

    def __init__(self, data: Path, share: Path, trace: Trace, plan: Plan) -> None:
        self._data, self._share, self._trace = data, share, trace
        self._ticks: list[int] = plan.errands.tolist()
        self._n_done, self._n_people = 0, plan.n_people
        self._at_work: subprocess.Popen[bytes] | None = None

    def work(self, tick: int) -> None:
        """What is due by a tick."""
        if self._n_done < len(self._ticks) and self._ticks[self._n_done] <= tick:
            self._n_done += 1
            if self._n_done % 3 == 2:
                who = self._n_done % self._n_people
                self._begin("people", "rename", f"{who + 1:05}", f"Person {who + 1} the {self._n_done}th")
            else:
                self._begin("sync", "--to", str(self._share))
            self._trace.note("announced", heard=announce(self._data, Signal.STICK_REFUSED))

    def settle(self) -> None:
        """Wait for what is under way."""
        if self._at_work:
            self._trace.note("errand", ended=self._at_work.wait(300))
        self._at_work = None

    def _begin(self, *words: str) -> None:
        self.settle()
        with (self._data / "office.log").open("ab") as said:
            command = [sys.executable, "-m", "edge", "--data", str(self._data), *words]
            self._at_work = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
