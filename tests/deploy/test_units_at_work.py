"""The units under a real systemd: ready when the loop has turned, begun anew when it hangs, FAULT when it does not come back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from machine import CONFIG, ROOT, Machine, why_not

from edge import wiring
from edge.store import Seal

_WHY_NOT = why_not()
pytestmark = [
    pytest.mark.machine,
    pytest.mark.skipif(bool(_WHY_NOT), reason=_WHY_NOT or "-"),
    pytest.mark.skipif(not wiring.manifest_path().exists(), reason="no models: `make models` builds them"),
]

MUSTER = "/opt/muster/current/.venv/bin/muster"
PYTHON = "PYTHONHOME=/opt/muster/python /opt/muster/python/bin/python3"
HASTY = "[Service]\nWatchdogSec=2\nRestartSec=0\n"

PROBE = """
import ctypes, json, mmap, os, socket

def may(does, *words):
    try:
        does(*words)
    except OSError:
        return False
    return True

def adjtimex(modes):
    timex = (ctypes.c_long * 64)()
    timex[0] = modes
    if ctypes.CDLL(None).adjtimex(ctypes.byref(timex)) < 0:
        raise OSError

status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print("PROBE" + json.dumps({
    "ask the clock": may(adjtimex, 0),
    "set the clock": may(adjtimex, 1),
    "run what was written": may(lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)),
    "the network": may(socket.socket, socket.AF_INET),
    "hear of devices": may(socket.socket, socket.AF_NETLINK, socket.SOCK_RAW, 15),
    "its own folder": may(open, "/var/lib/muster/probe", "ab"),
    "/etc": may(open, "/etc/probe", "ab"),
    "its program": may(open, "/opt/muster/probe", "ab"),
    "disks": may(open, "/dev/loop0"),
    "homes": may(os.listdir, "/root"),
    "capabilities": int(status["CapEff"], 16),
    "seccomp": int(status["Seccomp"]),
    "user": os.getuid(),
}))
"""
ALLOWED = {"ask the clock", "hear of devices", "its own folder"}

MOUNT = """#!/bin/sh
# In place of the kernel's FAT, which is not on every computer: another file system with the same rights.
echo "mounted: $*" >>/run/muster-test.log
exec mount -i -t tmpfs -o nosuid,nodev,noexec,mode=700,uid=muster,gid=muster stick "$2"
"""

Boot = Callable[..., Machine]


@pytest.fixture
def boot(tmp_path: Path) -> Iterator[Boot]:
    """Machines that end with the test."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(Machine(tmp_path / "machine", **settings))


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A unit at work, and a stick's service as it is but for udev, which is not there to say that a stick is."""
    without_udev = {
        name: re.sub(r"^(BindsTo|After)=dev-.*\n", "", (ROOT / "deploy/systemd" / name).read_text(), flags=re.MULTILINE)
        for name in ("muster-stick@.service", "muster-stick@.path")
    }
    settings = f"[Service]\nExecStartPre=/bin/sh -c '{PYTHON} /run/probe.py'\n"
    with Machine(tmp_path_factory.mktemp("at") / "work", drop_in=settings, replaced=without_udev) as machine:
        machine.write("/run/probe.py", PROBE)
        machine.write("/sbin/mount.vfat", MOUNT)
        machine.run("chmod", "755", "/sbin/mount.vfat")
        assert machine.run("systemctl", "start", "muster").returncode == 0, machine.log()
        yield machine


def test_a_unit_is_ready_after_its_first_turn_and_may_do_nothing_beside_its_work(at_work: Machine) -> None:
    assert at_work.show("muster", "StatusText") == "at work, 0 rows since the start"
    log = at_work.log()
    assert re.search(r"INFO: ready \d+\.\d\d s after the start: imports .*, networks .*, first frame .*, first turn", log)
    (found,) = re.findall(r"^PROBE(.*)$", log, re.MULTILINE)
    probed = json.loads(found)
    assert {what for what, may in probed.items() if may is True} == ALLOWED
    assert (probed["capabilities"], probed["seccomp"], probed["user"] != 0) == (0, 2, True)
    assert at_work.run("stat", "-c", "%a %U", "/var/lib/muster").stdout == "700 muster\n"


