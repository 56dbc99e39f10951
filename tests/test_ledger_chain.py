"""The chain: what is written verifies, what somebody changes shows, and what may be erased can be."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from decisions import Decide
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.ledger import Finding, canonical, cells, genesis, link, name_digest, verify
from edge.store import Store
from edge.store.database import DurableDatabase, migrations
from edge.types import Direction, Draft, Event, EventKind

# ruff: noqa: S608  statements of somebody who tampers; every part of them stands in this file

MORNING = datetime(2026, 11, 22, 7, tzinfo=UTC)
COLUMNS = (
    "unit, kind, person_id, person_code, person_name, salt, name_digest, at_utc, direction, distance, clock_ok, backends,"
    ' boot_id, monotonic_s, corrects, "by", why, chain'
)
"""All of a row but its number and its id."""

ZEROS = f"'{'0' * 64}'"
TRIGGERS = ("event_goes_last", "event_stays", "event_stays_as_it_is", "ledger_keeps_its_id", "ledger_stays", "ledger_is_one")


def findings(store: Store) -> list[Finding]:
    return list(verify(store.entries(), n_written=store.n_written()))


def happen(store: Store, decide: Decide, n: int = 5) -> list[Event]:
    person = store.find_person("1042") or store.add_person("1042", "Jane Doe")
    return [store.record(person, decide(MORNING + timedelta(hours=hour)), backends="") for hour in range(n)]


def tamper(store: Store, *statements: str) -> None:
    """As somebody who opens the file with another program and knows what a trigger is."""
    for trigger in TRIGGERS:
        store._database.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    store._database.execute("PRAGMA ignore_check_constraints = ON")
    for statement in statements:
        store._database.execute(statement)


def by_hand(event: Event) -> str:
    """The hash of a row, as docs/ledger.md explains it and not as the program does it."""
    texts = [event.ledger, str(event.seq), event.event_id, event.unit, event.kind.value, event.person_code]
    texts += [hashlib.sha256((event.salt + event.person_name).encode()).hexdigest()]
    texts += [event.at_utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{event.at_utc.microsecond // 1000:03}Z", event.direction.value]
    texts += ["" if event.distance is None else f"{event.distance:.4f}", "true" if event.clock_ok else "false", event.backends]
    texts += [event.boot_id, "" if event.monotonic_s is None else f"{event.monotonic_s:.3f}", event.corrects, event.by, event.why]
    text = json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{event.previous}\n{text}".encode()).hexdigest()


class TestWriting:
    def test_the_text_of_a_row_is_fixed_for_ever(self) -> None:
        event = Event(
            *(7, "0b7e2f0e", "door-1", "=1042", 'J "D"', MORNING, Direction.BREAK_OUT, 0.43751, True, "pnet=cpu"),
            *(EventKind.ENTRY, "c0", "Åsa", "é\n", "b", 1.2345, "5d2c"),
            name_digest="d1",
        )
        text = canonical(cells(event).values())
        assert text == (
            '["5d2c","7","0b7e2f0e","door-1","entry","=1042","d1","2026-11-22T07:00:00.000Z","break out","0.4375","true",'
            '"pnet=cpu","b","1.234","c0","Åsa","é\\n"]'
        )
        # printf '%s\n%s' $(printf 'muster ledger 5d2c' | sha256sum | cut -c-64) TEXT | sha256sum
        assert genesis("5d2c") == "82d04d146e2b2966dfb7f93d2f4dbdc03653fd9372a4db2a66e98bb2134c6e33"
        assert link(genesis("5d2c"), text) == "cfa09a955ebe5859891308b7ba1058bd02f98022f10543b678f9f8d9d51f267b"

    def test_each_row_follows_the_one_before_it(self, store: Store, decide: Decide) -> None:
        events = happen(store, decide)
        assert [event.chain for event in events] == [by_hand(event) for event in events]
        assert [event.previous for event in events] == [genesis(store.ledger_id()), *(event.chain for event in events[:-1])]
        assert [event.seq for event in events] == [1, 2, 3, 4, 5]
        assert len({event.salt for event in events}) == 5
        assert findings(store) == []

    @settings(max_examples=25)
    @given(st.lists(st.tuples(*[st.text(st.characters(exclude_categories=["Cs"]))] * 6, st.floats(0, 4)), max_size=4))
    def test_any_text_is_chained_as_it_is(self, rows: list[tuple[str, str, str, str, str, str, float]]) -> None:
        drafts = [
            Draft(code, name, MORNING, Direction.OVERTIME_IN, EventKind.VOID, near, False, "", boot, near * 1e5, other, by, why)
            for code, name, boot, other, by, why, near in rows
        ]
        with Store.open(":memory:", unit="dœr") as store:
            events = store.append(*drafts)
            assert [event.chain for event in events] == [by_hand(event) for event in events]
            assert findings(store) == []
            assert store.events() == events

    def test_rows_that_belong_together_are_written_together_or_not_at_all(self, store: Store) -> None:
        good = Draft("1042", "Jane Doe", MORNING, Direction.IN, EventKind.ENTRY, by="Ada", why="forgot")
        with pytest.raises(ValueError, match="without a zone"):
            store.append(good, Draft("1042", "Jane Doe", datetime(2026, 11, 22), Direction.IN))  # noqa: DTZ001  the mistake
        assert (store.events(), store.n_written()) == ([], 0)
        (event,) = store.append(good)
        assert (event.seq, event.kind, event.distance, event.by, event.why) == (1, EventKind.ENTRY, None, "Ada", "forgot")

    def test_a_row_that_was_taken_back_is_not_the_last_one(self, store: Store, decide: Decide) -> None:
        first, second = happen(store, decide, 2)
        person = store.find_person("1042")
        void = Draft("1042", "Jane Doe", MORNING, Direction.IN, EventKind.VOID, corrects=second.event_id)
        store.append(void)
        assert store.last_events() == {person.id: first}
        (entry,) = store.append(Draft("1042", "Jane Doe", MORNING, Direction.OUT, EventKind.ENTRY))
        store.append(Draft("1042", "Jane Doe", MORNING, Direction.OUT, EventKind.TIME, corrects=entry.event_id))
        assert store.last_events() == {person.id: entry}
        store.append(Draft("1042", "Jane Doe", MORNING - timedelta(days=1), Direction.IN, EventKind.ENTRY))
        assert store.last_events() == {person.id: entry}, "what is entered late happened before"

    def test_two_processes_that_record_at_once_write_one_chain(self, db_path: Path) -> None:
        with Store.open(db_path, unit="door-1") as store:
            store.add_person("1042", "Jane Doe")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        writers = [subprocess.Popen([sys.executable, "-c", RECORD, db_path], **pipes) for _ in range(2)]
        for writer in writers:
            assert writer.stdout.read(5) == b"ready"
        for writer in writers:
            writer.stdin.close()  # both begin now
        assert [writer.wait(60) for writer in writers] == [0, 0]
        for writer in writers:
            writer.stdout.close()
        with Store.open(db_path, unit="door-1") as store:
            assert [event.seq for event in store.events()] == list(range(1, 101))
            assert {event.unit for event in store.events()} == {"door-1"}
            assert findings(store) == []


RECORD = """
import sys
from datetime import UTC, datetime
from edge.store import Store
from edge.types import Decision, Direction, Outcome
with Store.open(sys.argv[1], unit="door-1", busy_timeout_s=50) as store:
    jane = store.find_person("1042")
    print("ready", end="", flush=True)
    sys.stdin.read()
    for _ in range(50):
        store.record(jane, Decision(Outcome.ACCEPTED, jane.id, Direction.IN, 0.4, 3, 0.0, datetime.now(UTC), True))
