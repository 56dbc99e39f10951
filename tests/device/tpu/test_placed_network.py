"""A network with two places: exactly what the int8 file gives on the Edge TPU, the CPU's own answer wherever that fails."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from edgetpu.compiled_models import with_compiled

from edge.device.fakes import ManualClock
from edge.device.interpreter import Interpreter
from edge.device.manifest import read_spec
from edge.device.network import TfliteNetwork, load
from edge.device.tpu.edgetpu import Deadlines, EdgeTpu
from edge.device.tpu.network import PlacedNetwork
from edge.device.tpu.process import Opened, Order, TpuFailure, TpuProcess
from edge.device.tpu.selftest import SelfTest
from edge.types import Backend
from models import MANIFEST

pytestmark = pytest.mark.native


class Here:
    """A scripted `TpuProcess` that computes the twin in this process, and fails when it is told."""

    def __init__(self, name: str) -> None:
        self.spec = read_spec(MANIFEST, name, variant="int8")
        self.interpreter = Interpreter(self.spec)
        self.self_test = SelfTest.by_cpu([self.spec])
        self.n_requests = 0
        self.fails = False

    def opened(self, wait_s: float) -> Opened:
        return Opened("here", self.self_test.expected)

    def run(self, name: str, rows: np.ndarray, *, deadline_s: float) -> list[np.ndarray]:
        self.n_requests += 1
        if self.fails:
            raise TpuFailure("its process died of SIGKILL")
        parts = [self.interpreter.run(row[None]) for row in rows]
        return [np.concatenate(part) for part in zip(*parts, strict=True)]

    def check(self) -> None:
        pass

    def close(self) -> None:
        self.fails = False


class Placed:
    """One network on a scripted Edge TPU, and both of its places alone."""

    def __init__(self, name: str) -> None:
        self.process, self.clock = Here(name), ManualClock()
        tpu = EdgeTpu(lambda: self.process, self.process.self_test, is_listed=lambda: True, now_s=self.clock.monotonic_s)
        tpu.settle()
        self.cpu, self.twin = load(MANIFEST, name, variant="float32"), TfliteNetwork(self.process.spec)
        self.network = PlacedNetwork(self.cpu, self.process.spec, tpu)


@pytest.fixture
def placed() -> Placed:
    return Placed("onet")


def noise(n: int, height: int = 48, width: int = 48) -> np.ndarray:
    return np.random.default_rng(n).uniform(-1, 1, (n, height, width, 3)).astype(np.float32)


def same(answer: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> bool:
    return list(answer) == list(expected) and all(
        answer[name].dtype == np.float32 and np.array_equal(answer[name], values) for name, values in expected.items()
    )


@pytest.mark.parametrize("n", [1, 3, 17])
def test_a_batch_is_what_the_int8_file_gives(placed: Placed, n: int) -> None:
    answer = placed.network(noise(n))
    assert same(answer, placed.twin(noise(n)))
    assert not same(answer, placed.cpu(noise(n)))
    assert placed.network.backend is Backend.EDGETPU
    assert placed.process.n_requests == 1


def test_an_empty_batch_is_no_call_and_ran_nowhere(placed: Placed) -> None:
    answer = placed.network(noise(0))
    assert {name: values.shape for name, values in answer.items()} == {
        "logit": (0, 1),
        "offsets": (0, 4),
        "landmarks": (0, 5, 2),
    }
    assert placed.process.n_requests == 0
    placed.process.fails = True
    placed.network(noise(1))
    placed.network(noise(0))
    assert placed.network.backend is Backend.CPU


def test_before_the_first_batch_it_says_where_it_is_placed(placed: Placed) -> None:
    assert placed.network.backend is Backend.EDGETPU


def test_a_batch_that_fails_is_the_cpus_from_the_first_row_on(placed: Placed) -> None:
    placed.process.fails = True
    assert same(placed.network(noise(5)), placed.cpu(noise(5)))
    assert placed.network.backend is Backend.CPU


def test_it_goes_back_to_the_edge_tpu_when_that_works_again(placed: Placed) -> None:
    placed.process.fails = True
    placed.network(noise(2))
    assert same(placed.network(noise(3)), placed.cpu(noise(3)))
    placed.clock.advance(1)
    placed.network(noise(1))
    assert placed.network.backend is Backend.CPU  # that one began to open it
    assert same(placed.network(noise(3)), placed.twin(noise(3)))
    assert placed.network.backend is Backend.EDGETPU


def test_another_canvas_than_the_compiled_one_runs_on_the_cpu_and_says_so() -> None:
    placed = Placed("pnet")
    height, width = placed.process.spec.input.shape[1:3]
    other, compiled = noise(1, height + 8, width - 8), noise(1, height, width)
    assert same(placed.network(other), placed.cpu(other))
    assert placed.network.backend is Backend.CPU
    assert placed.process.n_requests == 0
    assert same(placed.network(compiled), placed.twin(compiled))
    assert placed.network.backend is Backend.EDGETPU


def test_a_size_that_neither_takes_is_the_callers_mistake(placed: Placed) -> None:
    with pytest.raises(ValueError, match="rows of"):
        placed.network(noise(1, 47, 48))


@pytest.mark.parametrize("name", ["rnet", "facenet"])
def test_through_a_process_of_its_own_it_is_the_same(stand_in: Path, tmp_path: Path, name: str) -> None:
    spec = read_spec(MANIFEST, name, variant="int8")
    order = Order(str(stand_in), "", with_compiled(tmp_path, [name]), (name,))
    tpu = EdgeTpu(
        lambda: TpuProcess.start(order), SelfTest.by_cpu([spec]), is_listed=lambda: True, deadlines=Deadlines(60.0, 60.0)
    )
    tpu.settle()
    twin = TfliteNetwork(spec)
    network = PlacedNetwork(twin, spec, tpu)
    batch = noise(2, *spec.input.shape[1:3])
    assert same(network(batch), twin(batch))
    assert network.backend is Backend.EDGETPU
    tpu.close()
    assert same(network(batch), twin(batch))
    assert network.backend is Backend.CPU
