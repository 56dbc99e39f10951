"""Another version comes, or Muster goes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from rig import recording
from rig.bench import Bench
from rig.build import LISTING, ROOT
from rig.parts import call
from rig.scenarios.scenario import Scenario
from rig.system import cache

BROKEN = '    raise SystemExit("a version of the rig that cannot work")\n'
KEPT = re.compile(
    r"/var/lib/muster($|/)|/etc/muster($|/muster\.toml$|/last-good)|/var/lib/systemd/|/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|/var/cache/"
)
"""The data, the configuration that was changed, and what systemd itself remembers."""


def broken_bundle(bench: Bench) -> Path:
    """A signed bundle of this checkout whose `muster run` ends at once."""
    checkout = bench.place() / "checkout"
    ignored = shutil.ignore_patterns(".git", ".venv*", "var", "*.egg-info", "__pycache__", ".mypy_cache", ".ruff_cache", "build")
    shutil.copytree(ROOT, checkout, ignore=ignored)
    version = checkout / "edge/__init__.py"
    version.write_text(re.sub(r'__version__ = ".*"', '__version__ = "9.9.9"', version.read_text()))
    run = checkout / "edge/commands/run.py"
    first = "    logging.basicConfig("
    assert first in run.read_text(), "edge/commands/run.py begins in another way"
    run.write_text(run.read_text().replace(first, BROKEN + first))
    into = bench.place()
    (into / ".wheels").symlink_to(cache() / "bundles/.wheels")
    call(
        "env",
        f"MUSTER_PYTHON={ROOT / '.venv/bin/python'}",
        checkout / "deploy/bundle",
        "--key",
        bench.built.key,
        "--into",
        into,
        limit_s=300,
    )
    (into / ".wheels").unlink()
    return into


def _broken_update(bench: Bench) -> str:
    folder = broken_bundle(bench)
    with bench.awake() as machine:
        before = machine.must("readlink /opt/muster/current").strip()
        machine.carry(folder, "/root/new")
        done = machine.run("/opt/muster/current/scripts/update /root/new/*.tar.gz 2>&1", limit_s=1_200)
        after = machine.must("readlink /opt/muster/current").strip()
        outcome = machine.must("cat /var/lib/muster-update/outcome").splitlines()
        machine.wait("the unit is at work", lambda: machine.run("systemctl is-active muster").code == 0, limit_s=180, pause_s=2)
    assert done.code == 70, (done.code, done.out[-1500:])
    assert outcome[1] == "returned", outcome
    assert "9.9.9" in outcome[2], outcome
    assert before == after, (before, after)
    return f"ended with 70: {outcome[2]}"


def _uninstall(bench: Bench) -> str:
    with bench.awake() as machine:
        (row,) = recording.rows(machine, 1)
        machine.must("rm /root/recorder.py; /opt/muster/current/deploy/install --uninstall 2>&1", limit_s=180)
        names = set(machine.must(LISTING, limit_s=120).splitlines())
        machine.kill()
        with bench.database(machine) as store:
            kept = [entry.event_id for entry in store.entries()]
    before = set(bench.built.listing.read_text().splitlines())
    left, gone = ({name for name in some if not KEPT.match(name)} for some in (names - before, before - names))
    assert not left, sorted(left)[:20]
    assert not gone, sorted(gone)[:20]
    assert kept == [row], kept
    seen = "the row is in the database, the changed configuration is there"
    return f"{seen}; of {len(before):,} names that were there before none is gone, and no other has come"


SCENARIOS = (
    Scenario("an update to a version that does not work: the last one is back", _broken_update),
    Scenario("uninstall: nothing is left but the data", _uninstall),
)
