"""The Edge TPU's process as the unit has it: the same bytes come out, and what fails at work has its words."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from edgetpu.asking import (
    PLENTY_S,
    SOON_S,
    TWINS,
    Begin,
    assert_same,
    await_death,
    failure,
    refusal,
    rows,
    served,
)

from edge.device.interpreter import PROVEN_FIRST, RUNTIMES, Interpreter, runtime_name_and_version
from edge.device.tpu.process import TpuProcess
from edge.device.tpu.selftest import picture

pytestmark = [pytest.mark.native, pytest.mark.usefixtures("nothing_is_left_behind")]


def test_it_says_what_runs_it_and_what_it_answers_to_the_self_test(serving: TpuProcess) -> None:
    opened = serving.opened(0)
    module, version = runtime_name_and_version(PROVEN_FIRST)
    assert opened.runtime == f"{RUNTIMES[module]} {version}"
    assert "stand-in" in opened.library
    assert list(opened.answers) == ["rnet", "onet"]
    for name, twin in TWINS.items():
        assert_same(opened.answers[name], Interpreter(twin).run(picture(twin)))


def assert_as_the_twins(process: TpuProcess) -> None:
    for name, n in (("onet", 7), ("rnet", 1), ("onet", 3), ("rnet", 13)):
        twin = Interpreter(TWINS[name])
        given = rows(n, name)
        expected = [np.concatenate(parts) for parts in zip(*[twin.run(row[np.newaxis]) for row in given], strict=True)]
        actual = process.run(name, given, deadline_s=PLENTY_S)
        assert_same(actual, expected)
        assert all(array.flags.writeable and array.flags.owndata for array in actual)


def test_bytes_come_back_as_the_twin_computes_them(serving: TpuProcess) -> None:
    assert_as_the_twins(serving)


def test_what_does_not_fit_at_once_goes_in_parts(begin: Begin) -> None:
    process = begin("rnet", "onet", region_bytes=3 * 6912 + 1)
    process.opened(PLENTY_S)
    assert_as_the_twins(process)


def test_no_rows_have_no_answers_and_need_no_process(begin: Begin) -> None:
    process = begin(told="abort 2")
    process.opened(PLENTY_S)
    assert [answer.shape for answer in process.run("rnet", rows(0), deadline_s=0)] == [(0, 1), (0, 4)]


@pytest.mark.parametrize("wrong", [rows(1, "onet"), rows(1).astype(np.uint8), rows(1)[0]])
def test_rows_that_it_does_not_take_are_the_callers_mistake(serving: TpuProcess, wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="rnet takes int8 rows"):
        serving.run("rnet", wrong, deadline_s=PLENTY_S)
    assert len(served(serving)) == 2


def test_to_begin_it_takes_no_time_and_it_is_not_open_before_it_says_so(begin: Begin) -> None:
    process = begin(told="hang open")
    assert process.opened(0) is None
    assert "not open" in failure(lambda: served(process))


def test_it_is_found_from_any_folder_and_takes_nothing_from_there(
    begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json.py", "edge.py", "numpy.py"):
        (tmp_path / name).write_text("raise SystemExit('what lies about here was run')")
    monkeypatch.chdir(tmp_path)
    assert begin().opened(PLENTY_S)


WITHOUT = """
import os, sys
from pathlib import Path
import numpy as np
from edge.device.tpu.process import Order, TpuProcess

library, manifest, *closed = sys.argv[1:]
for number in closed:
    os.close(int(number))
