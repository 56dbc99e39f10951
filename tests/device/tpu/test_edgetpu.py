"""What becomes of an Edge TPU that fails: the CPU at once, one line in the log, opened again after ever longer pauses."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterable
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.device.fakes import ManualClock
from edge.device.manifest import NetworkSpec, TensorSpec
from edge.device.tpu.attempts import Attempts
from edge.device.tpu.edgetpu import EdgeTpu, State
from edge.device.tpu.process import Opened, TpuFailure
from edge.device.tpu.selftest import SelfTest
from edge.device.tpu.spawn import END_S

LOGIT = TensorSpec("logit", (1, 1), "int8", 0.1, 0)
SPEC = NetworkSpec(
    "rnet", "m", "int8", Path("rnet"), "0" * 64, (), TensorSpec("image", (1, 2, 2, 3), "int8", 1 / 128, 0), (LOGIT,)
)
RIGHT = [np.array([[5]], np.int8)]
WRONG = [np.array([[-90]], np.int8)]
OPENED = Opened("tflite-runtime 2.14.0", {"rnet": RIGHT})
ROWS = np.zeros((3, 2, 2, 3), np.int8)
ANSWER = [np.zeros((3, 1), np.int8)]
ABORTED = TpuFailure("its process was ended by SIGABRT: USB transfer error 2.")
TURN_S = 0.1


class Child:
    """A scripted `TpuProcess`: each of its calls takes the next line, and the last line for ever."""

    def __init__(
        self, *, opens: Iterable[object] = (OPENED,), runs: Iterable[object] = (ANSWER,), lives: Iterable[object] = (None,)
    ) -> None:
        self.opens, self.runs, self.lives = list(opens), list(runs), list(lives)
        self.waits_s: list[float] = []
        self.deadlines_s: list[float] = []
        self.n_closed = 0

    def opened(self, wait_s: float) -> Opened | None:
        self.waits_s.append(wait_s)
        return self._next(self.opens)

    def run(self, name: str, rows: np.ndarray, *, deadline_s: float) -> list[np.ndarray]:
        assert (name, rows.shape) == ("rnet", ROWS.shape)
        self.deadlines_s.append(deadline_s)
        return self._next(self.runs)

    def check(self) -> None:
        self._next(self.lives)

    def close(self) -> None:
        self.n_closed += 1

    def _next(self, lines: list):
        assert not self.n_closed, "a child that was ended is asked"
        line = lines.pop(0) if len(lines) > 1 else lines[0]
        if isinstance(line, Exception):
            raise line
        return line() if callable(line) else line


class Port:
    """Where the stick is plugged in, the clock beside it, and the children that were started for it."""

    def __init__(self, *children: Child | OSError, spare: Callable[[], Child] = Child, is_demanded: bool = False) -> None:
        self.clock = ManualClock()
        self.is_listed: bool | OSError = True
        self.started: list[Child] = []
        self.starts_s: list[float] = []
        self._children, self._spare = list(children), spare
        self.tpu = EdgeTpu(
            self._start,
            SelfTest({"rnet": SPEC}, {"rnet": RIGHT}),
            is_listed=self._listed,
            now_s=self.clock.monotonic_s,
            is_demanded=is_demanded,
        )

    def _start(self) -> Child:
        self.starts_s.append(self.clock.now_s)
        child = self._children.pop(0) if self._children else self._spare()
        if isinstance(child, OSError):
            raise child
        assert all(old.n_closed == 1 for old in self.started), "two children want the one stick"
        self.started.append(child)
        return child

    def _listed(self) -> bool:
        if isinstance(self.is_listed, OSError):
            raise self.is_listed
        return self.is_listed

    def run(self) -> list[np.ndarray] | None:
        return self.tpu.run("rnet", ROWS)

    def go_on(self, seconds: float) -> None:
        """Turns of the unit's loop, a tenth of a second each."""
        for _ in range(round(seconds / TURN_S)):
            self.clock.advance(TURN_S)
            self.run()


@pytest.fixture(autouse=True)
def every_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def lines(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == level]


def test_an_edge_tpu_that_works_answers(caplog: pytest.LogCaptureFixture) -> None:
    port = Port()
    port.tpu.settle()
    assert port.run() is ANSWER
    assert not port.tpu.is_degraded()
    report = port.tpu.report()
    assert (report.state, report.reason, report.runtime) == (State.SERVING, "", "tflite-runtime 2.14.0")
    assert (report.n_failures, report.n_recoveries) == (0, 0)
    told = "rnet is 0.0 steps off (6 are allowed)"
    assert lines(caplog, logging.INFO) == [f"The Edge TPU is open (tflite-runtime 2.14.0). Its self-test: {told}."]
    assert report.self_test == told
    assert not lines(caplog, logging.ERROR)


