"""scripts/update: a bundle that is not believed changes nothing, and a version that is not well gives way to the one before."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from unit_in_a_folder import ARCHITECTURE, ROOT, FolderUnit

from edge.store import FILE_NAME, Store

pytestmark = pytest.mark.skipif(
    not ARCHITECTURE or not shutil.which("ssh-keygen") or not Path("/usr/bin/python3").exists(),
    reason="no dpkg, ssh-keygen or /usr/bin/python3 here, as on every unit",
)


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[FolderUnit]:
    """A unit that is at work with version 1."""
    made = FolderUnit(tmp_path)
    made.install(made.bundle("1"))
    try:
        yield made
    finally:
        made.end()


@pytest.fixture
def old(unit: FolderUnit) -> Path:
    return unit.current


def is_untouched(unit: FolderUnit, old: Path, pid: int) -> bool:
    """Version 1 is at work as the same process, and nothing else lies there."""
    return unit.current == old and unit.versions() == {old.name} and unit.pid() == pid and unit.at_work() == old.name


# What goes well


def test_a_signed_bundle_takes_over_and_the_one_before_is_kept(unit: FolderUnit, old: Path) -> None:
    done = unit.run("update", unit.bundle("2"))
    assert done.returncode == 0, done.stderr
    assert unit.current.name.startswith("2-")
    assert unit.at_work() == unit.current.name
    assert unit.versions() == {old.name, unit.current.name}
    assert unit.outcome()[0] == "installed"
    assert not (unit.progress / "trial").exists()
    assert f"muster-update: installed: Updated: {unit.current.name}" in (unit.folder / "journal").read_text()
    second = unit.current
    assert unit.run("update", unit.bundle("3")).returncode == 0
    assert unit.versions() == {second.name, unit.current.name}, "older ones are gone"
    assert (unit.home / "previous").resolve() == second


def test_the_same_bundle_twice_disturbs_nobody(unit: FolderUnit) -> None:
    bundle = unit.bundle("2")
    assert unit.run("update", bundle).returncode == 0
    pid = unit.pid()
    done = unit.run("update", bundle)
    assert (done.returncode, "at work already" in done.stdout) == (0, True)
    assert unit.pid() == pid


def test_a_bundle_may_come_over_the_input(unit: FolderUnit) -> None:
    bundle = unit.bundle("2")
    both = Path(f"{bundle}.sig").read_bytes() + bundle.read_bytes()
    for wrong, words in (
        (bundle.read_bytes(), "the signature does not come first"),
        (both[:60], "the signature has no end"),
        (both[:-9], "is not what was signed"),
        (b"", "the signature does not come first"),
    ):
        done = unit.run("update", "-", given=wrong)
        assert done.returncode == 65
        assert words in done.stderr
        assert not list(unit.progress.glob("bundle*"))
    done = unit.run("update", "-", given=both)
    assert done.returncode == 0, done.stderr
    assert unit.current.name.startswith("2-")
    assert not list(unit.progress.glob("bundle*"))


# What is refused


@pytest.mark.parametrize(
    ("made", "code", "words"),
    [
        ({"signed_by": None}, 65, "has no signature beside it"),
        ({"signed_by": "stranger"}, 65, "the signature is not one that"),
        ({"architecture": "riscv64"}, 65, "the bundle is for riscv64"),
        ({"python": "3.99"}, 65, "the bundle is for Python 3.99"),
        ({"needs_mib": "9999999"}, 74, "too little room"),
    ],
)
def test_a_bundle_that_is_refused_changes_nothing(
    unit: FolderUnit, old: Path, made: dict[str, str], code: int, words: str
) -> None:
    unit.new_key("stranger")
    pid = unit.pid()
    done = unit.run("update", unit.bundle("2", **made))  # type: ignore[arg-type]
    assert done.returncode == code
    assert words in done.stderr
    assert is_untouched(unit, old, pid)
    assert unit.outcome()[0] == "refused"
    assert words in unit.outcome()[1], "for the doctor"
    assert words in (unit.folder / "journal").read_text()
    assert (unit.data / "panel").read_text() == "stick refused\n"


def test_a_bundle_that_was_changed_after_it_was_signed_is_refused(unit: FolderUnit, old: Path) -> None:
    bundle, pid = unit.bundle("2"), unit.pid()
    bundle.write_bytes(unit.bundle("3").read_bytes())
    done = unit.run("update", bundle)
    assert (done.returncode, is_untouched(unit, old, pid)) == (65, True)


@pytest.mark.parametrize("content", [None, ""])
def test_without_a_release_key_nothing_is_believed(unit: FolderUnit, old: Path, content: str | None) -> None:
    bundle, pid = unit.bundle("2"), unit.pid()
    unit.trust.unlink()
    if content is not None:
        unit.trust.write_text(content)
    done = unit.run("update", bundle)
    assert (done.returncode, is_untouched(unit, old, pid)) == (78, True)
    assert "knows no release key" in done.stderr


def test_where_nothing_is_installed_nothing_is_written(tmp_path: Path) -> None:
    state = tmp_path / "state"
    places = {"MUSTER_HOME": tmp_path / "home", "MUSTER_UPDATE_STATE": state, "MUSTER_DATA": tmp_path / "data"}
    environment = os.environ | {name: str(place) for name, place in places.items()}
    for words, code in (("-", 69), (tmp_path / "muster.tar.gz", 69)):
        command = [ROOT / "scripts/update", words]
        done = subprocess.run(command, env=environment, input="", capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, "no version of Muster is installed" in done.stderr) == (code, True)
        assert not state.exists(), "a doctor would speak of a bundle"


def test_one_update_at_a_time(unit: FolderUnit) -> None:
    with subprocess.Popen(["flock", unit.progress / "lock", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin
        assert other.stdout
        other.stdin.write(b"x")
        other.stdin.flush()
        assert other.stdout.read(1) == b"x", "it has the lock"
        done = unit.run("update", unit.bundle("2"))
        other.stdin.close()
    assert (done.returncode, "another update is under way" in done.stderr) == (75, True)


def test_a_restore_or_a_wipe_is_not_disturbed(unit: FolderUnit, old: Path) -> None:
    pid = unit.pid()
    with subprocess.Popen(["flock", unit.data, "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin
        assert other.stdout
        other.stdin.write(b"x")
        other.stdin.flush()
        assert other.stdout.read(1) == b"x", "it has the lock"
        done = unit.run("update", unit.bundle("2"))
        other.stdin.close()
    assert (done.returncode, is_untouched(unit, old, pid)) == (75, True)


def test_an_older_version_is_refused_and_the_way_back_is_named(tmp_path: Path) -> None:
    unit = FolderUnit(tmp_path)
    unit.install(unit.bundle("2.0rc1"))
    try:
        assert unit.run("update", unit.bundle("2.0")).returncode == 0, "after its candidate"
        new, pid = unit.current, unit.pid()
        before = unit.versions()
        for older in ("1.9.9", "2.0.dev3", "2.0rc1"):
            bundle = tmp_path / f"muster-{older}.tar.gz"
            done = unit.run("update", bundle if bundle.exists() else unit.bundle(older))
            assert (done.returncode, unit.current, unit.pid(), unit.versions()) == (65, new, pid, before)
            assert f"is older than {new.name}" in done.stderr
            assert "/previous/deploy/install" in done.stderr
            assert unit.outcome()[0] == "refused"
    finally:
        unit.end()


def test_an_installer_that_fails_without_a_word_is_told_too(unit: FolderUnit, old: Path) -> None:
    pid = unit.pid()
    (old / "deploy/install").write_text("#!/bin/sh\necho 'cp: No space left on device' >&2; exit 1\n")
    assert unit.run("update", unit.bundle("2")).returncode == 1
    assert unit.outcome() == ["refused", "the installer failed: cp: No space left on device"]
    assert is_untouched(unit, old, pid)


# How it was before


def test_a_unit_that_somebody_has_stopped_stays_stopped(unit: FolderUnit) -> None:
    unit.systemctl("stop", "muster.service")
    unit.systemctl("start", "muster-sync.timer")
    assert unit.run("update", unit.bundle("2")).returncode == 0
    assert (unit.current.name[:2], unit.at_work()) == ("2-", "")
    assert (unit.folder / "systemd/muster-sync.timer").exists()


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not what():
        assert time.monotonic() < end
        os.sched_yield()


def test_a_unit_that_is_only_starting_is_waited_for(tmp_path: Path) -> None:
    """Otherwise the new one would have nothing to be as well as."""
    unit = FolderUnit(tmp_path, wait_s=1)
    old = unit.install(unit.bundle("1"))
    try:
        status = unit.data / "status"
        until(status.exists)
        told = status.read_text()
        status.unlink()
        n_asked = len(unit.asked())
        with unit.begin("update", unit.bundle("2", "degraded")) as update:
            until(lambda: unit.asked()[n_asked:].count("is-active muster.service") > 2)
            assert not (unit.progress / "trial").exists()
            status.write_text(told)
            assert update.wait(60) == 70
        assert unit.at_work() == old.name
    finally:
        unit.end()


def test_whoever_waits_may_go_away(unit: FolderUnit) -> None:
    """A connection that breaks: nobody reads any more, and the group is told so."""
    with unit.begin("update", unit.bundle("2")) as update:
        assert update.stdout
        assert update.stderr
        assert "Now it is tried" in update.stdout.readline()
        until((unit.progress / "trial").exists)
        update.stdout.close()
        update.stderr.close()
        for sign in (signal.SIGHUP, signal.SIGINT):
            os.killpg(update.pid, sign)
        assert update.wait(60) == 0
    assert unit.at_work() == unit.current.name
    assert unit.current.name.startswith("2-")
    assert unit.outcome()[0] == "installed"


def test_a_service_stands_by_where_the_update_itself_is_killed(unit: FolderUnit) -> None:
    assert unit.run("update", unit.bundle("2")).returncode == 0
    asked = unit.asked()
    standing_by = asked.index("--no-block start muster-update-check.service")
    assert standing_by < asked.index("--no-block restart muster.service")
    assert "muster-update-check.service" not in unit.asked()[-1]


def test_a_clock_that_jumps_ends_no_trial(tmp_path: Path) -> None:
    """Bash's SECONDS go by the wall clock; here it jumps by an hour whenever the unit is asked."""
    well_s = tmp_path / "well"
    script = f"""
        set -euo pipefail
        . {ROOT}/deploy/lib/unit.sh; . {ROOT}/deploy/lib/trial.sh
        was_at_work=True n=0
        is_as_well_as_before() {{ SECONDS=$((SECONDS + 3600)); n=$((n + 1)); [ $n -ge 3 ]; }}
        settles {tmp_path} 60 && echo $n >{well_s}
    """
    environment = {**os.environ, "MUSTER_UPDATE_PAUSE_S": "0", "MUSTER_UPDATE_STEADY_S": "0"}
    subprocess.run(["bash", "-c", script], env=environment, check=True, timeout=60)
    assert well_s.read_text() == "3\n"


