"""What the unit remembers, and what it does not forget, lose or replace when something goes wrong."""

from __future__ import annotations

import errno
import hashlib
import json
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from decisions import Decide

from edge.errors import EnrolError, NewerDatabaseError, StoreError
from edge.store import Store
from edge.store.database import DurableDatabase, migrations
from edge.store.events import _LATEST
from edge.store.templates import restored, stored
from edge.types import Decision, Direction, Event, Outcome, Person, Validity, utc_text

RANDOM = random.Random(20261122)  # noqa: S311  nothing secret
MODEL = "facenet-20180408-102900+head-1a2b3c4d/int8"


CHAINED_COLUMNS = ', kind, salt, name_digest, backends, boot_id, corrects, "by", why, chain'
CHAINED_VALUES = (
    ", 'punch', '5a17', muster_name_digest('5a17', 'Jane Doe'), '', '', '', '', '',"
    " muster_chain(muster_genesis(ledger_id), ledger_id, 1, 'e', 'door-1', 'punch', '1042',"
    " muster_name_digest('5a17', 'Jane Doe'), '2026-11-22T07:00:00.000Z', 'in', 0.5, 1, '', '', NULL, '', '', '') FROM ledger"
).replace("5a17", "5a17" * 8)
"""What a row has more since it is chained."""


def rechained(event: Event) -> str:
    """The hash that a first row must have, from its cells."""
    cells = [event.ledger, str(event.seq), event.event_id, event.unit, event.kind.value, event.person_code]
    cells += [
        hashlib.sha256((event.salt + event.person_name).encode()).hexdigest(),
        utc_text(event.at_utc),
        event.direction.value,
    ]
    cells += [f"{event.distance:.4f}", "true" if event.clock_ok else "false", event.backends, event.boot_id, ""]
    text = json.dumps([*cells, event.corrects, event.by, event.why], ensure_ascii=False, separators=(",", ":"))
    genesis = hashlib.sha256(f"muster ledger {event.ledger}".encode()).hexdigest()
    return hashlib.sha256(f"{genesis}\n{text}".encode()).hexdigest()


def unit_vector(seed: int, d: int = 128) -> np.ndarray:
    vector = np.random.default_rng(seed).normal(size=d).astype(np.float32)
    return vector / np.linalg.norm(vector)


def sha(number: int) -> str:
    return f"{number:064x}"


def open_door(path: Path, **keywords: float) -> Store:
    return Store.open(path, unit="door-1", **keywords)


def enrolled(store: Store, code: str = "1042", name: str = "Jane Doe", n: int = 1) -> Person:
    person = store.add_person(code, name)
    for number in range(n):
        store.add_template(person.id, unit_vector(number), model=MODEL, photo_sha256=sha(person.id * 100 + number))
    return person


class TestPeople:
    def test_are_listed_by_code(self, store: Store) -> None:
        for code, name in (("b", "Zoë"), ("a", "Åsa"), ("10", "李雷")):
            store.add_person(code, name)
        assert [(p.code, p.name) for p in store.people()] == [("10", "李雷"), ("a", "Åsa"), ("b", "Zoë")]

    def test_are_found_by_code(self, store: Store) -> None:
        person = store.add_person(" 1042 ", " Jane Doe ")
        assert store.find_person("1042") == person == Person(person.id, "1042", "Jane Doe")
        assert store.find_person("1043") is None

    def test_a_code_belongs_to_one_person(self, store: Store) -> None:
        store.add_person("1042", "Jane Doe")
        with pytest.raises(EnrolError, match="1042 belongs to Jane Doe"):
            store.add_person("1042", "John Roe")

    @pytest.mark.parametrize(("code", "name"), [("", "Jane"), ("1", "  "), ("1", "Jane \udcff")])
    def test_code_and_name_must_be_text(self, store: Store, code: str, name: str) -> None:
        with pytest.raises(EnrolError, match="must"):
            store.add_person(code, name)
        assert store.people() == []

    def test_renaming_leaves_the_ledger_as_it_was(self, store: Store, decide: Decide) -> None:
        person = enrolled(store)
        store.record(person, decide())
        assert store.rename_person("1042", "Jane Roe") == Person(person.id, "1042", "Jane Roe")
        store.record(person, decide())
        assert [event.person_name for event in store.events()] == ["Jane Doe", "Jane Roe"]

    def test_a_mac_writes_accents_apart_and_means_the_same_person(self, store: Store) -> None:
        store.add_person("a\u030asa-1", "A\u030asa")
        assert store.find_person("a\u030asa-1") == store.find_person("\u00e5sa-1")
        renamed = store.rename_person("a\u030asa-1", "O\u0308berg")
        assert (renamed.code, renamed.name) == ("\u00e5sa-1", "\u00d6berg")

    @pytest.mark.parametrize("act", [lambda s: s.rename_person("7", "X"), lambda s: s.remove_person("7")])
    def test_nobody_can_be_neither_renamed_nor_removed(self, store: Store, act: Callable[[Store], object]) -> None:
        with pytest.raises(EnrolError, match=r"nobody has the code '7'.*muster people list"):
            act(store)


