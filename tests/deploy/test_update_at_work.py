"""scripts/update under a real systemd: a version that is well takes over, one that is not gives way, and so after a cut.

The versions lie there already, as an installer leaves them: they differ in what their `muster run` does. Units, scripts and
installer are the real ones.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bundles import Signer, ours, packed, python
from machine import Machine, why_not

from edge import wiring

_WHY_NOT = why_not()
pytestmark = [
    pytest.mark.machine,
    pytest.mark.skipif(bool(_WHY_NOT), reason=_WHY_NOT or "-"),
    pytest.mark.skipif(not wiring.manifest_path().exists(), reason="no models: `make models` builds them"),
]

PROGRESS, DATABASE = "/var/lib/muster-update", "/var/lib/muster/muster.db"
HASTY = "[Service]\nEnvironment=MUSTER_UPDATE_STEADY_S=1 MUSTER_UPDATE_PAUSE_S=0.2 MUSTER_UPDATE_WAIT_S=60\n"
WELL, DIES = "", "sleep 0.1; exit 70"
MIGRATES = f"""/opt/muster/python/bin/python3 -c "
import sqlite3; c = sqlite3.connect('{DATABASE}'); c.execute('PRAGMA user_version = 999'); c.commit()"; exit 70"""

LAY = r"""
set -eu
to=/opt/muster/versions/$1
mkdir -p "$to/.venv/bin" "$to/.venv/lib/python3.11/site-packages/edge/migrations" "$to/scripts"
cp -r /opt/muster/checkout/deploy "$to/deploy"
for each in /opt/muster/checkout/scripts/*; do case $each in *.py | *demo | *__) ;; *) cp "$each" "$to/scripts/" ;; esac; done
printf %s "$2" >"$to/MANIFEST"
printf %s "$3" >"$to/SHA256SUMS"
for n in $(seq "$4"); do touch "$to/.venv/lib/python3.11/site-packages/edge/migrations/$n.sql"; done
echo 'include-system-site-packages = false' >"$to/.venv/pyvenv.cfg"
printf '#!/bin/sh
export PYTHONHOME=/opt/muster/python PYTHONPATH=/opt/muster/checkout:/opt/muster/packages PYTHONDONTWRITEBYTECODE=1
if [ "$1" = run ]; then :; %s\nfi
exec /opt/muster/python/bin/python3 -P -X muster=%s/ -m edge "$@"\n' "$5" "$to" >"$to/.venv/bin/muster"
chmod 755 "$to/.venv/bin/muster"
touch "$to/.whole"
"""


class Updated:
    """A machine with version 1 installed by its own installer, and at work."""

    def __init__(self, machine: Machine, signer: Signer, folder: Path) -> None:
        self.machine, self._signer, self._folder = machine, signer, folder
        machine.write("/etc/muster/release.pub", signer.trust.read_text())
        machine.write("/run/lay", LAY)
        machine.write("/etc/systemd/system/muster-update-check.service.d/hasty.conf", HASTY)
        machine.run("mv", "/opt/muster/current", "/opt/muster/first")
        self.first, _ = self.version("1")
        done = machine.run(f"/opt/muster/versions/{self.first}/deploy/install", "--no-doctor")
        assert done.returncode == 0, done.stdout + done.stderr
        machine.until("is-active", "muster", says="active")

    def version(self, number: str, does: str = WELL, *, n_migrations: int = 1) -> tuple[str, str]:
        """Lays it, and makes its bundle; the name of the one and the path of the other."""
        facts = {"muster-bundle": "1", "version": number, "architecture": ours(), "python": python(), "runtime": "litert"}
        manifest = "".join(f"{key}={value}\n" for key, value in (facts | {"needs_mib": "1"}).items())
        sums = f"{number} {does}\n"
        name = f"{number}-{hashlib.sha256(sums.encode()).hexdigest()[:8]}"
        done = self.machine.run("sh", "/run/lay", name, manifest, sums, str(n_migrations), does)
        assert done.returncode == 0, done.stderr
        files = {"muster/MANIFEST": manifest.encode(), "muster/SHA256SUMS": sums.encode()}
        bundle = packed(self._folder / f"{number}.tar.gz", files)
        for path in (bundle, self._signer.sign(bundle)):
            text = base64.b64encode(path.read_bytes()).decode()
            self.machine.run("sh", "-c", 'printf %s "$1" | base64 -d >"$2"', "-", text, f"/srv/{path.name}")
        return name, f"/srv/{bundle.name}"

    def update(self, bundle: str, wait_s: int = 60) -> tuple[int, str]:
        settings = ["MUSTER_UPDATE_STEADY_S=1", "MUSTER_UPDATE_PAUSE_S=0.2", f"MUSTER_UPDATE_WAIT_S={wait_s}"]
        done = self.machine.run("env", *settings, "/opt/muster/current/scripts/update", bundle, limit_s=240)
        return done.returncode, done.stdout + done.stderr

    def begin(self, bundle: str) -> None:
        """Until another waits beside it to end what it has begun."""
        update = f"MUSTER_UPDATE_WAIT_S=60 setsid /opt/muster/current/scripts/update {bundle}"
        self.machine.run("sh", "-c", f"{update} >/dev/null 2>&1 & echo $! >/run/update.pid")
        self.until(lambda: self.machine.show("muster-update-check", "ActiveState") == "activating")

    def kill(self) -> None:
        assert self.machine.run("bash", "-c", 'kill -KILL -- "-$(cat /run/update.pid)"').returncode == 0

    def cut(self) -> None:
        """Everything of it is gone, first of all whoever stands by."""
        self.machine.systemctl("kill", "-s", "KILL", "muster-update-check")
        self.kill()
        self.until(self._is_quiet)

    def _is_quiet(self) -> bool:
        self.machine.systemctl("kill", "-s", "KILL", "muster-update-check")
        self.machine.systemctl("stop", "muster", "muster-fault")
        states = (self.machine.systemctl("is-active", each) for each in ("muster-update-check", "muster", "muster-fault"))
        return {"active", "activating"}.isdisjoint(states)

    def until(self, what: Callable[[], bool]) -> None:
        for _ in range(1500):
            if what():
                return
            threading.Event().wait(0.1)
        raise AssertionError(f"it never came\n{self.machine.log()}")

    def on_trial(self) -> bool:
        return self.machine.run("test", "-e", f"{PROGRESS}/trial").returncode == 0

    def current(self) -> str:
        return self.machine.run("readlink", "/opt/muster/current").stdout.strip().removeprefix("versions/")

    def at_work(self) -> str:
        """The version of the service's own process."""
        if self.machine.systemctl("is-active", "muster") != "active":
            return ""
        words = self.machine.run("cat", f"/proc/{self.machine.show('muster', 'MainPID')}/cmdline").stdout.split("\0")
        return next((word.split("/")[-2] for word in words if word.startswith("muster=")), "")

    def outcome(self) -> str:
        return self.machine.run("sed", "-n", "2p", f"{PROGRESS}/outcome").stdout.strip()

    def schema(self) -> str:
        asked = f"import sqlite3; print(sqlite3.connect('{DATABASE}').execute('PRAGMA user_version').fetchone()[0])"
        return self.machine.run("env", "PYTHONHOME=/opt/muster/python", "/opt/muster/python/bin/python3", "-c", asked).stdout


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Updated]:
    folder = tmp_path_factory.mktemp("update")
    with Machine(folder / "machine", drop_in="[Service]\nRestartSec=1\n") as machine:
        yield Updated(machine, Signer.new(folder / "signer"), folder)