def test_one_that_is_demanded_leaves_it_to_whoever_waits_to_say_why_it_does_not_serve(caplog: pytest.LogCaptureFixture) -> None:
    port = Port(dead_while_opening(), Child(runs=[ABORTED]), is_demanded=True)
    port.tpu.settle()
    assert (port.tpu.report().state, caplog.messages) == (State.DEGRADED, [])
    assert "SIGABRT" in port.tpu.report().reason
    port.go_on(2)
    assert len(lines(caplog, logging.ERROR)) == 1, "once it has served it is as any other"


def test_settling_may_be_left_before_it_is_open_and_fails_when_the_time_is_over() -> None:
    port = Port(Child(opens=[None]))
    port.tpu.settle(0.05)
    assert (port.tpu.report().state, port.started[0].waits_s) == (State.OPENING, [0.05])
    port.clock.advance(14.99)
    port.tpu.settle(0.05)
    assert port.tpu.report().state is State.DEGRADED
    assert port.started[0].waits_s[-1] == pytest.approx(0.01), "no longer than an opening may take"


def test_a_request_has_two_seconds_and_some_of_them_are_for_ending_a_child_that_hangs() -> None:
    port = Port(Child())
    port.tpu.settle()
    port.run()
    [deadline_s] = port.started[0].deadlines_s
    assert 1.5 < deadline_s <= 2 - 2 * END_S  # one that hangs up and then waits for a device is waited for twice


def test_while_it_is_opened_the_cpu_answers_and_nobody_waits() -> None:
    port = Port(Child(opens=[None, None, OPENED]))
    assert [port.run() for _ in range(4)] == [None, None, None, ANSWER]
    assert port.started[0].waits_s == [0, 0, 0]


def test_the_first_opening_is_no_trouble() -> None:
    port = Port(Child(opens=[None]))
    port.run()
    assert not port.tpu.is_degraded()
    assert (port.tpu.report().state, port.tpu.report().reason) == (State.OPENING, "")


def test_a_request_that_fails_is_the_cpus_and_the_log_says_what_happened(caplog: pytest.LogCaptureFixture) -> None:
    port = Port(Child(runs=[ANSWER, ABORTED]))
    port.tpu.settle()
    assert port.run() is ANSWER
    port.clock.advance(0.5)
    assert port.run() is None
    assert port.started[0].n_closed == 1
    assert port.tpu.is_degraded()
    report = port.tpu.report()
    assert (report.state, report.since_s, report.n_failures) == (State.DEGRADED, 0.5, 1)
    assert report.reason == "its process was ended by SIGABRT: USB transfer error 2"
    assert lines(caplog, logging.ERROR) == [
        "The Edge TPU does not work: its process was ended by SIGABRT: USB transfer error 2. "
        "The CPU answers now; it is tried again in 1 s. `muster doctor` looks for the cause."
    ]


def test_after_a_second_it_is_opened_and_tested_and_serves_again(caplog: pytest.LogCaptureFixture) -> None:
    port = Port(Child(runs=[ABORTED]), Child(opens=[None, OPENED]))
    port.tpu.settle()
    assert port.run() is None
    port.clock.advance(0.9)
    assert port.run() is None
    assert len(port.started) == 1
    port.clock.advance(0.1)
    assert port.run() is None
    assert port.run() is None
    assert port.tpu.report().state is State.DEGRADED
    assert port.run() is ANSWER
    assert not port.tpu.is_degraded()
    report = port.tpu.report()
    assert (report.state, report.reason, report.n_failures, report.n_recoveries) == (State.SERVING, "", 1, 1)
    assert lines(caplog, logging.INFO)[-1] == "The Edge TPU works again after 1 s (tflite-runtime 2.14.0)."


def test_it_comes_back_though_nobody_stands_at_the_door() -> None:
    port = Port(Child(runs=[ABORTED]))
    port.tpu.settle()
    port.run()
    degraded = []
    for _ in range(13):
        port.clock.advance(TURN_S)
        degraded.append(port.tpu.is_degraded())
    assert degraded[:10] == [True] * 10
    assert not degraded[-1]


def dead_while_opening() -> Child:
    return Child(opens=[ABORTED])


