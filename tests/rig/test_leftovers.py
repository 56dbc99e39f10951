"""Nothing is left behind: of a machine that does not start, of a run that is killed, of an installation that takes too long."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rig import system
from rig.leftovers import own_folder
from rig.machine import Machine
from rig.parts import Board
from rig.wire import WireError

ROOT = Path(__file__).parents[2]
may_unshare = (
    shutil.which("unshare")
    and not subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], stderr=subprocess.DEVNULL, check=False).returncode
)
needs_root = pytest.mark.skipif(not may_unshare, reason="needs root that may have namespaces and mounts of its own")
needs_setpriv = pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv (package util-linux)")

QEMU = f"""\
#!{sys.executable}
import os, socket, sys, time
name = next(word for word in sys.argv if word.startswith("unix:"))[5:].partition(",")[0]
open(os.path.dirname(name) + "/pid", "w").write(str(os.getpid()))
monitor = socket.socket(socket.AF_UNIX)
monitor.bind(name)
monitor.listen()
connection, _ = monitor.accept()
if not os.environ.get("QEMU_GREETS"):
    connection.close()
else:
    connection.sendall(b'{{"QMP": {{}}}}\\n{{"return": {{}}}}\\n')
time.sleep(60)
"""
"""Stands for QEMU: hangs up at once, or greets."""

STARTS = """\
import sys, time
from pathlib import Path
from rig.machine import Machine
from rig.parts import Board
folder = Path(sys.argv[1])
Machine(Board(folder, folder), folder, {}).start()
print("started", flush=True)
time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH on which this QEMU comes first."""
    (tmp_path / "bin").mkdir()
    qemu = tmp_path / "bin/qemu-system-aarch64"
    qemu.write_text(QEMU)
    qemu.chmod(0o755)
    return f"{qemu.parent}:{os.environ['PATH']}"


def soon(condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + 20
    while not (held := condition()) and time.monotonic() < until:
        time.sleep(0.02)
    return held


def is_gone(pid: int) -> bool:
    """Whether a process is; one that nobody has buried yet is."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@needs_setpriv
def test_a_machine_that_does_not_start_is_not_left_behind(tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", path)
    machine = Machine(Board(tmp_path, tmp_path), tmp_path, {})
    with pytest.raises(WireError):
        machine.start()
    assert is_gone(int((tmp_path / "pid").read_text()))


@needs_setpriv
def test_a_machine_ends_with_a_run_that_is_killed(tmp_path: Path, path: str) -> None:
    environment = os.environ | {"PATH": path, "QEMU_GREETS": "yes", "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}"}
    with subprocess.Popen(
        [sys.executable, "-c", STARTS, str(tmp_path)], env=environment, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout
        assert run.stdout.readline() == "started\n"
        qemu = int((tmp_path / "pid").read_text())
        assert not is_gone(qemu)
        run.kill()
    assert soon(lambda: is_gone(qemu))


def test_folders_of_runs_that_were_killed_go_and_others_stay(tmp_path: Path) -> None:
    dead = multiprocessing.get_context("spawn").Process(target=os.getpid)
    dead.start()
    dead.join()
    left, ours, others = (
        tmp_path / name for name in (f"muster-rig-{dead.pid}-x", f"muster-rig-{os.getpid()}-x", "muster-rig-x-y")
    )
    for folder in (left, ours, others):
        (folder / "deep").mkdir(parents=True)
    with own_folder(tmp_path) as folder:
        assert sorted(tmp_path.iterdir()) == sorted([folder, ours, others])
    assert not folder.exists()


@needs_root
@needs_setpriv
def test_nothing_of_an_installation_goes_on_once_its_time_is_over(tmp_path: Path) -> None:
    forever = "while :; do date; done"
    with pytest.raises(subprocess.TimeoutExpired):
        system._logged(tmp_path / "log", ["bash", "-c", f"({forever}) & ({forever}) & wait", str(tmp_path)], limit_s=0.7)
    assert (tmp_path / "log").stat().st_size
    assert not [path.parent.name for path in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path) in _read(path)]


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:  # it has ended meanwhile
        return ""


@needs_root
@needs_setpriv
@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("E: Failed getting release file http://debian/Release", system.NotMade),
        ("I: Retrieving\nE: Couldn't download packages: libc6", system.NotMade),
        ("Err:1\nE: Failed to fetch http://debian/linux.deb", system.NotMade),
        ("W: Couldn't download package x, again\nW: Failure trying to run: chroot", RuntimeError),
        ("dpkg: error processing package", RuntimeError),
    ],
)
def test_only_a_package_that_cannot_be_fetched_is_nobody_s_fault(tmp_path: Path, said: str, kind: type[Exception]) -> None:
    with pytest.raises(kind) as raised:
        system._logged(tmp_path / "log", ["bash", "-c", 'echo "$0"; exit 3', said], limit_s=20)
    assert raised.type is kind


@needs_root
@pytest.mark.skipif(not shutil.which("qemu-aarch64-static"), reason="needs qemu-user-static")
def test_whoever_asks_for_arm64_a_second_time_has_it_until_the_first_is_over() -> None:
    ours = Path(f"/proc/sys/fs/binfmt_misc/muster-rig-{os.getpid()}")
    with system.emulated_arm64():
        with system.emulated_arm64():
            assert ours.exists()
        assert "enabled" in ours.read_text()
    assert not ours.exists()


def test_a_run_that_is_told_to_end_goes_by_way_of_every_finally(tmp_path: Path) -> None:
    script = (
        "import time\nfrom rig.leftovers import *\nend_in_order()\n"
        f"with own_folder(Path({str(tmp_path)!r})):\n    print('there', flush=True)\n    time.sleep(60)"
    )
    for name in (signal.SIGTERM, signal.SIGHUP):
        environment = os.environ | {"PYTHONPATH": str(ROOT / "tests")}
        with subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE) as run:
            assert run.stdout
            run.stdout.readline()
            assert any(tmp_path.iterdir())
            run.send_signal(name)
            assert run.wait(20) == 128 + name
        assert not any(tmp_path.iterdir())