class TestValidity:
    def test_is_told_of_those_for_whom_it_is_limited(self, db_path: Path) -> None:
        limited = [
            Validity(active=False),
            Validity(valid_from=date(2026, 12, 1)),
            Validity(valid_until=date(2026, 12, 31)),
            Validity(False, date(2026, 12, 1), date(2026, 12, 1)),
        ]
        with open_door(db_path) as store:
            people = [enrolled(store, str(code)) for code in range(5)]
            for person, validity in zip(people, limited, strict=False):
                assert store.set_validity(person.code, validity) == person
        with open_door(db_path) as store:
            assert store.validity() == {person.id: validity for person, validity in zip(people, limited, strict=False)}
            store.set_validity("0", Validity())
            assert people[0].id not in store.validity()

    def test_is_a_change_to_the_roll_where_it_changes_something(self, store: Store) -> None:
        enrolled(store)
        before = store.revision()
        store.set_validity("1042", Validity())
        assert store.revision() == before
        store.set_validity("1042", Validity(active=False))
        store.set_validity("1042", Validity(active=False))
        assert store.revision() == before + 1

    def test_leaves_name_templates_and_rows_as_they_are(self, store: Store, decide: Decide) -> None:
        person = enrolled(store, n=2)
        store.set_validity("1042", Validity(active=False))
        store.record(person, decide())
        store.rename_person("1042", "Jane Roe")
        assert store.n_templates() == {person.id: 2}
        assert store.validity() == {person.id: Validity(active=False)}

    def test_a_last_day_before_the_first_is_refused(self, store: Store) -> None:
        enrolled(store)
        with pytest.raises(EnrolError, match="until 2026-11-30 lies before from 2026-12-01"):
            store.set_validity("1042", Validity(valid_from=date(2026, 12, 1), valid_until=date(2026, 11, 30)))
        with pytest.raises(EnrolError, match="nobody has the code '7'"):
            store.set_validity("7", Validity())
        assert store.validity() == {}

    def test_goes_with_its_person(self, store: Store) -> None:
        enrolled(store)
        store.set_validity("1042", Validity(active=False))
        store.remove_person("1042")
        store.add_person("1042", "Jane Doe")
        assert store.validity() == {}


class TestGoneIsGone:
    def test_removal_says_what_went_and_what_stays(self, store: Store, decide: Decide) -> None:
        person = enrolled(store, n=3)
        store.record(person, decide())
        removal = store.remove_person("1042")
        assert (removal.person, removal.n_templates, removal.n_events, removal.is_wiped) == (person, 3, 1, True)
        assert store.people() == []
        assert store.models() == {}
        assert store.last_events() == {}
        assert [event.person_code for event in store.events()] == ["1042"]

    def test_no_file_holds_the_template_or_the_photograph_any_more(self, db_path: Path) -> None:
        with open_door(db_path) as store:
            enrolled(store, "7", "Somebody Else")
            person = enrolled(store, "1042", "Wilhelmina Quux", n=2)
            needles = [stored(unit_vector(1)).tobytes(), sha(person.id * 100 + 1).encode(), b"Wilhelmina"]
            assert all(self.found(needle, db_path) for needle in needles)
            assert store.remove_person("1042").is_wiped
            assert not any(self.found(needle, db_path) for needle in needles)

    @staticmethod
    def found(needle: bytes, db_path: Path) -> bool:
        return any(needle in file.read_bytes() for file in db_path.parent.iterdir())

    def test_a_reader_in_the_way_is_admitted(self, db_path: Path) -> None:
        with open_door(db_path, busy_timeout_s=0.01) as store:
            enrolled(store)
            reader = sqlite3.connect(db_path, isolation_level=None)
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM template").fetchall()
            assert not store.remove_person("1042").is_wiped
            reader.close()

    def test_an_id_is_never_given_again(self, store: Store) -> None:
        old = enrolled(store)
        store.remove_person("1042")
        assert store.add_person("1042", "John Roe").id != old.id