"""


class TestNothingIsChanged:
    @pytest.mark.parametrize(
        "statement",
        [
            *(
                f'UPDATE event SET "{column}" = {value} WHERE seq = 2'
                for column, value in [
                    *[("seq", "9"), ("event_id", "'x'"), ("unit", "'x'"), ("kind", "'void'"), ("person_code", "'x'")],
                    *[("person_name", "'x'"), ("salt", f"'{'0' * 32}'"), ("name_digest", ZEROS), ("direction", "'out'")],
                    *[("at_utc", "'2026-11-22T07:00:00.001Z'"), ("distance", "NULL"), ("clock_ok", "0"), ("backends", "'x'")],
                    *[("boot_id", "'x'"), ("monotonic_s", "1.0"), ("corrects", "'x'"), ("by", "'x'"), ("why", "'x'")],
                    ("chain", ZEROS),
                ]
            ),
            "UPDATE event SET person_name = '' WHERE seq = 2",
            "UPDATE event SET salt = '' WHERE seq = 2",
            "UPDATE event SET person_id = 2 WHERE seq = 2",
            "DELETE FROM event WHERE seq = 2",
            "DELETE FROM event",
            "INSERT OR REPLACE INTO event SELECT * FROM event WHERE seq = 2",
            f"INSERT OR REPLACE INTO event (event_id, {COLUMNS}) SELECT event_id, {COLUMNS} FROM event WHERE seq = 2",
            "UPDATE OR REPLACE event SET seq = 3 WHERE seq = 2",
            f"INSERT INTO event (seq, event_id, {COLUMNS}) SELECT 1, 'new', {COLUMNS} FROM event WHERE seq = 2",
            "UPDATE ledger SET ledger_id = '5d2c1c34-9f5e-4a2b-a7d1-0c9be1a2f300'",
            "DELETE FROM ledger",
            "INSERT OR REPLACE INTO ledger VALUES (1, '5d2c1c34-9f5e-4a2b-a7d1-0c9be1a2f300')",
        ],
    )
    def test_the_database_refuses(self, store: Store, decide: Decide, statement: str) -> None:
        events = happen(store, decide)
        store.add_person("2", "John Roe")
        with pytest.raises(sqlite3.IntegrityError, match="ledger"):
            store._database.execute(statement)
        assert store.events() == events

    def test_a_removed_person_leaves_rows_that_verify(self, store: Store, decide: Decide) -> None:
        events = happen(store, decide)
        assert store.remove_person("1042").n_names == len(events)
        assert store.events() == [replace(event, person_name="", salt="") for event in events]
        assert findings(store) == []

    def test_an_erased_name_leaves_a_row_that_verifies_and_no_salt_to_guess_with(self, store: Store, decide: Decide) -> None:
        happen(store, decide)
        store._database.execute("UPDATE event SET person_name = '', salt = '' WHERE person_code = '1042'")
        assert {(event.person_name, event.salt) for event in store.events()} == {("", "")}
        assert findings(store) == []
        happen(store, decide, 1)
        assert findings(store) == []


ROW_3_IS_CHANGED = "it, or the hash of row 2 before it, is not as it was written"


class TestWhatSomebodyChangedShows:
    @pytest.mark.parametrize(
        ("column", "value"),
        [
            *[("event_id", "'x'"), ("unit", "'x'"), ("kind", "'void'"), ("person_code", "'1043'"), ("person_name", "'J. Doe'")],
            *[("person_name", "''"), ("salt", "''"), ("salt", "'0'"), ("name_digest", "'0'"), ("direction", "'out'")],
            *[("at_utc", "'2026-11-22T08:59:00.000Z'"), ("at_utc", "'yesterday'"), ("distance", "NULL"), ("distance", "0.4374")],
            *[("clock_ok", "0"), ("backends", "'x'"), ("boot_id", "'x'"), ("monotonic_s", "1.0"), ("corrects", "'x'")],
            *[("by", "'x'"), ("why", "'x'"), ("unit", "CAST(x'ff00' AS TEXT)")],
        ],
    )
    def test_an_edited_cell_is_found_and_its_row_named(self, store: Store, decide: Decide, column: str, value: str) -> None:
        event_id = happen(store, decide)[2].event_id
        tamper(store, f'UPDATE event SET "{column}" = {value} WHERE seq = 3')
        assert findings(store) == [Finding(3, "x" if column == "event_id" else event_id, ROW_3_IS_CHANGED)]

    @pytest.mark.parametrize(
        "moved",
        [
            "salt = '', person_name = salt || person_name",
            "salt = salt || substr(person_name, 1, 5), person_name = substr(person_name, 6)",
            "salt = substr(salt, 1, 31), person_name = substr(salt, 32) || person_name",
        ],
    )
    def test_a_name_that_was_moved_into_its_salt_or_out_of_it_is_found(self, store: Store, decide: Decide, moved: str) -> None:
        """They stand beside each other in the digest, which is the same; the salt's fixed length keeps them apart."""
        happen(store, decide)
        tamper(store, f"UPDATE event SET {moved} WHERE seq = 3")
        entry = next(entry for entry in store.entries() if entry.seq == 3)
        assert name_digest(entry.salt, entry.name) == entry.cells[6]
        assert [finding.seq for finding in findings(store)] == [3]

    @pytest.mark.parametrize("harm", ["DELETE FROM sqlite_sequence", "UPDATE sqlite_sequence SET seq = 2 WHERE name = 'event'"])
    def test_a_lost_counter_turns_nobody_away(self, store: Store, decide: Decide, harm: str) -> None:
        happen(store, decide)
        store._database.execute(harm)
        assert [event.seq for event in happen(store, decide, 2)] == [6, 7]
        assert findings(store) == []

    def test_a_row_that_was_rewritten_with_its_hash_does_not_fit_the_next(self, store: Store, decide: Decide) -> None:
        event = happen(store, decide)[2]
        tamper(store, "UPDATE event SET direction = 'out' WHERE seq = 3")
        forged = next(entry for entry in store.entries() if entry.seq == 3)
        tamper(store, f"UPDATE event SET chain = '{link(event.previous, canonical(forged.cells))}' WHERE seq = 3")
        assert [finding.seq for finding in findings(store)] == [4]

    @pytest.mark.parametrize(
        ("gone", "expected"),
        [
            ("seq = 3", [(4, "it does not follow row 2: row 3 is missing")]),
            ("seq IN (2, 3)", [(4, "it does not follow row 1: rows 2 to 3 are missing")]),
            ("seq = 1", [(2, "row 1 is missing")]),
            ("seq = 5", [(4, "row 5 is missing behind it")]),
            ("TRUE", [(0, "rows 1 to 5 are missing behind it")]),
        ],
    )
    def test_a_removed_row_is_found(self, store: Store, decide: Decide, gone: str, expected: list[tuple[int, str]]) -> None:
        happen(store, decide)
        tamper(store, f"DELETE FROM event WHERE {gone}")
        assert [(finding.seq, finding.what) for finding in findings(store)] == expected

    @pytest.mark.parametrize(
        ("gone", "told"), [("seq > 3", "it does not follow row 3: rows 4 to 5 are missing"), ("TRUE", "rows 1 to 5 are missing")]
    )
    def test_the_next_row_does_not_hide_that_the_last_ones_were_removed(
        self, store: Store, decide: Decide, gone: str, told: str
    ) -> None:
        happen(store, decide)
        tamper(store, f"DELETE FROM event WHERE {gone}")
        happen(store, decide, 2)
        assert [(finding.seq, finding.what) for finding in findings(store)] == [(6, told)]

    @pytest.mark.parametrize("seq", [-3, 0, 6])
    def test_an_inserted_row_is_found(self, store: Store, decide: Decide, seq: int) -> None:
        happen(store, decide)
        tamper(store, f"INSERT INTO event (seq, event_id, {COLUMNS}) SELECT {seq}, 'new', {COLUMNS} FROM event WHERE seq = 2")
        assert seq in [finding.seq for finding in findings(store)]

    def test_rows_that_changed_places_are_found(self, store: Store, decide: Decide) -> None:
        happen(store, decide)
        tamper(store, *(f"UPDATE event SET seq = {new} WHERE seq = {old}" for old, new in ((2, 9), (3, 2), (9, 3))))
        assert {2, 3} <= {finding.seq for finding in findings(store)}

    @pytest.mark.parametrize("harm", ["UPDATE ledger SET ledger_id = 'another'", "DELETE FROM ledger"])
    def test_another_id_of_the_ledger_or_none_breaks_every_row(self, store: Store, decide: Decide, harm: str) -> None:
        happen(store, decide)
        tamper(store, harm)
        assert store.ledger_id() in {"", "another"}
        assert [finding.seq for finding in findings(store)] == [1, 2, 3, 4, 5]