def test_a_version_that_is_well_takes_over(unit: Updated) -> None:
    before = unit.current()
    name, bundle = unit.version("2")
    code, said = unit.update(bundle)
    assert code == 0, said
    assert (unit.current(), unit.at_work(), unit.outcome()) == (name, name, "installed")
    assert unit.machine.run("readlink", "/opt/muster/previous").stdout.strip() == f"versions/{before}"
    assert not unit.on_trial()
    unit.machine.until("is-failed", "muster-update-check", says="inactive")


def test_one_that_changes_the_database_and_dies_gives_way_and_its_changes_too(unit: Updated) -> None:
    before, schema = unit.current(), unit.schema()
    name, bundle = unit.version("3", MIGRATES, n_migrations=2)
    code, said = unit.update(bundle, wait_s=8)
    assert code == 70, said
    assert f"{before} is back" in said
    assert "not well either" not in said, said
    assert (unit.current(), unit.at_work(), unit.outcome(), unit.schema()) == (before, before, "returned", schema)
    assert unit.machine.run("ls", "/opt/muster/versions").stdout.find(name) == -1
    assert unit.machine.run("sh", "-c", f"ls {DATABASE}*before*").stdout == ""
    assert unit.machine.systemctl("is-active", "muster-sync.timer") == "active", "is at work again"


def test_an_update_that_is_killed_is_ended_by_the_service_that_stands_by(unit: Updated) -> None:
    before = unit.current()
    name, bundle = unit.version("4")
    unit.begin(bundle)
    unit.kill()
    unit.until(lambda: not unit.on_trial())
    unit.until(lambda: unit.at_work() == unit.current())
    assert unit.current() in {before, name}
    assert unit.machine.show("muster-update-check", "Result") == "success"


@pytest.mark.parametrize("does", [WELL, MIGRATES], ids=["well", "not well"])
def test_a_power_cut_on_trial_is_made_good_at_the_next_start(unit: Updated, does: str) -> None:
    machine, before, schema = unit.machine, unit.current(), unit.schema()
    name, bundle = unit.version("5" if does else "4.5", does, n_migrations=4 if does else 3)
    unit.begin(bundle)
    unit.until(lambda: unit.current() == name)
    unit.cut()
    machine.write("/etc/systemd/system/muster-update-check.service.d/hasty.conf", HASTY.replace("WAIT_S=60", "WAIT_S=10"))
    for words in (["daemon-reload"], ["reset-failed"], ["start", "--no-block", "muster"]):
        machine.systemctl(*words)  # as at the next start
    unit.until(lambda: not unit.on_trial())
    unit.until(lambda: unit.at_work() == unit.current())
    expected = (before, "returned") if does else (name, "installed")
    assert (unit.current(), unit.outcome(), unit.schema()) == (*expected, schema)
    assert machine.show("muster-update-check", "Result") == "success", machine.log()
