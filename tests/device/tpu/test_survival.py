"""A unit outlives its Edge TPU: 1,000 frames, 50 deaths, every frame answered, nothing left behind. The times: `make bench`."""

from __future__ import annotations

import logging
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import pytest
from edgetpu.compiled_models import with_compiled
from edgetpu.fates import IT_LIVES, Belongings, Fate, Port, drawn, ended_at_last

from edge.device.fakes import ManualClock
from edge.device.interpreter import runtime_name_and_version
from edge.device.manifest import read_spec
from edge.device.network import TfliteNetwork, load
from edge.device.tpu.edgetpu import Deadlines, EdgeTpu, State
from edge.device.tpu.network import PlacedNetwork
from edge.device.tpu.selftest import SelfTest
from edge.types import Backend
from models import MANIFEST

pytestmark = pytest.mark.native

TWIN = read_spec(MANIFEST, "rnet", variant="int8")
DEADLINES = Deadlines(request_s=0.4, open_s=60)  # a busy machine needs longer than a unit to open; hanging costs no time here
IS_WHOLE = runtime_name_and_version()[0] == "ai_edge_litert"
N_FRAMES, N_FATES = (1000, 75) if IS_WHOLE else (300, 15)
"""Of 15 kinds of fate, each as often as any other: in 50 of 75 the child aborts, crashes, is killed or hangs; in the others it
says that it cannot, computes wrongly, is pulled out or cannot be begun. Under the second runtime each kind comes once: all but
the last step is the same code, and costs 20 s."""
MOST_SERVED = 32
FRAME_S = 1 / 15
MOST_ROWS = 4

UNIT = """
import os, signal, sys
from pathlib import Path
import numpy as np
from edge.device.tpu.process import Order, TpuFailure, TpuProcess

signal.signal(signal.SIGINT, signal.default_int_handler)  # also where whoever runs the tests ignores Ctrl-C
library, manifest, what = sys.argv[1:]
ROWS = np.zeros((1, 24, 24, 3), np.int8)
process = TpuProcess.start(Order(library, "", Path(manifest), ("rnet",)))

def run(deadline_s):
    try:
        return process.run("rnet", ROWS, deadline_s=deadline_s)
    except TpuFailure:
        return None

if what != "opens":
    assert process.opened(60)
if what == "asks":
    run(0.2)
if what == "forks":
    copy = os.fork()
    if not copy:
        sys.exit()
    os.waitpid(copy, 0)
try:
    print(process.pid, flush=True)
    sys.stdin.read()
except KeyboardInterrupt:
    pass
print("answered" if run(60) else "nothing", flush=True)
process.close()
"""
"""A unit that begins a child, says its number, waits until its input ends or somebody presses Ctrl-C, and asks the child."""


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_compiled(tmp_path_factory.mktemp("models"), ["rnet"])


class Door:
    """A unit in front of which somebody stands: R-Net on the Edge TPU, the same on the CPU, and what either must answer."""

    def __init__(self, stand_in: Path, manifest: Path, fates: list[Fate]) -> None:
        self.cpu, self.twin = load(MANIFEST, "rnet"), TfliteNetwork(TWIN)
        self.clock = ManualClock()
        self.port = Port(stand_in, manifest, fates)
        self.tpu = EdgeTpu(
            self.port.start,
            SelfTest.by_cpu([TWIN]),
            is_listed=lambda: self.port.is_listed,
            now_s=self.clock.monotonic_s,
            deadlines=DEADLINES,
        )
        self.network = PlacedNetwork(self.cpu, TWIN, self.tpu)

    def frame(self, number: int) -> Backend:
        """One frame; its answer must be right, by whomever."""
        self.clock.advance(FRAME_S)
        batch = np.random.default_rng(number).uniform(-1, 1, (number % MOST_ROWS + 1, 24, 24, 3)).astype(np.float32)
        is_serving = self.tpu.report().state is State.SERVING
        with self.port.frame() if is_serving else nullcontext():
            answer = self.network(batch)
        expected = (self.twin if self.network.backend is Backend.EDGETPU else self.cpu)(batch)
        assert set(answer) == set(expected)
        for name, values in expected.items():
            np.testing.assert_array_equal(answer[name], values)
        return self.network.backend

    def time_passes(self) -> None:
        """Long enough for the next attempt, and until it has come to an end; a hanging one is not waited for."""
        self.clock.advance(60)
        self.port.is_listed = True
        self.tpu.advance()
        if self.port.hangs_while_opening:
            self.clock.advance(60)
        self.tpu.settle()