class TestTemplates:
    def test_come_back_with_their_people_as_unit_vectors_that_point_where_they_pointed(self, store: Store) -> None:
        people = [enrolled(store, str(code), n=2) for code in range(3)]
        vectors, person_ids = store.templates(MODEL)
        assert (vectors.shape, vectors.dtype, person_ids.dtype) == ((6, 128), np.float32, np.int64)
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-6)
        assert (vectors * np.stack([unit_vector(number) for number in (0, 1)] * 3)).sum(axis=1).min() > 0.9999
        np.testing.assert_allclose(restored(stored(vectors)), vectors, atol=1e-6)
        assert person_ids.tolist() == [p.id for p in people for _ in range(2)]

    def test_take_one_byte_a_value(self, db_path: Path) -> None:
        with open_door(db_path) as store:
            enrolled(store)
            (blob,) = store._database.rows("SELECT vector FROM template")[0]
        numbers = np.frombuffer(blob, np.int8)
        assert len(blob) == 128
        assert np.abs(numbers.astype(int)).max() == 127
        assert numbers.astype(np.float32) / np.linalg.norm(numbers.astype(float)) == pytest.approx(unit_vector(0), abs=2e-3)

    def test_of_another_model_stay_apart(self, store: Store) -> None:
        jane, john = enrolled(store, n=2), enrolled(store, "1043", "John Roe")
        store.add_template(john.id, unit_vector(9, 64), model="head-1", photo_sha256=sha(john.id * 100))
        assert store.models() == {MODEL: 2, "head-1": 1}
        assert (store.n_templates(MODEL), store.n_templates("head-1")) == ({jane.id: 2}, {john.id: 1})
        assert store.n_templates() == {jane.id: 2, john.id: 1}, "what the other model made of him has gone"
        assert store.templates("head-1")[0].shape == (1, 64)
        assert store.templates("nobody's")[0].shape == (0, 0)

    def test_of_another_model_are_told_until_their_people_are_enrolled_again(self, store: Store) -> None:
        assert store.stale("new") is None, "nobody is there"
        jane, john = enrolled(store, n=2), enrolled(store, "1043", "John Roe")
        told = store.stale("new")
        assert (told.n_people, told.by_model, told.is_everybody) == (2, {MODEL: 3}, True)
        store.add_template(jane.id, unit_vector(7), model="new", photo_sha256=sha(7))
        told = store.stale("new")
        assert (told.n_people, told.by_model, told.is_everybody) == (1, {MODEL: 1}, False)
        assert (
            str(told) == f"1 person cannot be recognised: templates were made by another model (1 by {MODEL}; this unit has new)"
        )
        store.remove_person(john.code)
        assert store.stale("new") is None

    def test_the_same_photograph_changes_nothing(self, store: Store) -> None:
        person = enrolled(store)
        before = store.revision()
        assert not store.add_template(person.id, unit_vector(5), model=MODEL, photo_sha256=sha(person.id * 100))
        assert store.revision() == before
        np.testing.assert_array_equal(store.templates(MODEL)[0], restored(stored(unit_vector(0)[np.newaxis])))

    def test_each_change_to_a_template_alone_is_a_change_to_the_roll(self, store: Store) -> None:
        """Otherwise a running unit would not read them again."""
        person = enrolled(store)
        photo = sha(person.id * 100)
        revisions = [store.revision()]
        store.add_template(person.id, unit_vector(5), model=MODEL, photo_sha256=sha(5))
        revisions.append(store.revision())
        store._database.execute("UPDATE template SET vector = x'00' WHERE photo_sha256 = ?", [photo])
        revisions.append(store.revision())
        store.set_aside(person.id, model=MODEL, photo_sha256=photo)
        revisions.append(store.revision())
        assert revisions == sorted(set(revisions))

    def test_one_photograph_is_not_two_people(self, store: Store) -> None:
        first, second = enrolled(store), store.add_person("1043", "John Roe")
        with pytest.raises(EnrolError, match="already enrolled for 1042 Jane Doe"):
            store.add_template(second.id, unit_vector(5), model=MODEL, photo_sha256=sha(first.id * 100))
        assert store.photo_owner(sha(first.id * 100), model=MODEL) == first
        assert store.photo_owner(sha(first.id * 100), model="head-1") is None

    def test_a_photograph_that_is_set_aside_leaves_its_fingerprint_alone(self, store: Store) -> None:
        jane, john = enrolled(store, n=2), store.add_person("1043", "John Roe")
        photo, before = sha(jane.id * 100), store.revision()
        store.set_aside(jane.id, model=MODEL, photo_sha256=photo)
        assert store.revision() > before, "the door has to learn that a template is gone"
        store.set_aside(jane.id, model=MODEL, photo_sha256=photo)
        store.set_aside(jane.id, model=MODEL, photo_sha256=sha(7))
        assert list(store.templates_of(jane.id, model=MODEL)) == [sha(jane.id * 100 + 1)]
        assert store.photo_owner(photo, model=MODEL) == store.photo_owner(sha(7), model=MODEL) == jane
        assert not store.add_template(jane.id, unit_vector(5), model=MODEL, photo_sha256=photo), "it was looked at"
        for act in (store.add_template, lambda person_id, _, **named: store.set_aside(person_id, **named)):
            with pytest.raises(EnrolError, match="already enrolled for 1042 Jane Doe"):
                act(john.id, unit_vector(5), model=MODEL, photo_sha256=photo)

    def test_what_is_set_aside_goes_with_its_person_and_with_its_model(self, db_path: Path) -> None:
        with open_door(db_path) as store:
            person = enrolled(store)
            for number in (7, 8):
                store.set_aside(person.id, model="old", photo_sha256=sha(number))
            assert store._database.rows("SELECT count(*) FROM aside") == [(2,)]
            store.add_template(person.id, unit_vector(1), model="new", photo_sha256=sha(9))
            assert store._database.rows("SELECT count(*) FROM aside") == [(0,)]
            fingerprint = "cafe" * 16
            store.set_aside(person.id, model="new", photo_sha256=fingerprint)
            assert TestGoneIsGone.found(fingerprint.encode(), db_path)
            assert store.remove_person("1042").n_aside == 1
            assert not TestGoneIsGone.found(fingerprint.encode(), db_path)

    def test_of_one_person_come_with_their_photographs(self, store: Store) -> None:
        jane, john = enrolled(store, n=2), enrolled(store, "1043", "John Roe")
        found = store.templates_of(jane.id, model=MODEL)
        assert list(found) == [sha(jane.id * 100), sha(jane.id * 100 + 1)]
        np.testing.assert_array_equal(np.stack(list(found.values())), store.templates(MODEL)[0][:2])
        assert store.templates_of(john.id, model="another") == {}

    def test_a_matrix_is_a_mistake_of_the_program(self, store: Store) -> None:
        with pytest.raises(ValueError, match="expected shape"):
            store.add_template(1, np.zeros((1, 128), np.float32), model=MODEL, photo_sha256=sha(1))

    def test_of_different_lengths_under_one_model_are_reported(self, store: Store) -> None:
        person = enrolled(store)
        store.add_template(person.id, unit_vector(9, 64), model=MODEL, photo_sha256=sha(77))
        with pytest.raises(StoreError, match="differ in length"):
            store.templates(MODEL)

    def test_transaction_keeps_all_or_nothing(self, store: Store) -> None:
        def enrol_and_stop() -> None:
            with store.transaction():
                enrolled(store)
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            enrol_and_stop()
        assert store.people() == []

    def test_another_process_sees_that_the_roll_has_changed(self, db_path: Path, decide: Decide) -> None:
        with open_door(db_path) as loop, open_door(db_path) as enrolment:
            seen = [loop.revision()]
            person = enrolled(enrolment)
            seen.append(loop.revision())
            loop.record(person, decide())
            assert loop.revision() == seen[-1], "an event is no change to the roll"
            enrolment.rename_person("1042", "Jane Roe")
            seen.append(loop.revision())
            enrolment.remove_person("1042")
            seen.append(loop.revision())
        assert seen == sorted(set(seen))


