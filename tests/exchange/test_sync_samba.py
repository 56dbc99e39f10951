"""A real Samba server on the loopback, mounted through FUSE: what it keeps, and what comes of one that hangs or is not there."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from decisions import accepted

from edge.exchange.delivery.errand import Order, run_errands
from edge.exchange.delivery.marker import MARKER
from edge.exchange.delivery.mounts import is_mounted, mount_of
from edge.exchange.delivery.terms import Terms
from edge.exchange.files import LOCK_NAME
from edge.exchange.ledger.table import read_csv
from edge.exchange.sync import prepare
from edge.store import FILE_NAME, Store

NOVEMBER = "attendance-2026-11.csv"
TOOLS = ("smbd", "smbpasswd", "smbnetfs", "umount")
PASSWORD = "a test's own"  # noqa: S105
MOUNTED = Terms(must_be_mounted=True)

SERVER = """\
[global]
server role = standalone server
interfaces = {address}/8
bind interfaces only = yes
smb ports = 445
disable netbios = yes
load printers = no
private dir = {folder}
lock directory = {folder}
state directory = {folder}
cache directory = {folder}
pid directory = {folder}
ncalrpc dir = {folder}/ncalrpc
passdb backend = tdbsam:{folder}/passdb.tdb
log file = {folder}/log
[attendance]
path = {share}
read only = no
"""


def until_true(is_so: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + 20
    while not is_so():
        if time.monotonic() > until:
            pytest.fail(f"{what}: not within 20 s")


class Samba:
    """A server and the mount of its share; each can be ended and begun again."""

    def __init__(self, folder: Path) -> None:
        number = os.getpid() % 65_000 + 257
        self.address = f"127.77.{number // 256}.{number % 256}"  # the loopback has many; port 445 is free at this one
        self.share, self.point, self._folder = folder / "share", folder / "mnt", folder / "server"
        for made in (self.share, self.point, self._folder, folder / ".smb"):
            made.mkdir()
        self._config = self._folder / "smb.conf"
        self._config.write_text(SERVER.format(address=self.address, folder=self._folder, share=self.share))
        secrets = folder / ".smb" / "smbnetfs.auth"
        secrets.write_text(f'auth "root" "{PASSWORD}"\n')
        (folder / ".smb" / "smbnetfs.conf").write_text('include "smbnetfs.auth"\n')
        (folder / ".smb" / "smb.conf").write_text("[global]\nclient min protocol = SMB2\n")
        for file in (folder / ".smb").iterdir():
            file.chmod(0o600)
        command = ["smbpasswd", "-c", str(self._config), "-L", "-s", "-a", "root"]
        subprocess.run(command, input=f"{PASSWORD}\n{PASSWORD}\n", text=True, capture_output=True, check=True)

    @property
    def mounted(self) -> Path:
        return self.point / self.address / "attendance"

    def listens(self) -> bool:
        try:
            socket.create_connection((self.address, 445), 1).close()
        except OSError:
            return False
        return True

    @contextmanager
    def serving(self) -> Iterator[int]:
        """The group of processes that is the server."""
        command = ["smbd", "-s", str(self._config), "-l", str(self._folder), "-F", "--no-process-group"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as process:
            try:
                until_true(self.listens, "smbd listens")
                yield process.pid
            finally:
                os.killpg(process.pid, signal.SIGKILL)

    @contextmanager
    def mounting(self) -> Iterator[Path]:
        command = ["smbnetfs", str(self.point), "-f"]
        env = {**os.environ, "HOME": str(self.point.parent)}
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env) as process:
            try:
                until_true(lambda: is_mounted(self.point), "smbnetfs mounts")
                yield self.mounted
            finally:
                subprocess.run(["umount", "--lazy", self.point], check=False, capture_output=True)
                process.terminate()


@pytest.fixture
def samba(tmp_path: Path) -> Samba:
    missing = [tool for tool in TOOLS if not shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin")]
    if missing or os.geteuid() or not Path("/dev/fuse").exists():
        pytest.skip(
            f"a Samba server and a mount take root, /dev/fuse, samba and smbnetfs; missing: {missing or 'root or /dev/fuse'}"
        )
    server = Samba(tmp_path)
    if server.listens():
        pytest.skip("another server has port 445 of every address of this machine")
    return server


@pytest.fixture
def data(tmp_path: Path) -> Path:
    happen(tmp_path, 0)
    return tmp_path


def happen(data: Path, hour: int) -> None:
    with Store.open(data / FILE_NAME, unit="door-1") as store:
        person = store.find_person("1042") or store.add_person("1042", "Jane Doe")
        store.record(person, accepted(datetime(2026, 11, 22, 7, tzinfo=UTC) + timedelta(hours=hour)))


def stored(data: Path) -> list[str]:
    with Store.open(data / FILE_NAME, unit="door-1") as store:
        return [event.event_id for event in store.events()]


def ids(share: Path) -> list[str]:
    table = read_csv((share / NOVEMBER).read_bytes())
    assert not table.faults
    return [row.event_id for row in table.rows]


def deliver(data: Path, folder: Path, *, limit_s: float = 20.0) -> dict[str, Any] | None:
    """By the real process."""
    order = Order("deliver", str(folder), str(data / FILE_NAME), "door-1", "UTC", must_be_mounted=True, dialect="attlog")
    return run_errands([order], limit_s=limit_s)[0]


def test_rows_arrive_once_and_nothing_is_left_over(samba: Samba, data: Path) -> None:
    with samba.serving(), samba.mounting() as share:
        assert (mount_of(share).kind, is_mounted(share)) == ("fuse.smbnetfs", True)
        prepare(str(share), terms=MOUNTED)
        for hour in (1, 2):
            assert deliver(data, share)["n_events"] == 1
            happen(data, hour)
        assert deliver(data, share)["error"] is None
    assert ids(samba.share) == stored(data)
    (attlog,) = samba.share.glob("attlog-door-1-*-2026-11.dat")
    assert attlog.read_bytes().count(b"\r\n") == 3
    # An open file cannot be deleted on every share: the lock may stay, and it locks nobody out.
    assert {path.name for path in samba.share.iterdir()} - {LOCK_NAME} == {MARKER, NOVEMBER, attlog.name}


def test_a_share_that_is_not_mounted_gets_nothing_and_then_everything_once(samba: Samba, data: Path) -> None:
    with samba.serving():
        with samba.mounting() as share:
            prepare(str(share), terms=MOUNTED)
            deliver(data, share)
        share.mkdir(parents=True)  # the folder beneath
        happen(data, 1)
        assert "nothing is mounted there" in deliver(data, share)["error"]["text"]
        assert list(share.iterdir()) == []
        shutil.rmtree(share.parent)
        with samba.mounting() as share:
            assert deliver(data, share)["n_events"] == 1
    assert ids(samba.share) == stored(data)


def test_a_server_that_hangs_is_given_up_and_one_that_ended_is_said(samba: Samba, data: Path) -> None:
    with samba.mounting() as share:
        with samba.serving() as group:
            prepare(str(share), terms=MOUNTED)
            deliver(data, share)
            happen(data, 1)
            os.killpg(group, signal.SIGSTOP)
            assert deliver(data, share, limit_s=2.0) is None
            began = time.monotonic()
            assert deliver(data, share, limit_s=60.0) is None, "the first one still hangs there, and no second is sent"
            assert time.monotonic() - began < 5.0
            os.killpg(group, signal.SIGCONT)
        until_true(lambda: deliver(data, share) is not None, "the first one is gone")
        gone = deliver(data, share)
        assert gone["error"]["retryable"]
        assert "Nothing is lost" in gone["error"]["text"]
        with samba.serving():
            happen(data, 2)
            # smbnetfs remembers for a while that the server was gone.
            until_true(lambda: deliver(data, share)["error"] is None, "the share is back")
    assert sorted(ids(samba.share)) == sorted(stored(data))