def test_a_door_where_nobody_comes_is_left_alone_and_a_camera_that_hangs_is_not(boot: Boot) -> None:
    machine = boot(drop_in=HASTY)
    machine.systemctl("start", "muster")
    began_us = int(machine.show("muster", "WatchdogTimestampMonotonic"))
    while int(machine.show("muster", "WatchdogTimestampMonotonic")) < began_us + 3_000_000:
        assert machine.show("muster", "ActiveState") == "active", machine.log()
    assert machine.show("muster", "NRestarts") == "0"

    machine.run("sh", "-c", "mkfifo /srv/pipe && mv /srv/pipe /srv/room.png")  # whoever opens it now waits for ever
    machine.until_log("Fatal Python error: Aborted")  # the watchdog's signal; the unit's Result goes with the next start
    assert re.search(r"Fatal Python error: Aborted\n(.*\n)*.*replay\.py\", line \d+ in _picture", machine.log())
    machine.until("show", "--value", "-p", "NRestarts", "muster", says="1")


def test_a_database_that_cannot_be_written_is_no_turn(boot: Boot) -> None:
    machine = boot(drop_in=HASTY)
    machine.systemctl("start", "muster")
    holds = "import sqlite3, time; c = sqlite3.connect('/var/lib/muster/muster.db'); c.execute('BEGIN IMMEDIATE'); time.sleep(60)"
    machine.run("sh", "-c", f'{PYTHON} -c "{holds}" >/dev/null 2>&1 &')
    machine.until_log("Fatal Python error: Aborted")


def test_a_configuration_with_a_fault_is_shown_and_a_good_one_takes_the_panel_back(boot: Boot) -> None:
    machine = boot(config=CONFIG.replace("kind", "knid"))
    assert machine.run("systemctl", "start", "muster").returncode != 0
    machine.until("is-active", "muster-fault", says="active")
    assert (machine.show("muster", "ExecMainStatus"), machine.show("muster", "NRestarts")) == ("78", "0")
    assert "did you mean 'accelerator.kind'?" in machine.log()
    machine.run("sed", "-i", "s/knid/kind/", "/etc/muster/muster.toml")
    machine.systemctl("start", "muster")
    assert machine.systemctl("is-active", "muster") == "active", machine.log()
    assert machine.systemctl("is-active", "muster-fault") != "active"


def test_what_does_not_start_is_tried_a_few_times_then_shown_and_later_tried_again(boot: Boot) -> None:
    start = f"/bin/sh -c 'test -e /run/mended && exec {MUSTER} run'"
    machine = boot(drop_in=f"[Service]\nRestartSec=0\nExecStart=\nExecStart={start}\n")
    machine.systemctl("start", "muster")
    machine.until("is-active", "muster-fault", says="active")
    assert (machine.show("muster", "ActiveState"), machine.show("muster", "NRestarts")) == ("failed", "5")

    machine.write("/etc/systemd/system/muster.timer.d/soon.conf", "[Timer]\nOnActiveSec=\nOnActiveSec=1\n")
    machine.run("touch", "/run/mended")
    for words in (["daemon-reload"], ["stop", "muster-fault"], ["reset-failed"]):
        machine.systemctl(*words)
    stopped = ["is-active", "muster", "muster-fault", "muster.timer"]
    assert machine.systemctl(*stopped) == "inactive\ninactive\ninactive", "who stops the light does not start the unit"
    machine.systemctl("start", "muster-fault")
    machine.until("is-active", "muster", says="active")
    assert machine.systemctl("is-active", "muster-fault") != "active"
    assert machine.systemctl("is-active", "muster.timer") == "inactive"