def test_every_frame_is_answered_and_nothing_is_left_behind(
    stand_in: Path, manifest: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    fates = drawn(N_FATES, seed=4, most_served=MOST_SERVED)
    door = Door(stand_in, manifest, fates)
    lottery = np.random.default_rng(4)
    before = Belongings.now()
    door.tpu.settle()
    backends = []
    for number in range(N_FRAMES):
        backends.append(door.frame(number))
        if door.tpu.is_degraded() and lottery.random() < 0.5:
            door.time_passes()
    while door.tpu.is_degraded():
        door.time_passes()
    report = door.tpu.report()
    assert door.port.n_met == N_FATES
    assert sum(fate.kind not in IT_LIVES for fate in fates) == N_FATES * 2 / 3
    assert report.n_failures >= N_FATES  # on a machine that is too busy to answer in time a child may die of that, too
    assert report.state is State.SERVING
    assert door.frame(N_FRAMES) is Backend.EDGETPU
    assert backends.count(Backend.EDGETPU) > N_FRAMES / 2
    lines = [record.getMessage()[:26] for record in caplog.records]
    told = [line for line in lines if "is open" not in line]  # the first time that it serves is no recovery
    assert told == ["The Edge TPU does not work", "The Edge TPU works again a"] * report.n_recoveries
    door.tpu.close()
    assert Belongings.now() == before


@contextmanager
def unit(stand_in: Path, manifest: Path, what: str, *, told: str = "") -> Iterator[subprocess.Popen[str]]:
    """A process of its own that has an Edge TPU."""
    command = [sys.executable, "-c", UNIT, str(stand_in), str(manifest), what]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    environment = {**os.environ, "MUSTER_STAND_IN": told}
    with subprocess.Popen(command, env=environment, start_new_session=True, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def has_ended(pidfd: int) -> bool:
    """Whether a process ends, be it another's child, within half a minute."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(30_000))


@pytest.mark.parametrize(("what", "told"), [("opens", "hang open"), ("asks", "hang 2"), ("waits", "")])
def test_a_unit_that_is_killed_leaves_no_child_whatever_that_does(stand_in: Path, manifest: Path, what: str, told: str) -> None:
    with unit(stand_in, manifest, what, told=told) as process, ended_at_last(int(process.stdout.readline())) as pidfd:
        process.kill()
        assert has_ended(pidfd)


def test_what_is_typed_at_the_unit_is_not_for_its_child(stand_in: Path, manifest: Path) -> None:
    with unit(stand_in, manifest, "opens") as process:
        child = int(process.stdout.readline())
        assert Path(f"/proc/{child}/fd/0").readlink() == Path(os.devnull)


def test_ctrl_c_is_for_the_unit_and_its_child_answers_until_the_unit_ends(stand_in: Path, manifest: Path) -> None:
    with unit(stand_in, manifest, "waits") as process:
        child = int(process.stdout.readline())
        os.kill(child, signal.SIGINT)  # as systemd and a terminal send them to everybody at once
        os.kill(child, signal.SIGTERM)
        os.killpg(process.pid, signal.SIGINT)
        assert process.communicate()[0] == "answered\n"
        assert process.returncode == 0


def test_a_forked_copy_of_the_unit_that_ends_does_not_take_the_child_along(stand_in: Path, manifest: Path) -> None:
    with unit(stand_in, manifest, "forks") as process:
        process.stdout.readline()
        assert process.communicate("")[0] == "answered\n"


def test_other_programs_that_the_unit_begins_get_nothing_of_the_child(stand_in: Path, manifest: Path) -> None:
    door = Door(stand_in, manifest, [])
    door.tpu.settle()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False) as other:
        held = [str(path.readlink()) for path in Path(f"/proc/{other.pid}/fd").iterdir()]
    door.tpu.close()
    assert not [link for link in held if "memfd" in link or "socket" in link]
