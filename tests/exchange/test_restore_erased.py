"""Who was erased stays so, whatever became of the database that knows of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from exchange.vault import LATER, NOW, PAIR, contents, enrol, made, names, opened, record, restored, unit

from edge.cli import main
from edge.errors import BackupError, StoreError
from edge.ledger import verify
from edge.store import FILE_NAME, Seal
from edge.store.audit import PERSON_REMOVED
from edge.store.people import PersonDetails
from edge.store.sticks import Stick
from edge.types import Direction, Draft, EventKind, Validity

LOST, NEW = Seal.of(bytes(range(32))), Seal.of(bytes(range(32, 64)))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return unit(tmp_path / "data")


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    (tmp_path / "sealed").mkdir()
    return unit(tmp_path / "sealed", seal=LOST)


@pytest.mark.parametrize("now", [NEW, None], ids=["another key", "no key"])
def test_also_where_the_key_of_that_database_is_lost(sealed: Path, tmp_path: Path, now: Seal | None) -> None:
    made(sealed, tmp_path / "file", seal=LOST)
    made(sealed, tmp_path / "second", seal=LOST)
    with opened(sealed, LOST) as store:
        store.remove_person("7", at_utc=NOW)
        known = {each.id for each in store.backups()}
    done = restored(sealed, tmp_path / "file", seal=now, replace=True)
    assert (done.erased, done.knows_who_was_erased) == (("7",), True)
    with opened(sealed, now) as store:
        assert [person.name for person in store.people()] == ["Ada Lovelace"]
        assert PERSON_REMOVED in [line.what for line in store.audit()]
        assert {each.id for each in store.backups()} == known


def test_sticks_whose_key_does_not_open_are_those_that_the_backup_knows_at_the_same_pairing(sealed: Path, tmp_path: Path) -> None:
    gone, anew, kept, later = (Stick(f"{n:036d}", f"stick {n}", bytes([n + 1]) * 32, "", NOW) for n in range(4))
    with opened(sealed, LOST) as store:
        for stick in (gone, anew, kept):
            store.pair_stick(stick)
    made(sealed, tmp_path / "file", seal=LOST)
    with opened(sealed, LOST) as store:
        store.unpair_stick(gone.id)
        store.pair_stick(Stick(anew.id, anew.name, b"9" * 32, "", LATER))
        store.pair_stick(later)
        store.take_up(kept.id, serial=9, mac="a" * 64)
    restored(sealed, tmp_path / "file", seal=NEW, replace=True)
    with opened(sealed, NEW) as store:
        (stick,) = store.sticks()
        assert (stick.id, stick.key, stick.serial) == (kept.id, kept.key, 9)


@pytest.mark.parametrize("seal", [None, LOST], ids=["plain", "sealed"])
def test_the_name_goes_from_rows_of_a_code_that_nobody_has_in_the_backup(tmp_path: Path, seal: Seal | None) -> None:
    """Rows from before somebody was enrolled, as they are entered by hand or come from an older database."""
    data = tmp_path / "data"
    data.mkdir()
    with opened(unit(data, seal=seal), seal) as store:
        entry = Draft("9", "Mary Somerville", NOW, Direction.IN, EventKind.ENTRY, by="office", why="a visit")
        store.append(entry)
        seq = store.events()[-1].seq
    made(data, tmp_path / "file", seal=seal)
    with opened(data, seal) as store:
        enrol(store, "9", "Mary Somerville")
        store.remove_person("9", at_utc=LATER)
    assert restored(data, tmp_path / "file", seal=seal).erased == ("9",)
    with opened(data, seal) as store:
        assert [(event.person_name, event.salt) for event in store.events() if event.seq == seq] == [("", "")]
        assert {event.person_name for event in store.events() if event.seq != seq} == {"Ada Lovelace", "Grace Hopper"}
        assert list(verify(store.entries(), n_written=store.n_written())) == []
    assert b"Somerville" not in b"".join(contents(data).values())


def test_who_has_the_code_of_somebody_who_was_removed_stays_when_a_later_backup_is_restored(data: Path, tmp_path: Path) -> None:
    made(data, tmp_path / "first")
    with opened(data) as store:
        store.remove_person("7", at_utc=NOW)
    assert restored(data, tmp_path / "first").erased == ("7",)
    with opened(data) as store:
        enrol(store, "7", "Rosa Parks")
        record(store, 1, "7", start=LATER)
    made(data, tmp_path / "later")
    assert restored(data, tmp_path / "later").erased == ()
    with opened(data) as store:
        assert store.find_person("7").name == "Rosa Parks"
        assert [event.person_name for event in store.events(code="7")] == ["", "Rosa Parks"]


def test_who_was_shut_out_since_is_not_let_in_again_unasked(data: Path, tmp_path: Path) -> None:
    made(data, tmp_path / "file")
    with opened(data) as store:
        store.set_validity("7", Validity(active=False))
        store.set_details("1042", PersonDetails(retain_until=NOW.date()))
    with pytest.raises(BackupError, match=r"has 0 rows, 0 people and 0 templates .*, and other dates or notes of 2 people"):
        restored(data, tmp_path / "file")
    with opened(data) as store:
        assert [validity.active for validity in store.validity().values()] == [False]
    restored(data, tmp_path / "file", replace=True)


def test_a_database_that_another_process_has_for_itself_is_not_taken_for_a_damaged_one(data: Path, tmp_path: Path) -> None:
    made(data, tmp_path / "file")
    hold = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        " c.execute('PRAGMA locking_mode = EXCLUSIVE'); c.execute('BEGIN EXCLUSIVE');"
        " c.execute('UPDATE revision SET number = number'); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", hold, data / FILE_NAME]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreError, match="another process holds") as told:
            restored(data, tmp_path / "file", replace=True)
        assert told.value.retryable
        holder.stdin.close()
    assert names(data) == [FILE_NAME]


def test_the_log_of_what_was_there_is_not_taken_for_the_log_of_what_is_restored(data: Path, tmp_path: Path) -> None:
    made(data, tmp_path / "file")
    left = tmp_path / "left"
    left.mkdir()
    with opened(data) as store:
        record(store, 50, start=LATER)
        shutil.copy(data / f"{FILE_NAME}-wal", left / f"{FILE_NAME}-wal")
    restored(left, tmp_path / "file", replace=True)
    with opened(left) as store:
        assert store.n_rows() == 11
        assert list(verify(store.entries(), n_written=store.n_written())) == []


def restore_by_hand(data: Path, file: Path, tmp_path: Path, *more: str) -> int:
    (tmp_path / "identity").write_text(PAIR.key.identity)
    return main(["--data", str(data), "restore", str(file), "--identity", str(tmp_path / "identity"), *more])


@pytest.mark.parametrize("there", ["nothing", "damaged", "whole"])
def test_where_nobody_knows_who_was_removed_since_that_is_said(
    data: Path, tmp_path: Path, there: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made(data, tmp_path / "file")
    if there == "nothing":
        data = tmp_path / "new"
    elif there == "damaged":
        (data / FILE_NAME).write_bytes(b"SQLite format 3\0" + bytes(5_000))
    assert restore_by_hand(data, tmp_path / "file", tmp_path, "--replace") == 0
    told = capsys.readouterr().out
    assert ("who was removed after 2026-11-22T07:00:00.000Z" in told) == (there != "whole")
    assert ("muster people remove" in told) == (there != "whole")


def test_what_was_in_the_log_of_the_present_database_is_gone_from_it(data: Path, tmp_path: Path) -> None:
    """While another process has it open, whose end would see to that."""
    made(data, tmp_path / "file")
    with opened(data) as other:
        enrol(other, "8", "Mary Somerville")
        other.remove_person("8")
        other.rename_person("7", "Rosalind Franklin")
        restored(data, tmp_path / "file", replace=True)
        raw = b"".join(content for name, content in contents(data).items() if "replaced" not in name)
    assert b"Franklin" not in raw


def test_sticks_of_another_ledger_are_not_those_of_this_one(data: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    own, theirs = (Stick(f"{n:036d}", f"stick {n}", bytes([n + 1]) * 32, "", NOW) for n in range(2))
    with opened(data) as store:
        store.pair_stick(own)
    made(data, tmp_path / "file")
    with opened(unit(tmp_path / "other")) as store:
        store.pair_stick(theirs)
    restored(tmp_path / "other", tmp_path / "file", replace=True)
    with opened(tmp_path / "other") as store:
        assert [stick.id for stick in store.sticks()] == [own.id]
