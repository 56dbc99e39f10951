"""What each of scripts/ does to a data folder: the real scripts, the real command, a stand-in for systemctl."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from decisions import Decide
from unit_in_a_folder import FAKES, ROOT, SCRIPTS

from edge import wiring
from edge.cli import main
from edge.store import FILE_NAME, Store

COMMAND = Path(sys.executable).parent / "muster"

pytestmark = pytest.mark.skipif(not COMMAND.exists(), reason="no command muster beside this Python: `make` installs it")


class Maintained:
    """A data folder, and whoever works on it from a terminal."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data, self.services = folder, folder / "data", folder / "systemd"
        for made in (self.data, self.services):
            made.mkdir()
        self.environment = {
            "PATH": f"{FAKES}:{os.environ['PATH']}",
            "MUSTER_COMMAND": str(COMMAND),
            "MUSTER_DATA": str(self.data),
            "MUSTER_UPDATE_STATE": str(folder / "progress"),
            "FAKE_SYSTEMD": str(self.services),
            "FAKE_JOURNAL": str(folder / "journal"),
        }

    def run(self, script: str, *words: str | Path, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = [ROOT / "scripts" / script, *words]
        return subprocess.run(command, env=self.environment, input=given, capture_output=True, timeout=120, check=False)

    def configure(self, text: str) -> None:
        (self.data / "muster.toml").write_text(text)

    def people(self) -> list[str]:
        with Store.open(self.data / FILE_NAME, unit="door-1") as store:
            return [person.code for person in store.people()]

    def add(self, *codes: str) -> None:
        with Store.open(self.data / FILE_NAME, unit="door-1") as store:
            for code in codes:
                store.add_person(code, f"Name {code}")


@pytest.fixture
def unit(tmp_path: Path) -> Maintained:
    return Maintained(tmp_path)


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_says_what_it_is_for_and_does_nothing(unit: Maintained, script: str) -> None:
    done = unit.run(script, "-h")
    assert done.returncode == 0
    assert done.stdout.decode().startswith(f"usage: {script}")
    assert b"#!" not in done.stdout
    assert unit.run(script, "--help").stdout == done.stdout
    assert list(unit.data.iterdir()) == []


def test_today_is_what_events_means(unit: Maintained, decide: Decide) -> None:
    with Store.open(unit.data / FILE_NAME, unit="door-1") as store:
        ada = store.add_person("1042", "Ada")
        store.record(ada, decide(datetime(2020, 1, 1, tzinfo=UTC)))
        today = store.record(ada, decide(datetime.now(UTC)))
    told = unit.run("events").stdout.decode()
    assert (str(today.seq) in told, "2020-01-01" in told) == (True, False)
    rows = json.loads(unit.run("events", "--code", "1042", "--json").stdout)
    assert [row["seq"] for row in rows] == ["1", "2"]


def test_rows_go_out_at_once_and_only_once(unit: Maintained, decide: Decide) -> None:
    share = unit.folder / "share"
    share.mkdir()
    assert main(["--data", str(unit.data), "sync", "--prepare", str(share)]) == 0
    unit.configure(f'[sync]\ndestinations = ["{share}"]\n')
    with Store.open(unit.data / FILE_NAME, unit="door-1") as store:
        store.record(store.add_person("1042", "Ada"), decide())
    assert unit.run("export-now").returncode == 0
    (table,) = share.glob("attendance-*.csv")
    content = table.read_bytes()
    assert content.count(b"1042") == 1
    assert unit.run("export-now").returncode == 0
    assert table.read_bytes() == content


def test_logs_asks_the_journal_for_the_unit_alone(unit: Maintained) -> None:
    told = unit.run("logs", "--lines", "5").stdout.decode()
    assert told.endswith("<--lines=5><--unit=muster*>")
    assert "<--since=-1h>" in unit.run("logs", "--since", "-1h").stdout.decode()
    assert "<--since=2026-11-22 08:00>" in unit.run("logs", "--since", "2026-11-22T08:00").stdout.decode()
    assert "<--identifier=muster-ssh>" in unit.run("logs", "--maintenance").stdout.decode()
    assert unit.run("logs", "--since", "-1h").stdout.decode().startswith("<--no-pager><--output=short-iso><--lines=all>")
    for words in (["--lines", "5", "--since", "-1h"], ["--since", "-1h", "--lines", "5"]):
        assert "<--lines=5><--since=-1h>" in unit.run("logs", *words).stdout.decode()
    for words in (["--lines", "all of it"], ["--lines"], ["--unit=ssh"], ["ssh"]):
        assert unit.run("logs", *words).returncode == 64


# Backup and restore


def with_recipient(unit: Maintained) -> Path:
    """The secret key of whoever may read backups."""
    identity = unit.folder / "identity.txt"
    done = unit.run("backup", "--new-identity", identity)
    recipient = done.stdout.decode().split("recipient: ")[1].split()[0]
    unit.configure(f'[unit]\nname = "door-1"\n[backup]\nrecipient = "{recipient}"\n')
    return identity


def test_a_backup_goes_out_and_comes_back_over_pipes(unit: Maintained) -> None:
    identity = with_recipient(unit)
    unit.add("1042")
    saved = unit.run("backup")
    assert saved.returncode == 0, saved.stderr
    assert saved.stdout.startswith(b"muster-backup") or len(saved.stdout) > 1000
    unit.add("1043")
    (unit.services / "muster-sync.timer").touch()
    given = identity.read_bytes() + b"\n" + saved.stdout
    refused = unit.run("restore", "-", given=given)
    assert refused.returncode != 0, "there is something that the backup has not"
    assert unit.people() == ["1042", "1043"]
    done = unit.run("restore", "-", "--replace", given=given)
    assert done.returncode == 0, done.stderr
    assert unit.people() == ["1042"]
    asked = (unit.services / "asked").read_text()
    assert asked.count("start muster-sync.timer") == 2, "goes on, whatever came of it"
    assert "muster.service" not in "".join(line for line in asked.splitlines() if " start " in line), "was not at work before"
    assert not [path for path in unit.folder.iterdir() if path.name.startswith(".restore")]


def test_what_cannot_be_restored_does_not_stop_the_unit(unit: Maintained) -> None:
    unit.add("1042")
    (unit.services / "muster-sync.timer").touch()
    for words in (["--replace", "-"], ["nothing there"], ["--passphrase", "-"], ["-x"]):
        assert unit.run("restore", *words).returncode in {64, 65}
    done = unit.run("restore", "-", given=b"AGE-SECRET-KEY-1\n" * 30)
    assert (done.returncode, b"the key has no end" in done.stderr) == (65, True)
    assert not (unit.services / "asked").exists(), "nobody was disturbed"


@pytest.mark.parametrize("words", [["restore", "-", "--replace"], ["wipe", "--yes", "muster-1"]])
def test_one_at_a_time(unit: Maintained, words: list[str]) -> None:
    unit.add("1042")
    with subprocess.Popen(["flock", unit.data, "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin
        assert other.stdout
        other.stdin.write(b"x")
        other.stdin.flush()
        assert other.stdout.read(1) == b"x", "it has the lock"
        done = unit.run(*words, given=b"key\n\nbackup")
        other.stdin.close()
    assert (done.returncode, b"is under way" in done.stderr) == (75, True)
    assert unit.people() == ["1042"]


def test_backups_that_went_out_are_one_line_of_the_list_and_of_a_removal(unit: Maintained) -> None:
    with_recipient(unit)
    unit.add("1042")
    kept = unit.folder / "door-1.muster-backup"
    assert unit.run("backup", kept).returncode == 0
    for _ in range(3):
        assert unit.run("backup").returncode == 0
    first, second = unit.run("backup", "--list").stdout.decode().splitlines()
    assert first.endswith(str(kept)), "what lies in a file is not touched by that"
    assert second.endswith("over SSH, and each earlier one that went out so")
    told = unit.run("people", "remove", "1042", "--yes").stdout.decode()
    assert (told.count("over SSH, and each earlier one"), "over-ssh.muster-backup" in told) == (1, False)
    assert unit.run("backup", "--list").stdout.decode().count("over SSH") == 1
    assert unit.run("backup", "--over-ssh").returncode != 0


@pytest.mark.parametrize("given", [b"", b"\n", b"AGE-SECRET-KEY-1\n" * 30, b"no key\n\nno backup"])
def test_what_is_no_backup_changes_nothing(unit: Maintained, given: bytes) -> None:
    unit.add("1042")
    done = unit.run("restore", "-", "--replace", given=given)
    assert done.returncode in {65, 78}, done.stderr
    assert b"Traceback" not in done.stderr
    assert unit.people() == ["1042"]


def test_a_backup_that_fails_gives_no_half_of_one(unit: Maintained) -> None:
    unit.add("1042")
    done = unit.run("backup")
    assert (done.returncode, done.stdout) == (78, b"")
    assert b"nobody is named who could read the backup" in done.stderr


# Wipe


def furnished(unit: Maintained) -> Path:
    """With a key, a table that somebody left there, and somebody in it."""
    key = unit.folder / "muster.key"
    assert main(["--data", str(unit.data), "key", "make", str(key)]) == 0
    unit.configure(f'[unit]\nname = "Tür 1"\n[privacy]\nkey_file = "{key}"\n')
    unit.environment["MUSTER_CONFIG"] = str(unit.folder / "muster.toml")
    (unit.data / "muster.toml").rename(unit.folder / "muster.toml")
    assert unit.run("people", "add", "1042", "Ada").returncode == 0
    (unit.data / "sub").mkdir()
    (unit.data / "sub/status.json").write_text("{}")
    return key


def test_without_the_name_of_this_unit_nothing_is_erased(unit: Maintained) -> None:
    key = furnished(unit)
    for words in ([], ["--yes"], ["--yes", "tür 1"], ["--yes", ""], ["--yes", "Tür 1", "--dry-run"], ["Tür 1"]):
        assert unit.run("wipe", *words).returncode == 64
        assert (unit.data / FILE_NAME).exists()
        assert key.exists()


def test_wipe_leaves_nothing_and_says_what_may_stay(unit: Maintained) -> None:
    key = furnished(unit)
    (unit.services / "muster-sync.timer").touch()
    done = unit.run("wipe", "--yes", "Tür 1")
    assert done.returncode == 0, done.stderr
    assert list(unit.data.iterdir()) == []
    assert not key.exists()
    assert "flash writes anew to other cells" in done.stdout.decode()
    assert not (unit.services / "muster-sync.timer").exists(), "and it stays at rest"


def test_a_wipe_goes_on_when_nobody_listens_any_more(unit: Maintained) -> None:
    """The connection has gone; half a wipe would be a unit at rest with a database that nobody can read, or worse, can."""
    key = furnished(unit)
    command = [ROOT / "scripts/wipe", "--yes", "Tür 1"]
    closed, to = os.pipe()
    os.close(closed)
    try:
        subprocess.run(command, env=unit.environment, stdin=subprocess.DEVNULL, stdout=to, stderr=to, timeout=60, check=False)
    finally:
        os.close(to)
    assert list(unit.data.iterdir()) == []
    assert not key.exists()


def test_a_data_folder_that_is_a_link_is_erased_where_it_leads(unit: Maintained) -> None:
    unit.add("1042")
    real = unit.folder / "elsewhere"
    unit.data.rename(real)
    unit.data.symlink_to(real)
    (real / "to a share").symlink_to(unit.folder)
    (unit.folder / "keep").write_text("what is behind a link is not ours")
    done = unit.run("wipe", "--yes", "muster-1")
    assert done.returncode == 0, done.stderr
    assert list(real.iterdir()) == []
    assert (unit.folder / "keep").exists()


MOUNTED = """
mkdir "$MUSTER_DATA/share"
mount -t tmpfs share "$MUSTER_DATA/share"
echo rows >"$MUSTER_DATA/share/attendance.csv"
"$0" --yes muster-1 || exit
cat "$MUSTER_DATA/share/attendance.csv"
ls -A "$MUSTER_DATA"
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: something is mounted")
def test_a_share_that_is_mounted_in_the_data_is_left_and_named(unit: Maintained) -> None:
    unit.add("1042")
    command = ["unshare", "--mount", "bash", "-uc", MOUNTED, ROOT / "scripts/wipe"]
    done = subprocess.run(command, env=unit.environment, capture_output=True, text=True, timeout=60, check=False)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("rows\nshare\n")
    assert "a disk is mounted there" in done.stderr


def test_wipe_twice_is_no_fault(unit: Maintained) -> None:
    unit.add("1042")
    for _ in range(2):
        done = unit.run("wipe", "--yes", "muster-1")
        assert done.returncode == 0, done.stderr
    assert list(unit.data.iterdir()) == []


def test_a_folder_that_is_not_musters_is_left_alone(unit: Maintained) -> None:
    (unit.data / "thesis.txt").write_text("three years")
    assert unit.run("wipe", "--yes", "muster-1").returncode == 64
    assert (unit.data / "thesis.txt").exists()


def test_a_unit_at_work_that_nobody_can_stop_keeps_its_data(unit: Maintained) -> None:
    unit.configure('[unit]\nname = "door-1"\n')
    unit.add("1042")
    with wiring.alone(unit.data):
        assert unit.run("wipe", "--yes", "door-1").returncode == 69
    assert unit.people() == ["1042"]
