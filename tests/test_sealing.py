"""Names and templates under a key: what lies on the card, what is told of it, and that nothing else changes."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from decisions import accepted
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import EnrolError, StoreError
from edge.exchange.ledger.table import Row, to_csv
from edge.ledger import verify
from edge.store import Store
from edge.store.database import DurableDatabase, migrations
from edge.store.resealing import N_PAGE, key_id_of
from edge.store.sealing import Seal, of_stick
from edge.store.templates import stored
from edge.types import Draft, EventKind, Floats, Person

KEY, OTHER = Seal.of(bytes(range(32))), Seal.of(bytes(range(1, 33)))
MODEL = "facenet-20180408-102900+head-1a2b3c4d/int8"
N_PEOPLE, N_EVENTS = 60, 300
STICK, STICK_KEY = "6f2c7a51-30c8-4ce5-9d43-0a4f1f1c1e11", bytes(range(100, 132))
BEFORE_THE_SEAL = 8
"""So many migrations had a database that knew no seal."""


def name_of(number: int) -> str:
    """Long and random: no part of it is anywhere by chance."""
    letters = random.Random(number)  # noqa: S311  nothing secret
    return " ".join("".join(letters.choices("abcdefghijklmnopqrstuvwxyzäößéłж", k=14)) for _ in range(2))


def face(number: int) -> Floats:
    vector = np.random.default_rng(number).normal(size=128).astype(np.float32)
    return vector / np.linalg.norm(vector)


def sha(number: int) -> str:
    return f"{number:064x}"


def opened(path: Path | str, seal: Seal | None = None, **keywords: float) -> Store:
    return Store.open(path, unit="door-1", seal=seal, **keywords)


def fill(store: Store, *, n_people: int = N_PEOPLE, n_events: int = N_EVENTS) -> list[Person]:
    """People with two templates each, and rows; some of it was changed and removed, as in every database that is used."""
    with store.transaction():
        return _filled(store, n_people, n_events)


def _filled(store: Store, n_people: int, n_events: int) -> list[Person]:
    people = [store.add_person(str(number), name_of(number)) for number in range(n_people)]
    for person in people:
        for number in range(2):
            store.add_template(person.id, face(2 * person.id + number), model=MODEL, photo_sha256=sha(2 * person.id + number))
    start = datetime(2026, 11, 1, 7, tzinfo=UTC)
    for number in range(n_events):
        store.record(people[number % n_people], accepted(start + timedelta(minutes=number)))
    for person in people[::7]:
        store.rename_person(person.code, name_of(1000 + person.id))
    for person in people[3::7]:
        store.set_aside(person.id, model=MODEL, photo_sha256=sha(2 * person.id))
    store.append(Draft("999", name_of(999), start, store.events()[0].direction, kind=EventKind.ENTRY, by="office", why="forgot"))
    return people


def pair(store: Store) -> None:
    """A stick, as the store keeps it."""
    row = [STICK, "office", store._seal.blob(STICK_KEY, of_stick(STICK)), "", "2026-11-22T07:00:00.000Z"]
    with store.transaction():
        store._database.rows("INSERT INTO stick (stick_id, name, key, hardware, paired_utc) VALUES (?, ?, ?, ?, ?)", row)


def told(store: Store) -> list[object]:
    """Everything that the store says: people, templates, rows as they are exported, and what is wrong with the ledger."""
    vectors, ids = store.templates(MODEL)
    of_each = {person.code: store.templates_of(person.id, model=MODEL) for person in store.people()}
    ((kept,),) = store._database.rows("SELECT key FROM stick") or [(b"",)]
    return [
        store.people(),
        (vectors.tobytes(), ids.tolist()),
        {code: {photo: vector.tobytes() for photo, vector in templates.items()} for code, templates in of_each.items()},
        to_csv(Row.of(event, UTC) for event in store.events()),
        sorted(event.seq for event in store.last_events().values()),
        list(verify(store.entries(), n_written=store.n_written())),
        kept and store._seal.opened_blob(kept, of_stick(STICK)),
    ]


def secrets_of(store: Store) -> set[bytes]:
    """What nobody may find: pieces of names, templates and keys, and the salts, without which no name can be tried."""
    names = {person.name for person in store.people()} | {event.person_name for event in store.events()}
    pieces = {name.encode()[start : start + 9] for name in names for start in range(len(name.encode()) - 8)}
    templates = (stored(face(number)).tobytes() for number in range(2 * N_PEOPLE + 4))
    pieces |= {template[start : start + 12] for template in templates for start in (0, 50, 116)}
    return pieces | {event.salt.encode() for event in store.events()} | {STICK_KEY}


def found_in(folder: Path, secrets: Iterable[bytes]) -> set[bytes]:
    """Which of them are in the raw bytes of a folder."""
    raw = b"\0".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())
    return {secret for secret in secrets if secret in raw}


def altered(path: Path, *statements: str) -> None:
    """Somebody writes into the file with another program; the triggers do not keep them from it."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, sql in guards:
            connection.execute(sql)


