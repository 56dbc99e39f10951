"""How long a frame waits, at worst, while the Edge TPU's process dies, hangs and comes back, again and again.

`tests/device/tpu/test_survival.py` has the same fates under a clock that is moved by hand, and sees that each answer is right.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge.device.manifest import read_spec
from edge.device.network import TfliteNetwork
from edge.device.tpu.edgetpu import Deadlines, EdgeTpu, State
from edge.device.tpu.network import PlacedNetwork
from edge.device.tpu.process import TpuProcess
from edge.device.tpu.selftest import SelfTest
from edge.types import Backend, Floats
from models import MANIFEST
from tests.bench.edgetpu import TESTS
from tests.bench.timing import medians_ms, table
from tests.edgetpu import stand_in
from tests.edgetpu.fates import IT_LIVES, Belongings, Port, drawn

NAME = "facenet"
N_FATES, MOST_SERVED, N_FRAMES = 75, 30, 1000
"""As many as in the test. While it is waited for the next attempt frame after frame goes by, so it comes to more of them here."""
PAUSE_S = 0.3
DEADLINES = Deadlines(open_s=3.0, pauses_s=(PAUSE_S,))
"""The unit's own for a request. An opening that hangs and the pauses only let frames go by that the CPU answers: they are short
here, so that the bench comes to an end."""


@dataclass
class Account:
    """Seconds, one entry each.

    Attributes:
        answers_s: by backend, until a frame was answered.
        waits_s: from a failure until the next process was begun.
        openings_s: from when a process was begun until it served.
    """

    answers_s: dict[Backend, list[float]] = field(default_factory=lambda: {backend: [] for backend in Backend})
    waits_s: list[float] = field(default_factory=list)
    openings_s: list[float] = field(default_factory=list)


class Door:
    """FaceNet on an Edge TPU that is out of luck, one face a frame, frame after frame without a pause."""

    def __init__(self, folder: Path) -> None:
        spec = read_spec(MANIFEST, NAME, variant="int8")
        self.cpu = TfliteNetwork(spec)
        self.batch: Floats = np.random.default_rng(7).uniform(-1, 1, spec.input.shape).astype(np.float32)
        fates = drawn(N_FATES, seed=4, most_served=MOST_SERVED)
        self.n_deadly = sum(fate.kind not in IT_LIVES for fate in fates)
        self.port = Port(stand_in.build(folder), _models(folder), fates, network=NAME, n_rows=1)
        self.account = Account()
        self._failed_s = self._begun_s = 0.0
        self.tpu = EdgeTpu(self._start, SelfTest.by_cpu([spec]), is_listed=lambda: self.port.is_listed, deadlines=DEADLINES)
        self.network = PlacedNetwork(self.cpu, spec, self.tpu)

    def _start(self) -> TpuProcess:
        self._begun_s = time.monotonic()
        if self._failed_s:
            self.account.waits_s.append(self._begun_s - self._failed_s)
        return self.port.start()

    def frames(self) -> None:
        """So many, or more, until every fate was met and it serves again."""
        n = 0
        while n < N_FRAMES or self.port.n_met < N_FATES or self.tpu.is_degraded():
            self.frame()
            n += 1

    def frame(self) -> None:
        """One face."""
        before = self.tpu.report()
        with self.port.frame() if before.state is State.SERVING else nullcontext():
            began_s = time.monotonic()
            self.network(self.batch)
            ended_s = time.monotonic()
        self.account.answers_s[self.network.backend].append(ended_s - began_s)
        after = self.tpu.report()
        if after.n_recoveries > before.n_recoveries:
            self.account.openings_s.append(began_s - self._begun_s)
        if after.n_failures > before.n_failures:
            self._failed_s = began_s if before.state is State.DEGRADED else after.since_s
            self.port.is_listed = True  # whoever pulls it out plugs it in again


def survived() -> str:
    """A table of the worst that befell a frame."""
    with tempfile.TemporaryDirectory() as folder:
        door = Door(Path(folder))
        one_ms = medians_ms({"": lambda: door.cpu(door.batch)})[""]
        before = Belongings.now()
        door.tpu.settle()
        door.frames()
        report = door.tpu.report()
        door.tpu.close()
        after = Belongings.now()
    account = door.account
    on_cpu, on_tpu = account.answers_s[Backend.CPU], account.answers_s[Backend.EDGETPU]
    short = [answer_s for answer_s in on_cpu if answer_s < 1]  # nobody waited for a child that hung
    allowed_s = DEADLINES.request_s + one_ms / 1000
    rows = {
        "fates": f"{door.port.n_met}; in {door.n_deadly} it is killed, aborts, crashes or hangs",
        "frames answered": f"{len(on_tpu)} by the Edge TPU, {len(on_cpu)} by the CPU; {report.n_failures} failures",
        "longest wait for an answer": f"{_most(on_tpu + on_cpu):7.3f} s; deadline and one CPU inference: {allowed_s:.3f} s",
        "longest where none hung": f"{_most(short):7.3f} s; one CPU inference {one_ms / 1000:.3f} s",
        f"begun again, after a pause of {PAUSE_S} s": _spread(account.waits_s),
        "opened and tested": _spread(account.openings_s),
        "left behind": f"{len(after.children - before.children)} processes, "
        f"{after.descriptors - before.descriptors} descriptors, {after.memory - before.memory} pieces of memory",
    }
    return table(f"{NAME} while the Edge TPU's process dies and hangs ({report.runtime})", rows)


def _most(values: list[float]) -> float:
    return max(values, default=0.0)


def _spread(values: list[float]) -> str:
    return f"{float(np.median(values)):7.3f} s in the middle, {max(values):.3f} s at most"


def _models(folder: Path) -> Path:
    sys.path.append(TESTS)  # tests import each other from there
    from edgetpu.compiled_models import with_compiled

    return with_compiled(folder, [NAME])


if __name__ == "__main__":
    import logging

    logging.disable()
    print(survived())
