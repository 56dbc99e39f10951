"""Which side is the faster, found in two seconds at most, and remembered for as long as it holds."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pytest

from edge.device.fakes import ManualClock
from edge.device.manifest import read_spec
from edge.device.tpu.placement import LIMIT_S, Contest, Timing, as_in_a_frame, measure
from edge.device.tpu.timings import Bench, Cache
from edge.types import NETWORKS, Backend
from models import MANIFEST

BATCH = np.zeros((1, 2, 2, 3), np.float32)
KEY = {"compiled": "c0", "cpu": "c1", "library": "1b", "usb_mbps": 5000.0, "threads": 2}
SPOILT = [
    "",
    "{",
    "[]",
    "null",
    '{"facenet": 7}',
    '{"facenet": {}}',
    "\x00\x01",
    '{"facenet": {"cpu_ms": NaN}}',
    "7" * 5000,
    "[" * 100_000,
]


class Side:
    """A network that takes so long for each call, the last time for ever, and ends up on the CPU after so many calls."""

    def __init__(self, clock: ManualClock, *calls_ms: float, n_good: int = 10**9) -> None:
        self.clock, self.calls_ms, self.n_good = clock, list(calls_ms), n_good
        self.n_calls = 0

    @property
    def backend(self) -> Backend:
        return Backend.EDGETPU if self.n_calls <= self.n_good else Backend.CPU

    def __call__(self, batch: np.ndarray) -> dict[str, np.ndarray]:
        self.clock.advance(self.calls_ms[min(self.n_calls, len(self.calls_ms) - 1)] / 1000)
        self.n_calls += 1
        return {}


class Race:
    """Networks with both sides, and the clock that they are timed by."""

    def __init__(self, **both_ms: tuple[float, float]) -> None:
        self.clock = ManualClock()
        self.contests = {
            name: Contest(Side(self.clock, cpu), Side(self.clock, edgetpu), BATCH) for name, (cpu, edgetpu) in both_ms.items()
        }

    def run(self) -> dict[str, Timing] | None:
        return measure(self.contests, now_s=self.clock.monotonic_s)

    def n_calls(self, name: str) -> tuple[int, int]:
        return self.contests[name].cpu.n_calls, self.contests[name].edgetpu.n_calls


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "placement.json"


# The faster of the two


@pytest.mark.parametrize(
    ("cpu_ms", "edgetpu_ms", "backend"),
    [
        (30, 10, Backend.EDGETPU),
        (10, 30, Backend.CPU),
        (10, 10, Backend.CPU),
        (10, 9.5, Backend.CPU),
        (10, 8.9, Backend.EDGETPU),
    ],
)
def test_the_faster_one_is_taken_and_a_tie_goes_to_the_cpu(cpu_ms: float, edgetpu_ms: float, backend: Backend) -> None:
    place = Race(onet=(cpu_ms, edgetpu_ms)).run()["onet"].place
    assert place.backend is backend
    measured, rule = (
        f"measured: Edge TPU {edgetpu_ms:.1f} ms, CPU {cpu_ms:.1f} ms",
        "; it would have to save 10 % of the CPU's time",
    )
    assert place.reason == (measured + rule if edgetpu_ms == 9.5 else measured)


def test_neither_the_first_call_nor_a_single_slow_one_decides() -> None:
    race = Race(facenet=(30, 10))
    race.contests["facenet"].edgetpu.calls_ms = [300, 10, 10, 200, 10]
    assert race.run()["facenet"] == Timing(30, 10)


def test_where_there_is_time_for_two_calls_the_second_counts() -> None:
    race = Race(facenet=(250, 450))
    race.contests["facenet"].cpu.calls_ms, race.contests["facenet"].edgetpu.calls_ms = [300, 250], [500, 450]
    assert race.run()["facenet"] == Timing(250, 450)
    assert race.n_calls("facenet") == (2, 2)


def test_both_sides_take_turns_and_no_more_often_than_is_needed() -> None:
    race = Race(rnet=(1, 2))
    race.run()
    assert race.n_calls("rnet") == (16, 16)


def test_it_takes_two_seconds_at_most_on_a_slow_port() -> None:
    """A Pi 4 with the stick on USB 2, as one might expect it: FaceNet 400 ms there and 150 ms on the CPU."""
    race = Race(pnet=(20, 30), rnet=(8, 40), onet=(4, 20), facenet=(150, 400))
    timings = race.run()
    assert race.clock.now_s <= LIMIT_S
    assert list(timings) == list(NETWORKS)
    assert race.n_calls("facenet")[0] >= 1
    assert timings["facenet"] == Timing(150, 400)


def test_a_network_for_which_there_was_no_time_is_not_told() -> None:
    race = Race(pnet=(900, 1200), rnet=(1, 1))
    assert list(race.run()) == ["pnet"]
    assert race.n_calls("pnet") == (1, 1)
    assert race.n_calls("rnet") == (0, 0)


def test_where_the_edge_tpu_fails_meanwhile_nothing_was_measured() -> None:
    race = Race(pnet=(2, 1), facenet=(30, 10))
    race.contests["facenet"].edgetpu.n_good = 3
    assert race.run() is None


@pytest.mark.parametrize(("name", "shape"), [("rnet", (16, 24, 24, 3)), ("onet", (4, 48, 48, 3)), ("facenet", (1, 160, 160, 3))])
def test_both_are_shown_as_much_as_a_frame_has(name: str, shape: tuple[int, ...]) -> None:
    batch = as_in_a_frame(read_spec(MANIFEST, name, variant="int8"))
    assert (batch.shape, batch.dtype) == (shape, np.float32)
    assert -1 <= batch.min() < batch.max() <= 1


# What was measured before


def test_what_was_measured_holds_at_the_next_start(path: Path) -> None:
    first, second = Race(pnet=(1, 2), facenet=(30, 10)), Race(pnet=(7, 7), facenet=(7, 7))
    files = {"pnet": {"cpu": "p"}, "facenet": {"cpu": "f"}}
    for race in (first, second):
        bench = Bench(Cache(path), lambda: {"usb_mbps": 5000.0}, race.clock.monotonic_s)
        assert bench.timings(race.contests, files) == {"pnet": Timing(1, 2), "facenet": Timing(30, 10)}
    assert second.clock.now_s == 0


def test_on_another_port_all_is_measured_again(path: Path) -> None:
    for speed, race in ((5000.0, Race(facenet=(30, 10))), (480.0, Race(facenet=(30, 80)))):
        bench = Bench(Cache(path), lambda speed=speed: {"usb_mbps": speed}, race.clock.monotonic_s)
        timings = bench.timings(race.contests, {"facenet": {"cpu": "f"}})
    assert timings == {"facenet": Timing(30, 80)}


def test_only_what_has_changed_is_measured_again(path: Path) -> None:
    for facenet, race in (("old", Race(pnet=(1, 2), facenet=(30, 10))), ("new", Race(pnet=(7, 7), facenet=(50, 20)))):
        bench = Bench(Cache(path), dict, race.clock.monotonic_s)
        timings = bench.timings(race.contests, {"pnet": {"cpu": "p"}, "facenet": {"cpu": facenet}})
    assert timings == {"pnet": Timing(1, 2), "facenet": Timing(50, 20)}
    assert race.n_calls("pnet") == (0, 0)


@pytest.mark.parametrize("what", KEY)
def test_another_file_library_link_or_number_of_threads_is_another_measurement(path: Path, what: str) -> None:
    cache = Cache(path)
    cache.keep({"facenet": KEY}, {"facenet": Timing(30, 10)})
    assert cache.read({"facenet": KEY}) == {"facenet": Timing(30, 10)}
    assert cache.read({"facenet": KEY | {what: 480.0}}) == {}


@pytest.mark.parametrize("content", SPOILT, ids=range(len(SPOILT)))
def test_a_damaged_cache_is_made_anew(path: Path, content: str) -> None:
    path.write_text(content)
    cache = Cache(path)
    assert cache.read({"facenet": KEY}) == {}
    cache.keep({"facenet": KEY}, {"facenet": Timing(30, 10)})
    assert Cache(path).read({"facenet": KEY}) == {"facenet": Timing(30, 10)}


@pytest.mark.parametrize("ms", [0, -1, float("inf"), float("nan"), None, "fast", [1], 10**400], ids=lambda ms: f"{ms!r:.9}")
def test_a_time_that_cannot_be_is_no_time(path: Path, ms: object) -> None:
    Cache(path).keep({"facenet": KEY}, {"facenet": Timing(30, 10)})
    kept = json.loads(path.read_text())
    kept["facenet"]["edgetpu_ms"] = ms
    path.write_text(json.dumps(kept))
    assert Cache(path).read({"facenet": KEY}) == {}


def test_what_was_measured_while_the_edge_tpu_failed_is_not_kept(path: Path) -> None:
    race = Race(pnet=(2, 1), facenet=(30, 10))
    race.contests["facenet"].edgetpu.n_good = 1
    assert Bench(Cache(path), dict, race.clock.monotonic_s).timings(race.contests, {"pnet": {}, "facenet": {}}) is None
    assert not path.exists()


def test_a_cache_that_cannot_be_written_keeps_nobody_from_starting(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    race = Race(facenet=(30, 10))
    bench = Bench(Cache(tmp_path / "missing" / "placement.json"), dict, race.clock.monotonic_s)
    assert bench.timings(race.contests, {"facenet": {}}) == {"facenet": Timing(30, 10)}
    assert "the next start measures again" in caplog.text
