"""Gone is gone: what the files hold of somebody who was removed, byte by byte."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from decisions import Decide, accepted
from test_unit import ADA, LIMITS, RULES, ReadsPixels, walk

from edge.cli import main
from edge.commands.installation import Installation
from edge.commands.people_leave import _report, expire
from edge.config import Config, parse
from edge.device.fakes import ManualClock, RecordingPanel, ScriptedCamera
from edge.errors import DeviceError, EnrolError
from edge.ledger import verify
from edge.store import FILE_NAME, Store
from edge.store.audit import PERSON_EXPIRED, PERSON_REMOVED
from edge.store.backups import Backup
from edge.store.people import PersonDetails
from edge.store.remains import N_CHUNK, Remains, Traces, remains
from edge.store.sealing import Seal
from edge.store.templates import stored
from edge.types import Draft, Event, EventKind, Faces, Floats, Image, Outcome, Person, utc_text
from edge.unit import Hands, Unit
from edge.vision.recogniser import Recogniser
from edge.wiring import Now

MODEL = "facenet-20180408-102900+head-1a2b3c4d/int8"
KEY = Seal.of(bytes(range(32)))
FACE, PHOTO = np.random.default_rng(7).normal(size=128).astype(np.float32), hashlib.sha256(b"7").hexdigest()
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass
class Known:
    """Somebody with everything that the database was ever told of them."""

    person: Person
    names: list[str]
    templates: list[bytes]
    photographs: list[str]

    def pieces(self, *, of_names: int) -> dict[int, set[bytes]]:
        """Every run of bytes: so many of a name, eight of a template, sixteen digits of a fingerprint; by their lengths."""
        photographs = [photo.encode() for photo in self.photographs]
        contents = {of_names: [name.encode() for name in self.names], 8: self.templates, 16: photographs}
        return {size: set().union(*(runs(each, size) for each in those)) for size, those in contents.items()}


def runs(content: bytes, size: int) -> set[bytes]:
    """Every run of so many bytes."""
    return {content[at : at + size] for at in range(len(content) - size + 1)}


def left(files: bytes, gone: list[Known], staying: list[Known], *, of_names: int) -> set[bytes]:
    """What there is of somebody in files, but for what another one has, too: four bytes are one letter and a little."""
    found = set[bytes]()
    for size in (of_names, 8, 16):
        wanted = set().union(*(one.pieces(of_names=of_names)[size] for one in gone))
        wanted -= set().union(*(one.pieces(of_names=of_names)[size] for one in staying))
        found |= {files[at : at + size] for at in range(len(files) - size + 1) if files[at : at + size] in wanted}
    return found


class Office:
    """Enrols, renames, lets people come and go, and removes, as years of use do; always the same for one seed."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.random = random.Random(seed)  # noqa: S311  nothing secret
        self.known: list[Known] = []

    def name(self) -> str:
        """No part of it is anywhere by chance, four bytes of it neither."""
        return "".join(chr(self.random.randrange(0x4E00, 0x9FFF)) for _ in range(self.random.randrange(5, 14)))

    def enrol(self) -> Known:
        name = self.name()
        one = Known(self.store.add_person(f"{len(self.known) + 1000}", name), [name], [], [])
        self.known.append(one)
        for _ in range(self.random.randrange(1, 6)):
            self.photograph(one)
        return one

    def photograph(self, one: Known, *, model: str = MODEL) -> None:
        vector = np.random.default_rng(self.random.getrandbits(32)).normal(size=128).astype(np.float32)
        one.photographs.append(f"{self.random.getrandbits(256):064x}")
        one.templates.append(stored(vector).tobytes())
        self.store.add_template(one.person.id, vector, model=model, photo_sha256=one.photographs[-1])

    def another_model(self) -> None:
        """Some are enrolled again with it, and what the old one made of them goes."""
        with self.store.transaction():
            for one in self.known[::4]:
                self.photograph(one, model="facenet-20180408-102900+head-0000000/int8")

    def rename(self, one: Known) -> None:
        one.names.append(self.name())
        self.store.rename_person(one.person.code, one.names[-1])

    def set_aside(self, one: Known) -> None:
        self.store.set_aside(one.person.id, model=MODEL, photo_sha256=self.random.choice(one.photographs))

    def come(self, one: Known) -> Event:
        return self.store.record(one.person, accepted(NOON))

    def years(self, n: int) -> None:
        with self.store.transaction():
            for _ in range(n):
                act = self.random.choice([self.rename, self.set_aside, self.come, self.come, None, None])
                self.enrol() if act is None or not self.known else act(self.random.choice(self.known))