class TestBytes:
    def test_a_database_that_is_sealed_from_the_beginning_holds_no_secret(self, db_path: Path) -> None:
        with opened(db_path, KEY) as store:
            fill(store)
            pair(store)
            secrets = secrets_of(store)
            assert found_in(db_path.parent, secrets) == set()  # its log is among it
        assert found_in(db_path.parent, secrets) == set()

    def test_nor_does_one_that_was_used_before(self, db_path: Path) -> None:
        """What was there before lies in no corner of a page, in no free page and not in the log."""
        with opened(db_path) as store:
            fill(store)
            pair(store)
            secrets, before = secrets_of(store), told(store)
        assert found_in(db_path.parent, secrets) > {STICK_KEY}
        with opened(db_path, KEY) as store:
            assert found_in(db_path.parent, secrets) == set()
            assert told(store) == before
        assert found_in(db_path.parent, secrets) == set()

    def test_nor_does_one_whose_rows_have_moved_about(self, db_path: Path) -> None:
        """Longer and shorter rows move from page to page, and leave copies that no deletion overwrites."""
        choices, names = random.Random(0), set[str]()  # noqa: S311  nothing secret

        def another() -> str:
            name = "".join(choices.choices("abcdefghijklmnopqrstuvwxyz", k=choices.choice([20, 60, 200, 900, 5000])))
            names.add(name)
            return name

        with opened(db_path) as store, store.transaction():
            people = [store.add_person(str(number), another()) for number in range(200)]
            for person in [each for _ in range(3) for each in choices.sample(people, 80)]:
                store.rename_person(person.code, another())
            for person in choices.sample(people, 40):
                store._database.rows("DELETE FROM person WHERE id = ?", [person.id])
        with opened(db_path, KEY):
            pass
        raw = db_path.read_bytes()
        pieces = {name.encode()[at : at + 12] for name in names for at in range(0, len(name) - 12, 3)}
        assert pieces.isdisjoint(raw[at : at + 12] for at in range(len(raw)))

    def test_however_many_there_are(self, db_path: Path) -> None:
        n_people = 2 * N_PAGE + 1
        with opened(db_path) as store, store.transaction():
            sql = "INSERT INTO person (code, name) VALUES (?, ?)"
            store._database.conn.executemany(sql, [(str(number), f"Somebody {number}") for number in range(n_people)])
        with opened(db_path, KEY) as store:
            names = {person.name for person in store.people()}
            assert names == {f"Somebody {number}" for number in range(n_people)}
        assert b"Somebody" not in db_path.read_bytes()

    def test_nor_one_of_an_older_version(self, db_path: Path) -> None:
        db_path.parent.mkdir()
        database = DurableDatabase(db_path, busy_timeout_s=1)
        database.enable_wal()
        database.migrate(migrations()[:BEFORE_THE_SEAL])
        rows = [(number, str(number), name_of(number)) for number in range(500)]
        with database.writing():
            database.conn.executemany("INSERT INTO person (id, code, name) VALUES (?, ?, ?)", rows)
        database.close()
        with opened(db_path, KEY) as store:
            assert [person.name for person in store.people()] == [name for _, _, name in sorted(rows, key=lambda row: row[1])]
            assert found_in(db_path.parent, (name.encode()[:9] for *_, name in rows)) == set()

    def test_what_could_not_be_swept_is_swept_at_the_next_opening(self, db_path: Path) -> None:
        with opened(db_path) as store:
            fill(store, n_events=50)
            secrets = secrets_of(store)
        with contextlib.closing(sqlite3.connect(db_path, isolation_level=None)) as reader, opened(db_path) as store:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM person").fetchone()
            store._database.conn.execute("PRAGMA busy_timeout = 10")
            assert not store.reseal(KEY).is_swept
            assert found_in(db_path.parent, secrets)
            reader.execute("COMMIT")
            with opened(db_path, KEY) as another:
                assert found_in(db_path.parent, secrets) == set()
                assert len(another.people()) == N_PEOPLE

    def test_without_a_key_everything_stays_as_it_is(self, db_path: Path) -> None:
        with opened(db_path) as store:
            fill(store, n_people=3, n_events=3)
        with contextlib.closing(sqlite3.connect(db_path)) as connection:
            assert connection.execute("SELECT name FROM person WHERE code = '1'").fetchone() == (name_of(1),)
            assert connection.execute("SELECT vector FROM template WHERE id = 1").fetchone() == (stored(face(2)).tobytes(),)


