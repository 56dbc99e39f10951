"""What a unit at work leaves about itself, and what `muster status` says of it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from edge import __version__, wiring
from edge.cli import main
from edge.device.lock import alone
from edge.status import FILE_NAME, AcceleratorStatus, NetworkStatus, Status, StatusFile, read, write
from edge.types import NETWORKS, Backend

ROOT = Path(__file__).parent.parent
Ask = Callable[..., tuple[int, str]]
START = datetime(2026, 11, 22, 7, tzinfo=UTC)
CPU, EDGETPU = Backend.CPU, Backend.EDGETPU
ALL_CPU = dict.fromkeys(NETWORKS, CPU)
FACENET_AWAY = ALL_CPU | {"facenet": EDGETPU}
PLANNED = (
    *(NetworkStatus(name, f"{name}-float32.tflite", "float32", CPU, CPU, "it is faster there") for name in NETWORKS[:3]),
    NetworkStatus(
        "facenet", "facenet-int8_edgetpu.tflite", "int8", EDGETPU, EDGETPU, "it is faster there", "facenet-int8.tflite"
    ),
)
NEAR = "facenet's template is 0.0011 from the CPU's (0.04 is allowed)"
SERVING = AcceleratorStatus("serving", "", START, 0, 0, "tflite-runtime 2.14.0", NEAR, "libedgetpu.so.1", "usb:0")
FAILED = replace(SERVING, state="degraded", reason="its process was ended by signal 6", n_failures=1)
STATUS = Status(os.getpid(), "0.1.0", START, START, None, PLANNED, SERVING)


class Unit:
    """A status file with a clock and an accelerator that a test moves; counts what is written."""

    def __init__(self, path: Path) -> None:
        self.path, self.now, self.networks, self.accelerator = path, START, PLANNED, SERVING
        self.n_asked = 0

    def status_file(self) -> StatusFile:
        return StatusFile(self.path, lambda: self.networks, report=self.report, now=lambda: self.now)

    def report(self) -> AcceleratorStatus | None:
        self.n_asked += 1
        return self.accelerator

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def written(self) -> Status:
        status = read(self.path)
        assert status is not None
        return status


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    return Unit(tmp_path / FILE_NAME)


# The file


@pytest.mark.parametrize("status", [STATUS, replace(STATUS, accelerator=None, stopped_utc=START), replace(STATUS, networks=())])
def test_what_is_written_is_read_again(tmp_path: Path, status: Status) -> None:
    write(tmp_path / FILE_NAME, status)
    assert read(tmp_path / FILE_NAME) == status
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_whoever_may_enter_the_folder_may_read_it_whatever_the_mask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write(tmp_path / FILE_NAME, STATUS)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o644


def test_a_reader_finds_the_old_one_whole_when_the_new_one_cannot_be_written(tmp_path: Path) -> None:
    write(tmp_path / FILE_NAME, STATUS)
    (tmp_path / f".{FILE_NAME}.part").mkdir()
    with pytest.raises(OSError, match="directory"):
        write(tmp_path / FILE_NAME, replace(STATUS, pid=1))
    assert read(tmp_path / FILE_NAME) == STATUS


def test_a_part_that_a_killed_unit_left_is_replaced(tmp_path: Path) -> None:
    (tmp_path / f".{FILE_NAME}.part").write_text("x" * 10_000)
    write(tmp_path / FILE_NAME, STATUS)
    assert read(tmp_path / FILE_NAME) == STATUS
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def altered(**changes: object) -> str:
    return json.dumps(json.loads(STATUS.to_json()) | changes)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "null",
        "7",
        "[" * 50_000,
        "1" * 50_000,
        "\udcff",
        altered(pid="812"),
        altered(pid=True),
        altered(version=None),
        altered(started_utc="2026-11-22T07:00:00"),
        altered(started_utc=7),
        altered(networks=None),
        altered(networks=[7]),
        altered(networks=[{"name": "pnet"}]),
        altered(networks=[json.loads(STATUS.to_json())["networks"][0] | {"backend": "gpu"}]),
        altered(accelerator="serving"),
        altered(accelerator=json.loads(STATUS.to_json())["accelerator"] | {"n_failures": "many"}),
        altered(more="x" * 200_000),
    ],
)
def test_what_is_damaged_or_somebody_elses_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE_NAME).write_text(content, errors="surrogateescape")
    assert read(tmp_path / FILE_NAME) is None


def test_wherever_it_is_torn_it_is_none(tmp_path: Path) -> None:
    whole = STATUS.to_json().encode()
    for end in range(0, len(whole.rstrip()), 11):
        (tmp_path / FILE_NAME).write_bytes(whole[:end])
        assert read(tmp_path / FILE_NAME) is None


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, str, lambda path: path.symlink_to(path)])
def test_what_is_no_file_is_none_and_keeps_nobody_waiting(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / FILE_NAME)
    assert read(tmp_path / FILE_NAME) is None


def test_an_older_muster_said_less(tmp_path: Path) -> None:
    told = json.loads(STATUS.to_json())
    for network in told["networks"]:
        del network["file_elsewhere"]
    (tmp_path / FILE_NAME).write_text(json.dumps(told))
    found = read(tmp_path / FILE_NAME)
    assert found == replace(STATUS, networks=(*PLANNED[:3], replace(PLANNED[3], file_elsewhere="")))


def test_a_newer_muster_may_say_more(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(altered(more={"of": "it"}))
    assert read(tmp_path / FILE_NAME) == STATUS


# Whoever writes it


def test_it_begins_with_the_plan_and_ends_with_stopped(unit: Unit) -> None:
    with unit.status_file():
        first = unit.written()
        assert first == Status(os.getpid(), __version__, START, START, None, PLANNED, SERVING)
        unit.pass_by(60)
    last = unit.written()
    assert (last.stopped_utc, last.written_utc, last.started_utc) == (unit.now, unit.now, START)
    assert last.networks == PLANNED


def test_a_unit_that_ends_with_an_error_has_stopped_too(unit: Unit) -> None:
    with pytest.raises(ZeroDivisionError), unit.status_file():
        raise ZeroDivisionError
    assert unit.written().stopped_utc == START


def test_only_a_change_is_written(unit: Unit) -> None:
    with unit.status_file() as status_file:
        inode = unit.path.stat().st_ino
        for _ in range(100):
            unit.pass_by(0.1)
            unit.accelerator = replace(SERVING, since_utc=START + timedelta(microseconds=unit.now.microsecond % 7))
            status_file.note(FACENET_AWAY)
        assert unit.path.stat().st_ino == inode
        assert unit.written().written_utc == START
        status_file.note(ALL_CPU)
        assert unit.path.stat().st_ino != inode
        moved = unit.written()
    assert {network.name: network.backend for network in moved.networks} == ALL_CPU
    assert [network.name for network in moved.networks if network.is_elsewhere] == ["facenet"]
    assert moved.written_utc == START + timedelta(seconds=10)


def test_what_becomes_of_the_accelerator_is_written_though_every_network_ran_where_it_did(unit: Unit) -> None:
    with unit.status_file() as status_file:
        for change in (FAILED, replace(FAILED, n_failures=2), replace(SERVING, n_failures=2, n_recoveries=1), None):
            unit.accelerator = change
            status_file.note(FACENET_AWAY)
            assert unit.written().accelerator == change
        n_asked = unit.n_asked
    assert unit.n_asked == n_asked, "at the end the accelerator may be closed"


def test_a_network_that_is_given_another_place_is_written_though_it_ran_where_it_did(unit: Unit) -> None:
    with unit.status_file() as status_file:
        status_file.note(ALL_CPU)
        unit.networks = (*PLANNED[:3], replace(PLANNED[3], placement=CPU, backend=CPU, reason="measured anew"))
        status_file.note(ALL_CPU)
        assert unit.written().networks == unit.networks


def test_what_could_not_be_written_is_an_error_each_time_until_it_can(unit: Unit, caplog: pytest.LogCaptureFixture) -> None:
    part = unit.path.with_name(f".{FILE_NAME}.part")
    part.mkdir()
    with unit.status_file() as status_file:
        assert read(unit.path) is None
        for _ in range(2):
            with pytest.raises(IsADirectoryError):
                status_file.note(FACENET_AWAY)
        part.rmdir()
        status_file.note(FACENET_AWAY)
        assert unit.written().networks == PLANNED
        part.mkdir()
    assert unit.written().stopped_utc is None
    assert "still tells of a unit at work" in caplog.text


@pytest.mark.parametrize(
    ("changes", "is_degraded"),
    [
        ({}, False),
        ({"accelerator": None}, False),
        ({"accelerator": FAILED}, True),
        ({"accelerator": replace(SERVING, state="absent", reason="it is not plugged in")}, False),
        ({"accelerator": replace(SERVING, state="opening")}, False),
        ({"networks": (*PLANNED[:3], replace(PLANNED[3], backend=CPU))}, False),
        ({"networks": (replace(PLANNED[0], placement=EDGETPU), *PLANNED[1:])}, True),
    ],
    ids=["serving", "left alone", "failed", "absent", "opening", "FaceNet not asked since", "P-Net elsewhere in each frame"],
)
def test_degraded_is_when_the_cpu_does_the_accelerators_work(changes: dict[str, object], is_degraded: bool) -> None:
    assert replace(STATUS, **changes).is_degraded is is_degraded


# The command


NAME = "The unit's name: gate\n"


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    """`muster status` in a folder in Vienna: exit code and what it says."""
    (tmp_path / "muster.toml").write_text('[unit]\nname = "gate"\ntimezone = "Europe/Vienna"\n')
    monkeypatch.delenv("MUSTER_CONFIG", raising=False)

    def run(*words: str) -> tuple[int, str]:
        return main(["--data", str(tmp_path), "status", *words]), capsys.readouterr().out

    return run


def test_where_nothing_runs_it_says_so(tmp_path: Path, ask: Ask) -> None:
    assert ask() == (0, f"No unit is at work in {tmp_path}.\n{NAME}")
    assert json.loads(ask("--json")[1]) == {"is_at_work": False, "is_well": True, "is_current": False, "status": None}


def test_an_old_status_is_not_taken_for_a_unit(tmp_path: Path, ask: Ask) -> None:
    write(tmp_path / FILE_NAME, replace(STATUS, accelerator=FAILED, stopped_utc=START))
    assert ask() == (0, f"No unit is at work in {tmp_path}. The latest one ended at 2026-11-22 08:00:00+01:00.\n{NAME}")
    write(tmp_path / FILE_NAME, replace(STATUS, accelerator=FAILED))
    code, said = ask()
    assert code == 0
    assert "was killed, or the power was cut, at some time after 2026-11-22 08:00:00+01:00" in said


def test_a_unit_at_work_says_where_each_network_runs_and_why(tmp_path: Path, ask: Ask) -> None:
    with alone(tmp_path):
        write(tmp_path / FILE_NAME, STATUS)
        code, said = ask()
    assert code == 0
    assert said.splitlines() == [
        f"A unit is at work in {tmp_path} since 2026-11-22 08:00:00+01:00 (process {os.getpid()}, Muster 0.1.0).",
        "pnet     on the CPU, where it should be (it is faster there) · pnet-float32.tflite",
        "rnet     on the CPU, where it should be (it is faster there) · rnet-float32.tflite",
        "onet     on the CPU, where it should be (it is faster there) · onet-float32.tflite",
        "facenet  on the Edge TPU, where it should be (it is faster there) · facenet-int8_edgetpu.tflite",
        "Edge TPU: serving since 2026-11-22 08:00:00+01:00. 0 failures and 0 recoveries since the start"
        " (usb:0, libedgetpu.so.1, tflite-runtime 2.14.0).",
        "Its self-test: facenet's template is 0.0011 from the CPU's (0.04 is allowed).",
        NAME.strip(),
    ]


def test_a_unit_that_is_degraded_says_what_happened_and_that_everybody_is_served(tmp_path: Path, ask: Ask) -> None:
    with alone(tmp_path):
        moved = (*PLANNED[:3], replace(PLANNED[3], backend=CPU))
        write(tmp_path / FILE_NAME, replace(STATUS, networks=moved, accelerator=FAILED))
        code, said = ask()
        told = json.loads(ask("--json")[1])
    assert code == 69
    lines = said.splitlines()
    assert lines[4] == "facenet  on the CPU; it should be on the Edge TPU: that is degraded · facenet-int8.tflite"
    assert lines[5].startswith(
        "Edge TPU: degraded since 2026-11-22 08:00:00+01:00: its process was ended by signal 6. 1 failure and 0"
    )
    assert lines[6].startswith("Degraded: the CPU does the Edge TPU's work. Everybody is served")
    assert (told["is_at_work"], told["is_well"], told["is_current"]) == (True, False, True)
    assert told["status"]["networks"][3] | {"backend": "cpu", "placement": "edgetpu"} == told["status"]["networks"][3]


def test_a_unit_that_has_recovered_and_met_nobody_since_is_as_it_should_be(tmp_path: Path, ask: Ask) -> None:
    with alone(tmp_path):
        moved, back = (*PLANNED[:3], replace(PLANNED[3], backend=CPU)), replace(SERVING, n_failures=1, n_recoveries=1)
        write(tmp_path / FILE_NAME, replace(STATUS, networks=moved, accelerator=back))
        code, said = ask()
    assert code == 0
    assert "facenet  on the CPU; it should be on the Edge TPU: that serves, and nobody has come since" in said
    assert "1 failure and 1 recovery" in said


def test_where_the_configuration_leaves_the_accelerator_alone_that_is_said(tmp_path: Path, ask: Ask) -> None:
    with alone(tmp_path):
        write(tmp_path / FILE_NAME, replace(STATUS, networks=PLANNED[:3], accelerator=None))
        code, said = ask()
    assert (code, said.splitlines()[-2]) == (0, "Edge TPU: left alone, as configured.")


@pytest.mark.parametrize(
    "found", [None, replace(STATUS, pid=1), replace(STATUS, stopped_utc=START)], ids=["none", "an older one's", "ended"]
)
def test_a_unit_at_work_that_does_not_say_how_it_is_is_not_called_well(tmp_path: Path, ask: Ask, found: Status | None) -> None:
    with alone(tmp_path):
        if found:
            write(tmp_path / FILE_NAME, found)
        code, said = ask()
        told = json.loads(ask("--json")[1])
    assert code == 69
    assert said.startswith(f"A unit is at work (process {os.getpid()}), and does not say how it is: it is starting or ending")
    assert (told["is_at_work"], told["is_well"], told["is_current"]) == (True, False, False)


@pytest.mark.skipif(not wiring.manifest_path().exists(), reason="no models: `make models` builds them")
def test_a_real_unit_says_how_it_is_while_it_works_and_that_it_has_ended(tmp_path: Path, ask: Ask) -> None:
    (tmp_path / "frames").mkdir()
    Image.new("RGB", (640, 480), (90, 90, 90)).save(tmp_path / "frames" / "0.png")
    for i in range(1, 2000):
        (tmp_path / "frames" / f"{i}.png").symlink_to(tmp_path / "frames" / "0.png")
    command = [sys.executable, "-m", "edge", "--data", str(tmp_path), "run", "--camera", f"replay:{tmp_path / 'frames'}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            while not process.stdout.readline().startswith("ready"):
                assert process.poll() is None
            code, said = ask()
        finally:
            process.terminate()
            process.communicate(timeout=20)
    assert (code, said.count("on the CPU, where it should be"), process.returncode) == (0, 4, 0)
    assert f"(process {process.pid}, Muster {__version__})" in said
    assert "The latest one ended at" in ask()[1]


def test_a_status_cannot_command_the_terminal(tmp_path: Path, ask: Ask) -> None:
    with alone(tmp_path):
        write(tmp_path / FILE_NAME, replace(STATUS, accelerator=replace(FAILED, reason="\x1b[2Jgone")))
        assert "\x1b" not in ask()[1]
