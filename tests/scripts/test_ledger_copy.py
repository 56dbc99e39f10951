"""deploy/lib/ledger_copy.py: what the version before gets back, and when it must not."""

from __future__ import annotations

import hashlib
import resource
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from decisions import accepted

from edge.store import FILE_NAME, Store

TOOL = Path(__file__).parents[2] / "deploy/lib/ledger_copy.py"
PYTHON = Path("/usr/bin/python3")
CHANGED = 3

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="no /usr/bin/python3 here, as on every unit")


def tool(what: str, database: Path, *, most_bytes: int = -1) -> subprocess.CompletedProcess[str]:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    command = [PYTHON, "-I", TOOL, what, database, database.with_name("copy")]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, preexec_fn=limited)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """With somebody who has come once, and a copy of it beside it."""
    path = tmp_path / FILE_NAME
    with Store.open(path, unit="door-1") as store:
        store.record(store.add_person("1042", "Ada"), accepted())
    assert tool("keep", path).returncode == 0
    return path


def a_row(store: Store) -> None:
    ada = store.find_person("1042")
    assert ada
    store.record(ada, accepted())


def a_face(store: Store) -> None:
    ada = store.find_person("1042")
    assert ada
    vector = np.eye(1, 128, dtype=np.float32)[0]
    store.add_template(ada.id, vector, model="m", photo_sha256=hashlib.sha256(b"").hexdigest())


def somebody_new(store: Store) -> None:
    store.add_person("1043", "Grace")


def somebody_gone(store: Store) -> None:
    store.remove_person("1042")


def a_line_of_the_log(store: Store) -> None:
    at = accepted().at_utc
    store.note("stick served", "one", at_utc=at, clock_ok=True)


@pytest.mark.parametrize("change", [a_row, a_face, somebody_new, somebody_gone, a_line_of_the_log])
def test_what_was_written_since_stays(database: Path, change: Callable[[Store], None]) -> None:
    with Store.open(database, unit="door-1") as store:
        change(store)
    before = database.read_bytes()
    for what in ("compare", "return"):
        assert tool(what, database).returncode == CHANGED
    assert database.read_bytes() == before
    assert database.with_name("copy").exists()


def test_what_only_has_another_form_gives_way(database: Path) -> None:
    with closing(sqlite3.connect(database)) as opened:
        kept = opened.execute("PRAGMA user_version").fetchone()
        opened.execute("PRAGMA user_version = 999")
        opened.commit()
    assert tool("compare", database).returncode == 0
    assert database.with_name("copy").exists(), "only compared"
    database.chmod(0o640)
    assert tool("return", database).returncode == 0
    assert not database.with_name("copy").exists()
    assert not list(database.parent.glob("*-wal")), "no log of the one beside the other"
    assert database.stat().st_mode & 0o777 == 0o640
    with closing(sqlite3.connect(database)) as opened:
        assert opened.execute("PRAGMA user_version").fetchone() == kept


def test_a_table_that_only_one_of_them_has_is_no_match(database: Path) -> None:
    with closing(sqlite3.connect(database)) as opened:
        opened.execute("ALTER TABLE erasure RENAME TO erased")
    assert tool("compare", database).returncode == CHANGED


def test_a_full_disk_leaves_no_part_of_a_copy(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    with Store.open(path, unit="door-1") as store:
        for number in range(50):
            store.add_person(str(number), f"Name {number}")
    done = tool("keep", path, most_bytes=8192)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith("copy")] == []


def test_a_database_that_is_gone_or_damaged_is_told_and_none_is_made(database: Path) -> None:
    database.write_bytes(b"no database" * 1000)
    for _ in range(2):
        done = tool("return", database)
        assert (done.returncode, "Traceback" in done.stderr) == (1, False)
        assert database.with_name("copy").exists()
        database.unlink(missing_ok=True)
    assert not database.exists()