# What does not get well


@pytest.mark.parametrize("manner", ["dies", "degraded", "is not restarted", "cannot be placed"])
def test_a_version_that_is_not_well_gives_way_to_the_one_before(tmp_path: Path, manner: str) -> None:
    unit = FolderUnit(tmp_path, wait_s=2)
    old = unit.install(unit.bundle("1"))
    try:
        done = unit.run("update", unit.bundle("2", manner))
        assert done.returncode == 70
        assert (unit.current, unit.at_work(), unit.versions()) == (old, old.name, {old.name})
        assert not (unit.home / "previous").exists()
        assert f"{old.name} is back" in done.stdout
        assert "It is not well either" not in done.stdout
        assert unit.outcome()[0] == "returned"
        assert (unit.data / "panel").read_text() == "stick failed\n"
        assert not (unit.progress / "trial").exists()
    finally:
        unit.end()


def test_a_unit_that_was_degraded_before_need_not_be_better_afterwards(tmp_path: Path) -> None:
    unit = FolderUnit(tmp_path)
    unit.install(unit.bundle("1", "degraded"))
    try:
        assert unit.run("update", unit.bundle("2", "degraded")).returncode == 0
        assert unit.at_work().startswith("2-")
    finally:
        unit.end()


# The database


def database(unit: FolderUnit) -> Path:
    """Muster's own, said to be of version 1."""
    path = unit.data / FILE_NAME
    with Store.open(path, unit="door-1") as store:
        store.add_person("1042", "Ada")
    with sqlite3.connect(path) as opened:
        opened.execute("PRAGMA user_version = 1")
    opened.close()
    return path