process = TpuProcess.start(Order(library, "", Path(manifest), ("rnet",)))
assert process.opened(60)
assert process.run("rnet", np.zeros((1, 24, 24, 3), np.int8), deadline_s=60)
process.close()
os._exit(0)
"""
"""A unit that was begun without some of stdin, stdout and stderr: their numbers are given to what it opens next."""


@pytest.mark.parametrize("closed", ["0", "1 2", "0 1 2"])
def test_a_unit_without_stdin_stdout_or_stderr_has_it_too(stand_in: Path, two_networks: Path, closed: str) -> None:
    command = [sys.executable, "-c", WITHOUT, str(stand_in), str(two_networks), *closed.split()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_it_leaves_no_core_that_would_hold_a_face_and_has_a_session_of_its_own(serving: TpuProcess) -> None:
    assert resource.prlimit(serving.pid, resource.RLIMIT_CORE) == (0, 0)
    assert int(Path(f"/proc/{serving.pid}/coredump_filter").read_text(), 16) == 0
    assert os.getsid(serving.pid) == serving.pid


def test_the_library_is_loaded_there_and_not_here(serving: TpuProcess, stand_in: Path) -> None:
    assert str(stand_in) in Path(f"/proc/{serving.pid}/maps").read_text()
    assert str(stand_in) not in Path("/proc/self/maps").read_text()


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("abort 3", "its process died of SIGABRT; it said: F driver/usb/usb_driver.cc:857] transfer on tag 2 failed. Abort."),
        ("kill 3", "its process died of SIGKILL"),
        ("segv 3", "its process died of SIGSEGV"),
        ("error 3", "it could not run rnet (Node number"),
    ],
)
def test_how_it_failed_is_said_in_words(begin: Begin, told: str, words: str) -> None:
    process = begin(told=told)
    process.opened(PLENTY_S)
    assert len(served(process)) == 2
    assert failure(lambda: served(process, 3)).startswith(words)


@pytest.mark.parametrize("told", ["hang 2", "hang 4"])
def test_who_does_not_answer_in_time_is_not_waited_for(begin: Begin, told: str) -> None:
    process = begin(told=told)
    process.opened(PLENTY_S)
    began = time.monotonic()
    assert failure(lambda: process.run("rnet", rows(3), deadline_s=SOON_S)) == "it did not answer within 0.2 s"
    assert SOON_S <= time.monotonic() - began < 10


def test_one_deadline_is_for_all_rows_together(begin: Begin) -> None:
    process = begin(told="slow 50", region_bytes=2000)
    process.opened(PLENTY_S)
    assert "did not answer" in failure(lambda: process.run("rnet", rows(20), deadline_s=SOON_S))


def test_a_stopped_process_is_not_waited_for_and_can_be_ended(begin: Begin) -> None:
    process = begin()
    process.opened(PLENTY_S)
    os.kill(process.pid, signal.SIGSTOP)
    assert "did not answer" in failure(lambda: process.run("rnet", rows(1), deadline_s=SOON_S))
    process.close()
    assert not Path(f"/proc/{process.pid}").exists()


def test_one_that_was_killed_is_missed_without_a_request(begin: Begin) -> None:
    process = begin()
    process.opened(PLENTY_S)
    process.check()
    served(process)
    process.check()
    os.kill(process.pid, signal.SIGKILL)
    await_death(process)
    assert failure(process.check) == "its process died of SIGKILL"


@pytest.mark.parametrize("n_served", [0, 2])
def test_one_that_was_killed_between_two_requests_is_missed_at_the_next(begin: Begin, n_served: int) -> None:
    process = begin()
    process.opened(PLENTY_S)
    for _ in range(n_served):
        served(process)
    os.kill(process.pid, signal.SIGKILL)
    await_death(process)
    for _ in range(2):
        assert failure(lambda: served(process)) == "its process died of SIGKILL"


def test_one_that_is_killed_while_it_opens_is_missed(begin: Begin) -> None:
    process = begin(told="hang open")
    os.kill(process.pid, signal.SIGKILL)
    assert "died of SIGKILL while it loaded the library and opened the Edge TPU" in refusal(process)


def test_after_the_end_nothing_is_answered_and_ending_it_twice_is_allowed(begin: Begin) -> None:
    process = begin()
    process.opened(PLENTY_S)
    process.close()
    process.close()
    assert not Path(f"/proc/{process.pid}").exists()
    assert "not open" in failure(lambda: served(process))
    assert "not open" in refusal(process)


@pytest.mark.parametrize(("told", "deadline_s"), [("slow 100", PLENTY_S), ("hang 2", SOON_S)])
def test_signals_neither_end_a_wait_nor_lengthen_it(begin: Begin, told: str, deadline_s: float) -> None:
    process = begin(told=told)
    process.opened(PLENTY_S)
    heard: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: heard.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    try:
        began = time.monotonic()
        if told == "hang 2":
            assert "did not answer" in failure(lambda: process.run("rnet", rows(1), deadline_s=deadline_s))
            assert time.monotonic() - began < 10
        else:
            assert len(process.run("rnet", rows(1), deadline_s=deadline_s)) == 2
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(heard) > 2
