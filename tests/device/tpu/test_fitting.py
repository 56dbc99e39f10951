"""Each network in its place: what is decided when, what is said of it, and what becomes of it when the Edge TPU fails."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.device.compiled import CompiledSpec
from edge.device.fakes import ManualClock
from edge.device.manifest import NetworkSpec, read_spec
from edge.device.tpu.candidates import Candidate, Wish
from edge.device.tpu.edgetpu import EdgeTpu, State
from edge.device.tpu.fitting import Fitting
from edge.device.tpu.placement import as_in_a_frame
from edge.device.tpu.process import Opened, TpuFailure
from edge.device.tpu.selftest import SelfTest
from edge.device.tpu.timings import Bench, Cache
from edge.errors import ModelError
from edge.types import NETWORKS, Backend
from models import MANIFEST

TWINS = {name: read_spec(MANIFEST, name, variant="int8") for name in NETWORKS}
BATCHES = {name: as_in_a_frame(spec) for name, spec in TWINS.items()}
SLOW, FAST = {"pnet": 2.0, "rnet": 1.0, "onet": 1.0, "facenet": 30.0}, {"pnet": 5.0, "rnet": 9.0, "onet": 8.0, "facenet": 10.0}
"""Milliseconds of a call on the CPU, and on an Edge TPU that is the faster one for FaceNet alone."""
AS_WISHED = dict.fromkeys(NETWORKS, Wish.AUTO)


class OnCpu:
    """A network of the CPU that takes its time."""

    backend = Backend.CPU

    def __init__(self, clock: ManualClock, name: str) -> None:
        self.clock, self.name, self.spec = clock, name, read_spec(MANIFEST, name)

    def __call__(self, batch: np.ndarray) -> dict[str, np.ndarray]:
        self.clock.advance(SLOW[self.name] / 1000)
        return {"where": np.zeros(len(batch))}


class Child:
    """A process of an Edge TPU that takes its time, and fails at one of its calls."""

    def __init__(self, site: Site) -> None:
        self.site, self.is_closed = site, False

    def opened(self, wait_s: float) -> Opened:
        return Opened(self.site.what["runtime"], {})

    def run(self, name: str, rows: np.ndarray, *, deadline_s: float) -> list[np.ndarray]:
        self.site.n_calls += 1
        if self.site.n_calls in self.site.fails_at:
            raise TpuFailure("its process was ended by SIGABRT")
        self.site.clock.advance(self.site.edgetpu_ms[name] / 1000)
        return [np.zeros((len(rows), *output.shape[1:]), np.int8) for output in TWINS[name].outputs]

    def check(self) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True


class Site:
    """A unit with a stick beside it, and everything that a test moves."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.folder = ManualClock(), folder
        self.edgetpu_ms: Mapping[str, float] = FAST
        self.is_listed, self.usb_mbps = True, 5000.0
        self.absent = "it is not plugged in"
        self.fails_at: set[int] = set()
        self.what = {"compiled file": "compiled", "file of the CPU": "0" * 64, "runtime": "tflite-runtime 2.14.0"}
        self.n_calls = self.n_left = self.n_looks = 0
        self.children: list[Child] = []

    def start(self) -> Child:
        self.children.append(Child(self))
        return self.children[-1]

    def surroundings(self) -> dict[str, float]:
        self.n_looks += 1
        return {"usb_mbps": self.usb_mbps}

    def absence(self) -> str:
        return self.absent

    def close(self) -> None:
        self.n_left += 1

    def fitting(self, wishes: Mapping[str, Wish] = AS_WISHED) -> Fitting:
        """As at a start: the Edge TPU is opened if it is there, and what can be decided is."""
        tpu = EdgeTpu(self.start, SelfTest({}, {}), is_listed=lambda: self.is_listed, now_s=self.clock.monotonic_s)
        cpu = {name: OnCpu(self.clock, name) for name in NETWORKS}
        for network in cpu.values():
            network.spec = replace(network.spec, sha256=self.what["file of the CPU"])
        bench = Bench(Cache(self.folder / "placement.json"), self.surroundings, self.clock.monotonic_s)
        fitting = Fitting([self.candidate(name, wish) for name, wish in wishes.items()], cpu, tpu, bench=bench, port=self)
        tpu.settle()
        fitting.decide()
        return fitting

    def candidate(self, name: str, wish: Wish) -> Candidate:
        compiled = CompiledSpec(TWINS[name], Path(f"{name}-int8_edgetpu.tflite"), f"{self.what['compiled file']} {name}")
        return Candidate(name, wish, None if wish is Wish.CPU else compiled)

    def rest(self, fitting: Fitting, seconds: float) -> None:
        """Nobody is at the door."""
        for _ in range(round(seconds * 10)):
            self.clock.advance(0.1)
            fitting.is_degraded()


def sides(fitting: Fitting) -> str:
    return " ".join(f"{name}={network.place.backend.value}" for name, network in fitting.networks.items())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


CPU_BUT_FACENET = "pnet=cpu rnet=cpu onet=cpu facenet=edgetpu"
ALL_CPU = "pnet=cpu rnet=cpu onet=cpu facenet=cpu"