def version_of(path: Path) -> tuple[int, int]:
    """Its schema, and how many were erased."""
    with sqlite3.connect(path) as opened:
        found = opened.execute("PRAGMA user_version").fetchone()[0], opened.execute("SELECT count(*) FROM erasure").fetchone()[0]
    opened.close()
    return found


def test_the_one_before_gets_back_a_database_that_it_can_read(tmp_path: Path) -> None:
    unit = FolderUnit(tmp_path, wait_s=2)
    old = unit.install(unit.bundle("1"))
    path = database(unit)
    unit.systemctl("start", "muster-sync.timer")
    (unit.data / "muster.db.before-update").write_text("of an update that nobody remembers")
    try:
        assert unit.run("update", unit.bundle("2", "degraded", n_migrations=2)).returncode == 70
        assert (version_of(path), unit.at_work()) == ((1, 0), old.name)
        assert not list(unit.data.glob("*before-update*"))
        assert (unit.folder / "systemd/muster-sync.timer").exists(), "is at work again"
    finally:
        unit.end()


def test_a_copy_of_another_time_is_never_put_back(tmp_path: Path) -> None:
    """Without a change of the schema there is none, and one that a power cut has left is an older one."""
    unit = FolderUnit(tmp_path, wait_s=1)
    unit.install(unit.bundle("1"))
    path = database(unit)
    shutil.copy(path, unit.data / "muster.db.before-update")
    with sqlite3.connect(path) as opened:
        opened.execute("UPDATE person SET name = 'Ada Lovelace'")
    opened.close()
    try:
        assert unit.run("update", unit.bundle("2", "degraded")).returncode == 70
        with sqlite3.connect(path) as opened:
            assert opened.execute("SELECT name FROM person").fetchall() == [("Ada Lovelace",)]
        opened.close()
        assert not list(unit.data.glob("*before-update*"))
    finally:
        unit.end()


