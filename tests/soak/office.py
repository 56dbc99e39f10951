"""What the office does meanwhile: other programs of the unit, begun when the plan says so, beside the loop."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from soak.oracle import code_of, renamed
from soak.plan import Plan
from soak.trace import Trace

from edge.device.announcements import announce
from edge.types import Signal


class Office:
    """Deliveries and renamed people, each in a process of its own, and announcements.

    Args:
        data: the unit's folder.
        share: where it delivers to.
        trace: has the turn in which each was begun, and the first turn that saw it ended.
        plan: says when.
    """

    def __init__(self, data: Path, share: Path, trace: Trace, plan: Plan) -> None:
        self._data, self._share, self._trace = data, share, trace
        self._errands: list[list[int]] = plan.errands.tolist()
        self._n_done = 0
        self._at_work: subprocess.Popen[bytes] | None = None

    def work(self, tick: int) -> None:
        """What is due by a tick."""
        if self._at_work and self._at_work.poll() is not None:
            self.settle()
        if self._n_done < len(self._errands) and self._errands[self._n_done][0] <= tick:
            who = self._errands[self._n_done][1]
            if who < 0:
                self._begin("sync", "--to", str(self._share))
            else:
                self._begin("people", "rename", code_of(who), renamed(who))
            self._n_done += 1
            self._trace.note("announced", heard=announce(self._data, Signal.STICK_REFUSED))

    def settle(self) -> None:
        """Wait for what is under way."""
        if self._at_work:
            self._trace.note("errand ended", number=self._n_done - 1, code=self._at_work.wait(300))
        self._at_work = None

    def _begin(self, *words: str) -> None:
        self.settle()
        with (self._data / "office.log").open("ab") as said:
            command = [sys.executable, "-m", "edge", "--data", str(self._data), *words]
            self._at_work = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        self._trace.note("errand begun", number=self._n_done)