def dead_at_its_first_call() -> Child:
    return Child(runs=[ABORTED])


def wrong() -> Child:
    return Child(opens=[Opened("r", {"rnet": WRONG})])


@pytest.mark.parametrize("broken", [dead_while_opening, dead_at_its_first_call, wrong])
def test_a_broken_one_is_tried_after_1_2_5_15_60_and_60_seconds(broken: Callable[[], Child]) -> None:
    port = Port(spare=broken)
    port.run()
    port.go_on(240)
    pauses = np.diff(port.starts_s)
    np.testing.assert_allclose(pauses, [1, 2, 5, 15, 60, 60, 60], atol=2.5 * TURN_S)
    assert all(child.n_closed == 1 for child in port.started)


@pytest.mark.parametrize("broken", [dead_while_opening, wrong])
def test_one_that_stays_broken_fills_no_log(caplog: pytest.LogCaptureFixture, broken: Callable[[], Child]) -> None:
    port = Port(spare=broken)
    port.run()
    port.go_on(600)
    assert len(lines(caplog, logging.ERROR)) == 1
    assert not lines(caplog, logging.INFO)
    assert port.tpu.report().n_failures == len(port.started)
    assert port.tpu.report().since_s == pytest.approx(TURN_S)


def test_the_report_gives_the_latest_reason() -> None:
    port = Port(Child(runs=[ABORTED]), Child(opens=[TpuFailure("no Edge TPU can be opened")]))
    port.tpu.settle()
    port.run()
    port.go_on(2)
    assert port.tpu.report().reason == "no Edge TPU can be opened"


def test_after_a_minute_of_service_the_pauses_begin_anew() -> None:
    port = Port(Child(runs=[ABORTED]), Child(runs=[ABORTED]), Child(runs=[*[ANSWER] * 700, ABORTED]))
    port.run()
    port.go_on(200)
    np.testing.assert_allclose(np.diff(port.starts_s), [1, 2, 71], atol=4 * TURN_S)


def test_a_minute_without_an_answer_is_no_service() -> None:
    port = Port(*[dead_at_its_first_call() for _ in range(3)])
    port.run()
    port.go_on(2)  # two have died
    for _ in range(3000):
        port.clock.advance(TURN_S)
        port.tpu.is_degraded()
    assert len(port.started) == 3
    assert port.run() is None
    died_s = port.clock.now_s
    port.go_on(6)
    assert port.starts_s[-1] - died_s == pytest.approx(5, abs=2 * TURN_S)


def test_one_that_does_not_open_within_15_seconds_is_ended() -> None:
    port = Port(Child(opens=[None]))
    port.run()
    port.go_on(14.8)
    assert (port.started[0].n_closed, port.tpu.is_degraded()) == (0, False)
    port.go_on(0.4)
    assert (port.started[0].n_closed, port.tpu.is_degraded()) == (1, True)
    assert "not open within 15 s" in port.tpu.report().reason


def test_at_the_start_the_opening_is_waited_for_but_not_for_ever() -> None:
    port = Port(Child(opens=[None]))
    port.tpu.settle()
    assert port.started[0].waits_s == [15]
    assert port.started[0].n_closed == 1
    assert port.tpu.is_degraded()


def test_what_computes_wrongly_is_asked_nothing() -> None:
    port = Port(wrong())
    port.tpu.settle()
    assert port.run() is None
    assert port.started[0].deadlines_s == []
    assert "self-test" in port.tpu.report().reason
    assert "rnet" in port.tpu.report().reason


def test_without_a_stick_nothing_is_started_and_nothing_is_amiss(caplog: pytest.LogCaptureFixture) -> None:
    port = Port()
    port.is_listed = False
    port.tpu.settle()
    port.go_on(200)
    assert not port.started
    assert not port.tpu.is_degraded()
    assert (port.tpu.report().state, port.tpu.report().reason) == (State.ABSENT, "it is not plugged in")
    assert not caplog.records


def test_one_that_is_plugged_in_later_is_used_within_a_second() -> None:
    port = Port()
    port.is_listed = False
    port.go_on(30)
    port.is_listed = True
    port.go_on(1.1)
    assert port.run() is ANSWER
    assert port.tpu.report().state is State.SERVING


def test_one_that_is_away_for_a_moment_while_it_gets_its_firmware_is_not_taken_for_pulled_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    port = Port(Child(opens=[*[None] * 30, OPENED]))
    port.run()
    port.is_listed = False
    port.go_on(2.5)
    assert port.tpu.report().state is State.OPENING
    port.is_listed = True
    port.go_on(1)
    assert port.run() is ANSWER
    assert port.tpu.report().n_failures == 0
    assert not lines(caplog, logging.ERROR)