def test_where_nobody_can_tell_what_was_written_the_copy_is_kept_and_named(tmp_path: Path) -> None:
    unit = FolderUnit(tmp_path, wait_s=1)
    unit.install(unit.bundle("1"))
    path = database(unit)
    try:
        done = unit.run("update", unit.bundle("2", "spoils and dies", n_migrations=2))
        assert (done.returncode, unit.current.name[:2]) == (70, "2-")
        kept = unit.data / "muster.db.before-update.kept"
        assert str(kept) in unit.outcome()[1]
        assert (version_of(kept), path.read_bytes()) == ((1, 0), b"spoilt\n")
        assert not (unit.progress / "trial").exists()
    finally:
        unit.end()


def test_what_was_written_on_trial_is_never_lost(tmp_path: Path) -> None:
    unit = FolderUnit(tmp_path, wait_s=1)
    unit.install(unit.bundle("1"))
    path = database(unit)
    try:
        done = unit.run("update", unit.bundle("2", "writes and dies", n_migrations=2))
        assert done.returncode == 70
        version, n_written = version_of(path)  # a version that dies may have been started twice
        assert (version, n_written >= 1, unit.current.name[:2]) == (2, True, "2-")
        assert "cannot come back without losing what was written" in done.stdout
        assert not list(unit.data.glob("*before-update*"))
    finally:
        unit.end()


# A power cut


@pytest.mark.parametrize(("manner", "is_new"), [("is cut before", False), ("is cut after", True), ("is cut after, dies", False)])
def test_a_power_cut_leaves_one_version_whole_and_the_next_start_ends_the_trial(
    tmp_path: Path, manner: str, *, is_new: bool
) -> None:
    unit = FolderUnit(tmp_path, wait_s=20 if is_new else 2)
    old = unit.install(unit.bundle("1"))
    try:
        assert unit.run("update", unit.bundle("2", manner)).returncode == -9
        assert (unit.progress / "trial").exists()
        (new,) = unit.versions() - {old.name}
        if is_new:
            (unit.home / "versions" / new / "manner").write_text("well")
        done = unit.power_on_again()
        assert done.returncode == (0 if is_new else 70), done.stderr
        assert unit.at_work() == unit.current.name == (new if is_new else old.name)
        assert not (unit.progress / "trial").exists()
        assert unit.run("update", "--finish").returncode == 0, "nothing is left to do"
    finally:
        unit.end()


BACK = {"before": "systemctl reset-failed*", "times": 3}
"""Placed, placed again to be sure, and now the version before."""


@pytest.mark.parametrize(
    "cut",
    [
        {"before": "systemctl stop *"},
        {"before": "systemctl reset-failed*"},
        {"before": "ln -sfn versions/1-* */.current.new"},
        {"before": "sync -f */home"},
        BACK,
        {"before": "rm -f */.whole"},
        {"before": "rm -f */progress/trial"},
        {"before": "rm -f */data/muster.db.before-update*", "times": 2},
    ],
    ids=["copy", "place", "link", "data back", "place back", "drop", "end", "forget"],
)
def test_the_one_before_comes_back_with_its_data_wherever_the_power_goes(tmp_path: Path, cut: dict[str, object]) -> None:
    """The new one has changed the schema, and would do so again when it is started."""
    unit = FolderUnit(tmp_path, wait_s=1)
    old = unit.install(unit.bundle("1"))
    path = database(unit)
    unit.systemctl("start", "muster-sync.timer")
    try:
        assert unit.cut_off(unit.bundle("2", "degraded", n_migrations=2), **cut)  # type: ignore[arg-type]
        code = unit.power_on_again().returncode
        assert code == (70 if cut["before"] != "rm -f */data/muster.db.before-update*" else 0)
        until(lambda: unit.at_work() == old.name)
        assert (unit.current, unit.versions(), version_of(path)) == (old, {old.name}, (1, 0))
        assert not (unit.progress / "trial").exists()
        assert not (unit.home / "previous").exists()
        assert unit.outcome()[0] == "returned"
        assert (unit.folder / "systemd/muster-sync.timer").exists(), "what was at work before is at work again"
    finally:
        unit.end()