class TestKeys:
    def test_another_key_or_none_is_told_with_what_to_do(self, db_path: Path) -> None:
        with opened(db_path, KEY) as store:
            fill(store, n_people=2, n_events=2)
        for seal, which in ((OTHER, f"the key given is {OTHER.key_id}"), (None, "no key is given")):
            with pytest.raises(StoreError, match=f"sealed with key {KEY.key_id}, and {which}.*privacy.key_file") as raised:
                opened(db_path, seal)
            assert not raised.value.retryable
        with opened(db_path, KEY) as store:
            assert [person.code for person in store.people()] == ["0", "1"]

    def test_a_key_is_not_printed(self) -> None:
        assert KEY.key.hex() not in repr(KEY).replace("\\x", "")
        assert repr(KEY.key) not in repr(KEY)

    def test_everything_is_as_before_under_another_key_and_without_one(self, db_path: Path) -> None:
        with opened(db_path) as store:
            fill(store)
            pair(store)
            before = told(store)
            chain = [entry.chain for entry in store.entries()]
            for seal in (KEY, OTHER, Seal.none(), OTHER):
                done = store.reseal(seal)
                assert (store.key_id, done.n_unopened, done.is_swept) == (seal.key_id, 0, True)
                assert told(store) == before
        with opened(db_path, OTHER) as store:
            assert told(store) == before
            assert [entry.chain for entry in store.entries()] == chain
            store.record(store.people()[0], accepted())
            assert list(verify(store.entries(), n_written=store.n_written())) == []
        assert key_id_of(db_path) == OTHER.key_id

    def test_the_ledger_stays_append_only(self, db_path: Path) -> None:
        with opened(db_path) as store:
            fill(store, n_people=2, n_events=2)
            store.reseal(KEY)
            for sql in ("UPDATE event SET person_code = '7'", "UPDATE event SET person_name = 'Eve'", "DELETE FROM event"):
                with pytest.raises(sqlite3.IntegrityError, match="no row of the ledger"):
                    store._database.rows(sql)

    def test_a_name_that_was_erased_stays_erased(self, db_path: Path) -> None:
        with opened(db_path, KEY) as store:
            fill(store, n_people=2, n_events=2)
            store._database.rows("UPDATE event SET person_name = '', salt = '' WHERE seq = 1")
            store.reseal(OTHER)
            assert (store.events()[0].person_name, store.events()[0].salt) == ("", "")
            assert list(verify(store.entries(), n_written=store.n_written())) == []

    def test_a_row_that_was_no_text_is_told_after_the_seal_as_before(self, db_path: Path) -> None:
        with opened(db_path) as store:
            fill(store, n_people=2, n_events=3)
        altered(db_path, "UPDATE event SET person_name = CAST(x'ff00fe' AS TEXT) WHERE seq = 2")
        for seal in (None, KEY):
            with opened(db_path, seal) as store:
                assert [finding.seq for finding in verify(store.entries(), n_written=store.n_written())] == [2]
                assert store.entry_of(2).name.encode(errors="surrogateescape") == b"\xff\x00\xfe"

    def test_a_seal_that_cannot_be_put_on_leaves_everything_as_it_was(self, db_path: Path) -> None:
        with opened(db_path, busy_timeout_s=0.01) as store:
            fill(store, n_people=2, n_events=2)
            before = told(store)
            with contextlib.closing(sqlite3.connect(db_path, isolation_level=None)) as writer:
                writer.execute("BEGIN IMMEDIATE")
                with pytest.raises(StoreError, match="another process holds"):
                    store.reseal(KEY)
            assert told(store) == before
            store.add_person("x", "After All")
        assert key_id_of(db_path) == ""

    def test_what_is_noted_is_stored_with_it_or_not_at_all(self, db_path: Path) -> None:
        def fail() -> None:
            store.add_person("x", "Half Done")
            raise StoreError("no room left")

        with opened(db_path) as store:
            people = fill(store, n_people=2, n_events=2)
            with pytest.raises(StoreError, match="no room left"):
                store.reseal(KEY, note=fail)
            assert (store.key_id, len(store.people())) == ("", len(people))
            store.record(people[0], accepted())


