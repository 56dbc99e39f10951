"""The whole database at one moment, while others write, read and lock."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from decisions import accepted

from edge.errors import StoreError
from edge.ledger import verify
from edge.store import FILE_NAME, Store

N_BEFORE, N_WHILE = 400, 3_000


def record(store: Store, n: int) -> None:
    person = store.find_person("1042") or store.add_person("1042", "Ada Lovelace")
    with store.transaction():
        for _ in range(n):
            store.record(person, accepted())


def written(store: Store, copy: Path, between: Callable[[], None]) -> Path:
    """The snapshot as a file; something happens when half of it is read."""
    with store.frozen() as snapshot, copy.open("wb") as writer:
        writer.write(snapshot.read(snapshot.n_bytes // 2))
        between()
        while content := snapshot.read(10_000):
            writer.write(content)
        assert writer.tell() == snapshot.n_bytes
    return copy


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / FILE_NAME


@pytest.fixture
def busy(path: Path) -> Iterator[Store]:
    """A database with some rows."""
    with Store.open(path, unit="door-1") as store:
        record(store, N_BEFORE)
        yield store


def test_it_is_of_one_moment_and_nobody_waits_for_it(busy: Store, path: Path, tmp_path: Path) -> None:
    """So much is written meanwhile that SQLite wants to put the log into the file many times."""

    def go_on() -> None:
        with Store.open(path, unit="door-1", busy_timeout_s=0.05) as door:
            for _ in range(6):
                record(door, N_WHILE // 6)
                door._database.rows("PRAGMA wal_checkpoint(PASSIVE)")

    copy = written(busy, tmp_path / "copy.db", go_on)
    assert busy.n_rows() == N_BEFORE + N_WHILE
    with Store.open(copy, unit="door-1") as store:
        assert store._database.rows("PRAGMA integrity_check") == [("ok",)]
        assert store.n_rows() == N_BEFORE
        assert list(verify(store.entries(), n_written=store.n_written())) == []


def test_it_has_what_is_only_in_the_log(busy: Store, path: Path, tmp_path: Path) -> None:
    busy._database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    record(busy, 1)
    assert path.with_name(f"{FILE_NAME}-wal").stat().st_size > 0
    with Store.open(written(busy, tmp_path / "copy.db", lambda: None), unit="door-1") as store:
        assert store.n_rows() == N_BEFORE + 1


def test_it_says_what_is_in_it(busy: Store) -> None:
    with busy.frozen() as snapshot:
        record(busy, 1)
        assert (snapshot.facts.n_rows, snapshot.facts.n_written) == (N_BEFORE, N_BEFORE)
        assert snapshot.facts.chain == busy.entry_of(N_BEFORE).chain
        while snapshot.read(1 << 20):
            pass
    assert busy.facts().n_rows == N_BEFORE + 1


def test_it_waits_for_a_reader_of_the_log(busy: Store, path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM event").fetchall()
        record(busy, 1)
        paused: list[float] = []
        with pytest.raises(StoreError, match="another process has been reading"), busy.frozen(pause=paused.append):
            pass
        assert sum(paused) > 5

        def let_go(_seconds: float) -> None:
            reader.rollback()

        with busy.frozen(pause=let_go) as snapshot:
            assert snapshot.facts.n_rows == N_BEFORE + 1
            while snapshot.read(1 << 20):
                pass


def test_a_file_that_another_program_touched_is_told(busy: Store, path: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="changed by another program"):
        written(busy, tmp_path / "copy.db", lambda: os.utime(path, ns=(1, 1)))


def test_one_that_was_not_read_to_its_end_is_told(busy: Store) -> None:
    with pytest.raises(StoreError, match="ended early"), busy.frozen() as snapshot:
        snapshot.read(1)


def test_the_locks_of_this_process_stay(busy: Store, path: Path, tmp_path: Path) -> None:
    """To close a file lets go of all locks that a process has on it; another one could then take the log away."""
    written(busy, tmp_path / "copy.db", lambda: None)
    take = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('PRAGMA journal_mode = DELETE')"
    done = subprocess.run([sys.executable, "-c", take, path], capture_output=True, text=True, check=False)
    assert "locked" in done.stderr
