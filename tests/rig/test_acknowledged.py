"""What the recorder says was acknowledged is there, or the judge says what is not."""

from __future__ import annotations

import itertools
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rig.cuts import known_at
from rig.ledger_check import Acknowledged, findings, main
from rig.recorder import acknowledged
from rig.writelog import Noted

from edge.store import FILE_NAME, Store

RECORDER = Path(__file__).with_name("recorder.py")


@pytest.fixture
def notes(tmp_path: Path) -> list[str]:
    """Of thirty rows and what goes with them."""
    with Store.open(tmp_path / FILE_NAME, unit="door-1") as store:
        return list(itertools.islice(acknowledged(store), 35))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The file behind the store's back, with the triggers off that keep rows from being changed."""
    connection = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    yield connection
    connection.close()


def without_triggers(database: sqlite3.Connection) -> None:
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f'DROP TRIGGER "{name}"')


def test_all_that_was_acknowledged_is_there(tmp_path: Path, notes: list[str]) -> None:
    known = Acknowledged.of(notes)
    assert (len(known.rows), len(known.people), known.delivered) == (30, 2, 30)
    assert findings(tmp_path, known) == []
    assert findings(tmp_path, known) == [], "it may be asked again, although it has added a row"


def test_the_recorder_goes_on_where_it_was_cut(tmp_path: Path, notes: list[str]) -> None:
    with Store.open(tmp_path / FILE_NAME, unit="door-1") as store:
        more = list(itertools.islice(acknowledged(store), 35))
    known = Acknowledged.of([*notes, *more])
    assert sorted(known.rows) == list(range(1, 61))
    assert findings(tmp_path, known) == []


def test_a_row_that_is_gone_is_lost_also_the_last_one(tmp_path: Path, notes: list[str], database: sqlite3.Connection) -> None:
    without_triggers(database)
    database.execute("DELETE FROM event WHERE seq = 30")
    database.execute("UPDATE sqlite_sequence SET seq = 29 WHERE name = 'event'")  # as in a database of a moment before
    assert findings(tmp_path, Acknowledged.of(notes))[0] == "1 of 30 acknowledged rows are lost, the first of them number 30"


def test_another_row_under_the_number_of_a_lost_one_is_no_replacement(
    tmp_path: Path, notes: list[str], database: sqlite3.Connection
) -> None:
    without_triggers(database)
    database.execute("UPDATE event SET event_id = 'somebody else' WHERE seq = 30")
    found = findings(tmp_path, Acknowledged.of(notes))
    assert found[0].startswith("1 of 30 acknowledged rows are lost")
    assert found[1].startswith("row 30 (event somebody else)"), "and the chain does not verify"


def test_a_row_that_was_changed_breaks_the_chain(tmp_path: Path, notes: list[str], database: sqlite3.Connection) -> None:
    without_triggers(database)
    database.execute("UPDATE event SET at_utc = '2026-11-22T08:00:00.000Z' WHERE seq = 7")
    found = findings(tmp_path, Acknowledged.of(notes))
    assert len(found) == 2
    assert found[0].startswith("row 7 ")
    assert found[1].startswith("after the next row: row 7 ")


def test_people_and_deliveries_are_not_forgotten(tmp_path: Path, notes: list[str]) -> None:
    found = findings(tmp_path, Acknowledged.of([*notes, "person rig-31", "delivered 31"]))
    assert found == [
        "1 of 3 acknowledged people are lost",
        "the destination has everything up to row 31, and that is forgotten",
    ]


def test_before_anything_was_acknowledged_there_need_be_no_database(tmp_path: Path) -> None:
    assert findings(tmp_path, Acknowledged()) == []
    assert findings(tmp_path, Acknowledged.of(["person rig-0"])) == ["the database is not there"]


def test_a_database_that_does_not_open_is_a_finding(tmp_path: Path, notes: list[str]) -> None:
    content = (tmp_path / FILE_NAME).read_bytes()
    (tmp_path / FILE_NAME).write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
    (found,) = findings(tmp_path, Acknowledged.of(notes))
    assert "is damaged" in found


def test_a_line_that_was_torn_counts_for_nothing() -> None:
    begun = "person rig-0\nconsole: started\nrow 1 0f0e0d0c-0000-4000-8000-000000000001\ndelivered 1\n"
    for torn in ("row 2 0f0e0d", "person rig-1", "delivered 12", "de", ""):
        known = Acknowledged.said(begun + torn)
        assert (list(known.rows), known.people, known.delivered) == ([1], {"rig-0"}, 1)
    assert Acknowledged.said("person rig-1") == Acknowledged.said("") == Acknowledged()


def test_what_was_noted_later_was_not_known_yet() -> None:
    noted = [Noted(5, "person rig-0"), Noted(9, "delivered 4"), Noted(12, "delivered 5")]
    assert known_at(noted, 8) == Acknowledged(people={"rig-0"})
    assert known_at(noted, 9).delivered == 4
    assert known_at(noted, 12).delivered == 5


@pytest.mark.parametrize("option", [[], ["--synchronous-off"]])
def test_both_commands_run_by_themselves(tmp_path: Path, option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    data.mkdir()
    command = [sys.executable, "-I", str(RECORDER), "--data", str(data), "--notes-at-most", "35", *option]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    (tmp_path / "notes").write_text(done.stdout)
    assert main([str(data), str(tmp_path / "notes")]) == 0
    (tmp_path / "notes").write_text(done.stdout + "row 99 0f0e0d0c-0000-4000-8000-000000000099\n")
    assert main([str(data), str(tmp_path / "notes")]) == 1
    assert capsys.readouterr().out == "1 of 31 acknowledged rows are lost, the first of them number 99\n"
