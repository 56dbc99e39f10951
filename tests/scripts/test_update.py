"""scripts/update: a bundle that is not believed changes nothing, and a version that is not well gives way to the one before."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from unit_in_a_folder import ARCHITECTURE, FolderUnit

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
    try:
        assert unit.run("update", unit.bundle("2", "degraded", n_migrations=2)).returncode == 70
        assert (version_of(path), unit.at_work()) == ((1, 0), old.name)
        assert not list(unit.data.glob("*before-update*"))
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
