"""Which rows of the ledger a removal reaches: each of the code, wherever it lies and whoever writes meanwhile."""

from __future__ import annotations

import random
import sqlite3
import string
import unicodedata
from pathlib import Path

import pytest
from decisions import accepted

from edge.commands.installation import Installation
from edge.commands.people_leave import expire
from edge.config import Config
from edge.store import FILE_NAME, Seal, Store
from edge.store.people import PersonDetails
from edge.store.remains import Traces, remains
from edge.store.removal import N_PAGE
from edge.types import Direction, Draft, EventKind
from edge.wiring import Now

NOW = accepted().at_utc
KEY = Seal.of(bytes(range(32)))


def opened(path: Path, seal: Seal | None = None) -> Store:
    return Store.open(path, unit="door-1", busy_timeout_s=0.2, seal=seal)


def put_at(store: Store, seq: int) -> None:
    """The first row once more, with another number: a ledger has as many rows between, and a test no time for them."""
    columns = [name for _, name, *_ in store._database.rows("PRAGMA table_info(event)") if name not in {"seq", "event_id"}]
    names = ", ".join(f'"{name}"' for name in columns)
    sql = f"INSERT INTO event (seq, event_id, {names}) SELECT ?, ?, {names} FROM event WHERE seq = 1"  # noqa: S608  our own words
    store._database.rows(sql, [seq, f"{seq:036d}"])


@pytest.mark.parametrize("last", [1, N_PAGE, N_PAGE + 1, 2 * N_PAGE + 1])
def test_the_first_and_the_last_of_each_page_that_is_looked_through(store: Store, last: int) -> None:
    store.record(store.add_person("7", "Jane Doe"), accepted())
    numbers = [seq for seq in (N_PAGE - 1, N_PAGE, N_PAGE + 1, 2 * N_PAGE, 2 * N_PAGE + 1) if seq <= last]
    for seq in numbers:
        put_at(store, seq)
    assert store.remove_person("7").n_names == len(numbers) + 1
    assert store._database.rows("SELECT DISTINCT person_name, salt, person_id FROM event") == [("", "", None)]


def test_one_that_is_written_between_the_look_and_the_removal(db_path: Path) -> None:
    with opened(db_path) as store, opened(db_path) as door:
        person = store.add_person("7", "Jane Doe")
        store.record(person, accepted())

        def come(statement: str) -> None:
            if statement.startswith("BEGIN IMMEDIATE"):
                store._database.conn.set_trace_callback(None)
                door.record(person, accepted())

        store._database.conn.set_trace_callback(come)
        assert store.remove_person("7").n_names == 2
        assert {event.person_name for event in store.events()} == {""}
    assert b"Jane Doe" not in db_path.read_bytes()


def test_who_is_renamed_at_the_last_moment_is_searched_for_under_both_names(db_path: Path) -> None:
    with opened(db_path) as store, opened(db_path) as office:
        store.record(store.add_person("7", "Jane Doe"), accepted())

        def rename(statement: str) -> None:
            if statement.startswith("BEGIN IMMEDIATE"):
                store._database.conn.set_trace_callback(None)
                office.rename_person("7", "Jane Roe")

        store._database.conn.set_trace_callback(rename)
        removal = store.remove_person("7")
        assert removal.traces.names == {b"Jane Doe", b"Jane Roe"}
        assert removal.person.name == "Jane Roe"


def test_one_of_theirs_that_says_another_code_knows_nobody_any_more(store: Store) -> None:
    """As only another program can have written it: the name is of that code, and stays."""
    jane, john = store.add_person("7", "Jane Doe"), store.add_person("8", "John Roe")
    store.record(john, accepted())
    store._database.rows("DROP TRIGGER event_stays_as_it_is")
    store._database.rows("UPDATE event SET person_id = ?", [jane.id])
    store.remove_person("7")
    assert store._database.rows("SELECT person_id, person_name FROM event") == [(None, "John Roe")]
    assert store._database.rows("PRAGMA foreign_key_check") == []


def test_a_code_as_a_mac_writes_it(store: Store) -> None:
    store.record(store.add_person("zoë", "Zoë Kravitz"), accepted())
    apart = unicodedata.normalize("NFD", "zoë")
    assert apart != "zoë"
    assert len(store.dossier(apart).events) == 1
    assert store.remove_person(apart).n_names == 1
    assert len(store.dossier(apart).events) == 1