def test_the_timers_work_is_done_in_their_sandboxes(at_work: Machine) -> None:
    machine = at_work
    machine.systemctl("start", "muster-sync")
    assert "no destination" not in machine.log(), "where none is configured, none is missed"

    as_muster = f"setpriv --reuid=muster --regid=muster --clear-groups env MUSTER_DATA=/var/lib/muster {MUSTER}"
    machine.run("sh", "-c", f"install -d -o muster -m 700 /mnt/share && {as_muster} sync --prepare /mnt/share")
    machine.run("sh", "-c", "printf '[sync]\\ndestinations = [\"/mnt/share\"]\\n' >>/etc/muster/muster.toml")
    machine.systemctl("start", "muster-sync")
    assert "/mnt/share: nothing new" in machine.log(), machine.log()
    machine.systemctl("start", "--no-block", "muster-retention")
    machine.until_log(r"0 people removed|nobody was removed: nothing has set the clock")


def test_a_stick_is_served_as_the_units_user_unmounted_and_only_then_called_safe_to_pull(at_work: Machine) -> None:
    machine = at_work
    machine.systemctl("start", "muster-stick@sdy1")
    machine.until("is-active", "muster-stick@sdy1", says="inactive")
    assert "stick refused: LED red" in machine.log()
    assert "safe to pull" not in machine.log(), "this one was never taken"

    machine.run("sh", "-c", "printf '[stick]\\npolicy = \"open\"\\n' >>/etc/muster/muster.toml")
    machine.systemctl("start", "muster-stick@sdz1")
    machine.until("is-active", "muster-stick@sdz1", says="inactive")
    log = machine.log()
    assert log.index("stick at work: LED") < log.index("Unmount it before it is pulled.") < log.index("safe to pull: LED"), log
    assert machine.run("grep", "muster-stick", "/proc/self/mountinfo").stdout == ""


def test_a_stick_is_served_again_when_that_is_asked_for_and_once(at_work: Machine) -> None:
    machine = at_work
    machine.systemctl("start", "muster-stick@sdw1.path", "muster-stick@sdv1.path")
    machine.run("sh", "-c", "mkdir -p /mnt/disk && mount -t tmpfs /dev/sdv1 /mnt/disk")
    before = machine.run("grep", "-c", "sdw1", "/run/muster-test.log").stdout
    machine.run("setpriv", "--reuid=muster", "--regid=muster", "--clear-groups", "touch", "/run/muster/enrol")
    machine.until_log(r"mounted: /dev/sdw1|mounted: .*sdw1")
    machine.until("is-active", "muster-stick@sdw1", says="inactive")
    assert machine.run("test", "-e", "/run/muster/enrol").returncode != 0
    assert "sdv1" not in machine.log(), "a disk of the system"
    assert "stick failed" not in machine.log(), "it was none"
    mounted = machine.run("grep", "-c", "mounted: .*sdw1", "/run/muster-test.log").stdout
    assert (before, mounted) == ("0\n", "1\n")
    assert machine.systemctl("is-active", "muster-stick@sdw1.path", "muster-stick@sdv1.path") == "active\nactive"


def test_a_disk_of_the_system_itself_is_no_stick(at_work: Machine) -> None:
    at_work.run("sh", "-c", "mkdir -p /mnt/boot && mount -t tmpfs /dev/sdx1 /mnt/boot")
    at_work.systemctl("start", "muster-stick@sdx1")
    assert at_work.systemctl("is-active", "muster-stick@sdx1") == "inactive"
    assert "/dev/sdx1" not in at_work.log()
    assert "stick failed" not in at_work.log()


def test_everything_but_the_data_may_be_read_only(boot: Boot) -> None:
    machine = boot(root="read-only")
    assert machine.run("touch", "/etc/probe").returncode != 0
    machine.systemctl("start", "muster")
    assert machine.systemctl("is-active", "muster") == "active", machine.log()
    machine.systemctl("start", "--no-block", "muster-retention")
    machine.until_log(r"0 people removed|nobody was removed: nothing has set the clock")