class TestAtTheSameTime:
    def test_who_has_the_old_key_writes_and_reads_nothing_more(self, db_path: Path) -> None:
        with opened(db_path) as unit, opened(db_path) as office:
            person = fill(unit, n_people=2, n_events=2)[0]
            office.reseal(KEY)
            acts: list[Callable[[], object]] = [
                lambda: unit.record(person, accepted()),
                lambda: unit.add_person("x", "Plain Text"),
                lambda: unit.add_template(person.id, face(99), model=MODEL, photo_sha256=sha(99)),
                unit.people,
                unit.events,
                lambda: list(unit.entries()),
                lambda: unit.templates(MODEL),
            ]
            acts += [unit.sticks, lambda: unit.templates_of(person.id, model=MODEL), lambda: unit.dossier(person.code)]
            pair(office)
            for act in acts:
                with pytest.raises(StoreError, match=f"sealed with key {KEY.key_id}"):
                    act()
            assert [len(office.people()), office.n_rows()] == [2, 3]

    def test_who_has_a_key_where_the_seal_was_taken_off_writes_nothing_more(self, db_path: Path) -> None:
        with opened(db_path, KEY) as unit, opened(db_path, KEY) as office:
            person = fill(unit, n_people=2, n_events=2)[0]
            office.reseal(Seal.none())
            with pytest.raises(StoreError, match="Start this again"):
                unit.record(person, accepted())

    def test_who_finds_it_sealed_in_the_instant_before_opens_it_all_the_same(self, db_path: Path) -> None:
        class Late:
            """The key of somebody who is overtaken after having seen that there is no seal yet."""

            def __getattr__(self, name: str) -> object:
                if name == "key_id" and not office.key_id:
                    office.reseal(KEY)
                return getattr(KEY, name)

        with opened(db_path) as office:
            fill(office, n_people=2, n_events=2)
            with opened(db_path, Late()) as unit:
                assert unit.people() == office.people()
                unit.record(unit.people()[0], accepted())

    def test_two_that_seal_at_once_both_open_it(self, db_path: Path) -> None:
        with opened(db_path) as store:
            fill(store)
            before = told(store)
        code = (
            "import sys; from edge.store import Seal, Store\n"
            "with Store.open(sys.argv[1], unit='u', seal=Seal.of(bytes(range(32))), busy_timeout_s=50) as store:\n"
            "    assert store.people()"
        )
        command = [sys.executable, "-c", code, str(db_path)]
        both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
        assert [(process.communicate(timeout=60)[1], process.returncode) for process in both] == [("", 0)] * 3
        with opened(db_path, KEY) as store:
            assert told(store) == before


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sealed database, to be copied."""
    path = tmp_path_factory.mktemp("data") / "muster.db"
    with opened(path, KEY) as store:
        fill(store, n_people=3, n_events=6)
    return path


class TestExchanged:
    """Somebody who has no key puts what is sealed where it does not belong."""

    @pytest.fixture
    def path(self, untouched: Path, tmp_path: Path) -> Path:
        return Path(shutil.copy(untouched, tmp_path))

    def test_names_of_people(self, path: Path) -> None:
        altered(path, "UPDATE person SET name = (SELECT name FROM person WHERE code = '2') WHERE code = '1'")
        with opened(path, KEY) as store, pytest.raises(StoreError, match="person 1 does not open"):
            store.people()

    def test_codes_of_people(self, path: Path) -> None:
        renumber = "UPDATE person SET code = '{}' WHERE code = '{}'"
        altered(path, *(renumber.format(new, old) for old, new in (("1", "x"), ("2", "1"), ("x", "2"))))
        with opened(path, KEY) as store:
            with pytest.raises(StoreError, match="does not open"):
                store.find_person("1")
            with pytest.raises(StoreError, match="does not open"):
                store.templates(MODEL)

    @pytest.mark.parametrize(
        "change",
        [
            "vector = (SELECT vector FROM template WHERE id = 3)",
            "person_id = 2",
            f"photo_sha256 = '{sha(77)}'",
            "model = 'other'",
        ],
    )
    def test_templates(self, path: Path, change: str) -> None:
        altered(path, f"UPDATE template SET {change} WHERE id = 2")  # noqa: S608  our own words
        with opened(path, KEY) as store, pytest.raises(StoreError, match=r"template .* does not open"):
            store.templates("other" if "model" in change else MODEL)

    def test_a_template_that_is_not_sealed_lets_nobody_in(self, path: Path) -> None:
        altered(path, f"UPDATE template SET vector = x'{stored(face(5)).tobytes().hex()}' WHERE id = 2")  # noqa: S608  numbers
        with opened(path, KEY) as store, pytest.raises(StoreError, match="does not open"):
            store.templates(MODEL)

    def test_a_name_that_is_not_sealed_is_none(self, path: Path) -> None:
        altered(path, "UPDATE person SET name = 'Eve' WHERE code = '1'")
        with opened(path, KEY) as store, pytest.raises(StoreError, match="does not open"):
            store.people()

    @pytest.mark.parametrize(
        "change",
        [
            "person_name = (SELECT person_name FROM event WHERE seq = 3)",
            "person_name = 'Eve'",
            "person_name = 'sealed:no'",
            "person_name = substr(person_name, 1, 60)",
            "salt = '0123456789abcdef0123456789abcdef'",
        ],
    )
    def test_names_in_the_ledger_are_told_and_the_row_still_counts(
        self, path: Path, change: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        with opened(path, KEY) as store:
            before = store.events()
        altered(path, f"UPDATE event SET {change} WHERE seq = 2")  # noqa: S608  our own words
        with opened(path, KEY) as store:
            assert [finding.seq for finding in verify(store.entries(), n_written=store.n_written())] == [2]
            after = store.events()
            assert "row 2" in caplog.text
            assert (after[1].person_name, after[1].salt, after[1].event_id) == ("", "", before[1].event_id)
            assert [event for event in after if event.seq != 2] == [event for event in before if event.seq != 2]

    def test_a_name_that_was_put_back_unsealed_is_told(self, path: Path) -> None:
        """Somebody had it from an export. The row has no name then, and the check must not say that all is well."""
        with opened(path, KEY) as store:
            name, salt = store.events()[1].person_name, store.events()[1].salt
        altered(path, f"UPDATE event SET person_name = '{name}', salt = '{salt}' WHERE seq = 2")  # noqa: S608  our own words
        with opened(path, KEY) as store:
            assert store.events()[1].person_name == ""
            assert [finding.seq for finding in verify(store.entries(), n_written=store.n_written())] == [2]

    def test_it_is_told_after_another_key_too(self, path: Path) -> None:
        altered(path, "UPDATE event SET person_name = (SELECT person_name FROM event WHERE seq = 3) WHERE seq = 2")
        with opened(path, KEY) as store:
            assert store.reseal(OTHER).n_unopened == 1
            assert [finding.seq for finding in verify(store.entries(), n_written=store.n_written())] == [2]
            store.reseal(Seal.none())
            assert [finding.seq for finding in verify(store.entries(), n_written=store.n_written())] == [2]


class TestValues:
    @given(st.text(), st.text(max_size=20))
    def test_a_text_comes_back_for_its_place_alone(self, text: str, place: str) -> None:
        text, place = (each.encode(errors="replace").decode() for each in (text, place))
        kept = KEY.text(text, place)
        assert KEY.opened_text(kept, place) == text
        if text:
            assert kept.startswith("sealed:")
            assert kept != KEY.text(text, place)  # the same twice looks like two
            for seal, elsewhere in ((KEY, f"{place}."), (OTHER, place), (Seal.none(), place)):
                with pytest.raises(StoreError):
                    seal.opened_text(kept, elsewhere)

    @given(st.binary(), st.integers(0, 10_000))
    @settings(max_examples=50)
    def test_one_bit_is_noticed(self, content: bytes, position: int) -> None:
        kept = bytearray(KEY.blob(content, "place"))
        assert KEY.opened_blob(bytes(kept), "place") == content
        kept[position // 8 % len(kept)] ^= 1 << position % 8
        with pytest.raises(StoreError):
            KEY.opened_blob(bytes(kept), "place")

    def test_somebody_may_be_called_so(self, store: Store) -> None:
        assert store.add_person("1", "sealed: Bob").name == store.people()[0].name == "sealed: Bob"

    def test_nobody_is_called_as_what_is_sealed(self, store: Store) -> None:
        """Without a key it would not open, nor would anybody else in the list."""
        store.add_person("1", "Bob")
        for act in (lambda name: store.add_person("2", name), lambda name: store.rename_person("1", name)):
            with pytest.raises(EnrolError, match="is no name"):
                act(f" {KEY.text('x', 'person 2')}")
        assert [person.name for person in store.people()] == ["Bob"]

    @pytest.mark.parametrize("n_bytes", [0, 16, 31, 33])
    def test_a_key_has_32_bytes(self, n_bytes: int) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            Seal.of(bytes(n_bytes))