def test_each_network_goes_where_it_is_faster_and_says_why(site: Site) -> None:
    fitting = site.fitting()
    assert sides(fitting) == CPU_BUT_FACENET
    assert str(fitting) == (
        "Where the networks run: pnet on the CPU (measured: Edge TPU 5.0 ms, CPU 2.0 ms); rnet on the CPU (measured: Edge TPU"
        " 9.0 ms, CPU 1.0 ms); onet on the CPU (measured: Edge TPU 8.0 ms, CPU 1.0 ms); facenet on the Edge TPU (measured: Edge"
        " TPU 10.0 ms, CPU 30.0 ms)."
    )
    assert fitting.report().state is State.SERVING


def test_each_batch_says_where_it_ran_and_is_counted(site: Site) -> None:
    fitting = site.fitting()
    facenet, rnet = fitting.networks["facenet"], fitting.networks["rnet"]
    assert (facenet.backend, rnet.backend) == (Backend.EDGETPU, Backend.CPU)
    for _ in range(3):
        assert set(facenet(BATCHES["facenet"])) == {"template"}
    rnet(BATCHES["rnet"])
    rnet(BATCHES["rnet"][:0])
    site.fails_at = {site.n_calls + 1}
    assert set(facenet(BATCHES["facenet"])) == {"where"}, "the CPU has answered"
    assert (facenet.backend, rnet.backend) == (Backend.CPU, Backend.CPU)
    assert fitting.ran() == {"pnet": {}, "rnet": {"cpu": 1}, "onet": {}, "facenet": {"edgetpu": 3, "cpu": 1}}
    assert fitting.is_degraded()


def test_the_next_start_measures_nothing(site: Site) -> None:
    site.fitting()
    n_calls, now_s = site.n_calls, site.clock.now_s
    assert sides(site.fitting()) == CPU_BUT_FACENET
    assert (site.n_calls, site.clock.now_s) == (n_calls, now_s)


@pytest.mark.parametrize("what", ["compiled file", "file of the CPU", "runtime"])
def test_another_file_or_runtime_is_measured_anew(site: Site, what: str) -> None:
    site.fitting()
    n_calls = site.n_calls
    site.fitting()
    assert site.n_calls == n_calls
    site.what[what] = "another"
    site.fitting()
    assert site.n_calls > n_calls


def test_what_there_was_no_time_for_is_measured_at_the_next_start(site: Site) -> None:
    site.edgetpu_ms = dict(FAST) | {"pnet": 2500.0}
    told = str(site.fitting())
    assert "rnet, onet, facenet on the CPU (the others took all the time for measuring)" in told
    assert sides(site.fitting()) == CPU_BUT_FACENET


def test_what_is_configured_is_not_measured(site: Site) -> None:
    fitting = site.fitting({"pnet": Wish.EDGETPU, "rnet": Wish.CPU, "onet": Wish.CPU, "facenet": Wish.CPU})
    assert sides(fitting) == "pnet=edgetpu rnet=cpu onet=cpu facenet=cpu"
    assert str(fitting) == (
        "Where the networks run: pnet on the Edge TPU (as configured); rnet, onet, facenet on the CPU (as configured)."
    )
    assert site.n_calls == 0
    assert not (site.folder / "placement.json").exists()
    assert fitting.spec("pnet", Backend.EDGETPU).path == Path("pnet-int8_edgetpu.tflite")
    assert fitting.spec("facenet", Backend.CPU).path.name == "facenet-int8.tflite"


@pytest.mark.parametrize("is_listed", [True, False])
def test_what_belongs_on_an_edge_tpu_that_does_not_serve_is_not_said_to_run_there(site: Site, is_listed: bool) -> None:
    site.is_listed, site.fails_at = is_listed, {1}
    fitting = site.fitting({"pnet": Wish.CPU, "rnet": Wish.CPU, "onet": Wish.CPU, "facenet": Wish.EDGETPU})
    facenet = fitting.networks["facenet"]
    assert facenet.backend is (Backend.EDGETPU if is_listed else Backend.CPU)
    facenet(BATCHES["facenet"])
    assert facenet.backend is Backend.CPU
    assert str(fitting) == (
        "Where the networks run, on the CPU until the Edge TPU serves and then so: pnet, rnet, onet on the CPU (as configured);"
        " facenet on the Edge TPU (as configured)."
        if is_listed
        else "No Edge TPU is plugged in; until one is, every network runs on the CPU."
    )


def test_an_edge_tpu_that_is_of_no_use_is_left_alone(site: Site) -> None:
    site.edgetpu_ms = dict.fromkeys(NETWORKS, 500.0)
    fitting = site.fitting()
    assert sides(fitting) == ALL_CPU
    assert [child.is_closed for child in site.children] == [True]
    assert (fitting.report().state, fitting.report().reason) == (
        State.ABSENT,
        "it is left alone: no network was found to save 10 % of the CPU's time on it",
    )
    assert site.n_left == 1, "others may have it"
    assert str(fitting).startswith("Where the networks run: pnet on the CPU (measured: Edge TPU 500.0 ms, CPU 2.0 ms); rnet")
    assert str(fitting).endswith("). The Edge TPU is closed again and left alone until the next start.")
    site.rest(fitting, 100)
    assert len(site.children) == 1
    assert not fitting.is_degraded()


