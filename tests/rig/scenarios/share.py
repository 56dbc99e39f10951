"""Rows go to a network share, which disappears and returns."""

from __future__ import annotations

import contextlib
import csv
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from rig import recording
from rig.bench import Bench
from rig.build import CONFIG
from rig.machine import Machine
from rig.parts import WITH_US
from rig.scenarios.scenario import Scenario, first_sentence

RELAY = Path(__file__).parents[1] / "relay.py"
SHARE = "/mnt/rows"
MOUNT = f"mount -t cifs -o guest,vers=3.0,uid=muster,gid=muster,echo_interval=2,soft //10.0.2.100/rows {SHARE}"
SMB_CONF = """\
[global]
server role = standalone
map to guest = bad user
guest account = nobody
disable spoolss = yes
load printers = no
pid directory = {folder}
lock directory = {folder}
state directory = {folder}
cache directory = {folder}
private dir = {folder}
ncalrpc dir = {folder}/ncalrpc
log file = {folder}/log
smb ports = {port}
interfaces = lo
bind interfaces only = yes
[rows]
path = {folder}/rows
read only = no
guest ok = yes
force user = root
"""


class Server:
    """A Samba server of this machine, on loopback."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.rows = folder / "rows"
        self.rows.mkdir()
        self._config = folder / "smb.conf"
        self._config.write_text(SMB_CONF.format(folder=folder, port=self.port))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Serve."""
        command = [*WITH_US, "smbd", "--foreground", "--no-process-group", f"--configfile={self._config}"]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)

    def stop(self) -> None:
        """Be gone, with all connections."""
        if self._process:
            pid = self._process.pid
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            self._process.kill()
            self._process.wait(timeout=30)
            for child in children:
                with contextlib.suppress(ProcessLookupError):  # they go by themselves, sooner or later
                    os.kill(int(child), signal.SIGKILL)
            self._process = None

    def arrived(self) -> list[str]:
        """The event_id of each row that has arrived."""
        text = "".join(path.read_text(encoding="utf-8-sig") for path in sorted(self.rows.glob("attendance-*.csv")))
        return [row["event_id"] for row in csv.DictReader(text.splitlines())]


def _share(bench: Bench) -> str:
    server = Server(bench.place())
    server.start()
    try:
        machine = bench.awake()
        machine.network = [f"guestfwd=tcp:10.0.2.100:445-cmd:{sys.executable} {RELAY} {server.port}"]
        with machine:
            return _delivered(machine, server)
    finally:
        server.stop()


def _delivered(machine: Machine, server: Server) -> str:
    machine.must(f"ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0; mkdir -p {SHARE}; {MOUNT}", limit_s=60)
    machine.must(f"muster sync --prepare {SHARE}")
    machine.write(
        "/etc/muster/muster.toml", f'{CONFIG}[sync]\ndestinations = ["{SHARE}"]\nmust_be_mounted = true\nlimit_s = 20.0\n'
    )
    known = recording.rows(machine, 3)
    machine.must("systemctl start muster-sync", limit_s=180)
    assert sorted(server.arrived()) == sorted(known), (server.arrived(), known)
    server.stop()
    known += recording.rows(machine, 3)
    gone = machine.run("muster sync", limit_s=180)
    assert gone.code == 75, (gone.code, gone.err)
    assert machine.run("systemctl is-active muster").code == 0, "the unit has stopped"
    server.start()
    machine.run(f"umount -l {SHARE}; for i in 1 2 3 4 5; do {MOUNT} && break; sleep 2; done", limit_s=120)
    machine.must("systemctl start muster-sync", limit_s=180)
    assert sorted(server.arrived()) == sorted(known), (server.arrived(), known)
    return (
        f"3 rows delivered; while it was gone 75 ({first_sentence(gone.err or gone.out)}); 3 more when it was back, each row once"
    )


SCENARIOS = (Scenario("the network share disappears and returns: each row arrives once", _share),)
