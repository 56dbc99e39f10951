"""A backup is made: whole, closed, and known before anybody can take it."""

from __future__ import annotations

import io
import os
import re
import resource
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from exchange import vault
from exchange.vault import NOW, PAIR, made, names, opened, record, restored, unit

from edge.cli import main
from edge.errors import BackupError, EnrolError, StoreError
from edge.exchange.backup.envelope import Label, Lock
from edge.exchange.files import Files, PrivateFiles
from edge.store import Seal, Store
from edge.store.audit import BACKUP_MADE

Muster = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unit(tmp_path_factory.mktemp("unit") / "data")


@pytest.fixture
def data(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "data"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick" / "door-1.backup"


@pytest.fixture
def muster(data: Path, capsys: pytest.CaptureFixture[str]) -> Muster:
    """Runs a command on the data folder: exit code, what it printed, what it complained."""

    def run(*words: str | Path) -> tuple[int, str, str]:
        try:
            code = main(["--data", str(data), *map(str, words)])
        except SystemExit as error:  # argparse's own
            code = error.code
        return code, *capsys.readouterr()

    return run


def test_everything_comes_back(data: Path, file: Path, tmp_path: Path) -> None:
    made(data, file)
    restored(tmp_path / "new", file)
    with opened(data) as before, opened(tmp_path / "new") as after:
        assert after.events() == before.events()
        assert after.people() == before.people()
        own, other = (store.templates(vault.MODEL) for store in (before, after))
        assert own[0].shape == (2, 64)
        assert all(np.array_equal(*pair) for pair in zip(own, other, strict=True))
        assert after.ledger_id() == before.ledger_id()


def test_nobody_can_read_it_without_the_key_and_nothing_is_left_beside_it(data: Path, file: Path) -> None:
    before = set(names(data))
    made(data, file)
    raw = file.read_bytes()
    assert not any(word in raw for word in (b"Lovelace", b"1042", b"SQLite format", b"door-1"))
    assert names(file.parent) == [file.name]
    assert set(names(data)) == before
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_its_first_line_says_which_one_it_is(data: Path, file: Path) -> None:
    header = made(data, file).header
    line = file.read_bytes().split(b"\n", 1)[0].decode()
    assert line == f"muster backup 1 {header.backup_id} 2026-11-22T07:00:00.000Z"


class Watching(PrivateFiles):
    """Asks the database from outside, just before the backup gets its name."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.seen: list[object] = []

    def rename(self, source: Path, target: Path) -> None:
        with opened(self.data) as other:
            self.seen += [*other.backups(), *other.audit()]
        super().rename(source, target)


def test_it_is_known_before_anybody_can_take_it(data: Path, file: Path) -> None:
    files = Watching(data)
    header = made(data, file, files=files).header
    known, line = files.seen
    assert (known.id, known.file, known.made_utc, known.n_rows) == (header.backup_id, str(file), NOW, 11)
    assert (line.what, line.detail) == (BACKUP_MADE, f"backup {header.backup_id}, 11 rows")


class NoName(PrivateFiles):
    """The stick is pulled at the last moment."""

    def rename(self, source: Path, target: Path) -> NoReturn:
        raise OSError(5, "Input/output error")


def test_one_that_got_no_name_is_forgotten(data: Path, file: Path) -> None:
    with pytest.raises(StoreError, match="Input/output"):
        made(data, file, files=NoName())
    assert names(file.parent) == []
    with opened(data) as store:
        assert store.backups() == []
        assert "not there after all" in store.audit()[-1].detail


def test_a_backup_is_written_over_and_then_forgotten(data: Path, file: Path) -> None:
    first = made(data, file).header.backup_id
    second = made(data, file)
    assert second.in_place_of == first
    with opened(data) as store:
        assert [known.id for known in store.backups()] == [second.header.backup_id]


@pytest.mark.parametrize("kind", ["text", "empty", "link", "pipe", "folder", "database"])
def test_nothing_else_is_written_over(data: Path, file: Path, kind: str, tmp_path: Path) -> None:
    if kind == "link":
        made(data, tmp_path / "elsewhere")
        file.symlink_to(tmp_path / "elsewhere")
    elif kind == "pipe":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    elif kind == "database":
        file = data / "muster.db"
    else:
        file.write_text("a letter\n" if kind == "text" else "")
    before = file.lstat()
    with pytest.raises(BackupError, match="is no backup"):
        made(data, file)
    assert (file.lstat().st_ino, file.lstat().st_size) == (before.st_ino, before.st_size)


def test_a_part_that_was_left_over_is_in_nobodys_way(data: Path, file: Path) -> None:
    (file.parent / f".{file.name}.part").write_bytes(b"half a backup")
    made(data, file)
    assert names(file.parent) == [file.name]


def test_a_full_stick_is_told_and_nothing_stays(data: Path, file: Path) -> None:
    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    recipient = str(PAIR.lock.recipient)
    command = [sys.executable, "-m", "edge", "--data", data, "backup", file, "--to-recipient", recipient]
    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=small)
    assert (done.returncode, names(file.parent)) == (65, [])
    assert "cannot be written" in done.stderr
    with opened(data) as store:
        assert store.backups() == []


def test_a_folder_that_is_not_there(data: Path, tmp_path: Path) -> None:
    with pytest.raises(EnrolError, match="No such file"):
        made(data, tmp_path / "nowhere" / "file")


@pytest.mark.parametrize("interrupted", [KeyboardInterrupt, SystemExit])
def test_ctrl_c_is_no_error_of_the_library(interrupted: type[BaseException]) -> None:
    class Impatient(io.BytesIO):
        def write(self, content: bytes) -> int:
            if self.tell() > 100_000:
                raise interrupted
            return super().write(content)

    with pytest.raises(interrupted):
        PAIR.lock.close(Label("0" * 36, NOW), io.BytesIO(bytes(1_000_000)), Impatient())


def test_the_key_that_seals_is_in_it(tmp_path: Path) -> None:
    seal = Seal.of(bytes(range(32)))
    data = unit(tmp_path / "sealed", seal=seal)
    made(data, tmp_path / "file", seal=seal)
    assert b"Lovelace" not in (data / "muster.db").read_bytes()
    restored(tmp_path / "new", tmp_path / "file")
    with opened(tmp_path / "new") as store:
        assert store.find_person("1042").name == "Ada Lovelace"


def test_the_command_says_what_to_do_where_nobody_could_read_it(muster: Muster, file: Path) -> None:
    code, _, complaint = muster("backup", file)
    assert (code, file.exists()) == (78, False)
    assert "muster backup --new-identity FILE" in complaint


def test_from_a_new_identity_to_a_unit_on_a_new_card(muster: Muster, data: Path, file: Path, tmp_path: Path) -> None:
    code, printed, _ = muster("backup", "--new-identity", tmp_path / "identity")
    assert (code, stat.S_IMODE((tmp_path / "identity").stat().st_mode)) == (0, 0o600)
    recipient = re.search("age1[a-z0-9]+", printed)[0]
    (data / "muster.toml").write_text(f'[backup]\nrecipient = "{recipient}"\n')
    assert muster("backup", file)[0] == 0
    code, printed, _ = muster("backup", "--list")
    assert (code, str(file) in printed) == (0, True)
    new = tmp_path / "a new" / "card"
    code, printed, _ = muster("restore", file, "--identity", tmp_path / "identity", "--data", new)
    assert (code, "its chain is as it was written" in printed) == (0, True)
    assert muster("ledger", "verify", "--data", new)[0] == 0
    assert stat.S_IMODE(new.stat().st_mode) == 0o700
    assert stat.S_IMODE((new / "muster.db").stat().st_mode) == 0o600


def test_an_identity_is_never_written_over(muster: Muster, tmp_path: Path) -> None:
    (tmp_path / "identity").write_text("AGE-SECRET-KEY-1...")
    code, _, complaint = muster("backup", "--new-identity", tmp_path / "identity")
    assert (code, (tmp_path / "identity").read_text()) == (65, "AGE-SECRET-KEY-1...")
    assert "ever written over" in complaint


def test_a_passphrase_opens_what_it_has_closed(muster: Muster, file: Path, tmp_path: Path) -> None:
    (tmp_path / "right").write_text("correct horse battery\n")
    (tmp_path / "wrong").write_text("correct horse Battery\n")
    assert muster("backup", file, "--passphrase-file", tmp_path / "right")[0] == 0
    new = tmp_path / "new"
    code, _, complaint = muster("restore", file, "--passphrase-file", tmp_path / "wrong", "--data", new)
    assert (code, "does not open with this passphrase" in complaint) == (65, True)
    code, _, complaint = muster("restore", file, "--identity", tmp_path / "right", "--data", new)
    assert (code, "made with a passphrase" in complaint) == (65, True)
    assert muster("restore", file, "--passphrase-file", tmp_path / "right", "--data", new)[0] == 0


def test_a_short_passphrase_and_a_wrong_recipient_are_refused(muster: Muster, file: Path, tmp_path: Path) -> None:
    (tmp_path / "short").write_text("horse\n")
    assert muster("backup", file, "--passphrase-file", tmp_path / "short")[0] == 65
    code, _, complaint = muster("backup", file, "--to-recipient", "age1nobody")
    assert (code, "no public key of age" in complaint) == (65, True)
    with pytest.raises(BackupError, match="no public key"):
        Lock.for_recipient("AGE-SECRET-KEY-1")
    assert not file.exists()


def test_a_ledger_that_is_not_as_it_was_written_is_told_while_there_is_time(muster: Muster, data: Path, file: Path) -> None:
    tamper(data)
    code, printed, _ = muster("backup", file, "--to-recipient", str(PAIR.lock.recipient))
    assert (code, file.exists()) == (65, True)
    assert "1 finding" in printed
    assert "--with-findings" in printed


def tamper(data: Path) -> None:
    """Somebody changes a row with another program."""
    with opened(data) as store:
        store._database.rows("DROP TRIGGER event_stays_as_it_is")
        store._database.rows("UPDATE event SET at_utc = '2026-11-22T06:00:00.000Z' WHERE seq = 3")


def test_one_that_is_destroyed_is_forgotten(muster: Muster, data: Path, file: Path) -> None:
    backup_id = made(data, file).header.backup_id
    assert muster("backup", "--forget", "another")[0] == 65
    assert muster("backup", "--forget", backup_id)[0] == 0
    assert "No backup is known." in muster("backup", "--list")[1]


def test_who_is_removed_is_told_which_backups_still_hold_them(muster: Muster, data: Path, file: Path) -> None:
    made(data, file)
    assert str(file) in muster("people", "remove", "7", "--yes")[1]


def test_words_that_contradict_each_other(muster: Muster, file: Path) -> None:
    assert muster("backup")[0] == 2
    assert muster("backup", file, "--list")[0] == 2


def test_rows_that_come_meanwhile_are_not_in_it(data: Path, file: Path, tmp_path: Path) -> None:
    class Busy(Files):
        def rename(self, source: Path, target: Path) -> None:
            with opened(data) as door:
                record(door, 5, start=vault.LATER)
            super().rename(source, target)

    made(data, file, files=Busy())
    restored(tmp_path / "new", file)
    with opened(tmp_path / "new") as store:
        assert store.n_rows() == 11


def test_who_is_removed_meanwhile_is_in_no_backup_that_their_removal_has_not_told_of(data: Path, file: Path) -> None:
    class Slow(Lock):
        """Somebody is removed while the backup is written."""

        def close(self, *stream: object) -> None:
            with opened(data) as office:
                assert office.remove_person("7").backups == ()
            super().close(*stream)

    with pytest.raises(BackupError, match="make it again"):
        made(data, file, Slow(PAIR.lock.recipient))
    assert names(file.parent) == []
    with opened(data) as store:
        assert store.backups() == []
    made(data, file)


def test_a_database_in_memory_has_no_file(store: Store) -> None:
    with pytest.raises(ValueError, match="memory"), store.frozen():
        pass