class TestEvents:
    def test_are_stored_exactly_as_they_are_returned(self, db_path: Path, decide: Decide) -> None:
        moment = datetime(2026, 11, 22, 7, 0, 0, 123_456, tzinfo=UTC)
        with open_door(db_path) as store:
            person = enrolled(store)
            event = store.record(person, decide(moment, Direction.OUT, clock_ok=False), backends="pnet=cpu")
        with open_door(db_path) as store:
            assert store.events() == [event]
        assert event.at_utc == moment.replace(microsecond=123_000)
        assert (event.seq, event.unit, event.person_code, event.person_name) == (1, "door-1", "1042", "Jane Doe")
        assert (event.direction, event.distance, event.clock_ok) == (Direction.OUT, 0.4375, False)
        assert event.backends == "pnet=cpu"

    def test_local_times_become_utc(self, store: Store, decide: Decide) -> None:
        vienna = datetime.fromisoformat("2026-11-22T08:00:00+01:00")
        assert store.record(enrolled(store), decide(vienna)).at_utc == datetime(2026, 11, 22, 7, tzinfo=UTC)

    def test_are_chosen_by_time_and_code(self, store: Store, decide: Decide) -> None:
        start = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
        jane, john = enrolled(store, "1", "Jane"), enrolled(store, "2", "John")
        for hour, person in enumerate([jane, john, jane, john]):
            store.record(person, decide(start + timedelta(hours=hour)))
        assert [e.seq for e in store.events(since=start + timedelta(hours=1), until=start + timedelta(hours=3))] == [2, 3]
        assert [e.seq for e in store.events(code="2")] == [2, 4]
        assert [e.seq for e in store.events(code="2", until=start + timedelta(hours=3))] == [2]
        assert store.events(code="3") == []

    def test_last_is_the_last_written_even_when_the_clock_went_back(self, store: Store, decide: Decide) -> None:
        person = enrolled(store)
        store.record(person, decide(datetime(2026, 11, 22, 7, tzinfo=UTC)))
        last = store.record(person, decide(datetime(1970, 1, 1, tzinfo=UTC), Direction.OUT))
        assert store.last_events() == {person.id: last}

    @pytest.mark.parametrize(("kind", "order"), [("punch", "seq"), ("entry", "at_utc")])
    def test_last_is_found_without_reading_the_whole_ledger(self, store: Store, kind: str, order: str) -> None:
        """The loop asks while somebody may stand at the door."""
        plan = [step[-1] for step in store._database.rows("EXPLAIN QUERY PLAN " + _LATEST.format(kind=kind, order=order))]
        assert {step for step in plan if step.startswith("SCAN") and "person" not in step} == {"SCAN ledger"}, "one row"
        assert not [step for step in plan if "TEMP B-TREE" in step]

    def test_somebody_removed_meanwhile_gets_no_row(self, store: Store, decide: Decide) -> None:
        person = enrolled(store)
        store.remove_person("1042")
        with pytest.raises(EnrolError, match="1042 Jane Doe is no longer enrolled"):
            store.record(person, decide())
        assert store.events() == []

    def test_only_what_was_accepted_is_recorded(self, store: Store, decide: Decide) -> None:
        stranger = Decision(Outcome.NOT_IN_DATABASE, None, None, 1.7, 3, 0.0, decide().at_utc, clock_ok=True)
        with pytest.raises(ValueError, match="only an accepted decision"):
            store.record(enrolled(store), stranger)

    def test_a_time_without_a_zone_is_a_mistake_of_the_program(self, store: Store, decide: Decide) -> None:
        with pytest.raises(ValueError, match="without a zone"):
            store.record(enrolled(store), decide(datetime(2026, 11, 22)))  # noqa: DTZ001  that is what is tested

    def test_each_destination_has_its_own_mark_that_never_goes_back(self, store: Store, decide: Decide) -> None:
        person = enrolled(store)
        for _ in range(3):
            store.record(person, decide())
        store.mark_delivered("/media/stick", 2)
        store.mark_delivered("/media/stick", 1)
        assert [e.seq for e in store.undelivered("/media/stick")] == [3]
        assert [e.seq for e in store.undelivered("/mnt/share")] == [1, 2, 3]
        store.forget_deliveries("/media/stick")
        assert len(store.undelivered("/media/stick")) == 3


