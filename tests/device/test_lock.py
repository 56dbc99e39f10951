"""One loop in one folder, and whoever asks whether there is one is in nobody's way."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from edge.device.lock import FILE_NAME, PAUSES_S, alone, at_work
from edge.errors import DeviceError


def test_a_second_loop_in_the_same_folder_is_refused_and_told_what_to_do(tmp_path: Path) -> None:
    waited: list[float] = []
    with (
        alone(tmp_path),
        pytest.raises(DeviceError) as caught,
        alone(tmp_path, pause=waited.append),
    ):
        pass
    who, what = f"another `muster run` (process {os.getpid()}) is at work in {tmp_path}", f"Stop it first (`kill {os.getpid()}`)"
    assert str(caught.value) == f"{who}. {what}, or name another folder with --data."
    assert sum(waited) < 0.5
    assert at_work(tmp_path) is None


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with alone(tmp_path):
            pass


def test_other_folders_are_nobodys_business(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with alone(tmp_path / "a"), alone(tmp_path / "b"):
        pass


def test_who_is_at_work_is_known_and_no_longer_when_it_has_ended(tmp_path: Path) -> None:
    assert at_work(tmp_path) is None, "nobody was ever here"
    with alone(tmp_path):
        assert at_work(tmp_path) == os.getpid()
        assert at_work(tmp_path) == os.getpid(), "asking changes nothing"
    assert at_work(tmp_path) is None
    assert at_work(tmp_path / "missing") is None


def test_a_loop_that_was_killed_is_not_at_work_whatever_it_left(tmp_path: Path) -> None:
    script = "from edge.device.lock import *; import sys\nwith alone(Path(sys.argv[1])): print(1, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", script, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        assert at_work(tmp_path) == process.pid
        process.send_signal(signal.SIGKILL)
        process.wait(20)
    assert (tmp_path / FILE_NAME).read_text() == f"{process.pid}\n"
    assert at_work(tmp_path) is None
    with alone(tmp_path):
        assert at_work(tmp_path) == os.getpid()


def test_whoever_only_asks_keeps_no_loop_from_starting(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).touch()
    asking = (tmp_path / FILE_NAME).open()
    fcntl.flock(asking, fcntl.LOCK_SH)
    waited: list[float] = []

    def pause(seconds: float) -> None:
        waited.append(seconds)
        asking.close()

    with alone(tmp_path, pause=pause):
        assert at_work(tmp_path) == os.getpid()
    assert waited == [PAUSES_S[0]]


def test_two_who_ask_at_once_do_not_take_each_other_for_a_loop(tmp_path: Path) -> None:
    with alone(tmp_path):
        pass
    with (tmp_path / FILE_NAME).open() as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert at_work(tmp_path) is None


def test_a_lock_that_says_nothing_is_still_somebodys(tmp_path: Path) -> None:
    with ExitStack() as stack:
        file = stack.enter_context((tmp_path / FILE_NAME).open("w"))
        fcntl.flock(file, fcntl.LOCK_EX)
        assert at_work(tmp_path) == 0
        file.write("-7 of somebody else\n")
        file.flush()
        assert at_work(tmp_path) == 0, "nor does it name a process that nobody wrote"
        with pytest.raises(DeviceError, match=r"^another `muster run` is at work in .*\. Stop it first, or"):
            stack.enter_context(alone(tmp_path, pause=lambda _: None))


def test_a_folder_that_may_not_be_looked_into_is_said(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(DeviceError, match=r"nobody can say .*Is a directory.*--data"):
        at_work(tmp_path)
