"""What the doctor says of an Edge TPU that serves a unit at work: nobody else opens that."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from doctor.units import NETWORKS, NOWHERE, Examine
from edgetpu.plugged import READY, plug

from edge import status
from edge.device.lock import FILE_NAME, alone
from edge.device.tpu.library import LibraryPlaces
from edge.device.tpu.linker import Linker
from edge.doctor import Places, State
from edge.status import AcceleratorStatus, NetworkStatus, Status
from edge.types import Backend

SINCE = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def left(
    data: Path, *, state: str, reason: str = "", failures: int = 0, backends: Sequence[str] = ("cpu", "cpu", "cpu", "edgetpu")
) -> None:
    """A status of this process."""
    networks = tuple(
        NetworkStatus(
            name, f"{name}.tflite", "int8", Backend.EDGETPU if name == "facenet" else Backend.CPU, Backend(backend), "why"
        )
        for name, backend in zip(NETWORKS, backends, strict=True)
    )
    own = AcceleratorStatus(
        state=state,
        reason=reason,
        since_utc=SINCE,
        n_failures=failures,
        n_recoveries=failures,
        runtime="tflite-runtime 2.14.0",
        self_test="facenet's template is 0.0011 from the CPU's (0.04 is allowed)",
        library="libedgetpu.so.1",
        device="",
    )
    status.write(data / status.FILE_NAME, Status(os.getpid(), "1", SINCE, SINCE, None, networks, own))


def test_one_that_serves_a_unit_at_work_is_not_opened(look: Examine, places: Places, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    with alone(tmp_path):
        left(tmp_path, state="serving")
        found = look(replace(places, environment={"MUSTER_STAND_IN": "abort open"}))
    assert found["edge tpu use"].state is State.OK
    assert found["edge tpu use"].sentence == (
        f"`muster run` (process {os.getpid()}) uses it (tflite-runtime 2.14.0) since 2026-11-22 08:00:00 UTC,"
        " and it has not failed; its self-test: facenet's template is 0.0011 from the CPU's (0.04 is allowed)"
    )
    assert found["placement"].sentence == "now on the CPU: pnet, rnet, onet (why); on the Edge TPU: facenet (why)"


def test_degraded_says_since_when_and_why(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    with alone(tmp_path):
        left(tmp_path, state="degraded", reason="its process died of SIGABRT", failures=2, backends=("cpu",) * 4)
        found = look()
        demanded = look(kind="edgetpu")
    assert found["edge tpu use"].state is State.WARNING
    assert (
        "degraded since 2026-11-22 08:00:00 UTC: its process died of SIGABRT; the CPU answers" in found["edge tpu use"].sentence
    )
    assert "2 failures" in found["edge tpu use"].sentence
    assert demanded["edge tpu use"].state is State.FAULT
    assert found["placement"].state is State.WARNING
    assert "on the CPU, due on the Edge TPU: facenet" in found["placement"].sentence


LIBRARY = "install libedgetpu1-std 16.0tf2.17.1 or newer"


@pytest.mark.parametrize(
    ("reason", "wrong", "advice"),
    [
        (
            "its process died of SIGSEGV while it loaded the library and opened the Edge TPU",
            "libedgetpu.so.1 crashes the process that loads it",
            f"{LIBRARY} in its place",
        ),
        (
            "its process died of SIGABRT; it said: transfer on tag 2 failed. Abort. Deadline exceeded: USB transfer error 2",
            "Abort. Deadline exceeded: USB transfer error 2; the CPU answers",
            "its connection over USB broke: another cable, another blue port, a stronger supply, or a powered USB 3 hub",
        ),
        (
            "libedgetpu.so.1 is not installed. Install libedgetpu1-std 16.0tf2.17.1 or newer: docs/install.md says",
            "libedgetpu.so.1 is not installed; the CPU",
            f"{LIBRARY}: docs/install.md says",
        ),
        (
            "it is busy: process 9 (vim notes. Reinstall x) has it. End that one, or name another: accelerator.device",
            "it is busy: process 9 (vim notes. Reinstall x) has it; the CPU",
            "end that one, or name another: accelerator.device",
        ),
        ("its self-test went wrong: onet is 80 steps off", "its self-test went wrong", "compile the networks again"),
        (
            "it did not answer within 1.56 s",
            "it did not answer within 1.56 s",
            "unplug it and plug it in again; if that does not",
        ),
    ],
)
def test_what_is_to_be_done_goes_by_the_reason(look: Examine, tmp_path: Path, reason: str, wrong: str, advice: str) -> None:
    plug(tmp_path, "2-1", READY)
    with alone(tmp_path):
        left(tmp_path, state="degraded", reason=reason, failures=2, backends=("cpu",) * 4)
        found = look()["edge tpu use"]
    assert wrong in found.sentence
    assert found.advice.startswith(advice)


def test_one_that_was_pulled_out_is_missed(look: Examine, places: Places, tmp_path: Path) -> None:
    with alone(tmp_path):
        left(tmp_path, state="degraded", reason="it is not plugged in", failures=1, backends=("cpu",) * 4)
        found = look()
        without = replace(places, library=LibraryPlaces(Linker((), NOWHERE, ()), NOWHERE))
        assert look(without)["edge tpu library"].state is State.WARNING, "it will be needed"
    assert (found["edge tpu"].state, found["edge tpu"].sentence) == (
        State.WARNING,
        f"none is plugged in, and `muster run` (process {os.getpid()}) misses it; the networks run on the CPU",
    )
    assert found["edge tpu"].advice == "plug it in, into a blue port (USB 3); it is found by itself"
    assert "degraded since" in found["edge tpu use"].sentence
    assert found["edge tpu use"].advice.startswith("plug it in, into a blue port (USB 3), and it is found by itself; if nobody")


def test_recovered_says_how_often_and_when(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    with alone(tmp_path):
        left(tmp_path, state="serving", failures=3)
        found = look()["edge tpu use"]
    assert found.state is State.WARNING
    assert "recovered: it failed 3 times and serves again since 2026-11-22 08:00:00 UTC" in found.sentence


def test_one_that_is_absent_or_being_opened_is_told_as_it_is(look: Examine, tmp_path: Path) -> None:
    with alone(tmp_path):
        left(tmp_path, state="absent", reason="it is not plugged in", backends=("cpu",) * 4)
        absent = look()["edge tpu use"]
        left(tmp_path, state="opening", backends=("cpu",) * 4)
        opening = look()["edge tpu use"]
    who = f"`muster run` (process {os.getpid()})"
    assert (absent.state, absent.sentence) == (State.OK, f"{who}: absent since 2026-11-22 08:00:00 UTC: it is not plugged in")
    assert (opening.state, opening.sentence) == (State.OK, f"{who}: opening since 2026-11-22 08:00:00 UTC")


def test_a_unit_that_was_started_without_it_is_to_be_started_anew(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    with alone(tmp_path):
        left(tmp_path, state="serving")
        found = status.read(tmp_path / status.FILE_NAME)
        assert found
        status.write(tmp_path / status.FILE_NAME, replace(found, accelerator=None))
        use = look()["edge tpu use"]
    assert (use.state, use.sentence.partition(") ")[2]) == (State.WARNING, "was started without it")
    assert use.advice == "start it anew to have it used"


def test_what_the_unit_itself_has_open_is_not_called_busy(look: Examine, tmp_path: Path) -> None:
    node = plug(tmp_path, "2-1", READY)
    (tmp_path / "proc/77/fd").mkdir(parents=True)
    (tmp_path / "proc/77/fd/9").symlink_to(node)
    with alone(tmp_path):
        left(tmp_path, state="serving")
        assert look()["edge tpu"].state is State.OK


def test_a_unit_that_has_left_no_status_keeps_the_doctor_off_all_the_same(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    with alone(tmp_path):
        found = look()["edge tpu use"]
    assert found.state is State.WARNING
    assert "has left no status" in found.sentence


def test_a_unit_that_has_not_yet_said_which_process_it_is_has_no_number(look: Examine, tmp_path: Path) -> None:
    node = plug(tmp_path, "2-1", READY)
    (tmp_path / "proc/77/fd").mkdir(parents=True)
    (tmp_path / "proc/77/fd/9").symlink_to(node)
    with alone(tmp_path):
        (tmp_path / FILE_NAME).write_text("")
        found = look()
    assert found["edge tpu use"].sentence.startswith("`muster run` is at work and has left no status")
    assert found["edge tpu"].state is State.OK, "what it has open is its own affair"


def test_where_nobody_can_say_whether_a_unit_is_at_work_it_is_not_opened(look: Examine, places: Places, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    (tmp_path / FILE_NAME).mkdir()
    found = look(replace(places, environment={"MUSTER_STAND_IN": "abort open"}))["edge tpu use"]
    assert found.state is State.WARNING
    assert found.sentence.startswith("nobody can say whether a `muster run` is at work")
    assert "--data" in found.advice


@pytest.mark.parametrize("change", [{"pid": 1}, {"stopped_utc": SINCE}])
def test_what_another_unit_left_or_one_that_is_ending_is_not_taken_for_it(
    look: Examine, tmp_path: Path, change: dict[str, object]
) -> None:
    plug(tmp_path, "2-1", READY)
    left(tmp_path, state="serving")
    found = status.read(tmp_path / status.FILE_NAME)
    assert found
    status.write(tmp_path / status.FILE_NAME, replace(found, **change))
    with alone(tmp_path):
        assert "has left no status" in look()["edge tpu use"].sentence


def test_what_a_unit_left_that_was_killed_is_not_believed(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    left(tmp_path, state="degraded", reason="long ago", failures=2)
    found = look()
    assert "its self-test is right" in found["edge tpu use"].sentence
    assert "rnet, onet (last time on the CPU, why)" in found["placement"].sentence