def test_one_that_is_pulled_out_is_missed_within_a_second(caplog: pytest.LogCaptureFixture) -> None:
    port = Port()
    port.tpu.settle()
    port.is_listed = False
    for _ in range(11):
        port.clock.advance(TURN_S)
        port.tpu.is_degraded()
    assert port.started[0].n_closed == 1
    assert (port.tpu.report().state, port.tpu.report().reason) == (State.DEGRADED, "it is not plugged in")
    assert lines(caplog, logging.ERROR) == [
        "The Edge TPU does not work: it is not plugged in. The CPU answers now; it is tried again when it is plugged in."
    ]
    port.go_on(3600)
    assert len(port.started) == 1
    assert port.tpu.is_degraded()
    port.is_listed = True
    port.go_on(1.1)
    assert port.run() is ANSWER
    assert lines(caplog, logging.INFO)[-1].startswith("The Edge TPU works again after 60 minutes")


@pytest.mark.parametrize("error", [ABORTED, OSError(errno.ENOMEM, "Cannot allocate memory")])
def test_one_that_dies_while_nobody_asks_it_is_missed_within_a_second_and_back_after_another(error: Exception) -> None:
    port = Port(Child(lives=[None, error]))
    port.tpu.settle()
    degraded = []
    for _ in range(35):
        port.clock.advance(TURN_S)
        degraded.append(port.tpu.is_degraded())
    assert degraded.index(True) <= 21
    assert not degraded[-1]
    assert port.tpu.report().n_failures == 1
    assert port.run() is ANSWER


def test_while_nobody_can_say_whether_it_is_plugged_in_it_goes_on_as_it_is() -> None:
    unknown = OSError(errno.EMFILE, "Too many open files")
    working, away, broken = Port(), Port(), Port(Child(runs=[ABORTED]))
    away.is_listed = False
    for port in (working, away, broken):
        port.tpu.settle()
        port.is_listed = unknown
        port.go_on(70)
    assert working.run() is ANSWER
    assert (away.started, away.tpu.report().state) == ([], State.ABSENT)
    assert broken.tpu.report().reason == "its process was ended by SIGABRT: USB transfer error 2"
    broken.is_listed = away.is_listed = True
    for port in (away, broken):
        port.go_on(1.2)
        assert port.run() is ANSWER


def test_one_that_is_pulled_out_before_its_first_call_is_named_so(caplog: pytest.LogCaptureFixture) -> None:
    port = Port(Child(runs=[ABORTED]))
    port.tpu.settle()
    port.is_listed = False
    assert port.run() is None
    assert port.tpu.report().reason == "it is not plugged in"
    [line] = lines(caplog, logging.ERROR)
    assert "SIGABRT" in line
    assert "tried again when it is plugged in" in line


def test_whoever_pulls_it_out_and_plugs_it_in_again_does_not_wait_for_a_long_pause() -> None:
    port = Port(*[dead_while_opening() for _ in range(6)])
    port.run()
    port.go_on(100)  # within the first pause of 60 s
    assert len(port.started) == 6
    port.is_listed = False
    port.go_on(1.1)
    port.is_listed = True
    port.go_on(1.2)
    assert port.run() is ANSWER


def test_one_that_is_plugged_in_again_begins_with_the_short_pauses() -> None:
    port = Port(spare=dead_while_opening)
    port.run()
    port.go_on(100)
    port.is_listed = False
    port.go_on(1.1)
    port.is_listed = True
    n_before = len(port.starts_s)
    port.go_on(12)
    np.testing.assert_allclose(np.diff(port.starts_s[n_before:]), [1, 2, 5], atol=2.5 * TURN_S)


def test_one_that_is_pulled_out_after_it_failed_is_named_so() -> None:
    port = degraded()
    port.is_listed = False
    port.go_on(1.1)
    assert port.tpu.report().reason == "it is not plugged in"


def test_a_port_that_throws_it_out_at_each_use_is_not_tried_every_second() -> None:
    def thrown_out() -> Child:
        def throw() -> None:
            port.is_listed = False
            raise ABORTED

        return Child(opens=[throw])

    port = Port(spare=thrown_out)
    for _ in range(3600):
        port.go_on(0.5)
        port.is_listed = True
        port.go_on(0.5)
    assert len(port.started) < 120