@pytest.mark.parametrize("seal", [None, KEY], ids=["plain", "sealed"])
def test_names_of_any_length_leave_no_copy_where_rows_get_short(db_path: Path, seal: Seal | None) -> None:
    chance = random.Random(11)  # noqa: S311  nothing secret
    names = ["".join(chance.choices(string.ascii_letters, k=chance.choice([20, 300, 3_000]))) for _ in range(24)]
    with opened(db_path, seal) as store:
        with store.transaction():
            people = [store.add_person(str(number), name) for number, name in enumerate(names)]
            for _ in range(200):
                store.record(chance.choice(people), accepted())
        kept = {cell for (cell,) in store._database.rows("SELECT CAST(person_name AS BLOB) FROM event")}
        for person in people:
            store.remove_person(person.code)
    raw = db_path.read_bytes()
    assert not any(cell[at : at + 40] in raw for cell in kept for at in (0, max(0, len(cell) - 40)))


PAGE, NAME = 4096, b"Wilhelmina Quux"


@pytest.mark.parametrize(
    ("page", "kind", "at", "is_lost"),
    [
        (0, 13, 110, True),  # behind the header of the file (100), that of the page (8), and one pointer to a row (2)
        (0, 13, 109, False),
        (0, 13, 199, True),
        (0, 13, 200, False),  # where the row begins
        (1, 13, 10, True),
        (1, 5, 14, True),  # the header of a page with children has 12
        (1, 5, 13, False),
        (1, 0, 14, False),  # no page of a b-tree: more of a long row
    ],
)
def test_where_a_page_has_no_row(tmp_path: Path, page: int, kind: int, at: int, *, is_lost: bool) -> None:
    content = bytearray(2 * PAGE)
    content[16:18] = PAGE.to_bytes(2)
    begin = 100 if page == 0 else 0
    header = bytes([kind]) + bytes(2) + (1).to_bytes(2) + (200).to_bytes(2) + bytes(1)
    content[page * PAGE + begin : page * PAGE + begin + len(header)] = header
    content[page * PAGE + at : page * PAGE + at + len(NAME)] = NAME
    (tmp_path / FILE_NAME).write_bytes(content)
    found = remains(tmp_path / FILE_NAME, Traces(frozenset({NAME}), frozenset(), frozenset()))
    assert (found.n_names, found.n_kept) == ((1, 0) if is_lost else (0, 1))


def test_what_is_the_same_everywhere_is_no_template(tmp_path: Path) -> None:
    """Half a template of zeros is in every file."""
    (tmp_path / FILE_NAME).write_bytes(bytes(PAGE))
    traces = Traces(frozenset(), frozenset({bytes(64) + bytes(range(64))}), frozenset())
    assert remains(tmp_path / FILE_NAME, traces).is_nothing


def test_names_of_a_code_that_nobody_has(store: Store) -> None:
    store.append(*[Draft("9", "Mary", NOW, Direction.IN, EventKind.ENTRY, by="office", why="?") for _ in range(2)])
    assert [store.erase_names("9"), store.erase_names("9"), store.erase_names("10")] == [2, 0, 0]
    assert {(event.person_name, event.salt) for event in store.events()} == {("", "")}


def test_who_went_before_something_broke_is_told_all_the_same(db_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with opened(db_path) as store:
        for code in ("7", "8", "9"):
            store.add_person(code, f"Somebody {code}")
            store.set_details(code, PersonDetails(retain_until=NOW.date().replace(year=2020)))
        refuse = "CREATE TRIGGER no BEFORE INSERT ON erasure WHEN NEW.code = '8' BEGIN SELECT RAISE(ABORT, 'disk'); END"
        store._database.rows(refuse)
        with pytest.raises(sqlite3.IntegrityError, match="disk"):
            expire(store, Installation(db_path.parent, Config()), Now(NOW, clock_ok=True), is_dry=False)
        assert [person.code for person in store.people()] == ["8", "9"]
    assert "Removed 7 Somebody 7:" in capsys.readouterr().out