def test_a_wish_to_shut_down_is_granted_and_the_light_lasts_longer_than_the_unit(boot: Boot, tmp_path: Path) -> None:
    """What is told is told on this computer's disk, for the machine is gone then."""
    waits = """exec 3>>/srv/frames/.end; trap \\"echo dark >&3; exit\\" TERM; while :; do sleep 0.1; done"""
    tells = f"[Service]\nType=exec\nExecStart=\nExecStart=+/bin/sh -c '{waits}'\n"
    stopped = "[Service]\nExecStopPost=+/bin/sh -c 'echo stopped $SERVICE_RESULT >>/srv/frames/.end'\n"
    machine = boot(drop_in=stopped, replaced={"muster-farewell.service.d/test.conf": tells})
    machine.systemctl("start", "muster", "muster-shutdown.path")
    assert machine.systemctl("is-active", "muster-shutdown.path") == "active"
    machine.run("setpriv", "--reuid=muster", "--regid=muster", "--clear-groups", "touch", "/run/muster/shutdown")
    machine.until_over()
    assert (tmp_path / "machine/frames/.end").read_text().splitlines() == ["stopped success", "dark"]


def test_who_shows_the_end_has_said_so_before_it_counts_as_started(at_work: Machine) -> None:
    at_work.run("touch", "/run/muster/shutdown")
    assert at_work.run("systemctl", "start", "muster-farewell").returncode == 0, at_work.log()
    at_work.until_log("shutting down: LED amber")
    needed = {*at_work.show("muster-farewell", "Requires").split(), *at_work.show("muster-farewell", "Conflicts").split()}
    assert needed <= {"-.mount", "system.slice"}, "what ends before it would end it"
    at_work.run("rm", "/run/muster/shutdown")
    at_work.systemctl("stop", "muster-farewell")
    assert at_work.show("muster-farewell", "Result") in {"success", "exit-code"}


def test_nobody_but_the_unit_can_wish_and_to_start_the_service_is_none(boot: Boot) -> None:
    machine = boot()
    machine.systemctl("start", "muster", "muster-shutdown.path")
    nobody = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    assert machine.run(*nobody, "touch", "/run/muster/shutdown").returncode != 0
    assert machine.run("systemctl", "start", "muster-shutdown").returncode != 0
    assert "shutting down" not in machine.log()
    machine.systemctl("stop", "muster")
    assert machine.systemctl("is-system-running") in {"running", "degraded"}
    assert machine.systemctl("is-active", "muster-shutdown.path") == "active"


def test_a_unit_that_is_stopped_has_not_failed(at_work: Machine) -> None:
    at_work.systemctl("start", "muster")
    at_work.systemctl("stop", "muster")
    assert (at_work.show("muster", "Result"), at_work.systemctl("is-active", "muster-fault")) == ("success", "inactive")


def test_a_key_that_is_given_as_a_credential_seals_the_database(boot: Boot) -> None:
    machine = boot()
    key = "0123456789abcdef" * 4
    encrypt = "systemd-creds encrypt --with-key=host --name=muster-key - /etc/credstore.encrypted/muster-key"
    machine.run("sh", "-c", f"mkdir -p /etc/credstore.encrypted && printf {key} | {encrypt}")
    machine.systemctl("start", "muster")
    assert machine.systemctl("is-active", "muster") == "active", machine.log()
    asked = (
        "import sqlite3; print(sqlite3.connect('/var/lib/muster/muster.db').execute('SELECT key_id FROM sealing').fetchone()[0])"
    )
    sealed_with = machine.run("sh", "-c", f'{PYTHON} -c "{asked}"').stdout.strip()
    assert sealed_with == Seal.of(bytes.fromhex(key)).key_id