def old_database(path: Path, n_rows: int, gaps: Callable[[int], bool] = lambda _: False) -> None:
    """As the version before the chain made it."""
    path.parent.mkdir()
    database = DurableDatabase(path, busy_timeout_s=1)
    database.migrate(migrations()[:5])
    database.execute("INSERT INTO person (code, name) VALUES ('1042', 'Åsa \"Ö\"')")
    with database.writing():
        for seq in filter(lambda seq: not gaps(seq), range(1, n_rows + 1)):
            at_utc = (MORNING + timedelta(minutes=seq)).isoformat(timespec="milliseconds")[:23] + "Z"
            row = [
                seq,
                f"e{seq}",
                "=door",
                1,
                "1042",
                'Åsa "Ö"',
                at_utc,
                "in",
                seq / 32_000,
                seq % 2,
                "" if seq % 3 else "pnet=cpu",
            ]
            database.execute(f"INSERT INTO event VALUES ({', '.join('?' * len(row))})", row)
    database.close()


class TestOldDatabases:
    def test_are_chained_as_they_are(self, db_path: Path) -> None:
        old_database(db_path, 200)
        with Store.open(db_path, unit="door-1") as store:
            assert findings(store) == []
            events = store.events()
            assert [(event.seq, event.event_id) for event in events] == [(seq, f"e{seq}") for seq in range(1, 201)]
            assert [event.chain for event in events] == [by_hand(event) for event in events]
            assert len({event.salt for event in events}) == 200
            assert (events[4].kind, events[4].boot_id, events[4].monotonic_s) == (EventKind.PUNCH, "", None)
            (new,) = store.append(Draft("1042", "Åsa", MORNING, Direction.IN))
            assert (new.seq, new.previous) == (201, events[-1].chain)
            assert list(store.last_events().values()) == [new]
            assert store._database.rows("PRAGMA foreign_key_check") == []

    def test_with_a_gap_are_chained_over_it(self, db_path: Path) -> None:
        old_database(db_path, 9, gaps=lambda seq: seq in {1, 4, 5})
        with Store.open(db_path, unit="door-1") as store:
            assert [event.seq for event in store.events()] == [2, 3, 6, 7, 8, 9]
            assert findings(store) == [], "nobody can tell any more why it is there"

    @pytest.mark.parametrize("n_left", [0, 4])
    def test_whose_last_rows_somebody_deleted_deliver_the_next_ones(self, db_path: Path, n_left: int) -> None:
        """Test rows before the first working day, say: their numbers come again, and were marked as delivered."""
        old_database(db_path, 9)
        raw = sqlite3.connect(db_path)
        raw.execute("INSERT INTO cursor VALUES ('stick', 9)")
        raw.execute("DELETE FROM event WHERE seq > ?", [n_left])
        raw.commit()
        raw.close()
        with Store.open(db_path, unit="door-1") as store:
            assert store.undelivered("stick") == []
            new = store.append(Draft("1042", "Åsa", MORNING, Direction.IN))
            assert store.undelivered("stick") == new
            assert findings(store) == []

    def test_without_a_row_get_a_ledger_of_their_own(self, tmp_path: Path) -> None:
        ids = set()
        for name in ("a", "b"):
            old_database(tmp_path / name / "muster.db", 0)
            with Store.open(tmp_path / name / "muster.db", unit=name) as store:
                ids.add(store.ledger_id())
                assert findings(store) == []
                assert store.append(Draft("1042", "Åsa", MORNING, Direction.IN))[0].seq == 1
        assert len(ids) == 2