@pytest.mark.parametrize("error", [OSError(errno.EMFILE, "Too many open files"), OSError(errno.ENOMEM, "Cannot allocate memory")])
def test_a_child_that_cannot_be_started_is_a_failure_like_others(error: OSError) -> None:
    port = Port(error)
    assert port.run() is None
    assert port.tpu.is_degraded()
    assert error.strerror in port.tpu.report().reason
    port.go_on(1.3)
    assert port.run() is ANSWER


def test_an_error_of_the_system_at_a_request_is_a_failure_like_others() -> None:
    port = Port(Child(runs=[OSError(errno.ENOMEM, "Cannot allocate memory")]))
    port.tpu.settle()
    assert port.run() is None
    assert port.started[0].n_closed == 1
    assert port.tpu.is_degraded()


def opening() -> Port:
    port = Port(Child(opens=[None]))
    port.run()
    return port


def serving() -> Port:
    port = Port()
    port.tpu.settle()
    return port


def degraded() -> Port:
    port = Port(Child(runs=[ABORTED]))
    port.tpu.settle()
    port.run()
    return port


@pytest.mark.parametrize("prepared", [Port, opening, serving, degraded])
def test_closed_in_any_state_it_leaves_no_child_and_begins_none(prepared: Callable[[], Port]) -> None:
    port = prepared()
    n_started = len(port.started)
    port.tpu.close()
    port.tpu.close()
    port.tpu.settle()
    port.go_on(100)
    assert len(port.started) == n_started
    assert all(child.n_closed == 1 for child in port.started)
    assert not port.tpu.is_degraded()
    assert port.run() is None


LIVES: dict[str, Callable[[], Child | OSError]] = {
    "serves": Child,
    "dies opening": dead_while_opening,
    "dies at its first call": dead_at_its_first_call,
    "dies at its third call": lambda: Child(runs=[ANSWER, ANSWER, ABORTED]),
    "computes wrongly": wrong,
    "never opens": lambda: Child(opens=[None]),
    "cannot be started": lambda: OSError(errno.EAGAIN, "Resource temporarily unavailable"),
}
STEPS = st.lists(st.sampled_from(["run", "ask", "pull out", "plug in", "wait 0.3", "wait 1", "wait 20", "wait 700"]), max_size=60)


@given(st.lists(st.sampled_from(sorted(LIVES)), max_size=12), STEPS)
def test_whatever_happens_there_is_one_child_at_most_and_no_lie(lives: list[str], steps: list[str]) -> None:
    port = Port(*[LIVES[life]() for life in lives])
    for step in steps:
        word, _, number = step.partition(" ")
        port.clock.advance(float(number) if word == "wait" else 0)
        port.is_listed = {"pull out": False, "plug in": True}.get(step, port.is_listed)
        answer = port.run() if word == "run" else None
        is_degraded = port.tpu.is_degraded()
        report = port.tpu.report()
        n_alive = sum(not child.n_closed for child in port.started)
        assert n_alive == (report.state in {State.OPENING, State.SERVING} or (is_degraded and n_alive == 1))
        assert is_degraded == (report.state is State.DEGRADED)
        assert bool(report.reason) == (report.state in {State.ABSENT, State.DEGRADED})
        assert answer is None or report.state is State.SERVING
        assert report.n_recoveries <= report.n_failures
    port.tpu.close()
    assert all(child.n_closed == 1 for child in port.started)


def seconds_an_opening(services_s: Iterable[float], *, n: int = 1000) -> float:
    """How far apart the openings are of one that serves for so long each time, in turn."""
    attempts, now_s = Attempts(), 0.0
    for served_s in islice(cycle(services_s), n):
        now_s += served_s
        attempts.fail(now_s, served_s=served_s)
        now_s += attempts.pause_s
        assert attempts.is_due(now_s)
    return now_s / n


@pytest.mark.parametrize("served_s", [0, 0.1, 1, 5, 30, 59.9, 60, 61, 100])
def test_one_that_always_fails_alike_is_opened_once_a_minute_at_most(served_s: float) -> None:
    assert seconds_an_opening([served_s]) > 59


def test_the_worst_that_a_stick_can_do_is_to_serve_for_a_minute_when_the_longest_pause_is_next() -> None:
    assert seconds_an_opening([60, 0, 0, 0]) == pytest.approx(83 / 4, rel=0.01)
    for n_short in range(12):
        assert seconds_an_opening([60] + [0] * n_short) >= 83 / 4 - 0.1
