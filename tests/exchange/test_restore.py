"""A backup is put back: whole or not at all, and nobody who was erased comes with it."""

from __future__ import annotations

import dataclasses
import os
import secrets
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from exchange.vault import (
    LATER,
    NOW,
    PAIR,
    Pair,
    contents,
    enrol,
    made,
    names,
    opened,
    packed,
    record,
    restored,
    said,
    unit,
)

from edge.cli import main
from edge.errors import BackupError, NewerDatabaseError, StoreError
from edge.exchange.backup.envelope import Key
from edge.exchange.backup.header import Header
from edge.ledger import verify
from edge.store import FILE_NAME, Seal, Store
from edge.store.audit import BACKUP_MADE, PERSON_REMOVED, RESTORED
from edge.store.database import DurableDatabase, migrations
from edge.store.staging import staged, staged_for
from edge.store.sticks import Stick
from edge.wiring import alone

OWN, OTHERS = Seal.of(bytes(range(32))), Seal.of(bytes(range(32, 64)))


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A unit, and a backup of it in ``file``."""
    folder = tmp_path_factory.mktemp("before")
    unit(folder / "data")
    made(folder / "data", folder / "file")
    return folder


@pytest.fixture
def data(before: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(before / "data", tmp_path / "data"))


@pytest.fixture
def file(before: Path) -> Path:
    return before / "file"


def whole(store: Store) -> bool:
    is_whole = store._database.rows("PRAGMA integrity_check") == [("ok",)]
    return is_whole and not list(verify(store.entries(), n_written=store.n_written()))


def test_the_restored_unit_goes_on_where_the_backup_was_made(data: Path, file: Path) -> None:
    restored(data, file)
    with opened(data) as store:
        assert store.n_rows() == 11
        record(store, 2, start=LATER)
        assert whole(store)
        assert store.audit()[-1].what == RESTORED
        assert "Lovelace" not in store.audit()[-1].detail
    assert set(names(data)) == {FILE_NAME}


def test_rows_and_people_that_the_backup_has_not_are_not_thrown_away(data: Path, file: Path) -> None:
    with opened(data) as store:
        record(store, 3, start=LATER)
        enrol(store, "8", "Mary Somerville")
    was = contents(data)
    with pytest.raises(BackupError, match="has 3 rows, 1 person and 1 template that the backup has not"):
        restored(data, file)
    assert contents(data) == was


def test_a_photograph_more_of_somebody_counts(data: Path, file: Path) -> None:
    with opened(data) as store:
        store.remove_person("7")
        enrol(store, "7", "Grace Hopper")
        person = store.find_person("7")
        (vector,) = store.templates_of(person.id, model="m/int8").values()
        store.add_template(person.id, vector, model="m/int8", photo_sha256="f" * 64)
    with pytest.raises(BackupError, match="has 0 rows, 0 people and 1 template"):
        restored(data, file)


def test_what_is_replaced_is_set_aside_whole_for_its_owner_alone(data: Path, file: Path) -> None:
    with opened(data) as store:
        record(store, 3, start=LATER)
    done = restored(data, file, replace=True)
    assert done.aside == data / "muster.db.replaced-20261122T080000Z"
    assert stat.S_IMODE(done.aside.stat().st_mode) == 0o600
    with opened(data) as store:
        assert (store.n_rows(), whole(store)) == (11, True)
    shutil.copy(done.aside, data / "old.db")
    with Store.open(data / "old.db", unit="door-1") as store:
        assert (store.n_rows(), whole(store)) == (14, True)
    done = restored(data, file, replace=True)
    assert done.aside.name == "muster.db.replaced-20261122T080000Z-2"


def test_who_was_removed_since_does_not_come_back(data: Path, file: Path) -> None:
    with opened(data) as store:
        store.remove_person("7", at_utc=NOW + timedelta(minutes=30))
    assert restored(data, file).erased == ("7",)
    with opened(data) as store:
        assert [person.code for person in store.people()] == ["1042"]
        assert whole(store)
    assert b"Hopper" not in b"".join(contents(data).values())
    assert restored(data, file).erased == ("7",), "and not the next time either"


def test_who_was_enrolled_again_before_the_backup_stays(data: Path, tmp_path: Path) -> None:
    with opened(data) as store:
        store.remove_person("7", at_utc=NOW)
        enrol(store, "7", "Grace Hopper")
    made(data, tmp_path / "file")
    assert restored(data, tmp_path / "file").erased == ()
    with opened(data) as store:
        assert store.find_person("7").name == "Grace Hopper"


def test_the_audit_log_and_the_list_of_backups_know_what_they_knew(data: Path, file: Path, tmp_path: Path) -> None:
    second = made(data, tmp_path / "second").header.backup_id
    with opened(data) as store:
        store.remove_person("7", at_utc=NOW)
        known, lines = {each.id for each in store.backups()}, [(line.what, line.detail) for line in store.audit()]
    restored(data, file)
    with opened(data) as store:
        assert {each.id for each in store.backups()} == known
        assert second in known
        now = [(line.what, line.detail) for line in store.audit()]
        assert now[: len(lines)] == lines
        assert [what for what, _ in lines] == [BACKUP_MADE, BACKUP_MADE, PERSON_REMOVED]


def test_on_a_new_card_the_backup_itself_is_known(file: Path, tmp_path: Path) -> None:
    done = restored(tmp_path / "new", file)
    with opened(tmp_path / "new") as store:
        (known,) = store.backups()
        assert (known.id, known.n_rows, known.made_utc) == (done.header.backup_id, 11, NOW)


def test_a_stick_that_was_unpaired_since_stays_so(data: Path, tmp_path: Path) -> None:
    lost, kept, later = (Stick(f"{n:036d}", f"stick {n}", bytes([n]) * 32, "", NOW) for n in range(3))
    with opened(data) as store:
        for stick in (lost, kept):
            store.pair_stick(stick)
    made(data, tmp_path / "file")
    with opened(data) as store:
        store.unpair_stick(lost.id)
        store.take_up(kept.id, serial=9, mac="a" * 64)
        store.finish(kept.id, mac="a" * 64)
        store.pair_stick(later)
        paired = store.sticks()
    restored(data, tmp_path / "file")
    with opened(data) as store:
        assert store.sticks() == paired
        assert not store.take_up(kept.id, serial=9, mac="b" * 64), "an old manifest is not taken in again"


def test_a_process_that_has_the_database_open_goes_on_with_what_is_restored(data: Path, file: Path) -> None:
    with opened(data) as store:
        record(store, 3, start=LATER)
    with opened(data) as other:
        revision = other.revision()
        assert other.n_rows() == 14
        restored(data, file, replace=True)
        assert other.n_rows() == 11
        assert other.revision() > revision, "whoever keeps the gallery in memory reads it anew"
        record(other, 1, start=LATER)
    with opened(data) as store:
        assert (store.n_rows(), whole(store)) == (12, True)


@pytest.mark.parametrize(("at", "now"), [(None, None), (None, OWN), (OWN, None), (OWN, OTHERS), (OWN, OWN)])
def test_it_is_sealed_with_the_key_of_the_unit_that_restores(at: Seal | None, now: Seal | None, tmp_path: Path) -> None:
    made(unit(tmp_path / "data", seal=at), tmp_path / "file", seal=at)
    restored(tmp_path / "new", tmp_path / "file", seal=now)
    raw = b"".join(contents(tmp_path / "new").values())
    assert (b"Lovelace" in raw) == (now is None)
    with opened(tmp_path / "new", now) as store:
        assert store.find_person("1042").name == "Ada Lovelace"
        assert whole(store)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: content[:0],
    "first line alone": lambda content: content[:78],
    "half a header": lambda content: content[:150],
    "torn": lambda content: content[: len(content) // 2],
    "one byte short": lambda content: content[:-1],
    "one byte more": lambda content: content + b"\0",
    "a bit at the beginning": lambda content: content[:300] + bytes([content[300] ^ 1]) + content[301:],
    "a bit in the middle": lambda content: content[:70_000] + bytes([content[70_000] ^ 1]) + content[70_001:],
    "a bit at the end": lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    "another's first line": lambda content: content[:16] + b"0" * 8 + content[24:],
    "zeros": lambda content: bytes(len(content)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_changes_nothing(data: Path, file: Path, damage: str, tmp_path: Path) -> None:
    (tmp_path / "damaged").write_bytes(DAMAGES[damage](file.read_bytes()))
    was = contents(data)
    with pytest.raises(BackupError, match="damaged: "):
        restored(data, tmp_path / "damaged", replace=True)
    assert contents(data) == was


def test_with_another_key_it_stays_closed(data: Path, file: Path) -> None:
    for key in (Pair.new().key, Key(identity="AGE-SECRET-KEY-1NONE"), Key(), Key(passphrase=secrets.token_hex())):
        with pytest.raises(BackupError, match="identity"):
            restored(data, file, key)


HEADERS: dict[str, Callable[[Header], Header]] = {
    "less than it says": lambda header: dataclasses.replace(header, n_bytes=header.n_bytes + 1),
    "more than it says": lambda header: dataclasses.replace(header, n_bytes=header.n_bytes - 1),
    "newer": lambda header: dataclasses.replace(header, format=2),
    "another ledger": lambda header: said(header, ledger="x"),
    "rows that were cut off": lambda header: said(header, n_rows=12),
    "no key": lambda header: dataclasses.replace(header, key="xyz"),
    "another type": lambda header: dataclasses.replace(header, unit=1),
    "a backup of another day": lambda header: dataclasses.replace(header, made_utc="2026-11-23T07:00:00.000Z"),
}


@pytest.mark.parametrize("change", HEADERS)
def test_a_header_that_is_not_true_changes_nothing(data: Path, change: str, tmp_path: Path) -> None:
    shutil.copy(data / FILE_NAME, tmp_path / "in it")
    packed(tmp_path / "file", tmp_path / "in it", HEADERS[change])
    was = contents(data)
    with pytest.raises(BackupError):
        restored(data, tmp_path / "file", replace=True)
    assert contents(data) == was


def test_a_database_of_an_older_version_is_brought_up_to_date(tmp_path: Path) -> None:
    old = DurableDatabase(tmp_path / "old.db", busy_timeout_s=1)
    old.enable_wal()
    old.migrate(migrations()[:8])
    old.close()
    packed(tmp_path / "file", tmp_path / "old.db")
    restored(tmp_path / "new", tmp_path / "file")
    with opened(tmp_path / "new") as store:
        assert store._database.version == len(migrations()) > 8


def test_a_database_of_a_newer_version_is_refused(data: Path, tmp_path: Path) -> None:
    shutil.copy(data / FILE_NAME, tmp_path / "in it")
    with sqlite3.connect(tmp_path / "in it") as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    packed(tmp_path / "file", tmp_path / "in it")
    with pytest.raises(NewerDatabaseError, match="Update Muster") as told:
        restored(tmp_path / "new", tmp_path / "file")
    assert told.value.exit_code == 78
    assert names(tmp_path / "new") == []


@pytest.mark.parametrize("inside", ["another program's", "no database"])
def test_what_is_no_database_of_ours_is_refused(data: Path, inside: str, tmp_path: Path) -> None:
    shutil.copy(data / FILE_NAME, tmp_path / "in it")
    with sqlite3.connect(tmp_path / "in it") as connection:
        connection.execute("PRAGMA application_id = 1")
    connection.close()
    if inside == "no database":
        header = (tmp_path / "in it").read_bytes()
        packed(tmp_path / "whole", data / FILE_NAME)
        (tmp_path / "in it").write_bytes(header)
    packed(tmp_path / "file", tmp_path / "in it")
    was = contents(data)
    with pytest.raises((BackupError, StoreError)):
        restored(data, tmp_path / "file")
    assert contents(data) == was


def test_a_ledger_that_is_not_as_it_was_written_is_restored_on_demand_alone(data: Path, tmp_path: Path) -> None:
    with opened(data) as store:
        store._database.rows("DROP TRIGGER event_stays_as_it_is")
        store._database.rows("UPDATE event SET at_utc = '2026-11-22T06:00:00.000Z' WHERE seq = 3")
    made(data, tmp_path / "file")
    with pytest.raises(BackupError, match=r"1 finding in its ledger.*\nrow 3 "):
        restored(tmp_path / "new", tmp_path / "file")
    assert names(tmp_path / "new") == []
    assert restored(tmp_path / "new", tmp_path / "file", with_findings=True).n_findings == 1


@pytest.mark.parametrize("what", ["damaged", "sealed with a lost key", "a log alone"])
def test_what_cannot_be_opened_is_set_aside_with_its_log(data: Path, file: Path, what: str) -> None:
    if what == "damaged":
        (data / FILE_NAME).write_bytes(b"SQLite format 3\0" + bytes(5_000))
    elif what == "sealed with a lost key":
        with opened(data, OTHERS):
            pass
    else:
        (data / FILE_NAME).unlink()
    (data / f"{FILE_NAME}-wal").write_bytes(b"the log of another one")
    was = contents(data)
    with pytest.raises(BackupError, match="--replace"):
        restored(data, file)
    is_read = what == "sealed with a lost key"  # by SQLite, which knows that this is no log of it, and takes it away
    assert is_read or contents(data).items() >= was.items()
    done = restored(data, file, replace=True)
    kept = {name.removeprefix(done.aside.name): content for name, content in contents(data).items() if "replaced" in name}
    assert set(kept) == {"damaged": {"", "-wal"}, "a log alone": {"-wal"}}.get(what, {""})
    with opened(data) as store:
        assert (store.n_rows(), whole(store)) == (11, True)


def test_no_unit_may_be_at_work(data: Path, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "identity").write_text(PAIR.key.identity)
    was = (data / FILE_NAME).read_bytes()
    with alone(data):
        assert main(["--data", str(data), "restore", str(file), "--identity", str(tmp_path / "identity")]) == 69
    assert "at work" in capsys.readouterr().err
    assert (data / FILE_NAME).read_bytes() == was
    assert main(["--data", str(data), "restore", str(file), "--identity", str(tmp_path / "identity")]) == 0


def test_another_process_that_writes_is_waited_for_and_then_told(data: Path, file: Path, tmp_path: Path) -> None:
    """Who holds the lock is a process of its own: in one process SQLite would tell at once."""
    hold = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN IMMEDIATE');"
        " print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", hold, data / FILE_NAME]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreError, match="another process holds"):
            restored(data, file)
        holder.stdin.close()
    with opened(data) as store:
        assert (store.n_rows(), [line.what for line in store.audit()]) == (11, [BACKUP_MADE])
    assert not staged_for(data / FILE_NAME).exists()


def test_what_an_interrupted_run_left_is_erased(data: Path, file: Path) -> None:
    staged_for(data / FILE_NAME).write_bytes(b"Ada Lovelace" * 10_000)
    held = staged_for(data / FILE_NAME).open("rb")
    with pytest.raises(BackupError):
        restored(data, file, Pair.new().key)
    with held:
        assert set(held.read()) == {0}, "overwritten, not only deleted"
    assert set(names(data)) == {FILE_NAME}


def test_what_is_no_file(data: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "nothing"):
        with pytest.raises(BackupError):
            restored(data, path)


def test_whoever_opens_the_database_next_erases_what_an_interrupted_run_left(data: Path, file: Path) -> None:
    left = staged_for(data / FILE_NAME)
    copy = data / f".{FILE_NAME}.replaced-20261122T080000Z.part"
    for path in (left, copy):
        path.write_bytes(b"Ada Lovelace" * 10_000)
    held = [path.open("rb") for path in (left, copy)]
    with opened(data):
        assert set(names(data)) == {FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"}
    for each in held:
        with each:
            assert set(each.read()) == {0}


def test_what_somebody_is_at_is_left_alone(data: Path) -> None:
    with staged(data / FILE_NAME) as descriptor:
        os.write(descriptor, b"on its way")
        with opened(data):
            assert staged_for(data / FILE_NAME).read_bytes() == b"on its way"
