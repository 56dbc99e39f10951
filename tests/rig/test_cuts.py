"""The whole way without a guest: QEMU logs what this machine's ext4 writes, and a hundred cuts lose nothing; two controls do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rig.cuts import Verdict, judged
from rig.mount import DATA_AT, MIB, make_disk, taken_out
from rig.replay import Replay
from rig.writelog import WriteLog

RECORDER = Path(__file__).with_name("recorder.py")
NEEDED = ("qemu-storage-daemon", "mke2fs", "losetup", "mount")
DATA_MIB = 190

pytestmark = [
    pytest.mark.machine,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts"),
    pytest.mark.skipif(not all(map(shutil.which, NEEDED)), reason=f"needs {', '.join(NEEDED)}"),
    pytest.mark.skipif(not Path("/dev/fuse").exists(), reason="needs /dev/fuse"),
]


def recorded(folder: Path, *options: str, mount: str = "loop") -> Path:
    """Record on a disk whose writes are logged; the log, as it is while the disk is still in use."""
    make_disk(folder / "base.img", size_mib=DATA_MIB + 2)
    with logged(folder) as disk, mounted(disk, folder / "data", mount), loop(disk) as notes:
        command = [sys.executable, "-I", str(RECORDER), "--data", str(folder / "data"), "--notes", notes]
        subprocess.run([*command, "--notes-at-most", "1000", *options], check=True, stdout=subprocess.DEVNULL, timeout=120)
        shutil.copy(folder / "data.log", folder / "cut.log")
    return folder / "cut.log"


@contextmanager
def logged(folder: Path) -> Iterator[Path]:
    """The disk as a file behind which QEMU is."""
    shutil.copy(folder / "base.img", folder / "data.img")
    for name in ("data.log", "disk"):
        (folder / name).touch()
    blocks = [
        f"driver=file,node-name=data-file,filename={folder}/data.img,cache.no-flush=on",
        "driver=raw,node-name=data-disk,file=data-file",
        f"driver=file,node-name=data-log,filename={folder}/data.log,cache.no-flush=on",
        "driver=blklogwrites,node-name=data-logged,file=data-disk,log=data-log,log-sector-size=512",
    ]
    export = f"type=fuse,id=disk,node-name=data-logged,mountpoint={folder}/disk,writable=on"
    command = ["qemu-storage-daemon", *(word for block in blocks for word in ("--blockdev", block)), "--export", export]
    with subprocess.Popen(command) as daemon:
        try:
            until = time.monotonic() + 20
            while not (folder / "disk").stat().st_size:
                assert daemon.poll() is None
                assert time.monotonic() < until
                time.sleep(0.05)
            yield folder / "disk"
        finally:
            daemon.terminate()
            daemon.wait(timeout=20)


@contextmanager
def mounted(disk: Path, folder: Path, options: str) -> Iterator[None]:
    folder.mkdir()
    limits = f"offset={DATA_AT},sizelimit={DATA_MIB * MIB}"
    subprocess.run(["mount", "-o", f"{options},{limits}", disk, folder], check=True, timeout=60)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True, timeout=60)


@contextmanager
def loop(disk: Path) -> Iterator[str]:
    """The second partition."""
    command = ["losetup", "--find", "--show", "--offset", str(DATA_AT + DATA_MIB * MIB), str(disk)]
    device = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()
    try:
        yield device
    finally:
        subprocess.run(["losetup", "--detach", device], check=True, timeout=60)


def verdicts(path: Path, n: int) -> list[Verdict]:
    with WriteLog.open(path) as log:
        return list(judged(log, path.with_name("base.img"), n=n, seed=1))


def test_no_cut_loses_what_was_acknowledged(tmp_path: Path) -> None:
    found = verdicts(recorded(tmp_path), 100)
    assert len(found) == 100
    assert found[-1].n_acknowledged > 500
    assert [str(verdict) for verdict in found if verdict.found] == []
    assert any(verdict.cut.torn for verdict in found)
    assert sum(bool(verdict.cut.n_lost) for verdict in found) >= 70
    with WriteLog.open(tmp_path / "cut.log") as log:
        (last,) = judged(log, tmp_path / "base.img", n=1, way=taken_out)
    assert not last.found, "without mounting, too"


def test_when_all_survives_the_disk_is_as_qemu_has_it(tmp_path: Path) -> None:
    recorded(tmp_path)
    with WriteLog.open(tmp_path / "data.log") as log, Replay(log, tmp_path / "base.img", tmp_path / "flushed.img") as disk:
        disk.forward(len(log.entries) - 1)
        disk.image(tmp_path / "end.img", disk.pending)
    assert (tmp_path / "end.img").read_bytes() == (tmp_path / "data.img").read_bytes()


def test_a_database_that_waits_for_no_disk_loses_rows(tmp_path: Path) -> None:
    found = verdicts(recorded(tmp_path, "--synchronous-off"), 20)
    assert sum(bool(verdict.found) for verdict in found) >= 19
    assert any("acknowledged rows are lost" in what for verdict in found for what in verdict.found)


def test_a_file_system_that_waits_for_no_disk_loses_rows(tmp_path: Path) -> None:
    found = verdicts(recorded(tmp_path, mount="loop,barrier=0"), 20)
    assert sum(bool(verdict.found) for verdict in found) >= 10
