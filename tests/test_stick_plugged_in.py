"""`muster stick serve` as the system calls it: with its own process for the rows, its turn, its signals and its exit code."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from decisions import accepted

from edge import programs
from edge.cli import main
from edge.commands.stick_serve import LOCK
from edge.exchange.delivery.marker import MARKER
from edge.store import FILE_NAME, Store

Muster = Callable[..., tuple[int, str, str]]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A unit where somebody came."""
    monkeypatch.setenv("MUSTER_DATA", str(tmp_path / "data"))
    with Store.open(tmp_path / "data" / FILE_NAME, unit="door-1") as store:
        store.record(store.add_person("7", "Joe Bloggs"), accepted())
        store.add_person("8", "Eve")
    return tmp_path / "data"


@pytest.fixture
def muster(data: Path, capsys: pytest.CaptureFixture[str]) -> Muster:
    """Runs a command: exit code, what it printed, what it complained."""

    def run(*words: object) -> tuple[int, str, str]:
        code = main([*map(str, words)])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def stick(tmp_path: Path, muster: Muster) -> Path:
    """A stick that is paired, and that the office prepares with the program that lies on it."""
    folder = tmp_path / "OFFICE"
    folder.mkdir()
    muster("stick", "pair", folder)
    (folder / "people.csv").write_text("code,name,active\n9,Ada Byron,\n10\n", encoding="utf-8")
    (folder / "remove.csv").write_text("code\n8\n", encoding="utf-8")
    subprocess.run([sys.executable, "-I", folder / "prepare-stick.py"], check=True, capture_output=True)
    return folder


def people(data: Path) -> list[str]:
    with Store.open(data / FILE_NAME, unit="door-1") as store:
        return [person.code for person in store.people()]


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_of_it(muster: Muster, stick: Path, data: Path) -> None:
    code, said, complained = muster("stick", "serve", stick)
    assert (code, complained, people(data)) == (65, "", ["7", "9"])
    assert "people.csv, line 3: refused (half a line" in said
    assert "1 new row" in said
    assert said.endswith("It may be pulled.\n")
    (month,) = stick.glob("attendance-*.csv")
    assert b"Joe Bloggs" in month.read_bytes()
    before = content(stick)
    assert muster("stick", "serve", stick)[0] == 0
    assert content(stick) == before


def test_the_copy_of_a_shares_marker_takes_no_row_from_the_share(muster: Muster, stick: Path, tmp_path: Path) -> None:
    share = tmp_path / "share"
    share.mkdir()
    assert muster("sync", "--prepare", share)[0] == 0
    (stick / MARKER).write_bytes((share / MARKER).read_bytes())
    assert "1 new row" in muster("stick", "serve", stick)[1]
    assert "1 new row" in muster("sync", "--to", share)[1]


def test_a_rehearsal_writes_nothing(muster: Muster, stick: Path, data: Path) -> None:
    before = content(stick), content(data)
    code, said, _ = muster("stick", "serve", "--dry-run", stick)
    assert (code, content(stick), content(data)) == (65, *before)
    assert "1 removed" in said
    assert "1 added" in said
    assert "rows would go out" in said


def test_a_stick_that_is_not_ours(muster: Muster, tmp_path: Path, data: Path) -> None:
    (tmp_path / "theirs").mkdir()
    code, said, complained = muster("stick", "serve", tmp_path / "theirs")
    assert (code, said, list((tmp_path / "theirs").iterdir())) == (77, "", [])
    assert "not paired" in complained
    assert "stick refused" in muster("audit")[1]


def test_any_stick_will_do_where_the_policy_is_open(muster: Muster, tmp_path: Path, data: Path) -> None:
    (data / "muster.toml").write_text('[stick]\npolicy = "open"\n', encoding="utf-8")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "people.csv").write_text("code;name\n9;Ada\n", encoding="utf-8")
    assert muster("stick", "serve", tmp_path / "theirs")[0] == 0
    assert people(data) == ["7", "8", "9"]


def test_a_link_where_the_rows_would_go_is_told_and_not_followed(muster: Muster, stick: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"mine")
    for name in (".muster.lock", "muster-destination.toml"):
        (stick / name).symlink_to(tmp_path / "outside")
    code, _, complained = muster("stick", "serve", stick)
    assert (code, (tmp_path / "outside").read_bytes()) == (75, b"mine")
    assert str(stick) in complained


def test_one_stick_at_a_time_and_whoever_waits_can_be_stopped(stick: Path, data: Path) -> None:
    with (data / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [*programs.command("edge"), "stick", "serve", str(stick)]
        environment = programs.environment({"MUSTER_DATA": str(data), "PYTHONUNBUFFERED": "1"})
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as second:
            assert second.stdout
            assert b"waits for its turn" in second.stdout.readline()
            assert people(data) == ["7", "8"]
            os.kill(second.pid, signal.SIGTERM)
            assert second.wait(30) == 128 + signal.SIGTERM
    assert people(data) == ["7", "8"]