@contextmanager
def opened(path: Path, seal: Seal | None = None) -> Iterator[Store]:
    with Store.open(path, unit="door-1", busy_timeout_s=0.05, seal=seal) as store:
        yield store


def files_of(path: Path) -> bytes:
    """Database, log and index of the log; a byte between them that is in nothing."""
    files = [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm")]
    return b"\0".join(file.read_bytes() for file in files if file.exists())


def kept(store: Store, one: Known) -> set[bytes]:
    """The cells of somebody as they lie in the file."""
    cells = store._database.rows("SELECT CAST(name AS BLOB) FROM person WHERE id = ?", [one.person.id])
    cells += store._database.rows("SELECT vector FROM template WHERE person_id = ?", [one.person.id])
    cells += store._database.rows("SELECT CAST(person_name AS BLOB) FROM event WHERE person_id = ?", [one.person.id])
    return {cell for (cell,) in cells}


def has_stray_copies(store: Store, one: Known) -> bool:
    """Whether a fingerprint stands more often in the file than in the two places where a row and its index have it."""
    store._database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    content = store._database.path.read_bytes()
    return any(content.count(photo.encode()) > 2 for photo in one.photographs)


class TestNothingIsLeft:
    @pytest.mark.parametrize(("seed", "seal"), [(1, None), (8, KEY)], ids=["plain", "sealed"])
    def test_in_the_files_of_a_database_that_was_used_for_years(self, db_path: Path, seed: int, seal: Seal | None) -> None:
        """While the unit has it open, and records. With these seeds SQLite 3.40 leaves stray copies in free space."""
        with opened(db_path, seal) as unit, opened(db_path, seal) as store:
            office = Office(store, seed)
            office.years(400)
            office.another_model()
            leaving = [one for one in office.known if has_stray_copies(store, one)]
            leaving += office.random.sample([one for one in office.known if one not in leaving], 20)
            staying = [one for one in office.known if one not in leaving]
            size = 6 if seal else 4  # what is sealed is as good as random, and four bytes of it may be anybody's
            cells = set().union(*(kept(store, one) for one in leaving))
            before = files_of(db_path)
            assert all(cell in before for cell in cells)
            assert bool(left(before, leaving, staying, of_names=size)), "what is not there cannot go: fingerprints at least"
            removals = []
            for one in leaving:
                removals.append(store.remove_person(one.person.code))
                unit.record(staying[0].person, accepted(NOON))
            assert all(removal.is_wiped for removal in removals)
            after = files_of(db_path)
            assert left(after, leaving, staying, of_names=size) == set()
            assert [cell for cell in cells if cell in after or cell[8:40] in after] == []
            assert remains(db_path, Traces.of_all(removal.traces for removal in removals)).is_nothing
            self.check_the_others(store, staying)

    @staticmethod
    def check_the_others(store: Store, staying: list[Known]) -> None:
        assert {person.name for person in store.people()} == {one.names[-1] for one in staying}
        named = {event.person_code for event in store.events() if event.person_name}
        assert named <= {one.person.code for one in staying}
        photographs = {
            photo for (photo,) in store._database.rows("SELECT photo_sha256 FROM template UNION SELECT photo_sha256 FROM aside")
        }
        assert photographs <= {photo for one in staying for photo in one.photographs}
        assert len(photographs) > 100
        assert set(store.n_templates()) <= {one.person.id for one in staying}
        assert list(verify(store.entries(), n_written=store.n_written())) == []
        assert store._database.rows("PRAGMA foreign_key_check") == []
        assert store._database.rows("PRAGMA integrity_check") == [("ok",)]

    def test_in_a_temporary_file_not_for_a_moment(self, db_path: Path) -> None:
        """SQLite keeps what a statement changes in a file that has no name, should there be more than 64 kB of it."""
        with opened(db_path) as store:
            office = Office(store, 3)
            with store.transaction():
                for _ in range(300):
                    one = office.enrol()
                for _ in range(1_000):
                    office.come(one)
            opened_meanwhile = set[str]()

            def look() -> None:
                for link in Path("/proc/self/fd").iterdir():
                    with contextlib.suppress(FileNotFoundError):  # the one by which the list itself was read
                        opened_meanwhile.add(str(link.readlink()))

            store._database.conn.set_progress_handler(look, 200)
            assert store.remove_person(one.person.code).n_names == 1_000
            store._database.conn.set_progress_handler(None, 0)
            assert not any("etilqs" in each for each in opened_meanwhile), "SQLite's own name for such a file"
            assert str(db_path) in opened_meanwhile

    def test_in_a_log_that_a_reader_kept_from_being_emptied_once_it_begins_anew(self, db_path: Path) -> None:
        with opened(db_path) as store:
            office = Office(store, 4)
            leaving, staying = office.enrol(), office.enrol()
            with closing(sqlite3.connect(db_path, isolation_level=None)) as reader:
                reader.execute("BEGIN")
                reader.execute("SELECT * FROM template").fetchall()
                removal = store.remove_person(leaving.person.code)
                assert not removal.is_wiped
                assert not remains(db_path, removal.traces).is_nothing
            store._database.rows("PRAGMA wal_checkpoint(PASSIVE)")  # as SQLite does by itself from time to time
            office.come(staying)
            assert remains(db_path, removal.traces).is_nothing

    def test_after_a_power_cut_before_the_log_was_emptied(self, db_path: Path, tmp_path: Path) -> None:
        after = tmp_path / "after" / FILE_NAME
        after.parent.mkdir()
        with opened(db_path) as store:
            leaving = Office(store, 5).enrol()
            with closing(sqlite3.connect(db_path, isolation_level=None)) as reader:
                reader.execute("BEGIN")
                reader.execute("SELECT * FROM template").fetchall()
                removal = store.remove_person(leaving.person.code)
                for suffix in ("", "-wal"):
                    shutil.copy(db_path.with_name(FILE_NAME + suffix), after.with_name(FILE_NAME + suffix))
        assert not remains(after, removal.traces).is_nothing
        with opened(after) as store:
            assert store.people() == []
        assert remains(after, removal.traces).is_nothing


class TestRemoval:
    def test_takes_the_name_out_of_every_row_of_the_code(self, store: Store, decide: Decide) -> None:
        jane, john = store.add_person("1042", "Jane Doe"), store.add_person("7", "Jane Doe")
        for person in (jane, john, jane):
            store.record(person, decide())
        store.rename_person("1042", "Jane Roe")
        store.record(jane, decide())
        first, direction = store.events()[0], store.events()[0].direction
        store.append(
            Draft("1042", "Jane Roe", NOON, direction, kind=EventKind.VOID, corrects=first.event_id, by="office", why="?")
        )
        removal = store.remove_person("1042")
        assert (removal.n_events, removal.n_names) == (4, 4)
        assert [(event.person_code, event.person_name, bool(event.salt)) for event in store.events()] == [
            ("1042", "", False),
            ("7", "Jane Doe", True),
            *[("1042", "", False)] * 3,
        ]
        assert list(verify(store.entries(), n_written=5)) == []
        assert list(store.last_events()) == [john.id]

    def test_leaves_word_of_it(self, store: Store) -> None:
        for code in ("7", "8"):
            store.add_person(code, f"Name {code}")
        store.know_backup(backup := Backup("5d2c1c34-9f5e-4a2b-a7d1-0c9be1a2f300", "/media/nas/muster.age", NOON, 3))
        removal = store.remove_person("7", at_utc=NOON, clock_ok=True)
        assert [(copy.file, copy.made_utc) for copy in removal.backups] == [(backup.file, NOON)]
        store.remove_person("8", at_utc=NOON, clock_ok=True, what=PERSON_EXPIRED)
        assert [(line.what, line.detail, line.clock_ok) for line in store.audit()] == [
            (PERSON_REMOVED, "code 7", True),
            (PERSON_EXPIRED, "code 8", True),
        ]
        assert store._database.rows("SELECT code, erased_utc FROM erasure") == [("7", utc_text(NOON)), ("8", utc_text(NOON))]

    def test_is_all_or_nothing(self, db_path: Path) -> None:
        with opened(db_path) as store:
            office = Office(store, 6)
            one = office.enrol()
            office.come(one)
            with closing(sqlite3.connect(db_path)) as other:
                other.execute("CREATE TRIGGER no BEFORE INSERT ON erasure BEGIN SELECT RAISE(ABORT, 'full'); END")
            before = "\n".join(store._database.conn.iterdump())
            with pytest.raises(sqlite3.IntegrityError):
                store.remove_person(one.person.code)
            assert "\n".join(store._database.conn.iterdump()) == before
            assert store._database.rows("PRAGMA foreign_keys") == [(1,)]

    def test_leaves_a_database_that_works_as_before(self, db_path: Path) -> None:
        with opened(db_path) as unit, opened(db_path) as store:
            office = Office(store, 7)
            first, second = office.enrol(), office.enrol()
            schema = sorted(store._database.rows("SELECT type, name, sql FROM sqlite_master"))
            revision = unit.revision()
            store.remove_person(second.person.code)
            assert sorted(store._database.rows("SELECT type, name, sql FROM sqlite_master")) == schema
            assert unit.revision() > revision, "a unit at work has to learn of it"
            revisions = [unit.revision()]
            for change in (office.rename, office.photograph, office.set_aside):
                change(first)
                revisions.append(unit.revision())
            assert revisions == sorted(set(revisions)), "and of every change after it"
            assert store.add_person(second.person.code, "Somebody Else").id > second.person.id
            with pytest.raises(EnrolError, match="no longer enrolled"):
                unit.record(second.person, accepted(NOON))
            store._database.rows("DELETE FROM person WHERE id = ?", [first.person.id])
            assert store.n_templates() == {}, "templates go with their person, whoever deletes it"

    def test_of_somebody_with_another_ones_template_in_their_row_is_possible(self, db_path: Path) -> None:
        """Sealed for another place it does not open, and goes all the same."""
        with opened(db_path, KEY) as store:
            office = Office(store, 8)
            one, two = office.enrol(), office.enrol()
            swap = "UPDATE template SET vector = (SELECT vector FROM template WHERE person_id = ?) WHERE person_id = ?"
            store._database.rows(swap, [two.person.id, one.person.id])
            assert store.remove_person(one.person.code).n_templates == len(one.templates)

    def test_is_no_part_of_another_transaction(self, store: Store) -> None:
        store.add_person("7", "Jane Doe")
        with pytest.raises(ValueError, match="of its own"), store.transaction():
            store.remove_person("7")
        assert store.find_person("7")
        with pytest.raises(EnrolError, match="nobody has the code '8'"):
            store.remove_person("8")


class TestTheSearch:
    """A proof that finds nothing wherever it looks is none."""

    TEMPLATE, PHOTO = bytes(range(128)), "c0ffee" * 10 + "4242"
    TRACES = Traces(frozenset({b"Wilhelmina Quux"}), frozenset({TEMPLATE}), frozenset({PHOTO.encode()}))

    @pytest.mark.parametrize("at", [0, 1, N_CHUNK - 140, N_CHUNK - 1, N_CHUNK, 2 * N_CHUNK - 3])
    def test_finds_each_trace_once_wherever_it_lies(self, tmp_path: Path, at: int) -> None:
        content = bytearray(3 * N_CHUNK)
        traces = self.TEMPLATE[64:] + b"--" + self.PHOTO[:32].encode() + b"--Wilhelmina Quux"
        content[at : at + len(traces)] = traces
        (tmp_path / FILE_NAME).write_bytes(b"\xff" * 4096)
        (tmp_path / f"{FILE_NAME}-shm").write_bytes(content)
        found = remains(tmp_path / FILE_NAME, self.TRACES)
        assert found == Remains(4096 + len(content), 2, n_templates=1, n_photographs=1, n_names=1, n_kept=0)

    def test_finds_what_sqlite_leaves_where_nobody_overwrites_it(self, db_path: Path) -> None:
        with opened(db_path) as store:
            person = store.add_person("7", "Wilhelmina Quux")
            store._database.rows("PRAGMA secure_delete = OFF")
            store._database.rows("DELETE FROM person WHERE id = ?", [person.id])
            assert remains(db_path, self.TRACES).n_names > 0

    @pytest.mark.parametrize("log_is_empty", [True, False])
    def test_tells_a_namesake_from_what_is_left(self, db_path: Path, *, log_is_empty: bool) -> None:
        with opened(db_path) as store:
            for code in ("7", "8"):
                store.record(store.add_person(code, "Wilhelmina Quux"), accepted(NOON))
            removal = store.remove_person("7")
            if not log_is_empty:
                store.record(store.find_person("8"), accepted(NOON))
            found = remains(db_path, removal.traces)
            assert (found.is_nothing, found.n_names) == (True, 0)
            assert found.n_kept >= 2

    def test_of_a_name_that_is_too_short_to_be_looked_for_alarms_nobody(self, db_path: Path) -> None:
        with opened(db_path) as store:
            store.add_person("7", "Li")
            assert remains(db_path, store.remove_person("7").traces).is_nothing


class Strangers(ReadsPixels):
    """Every frame shows a face that nobody knows; and remembers it, as the unit must not."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Floats] = []

    def templates(self, _pixels: Image, faces: Faces) -> Floats:
        random = np.random.default_rng(len(self.seen))
        vectors = random.normal(size=(len(faces), 128)).astype(np.float32)
        self.seen.append(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
        return self.seen[-1]


def test_an_unknown_face_is_never_stored(db_path: Path) -> None:
    """Not in the database, and in no other file of the data folder, for as long as the unit is at work and after."""
    eyes, verdicts = Strangers(), []
    with opened(db_path) as store:
        Office(store, 9).enrol()
        hands = Hands(ScriptedCamera(walk((ADA, 200, 120), n=40)), RecordingPanel(), ManualClock(), store)
        Unit(hands, Recogniser(eyes, eyes, MODEL), rules=RULES, limits=LIMITS, report=verdicts.append).run()
        during = files_of(db_path)
    assert {verdict.decision.outcome for verdict in verdicts} == {Outcome.NOT_IN_DATABASE}
    after = b"\0".join(file.read_bytes() for file in db_path.parent.rglob("*") if file.is_file())
    fused = [np.mean(np.concatenate(eyes.seen[: n + 1]), axis=0) for n in range(len(eyes.seen))]
    wanted = set[bytes]()
    for vector in (*np.concatenate(eyes.seen), *fused):
        for kept_as in (stored(vector).tobytes(), vector.astype(np.float32).tobytes(), vector.astype(np.float16).tobytes()):
            wanted |= runs(kept_as, 8)
    for files in (during, after):
        assert runs(files, 8) & wanted == set()
    assert runs(b"--" + stored(fused[2]).tobytes(), 8) & wanted, "it would have been found"


class TestAtTheCommandLine:
    @pytest.fixture
    def data(self, db_path: Path) -> Path:
        with Store.open(db_path, unit="door-1") as store:
            for code, name, until in (("7", "Jane Doe", "2026-11-21"), ("8", "John Roe", "2026-11-22"), ("9", "9", "")):
                person = store.add_person(code, name)
                store.set_details(code, PersonDetails("consent", date.fromisoformat(until) if until else None, "de"))
                store.record(person, accepted(NOON))
            store.add_template(1, FACE, model=MODEL, photo_sha256=PHOTO)
            store.know_backup(Backup("5d2c1c34-9f5e-4a2b-a7d1-0c9be1a2f300", "/media/nas/muster.age", NOON, 3))
        return db_path.parent

    @staticmethod
    def muster(data: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
        code = main([*words, "--data", str(data)])
        return code, *capsys.readouterr()

    def test_a_removal_is_proved_and_says_where_the_name_still_is(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (data / f"{FILE_NAME}.replaced-20261101T080000Z").touch()
        (data / "muster.toml").write_text('[sync]\ndestinations = ["/media/share"]\n', encoding="utf-8")
        code, out, _ = self.muster(data, capsys, "people", "remove", "7", "--yes")
        assert code == 0
        for sentence in (
            "1 template with the fingerprints of the photographs, erased and overwritten",
            "the name in 1 attendance row",
            "3 files of the database: no template, no fingerprint and no name is left.",
            "/media/nas/muster.age of 2026-11-22",
            f"{FILE_NAME}.replaced-20261101T080000Z",
            "attendance files that were delivered: /media/share",
            "brings the person back when it is next prepared",
        ):
            assert sentence in out
        assert "The code 9 is the name" in self.muster(data, capsys, "people", "remove", "9", "--yes")[1]

    def test_a_trace_that_is_left_is_told(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with closing(sqlite3.connect(data / FILE_NAME, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM template").fetchall()
            with Store.open(data / FILE_NAME, unit="door-1", busy_timeout_s=0.05) as store:
                _report([store.remove_person("7")], store, Installation(data, Config()))
        out = capsys.readouterr().out
        assert "traces are left, 2 of templates, 4 of fingerprints, 2 of the name." in out, "two halves each, and its index"
        assert "The letters of the name" not in out
        assert "Another process is reading the database." in out

    def test_who_is_past_the_last_day_goes_and_only_they(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with Store.open(data / FILE_NAME, unit="door-1") as store:
            vienna = Installation(data, parse({"unit": {"timezone": "Europe/Vienna"}}, origin="test"))
            before_midnight, after = NOON.replace(hour=22, minute=59), NOON.replace(hour=23)
            assert expire(store, vienna, Now(after, clock_ok=False), is_dry=True) == 0
            assert "8 John Roe: kept until 2026-11-22\n2 people would be removed." in capsys.readouterr().out
            with pytest.raises(DeviceError, match="nothing has set the clock"):
                expire(store, vienna, Now(after, clock_ok=False), is_dry=False)
            assert len(store.people()) == 3
            expire(store, vienna, Now(before_midnight, clock_ok=True), is_dry=False)
            assert [person.code for person in store.people()] == ["8", "9"], "the last day is not over"
            expire(store, vienna, Now(after, clock_ok=True), is_dry=False)
            assert [person.code for person in store.people()] == ["9"], "it is a new day in Vienna"
            expire(store, vienna, Now(after, clock_ok=True), is_dry=False)
            assert capsys.readouterr().out.endswith("0 people removed: the last day on which they were to be kept is over.\n")
            assert [(line.what, line.detail) for line in store.audit()] == [
                (PERSON_EXPIRED, "code 7"),
                (PERSON_EXPIRED, "code 8"),
            ]

    def test_a_person_is_given_all_that_there_is_of_them(
        self, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        target = tmp_path / "7.json"
        code, out, _ = self.muster(data, capsys, "people", "export", "7", "--to", str(target))
        assert (code, target.stat().st_mode & 0o777) == (0, 0o600)
        assert "1 attendance row and 1 template of 7" in out
        given = json.loads(target.read_bytes())
        assert given["person"] == {
            "code": "7",
            "name": "Jane Doe",
            "active": True,
            "valid_from": None,
            "valid_until": None,
            "retain_until": "2026-11-21",
            "basis": "consent",
            "language": "de",
        }
        (template,) = given["templates"]
        assert (template["model"], template["photo_sha256"]) == (MODEL, PHOTO)
        assert base64.b64decode(template["int8"]) == stored(FACE).tobytes()
        assert [(event["person_name"], event["at_utc"]) for event in given["events"]] == [("Jane Doe", utc_text(NOON))]

    def test_whoever_was_removed_gets_their_rows(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.muster(data, capsys, "people", "remove", "7", "--yes")
        given = json.loads(self.muster(data, capsys, "people", "export", "7")[1])
        assert (given["person"], given["templates"]) == (None, [])
        assert [(event["person_code"], event["person_name"]) for event in given["events"]] == [("7", "")]
        assert self.muster(data, capsys, "people", "export", "77")[0] == 65
        lines = [line.split("  ")[1:3] for line in self.muster(data, capsys, "audit")[1].splitlines()[:-1]]
        assert lines == [["person removed", "code 7"], ["person exported", "code 7"]]