class TestTheFile:
    def test_commits_are_durable(self, db_path: Path) -> None:
        with open_door(db_path) as store:
            pragmas = {name: store._database.rows(f"PRAGMA {name}")[0][0] for name in ("journal_mode", "synchronous")}
        assert pragmas == {"journal_mode": "wal", "synchronous": 2}

    def test_tells_how_full_its_own_disk_is(self, db_path: Path) -> None:
        with open_door(db_path) as store:
            room, disk = store.room(), shutil.disk_usage(db_path.parent)
        assert room.used / (room.used + room.free) == pytest.approx(disk.used / (disk.used + disk.free), abs=0.05)

    def test_nobody_else_may_read_it(self, db_path: Path) -> None:
        with open_door(db_path) as store:
            enrolled(store)
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in db_path.parent.iterdir()}
        assert modes == dict.fromkeys(["muster.db", "muster.db-wal", "muster.db-shm"], 0o600)
        assert stat.S_IMODE(db_path.parent.stat().st_mode) == 0o700

    @pytest.mark.parametrize("version", range(1, len(migrations()) + 1))
    def test_every_old_version_becomes_the_newest(self, db_path: Path, version: int) -> None:
        db_path.parent.mkdir()
        old = DurableDatabase(db_path, busy_timeout_s=1)
        old.migrate(migrations()[:version])
        old.execute("INSERT INTO person (code, name) VALUES ('1042', 'Jane Doe')")
        if version >= 2:
            chained = version >= 6
            old.execute(
                "INSERT INTO event (event_id, unit, person_id, person_code, person_name, at_utc, direction, distance, clock_ok"
                + (CHAINED_COLUMNS if chained else "")
                + ") SELECT 'e', 'door-1', 1, '1042', 'Jane Doe', '2026-11-22T07:00:00.000Z', 'in', 0.5, 1"
                + (CHAINED_VALUES if chained else "")
            )
        old.execute("INSERT INTO template (person_id, model, vector, photo_sha256) VALUES (1, 'm', x'0000803f', ?)", [sha(1)])
        old.close()
        with open_door(db_path) as store, Store.open(":memory:", unit="new") as fresh:
            assert store._database.version == len(migrations())
            assert store._database.schema == fresh._database.schema
            assert [p.name for p in store.people()] == ["Jane Doe"]
            assert store._database.rows("SELECT person_id, model, hex(vector) FROM template") == [(1, "m", "0000803F")]
            assert [(e.event_id, e.backends) for e in store.events()] == [("e", "")] * (version >= 2)
            assert [e.chain for e in store.events()] == [rechained(e) for e in store.events()]
            assert store.stale("of today").is_everybody
            assert store.remove_person("1042").n_templates == 1

    def test_a_migration_that_fails_leaves_the_version_before(self, db_path: Path) -> None:
        open_door(db_path).close()
        database = DurableDatabase(db_path, busy_timeout_s=1)
        broken = "CREATE TABLE half (id INTEGER); INSERT INTO nowhere VALUES (1);"
        with pytest.raises(StoreError, match="nowhere"):
            database.migrate([*migrations(), broken])
        assert database.version == len(migrations())
        assert not database["half"].exists()
        database.close()

    def test_a_newer_one_is_refused_and_left_alone(self, db_path: Path) -> None:
        open_door(db_path).close()
        raw = sqlite3.connect(db_path)
        raw.execute(f"PRAGMA user_version = {len(migrations()) + 1}")
        raw.close()
        before = db_path.read_bytes()
        with pytest.raises(NewerDatabaseError, match="Update Muster") as caught:
            open_door(db_path)
        assert (caught.value.exit_code, db_path.read_bytes()) == (78, before)

    def test_that_of_another_program_is_refused(self, db_path: Path) -> None:
        db_path.parent.mkdir()
        raw = sqlite3.connect(db_path)
        raw.execute("CREATE TABLE bookmarks (url TEXT)")
        raw.close()
        with pytest.raises(StoreError, match="another program"):
            open_door(db_path)

    @pytest.mark.parametrize("harm", ["garbage", "emptied", "torn", "overwritten"])
    def test_a_damaged_one_is_reported_and_kept(self, db_path: Path, harm: str) -> None:
        with open_door(db_path) as store:
            enrolled(store, n=20)
        whole = db_path.read_bytes()
        damaged = {
            "garbage": RANDOM.randbytes(len(whole)),
            "emptied": b"",
            "torn": whole[: len(whole) // 2 + 100],
            "overwritten": whole[:4096] + RANDOM.randbytes(8192) + whole[12288:],
        }[harm]
        db_path.write_bytes(damaged)
        with pytest.raises(StoreError, match=r"is damaged.*stays where it is") as caught:
            open_door(db_path)
        assert (caught.value.exit_code, caught.value.retryable) == (74, False)
        assert db_path.read_bytes() == damaged

    def test_a_log_without_its_database_does_not_bring_everybody_back(self, db_path: Path) -> None:
        with open_door(db_path) as store:
            enrolled(store)
            shutil.copytree(db_path.parent, db_path.parent.with_name("cut"))  # as a power cut leaves it
        widowed = db_path.parent.with_name("cut") / db_path.name
        widowed.unlink()
        with pytest.raises(StoreError, match=r"muster\.db is not there, but .*muster\.db-wal is"):
            open_door(widowed)
        assert not widowed.exists()

    def test_a_folder_that_cannot_be_made_is_said(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(StoreError, match="cannot be opened"):
            open_door(tmp_path / "file" / "muster.db")
        (tmp_path / "muster.db").mkdir()
        with pytest.raises(StoreError, match="cannot be opened"):
            open_door(tmp_path / "muster.db")

    def test_of_several_processes_that_start_together_all_get_the_same_database(self, db_path: Path) -> None:
        script = (
            "import sys; from pathlib import Path; from edge.store import Store; sys.stdin.readline()\n"
            "with Store.open(Path(sys.argv[1]), unit='door-1') as store: store.add_person(sys.argv[2], 'N')"
        )
        starts = [
            subprocess.Popen([sys.executable, "-c", script, db_path, str(code)], stdin=subprocess.PIPE) for code in range(4)
        ]
        for start in starts:
            start.stdin.write(b"\n")
            start.stdin.flush()
        assert [start.wait(20) for start in starts] == [0] * 4
        for start in starts:
            start.stdin.close()
        with open_door(db_path) as store:
            assert [p.code for p in store.people()] == ["0", "1", "2", "3"]
        assert [file.name for file in db_path.parent.iterdir()] == ["muster.db"]


class TestTrouble:
    def test_another_process_that_holds_it_is_waited_for_and_then_named(self, db_path: Path, decide: Decide) -> None:
        with open_door(db_path, busy_timeout_s=0.05) as store:
            person = enrolled(store)
            other = sqlite3.connect(db_path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match=r"another process holds .*waited 0\.05 s") as caught:
                store.record(person, decide())
            assert caught.value.retryable
            assert store.events() == [], "reading goes on"
            other.execute("COMMIT")
            other.close()
            assert store.record(person, decide()).seq == 1

    def test_who_reads_first_and_writes_later_is_not_overtaken(self, db_path: Path) -> None:
        with open_door(db_path) as one, open_door(db_path, busy_timeout_s=0.01) as other:
            with one.transaction():
                assert one.people() == []
                with pytest.raises(StoreError, match="another process"):
                    other.add_person("2", "John Roe")
                one.add_person("1", "Jane Doe")
            assert [p.code for p in other.people()] == ["1"]

    def test_a_lock_that_ends_in_time_is_no_error(self, db_path: Path, decide: Decide) -> None:
        """The other process holds the lock, says so, and lets go when it is told; that is after we began to wait."""
        script = (
            "import sqlite3, sys, threading\n"
            "c = sqlite3.connect(sys.argv[1], isolation_level=None, check_same_thread=False); c.execute('BEGIN IMMEDIATE')\n"
            "print('held', flush=True); threading.Timer(0.2, c.execute, ['COMMIT']).start()"
        )
        with open_door(db_path, busy_timeout_s=20) as store:
            person = enrolled(store)
            with subprocess.Popen([sys.executable, "-c", script, db_path], stdout=subprocess.PIPE) as other:
                assert other.stdout.readline() == b"held\n"
                assert store.record(person, decide()).seq == 1

    def test_opening_a_database_that_is_locked_wholly_says_so(self, db_path: Path) -> None:
        open_door(db_path).close()
        other = sqlite3.connect(db_path, isolation_level=None)
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="another process holds"):
            open_door(db_path, busy_timeout_s=0.05)
        other.close()

    def test_without_room_nothing_is_recorded_and_with_room_it_goes_on(self, db_path: Path, decide: Decide) -> None:
        with open_door(db_path) as store:
            person = enrolled(store)
            n_pages = store._database.rows("PRAGMA page_count")[0][0]
            store._database.rows(f"PRAGMA max_page_count = {n_pages}")
            with pytest.raises(StoreError, match="no room left"):
                [store.record(person, decide()) for _ in range(100)]
            n_recorded = len(store.events())
            store._database.rows(f"PRAGMA max_page_count = {n_pages + 100}")
            assert store.record(person, decide()).seq == n_recorded + 1

    def test_a_full_disk_loses_no_acknowledged_row(self, tmp_path: Path) -> None:
        """A real one: 1 MB of tmpfs, mounted where only the child and we look, gone with it."""
        if not shutil.which("unshare") or subprocess.run(["unshare", "-rm", "true"], check=False).returncode:
            pytest.skip("this system does not let us mount: no user namespaces")
        (tmp_path / "disk").mkdir()
        (tmp_path / "fill.py").write_text(FILL_THE_DISK)
        command = f'mount -t tmpfs -o size=1m none "{tmp_path}/disk" && "{sys.executable}" "{tmp_path}/fill.py" "{tmp_path}/disk"'
        done = subprocess.run(["unshare", "-rm", "sh", "-c", command], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[-1] == "all there"
        assert "no room left" in done.stdout or "fails" in done.stdout

    @pytest.mark.parametrize("n_rows", RANDOM.sample(range(1, 60), 3))
    def test_sigkill_loses_no_acknowledged_row(self, db_path: Path, n_rows: int) -> None:
        with open_door(db_path) as store:
            enrolled(store)
        with subprocess.Popen([sys.executable, "-c", RECORD_FOREVER, db_path], stdout=subprocess.PIPE, text=True) as child:
            acknowledged = [child.stdout.readline().strip() for _ in range(n_rows)]
            child.send_signal(signal.SIGKILL)
            acknowledged += child.stdout.read().split("\n")[:-1]  # the last one may be torn by the kill
        assert child.returncode == -signal.SIGKILL
        with open_door(db_path) as store:
            stored = [event.event_id for event in store.events()]
        assert stored[: len(acknowledged)] == acknowledged
        assert len(stored) <= len(acknowledged) + 1


ACCEPT = f"""
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from edge.errors import StoreError
from edge.store import Store
from edge.types import Decision, Direction, Outcome
accepted = Decision(Outcome.ACCEPTED, 1, Direction.IN, 0.4, 3, 0.0, datetime(2026, 11, 22, tzinfo=UTC), True)
NO_SPACE = {errno.ENOSPC}
"""

RECORD_FOREVER = f"""{ACCEPT}
store = Store.open(Path(sys.argv[1]), unit="door-1")
person = store.find_person("1042")
while True:
    print(store.record(person, accepted).event_id, flush=True)
"""

FILL_THE_DISK = f"""{ACCEPT}
disk = Path(sys.argv[1])
store = Store.open(disk / "muster.db", unit="door-1")
person = store.add_person("1042", "Jane Doe")
filler = os.open(disk / "filler", os.O_WRONLY | os.O_CREAT)
try:
    while True:
        os.write(filler, bytes(4096))
except OSError as error:
    assert error.errno == NO_SPACE
os.close(filler)
ids = []
try:
    while True:
        ids.append(store.record(person, accepted).event_id)
except StoreError as error:
    print(error)
(disk / "filler").unlink()
ids.append(store.record(person, accepted).event_id)
store.close()
with Store.open(disk / "muster.db", unit="door-1") as store:
    assert [event.event_id for event in store.events()] == ids
print("all there")
"""