def test_a_network_that_cannot_run_there_says_why(site: Site) -> None:
    cpu = {"facenet": OnCpu(site.clock, "facenet")}
    obstacle = ModelError("facenet.tflite: is missing. Make it.")
    fitting = Fitting([Candidate("facenet", Wish.AUTO, obstacle=obstacle)], cpu, None, bench=Bench(Cache(site.folder), dict))
    assert str(fitting) == "Where the networks run: facenet on the CPU (facenet.tflite: is missing)."
    assert fitting.report() is None
    assert not fitting.is_degraded()


# The stick comes later


def test_a_stick_that_is_plugged_in_later_is_measured_once_nobody_waits(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    site.is_listed = False
    fitting = site.fitting()
    assert str(fitting) == "No Edge TPU is plugged in; until one is, every network runs on the CPU."
    assert sides(fitting) == ALL_CPU
    site.is_listed = True
    for _ in range(30):
        site.clock.advance(0.1)
        fitting.networks["facenet"](BATCHES["facenet"])
    assert (sides(fitting), site.children) == (ALL_CPU, []), "somebody is at the door"
    before_s = site.clock.now_s
    site.rest(fitting, 2)
    assert sides(fitting) == CPU_BUT_FACENET
    assert site.clock.now_s - before_s <= 2 + 2, "two seconds of rest, and at most two that it was measured"
    assert [line for line in caplog.messages if line.startswith("Where the networks run")] == [str(fitting)]
    n_calls = site.n_calls
    site.rest(fitting, 100)
    assert site.n_calls == n_calls, "once"


def test_one_that_comes_back_is_measured_again_on_another_port_alone(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    fitting = site.fitting({"pnet": Wish.EDGETPU, "rnet": Wish.CPU, "onet": Wish.AUTO, "facenet": Wish.AUTO})
    n_calls = site.n_calls
    for speed, facenet_ms, expected in ((5000.0, 10.0, Backend.EDGETPU), (480.0, 400.0, Backend.CPU)):
        site.is_listed = False
        site.rest(fitting, 3)
        site.is_listed, site.usb_mbps, site.edgetpu_ms = True, speed, dict(FAST) | {"facenet": facenet_ms}
        assert not [line for line in caplog.messages if line.startswith("Where")]
        site.rest(fitting, 100)
        assert fitting.networks["facenet"].place.backend is expected
        assert (site.n_calls > n_calls) is (speed == 480)
    assert fitting.report().n_recoveries == 2
    assert site.n_looks == 3 * 2, "at the start and once after each recovery, for two networks"
    assert len([line for line in caplog.messages if line.startswith("Where")]) == 1
    assert fitting.networks["pnet"].place.reason == "as configured"


def test_what_failed_while_it_was_measured_is_measured_again_when_it_serves(site: Site) -> None:
    site.fails_at = {20}
    fitting = site.fitting()
    assert sides(fitting) == ALL_CPU
    assert "not measured yet" in str(fitting)
    assert fitting.is_degraded()
    assert not (site.folder / "placement.json").exists()
    site.rest(fitting, 10)
    assert sides(fitting) == CPU_BUT_FACENET
    assert fitting.report().n_recoveries == 1


def test_one_that_fails_whenever_it_is_measured_is_given_up(site: Site) -> None:
    site.fails_at = set(range(1, 1000, 10))
    fitting = site.fitting()
    site.rest(fitting, 300)
    assert sides(fitting) == ALL_CPU
    assert "the Edge TPU failed 3 times while it was measured" in str(fitting)
    assert site.n_calls == 21, "it failed at the first call, the eleventh and the next"
    assert fitting.report().state is State.SERVING, "it is still looked after, and its failures are told"
    assert not (site.folder / "placement.json").exists(), "the next start tries again"


def test_where_another_stick_is_there_than_the_one_that_is_meant_both_are_named(site: Site) -> None:
    site.is_listed, site.absent = False, 'accelerator.device = "usb:3" is not plugged in; there is usb:0 (USB 2-1)'
    fitting = site.fitting()
    assert str(fitting) == f"{site.absent}. Until it is, every network runs on the CPU."
    assert (fitting.report().state, fitting.report().reason) == (State.ABSENT, site.absent)
    assert not fitting.is_degraded()


# The file that runs


def test_the_file_and_the_spec_are_those_of_the_side(site: Site) -> None:
    fitting = site.fitting()
    spec: NetworkSpec = fitting.spec("facenet", Backend.EDGETPU)
    assert (spec.path.name, spec.variant, spec.sha256) == ("facenet-int8_edgetpu.tflite", "int8", "compiled facenet")
    assert fitting.spec("facenet", Backend.CPU).path.name == "facenet-int8.tflite"
    assert fitting.spec("pnet", Backend.CPU).path.name == "pnet-float32.tflite"
