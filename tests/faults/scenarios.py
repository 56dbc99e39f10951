"""What a unit does while it is cut: each scenario prepares a folder, then acts on it and says what it has been promised.

A folder has ``data`` (the database) and ``share`` (a destination), which stand for two disks. What `Scenario.act` says:

    {"event": ID}                  `record` returned: this row may not be lost
    {"delivered": [ID, ...]}       `sync` returned without an error: these rows may not be missing at the destination
    {"begins": CODE, "n": N}       this person is going to have so many templates; None: is going to be removed
    {"ends": CODE, "n": N}         ... and the store has returned
    {"restores": [ID, ...]}        from now on these rows may be what there is, all of them and no other one
    {"restored": [ID, ...]}        ... and they are
    {"saved": [ID, ...]}           `backup` returned: the backup is there and holds these rows at least
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from decisions import accepted

from edge.exchange.backup.envelope import Key, Lock
from edge.exchange.backup.make import Occasion, backup
from edge.exchange.backup.place import Target
from edge.exchange.backup.restore import Wishes, restore
from edge.exchange.sync import Terms, prepare, sync
from edge.ledger import chained, genesis, name_digest
from edge.store import FILE_NAME, Seal, Store
from edge.store.database import migrations
from edge.types import Direction, Draft, EventKind, Floats

Say = Callable[[dict[str, Any]], None]

MODEL = "facenet/int8"
OLD_MODEL = "facenet/float32"
OCTOBER, NOVEMBER = datetime(2026, 10, 30, 7, tzinfo=UTC), datetime(2026, 11, 2, 7, tzinfo=UTC)
DATABASE = f"data/{FILE_NAME}"
SHARE = "share"
BACKUP = Path(SHARE) / "door-1.backup"
KEY = Key(identity="AGE-SECRET-KEY-17T42M8EKC79YAWL4WHLNXTHE0MQMY73EKESASUPMF6985J974MTSM3SE9G")
LOCK = Lock.for_recipient("age17r0q03yh553f09ze2r8ccfy2s3sck49enj4dnxl89afrkx4vtfgsdt966x")
"""A pair of keys for these scenarios alone."""

ROWS_SAVED = Path("saved.json")
"""The rows in the backup that is there when a scenario begins."""

MOUNTS = Path("mountinfo")
"""Where this file is in the folder it says what is mounted, in place of /proc/self/mountinfo: the share is on FAT."""


class Scene:
    """The folder in which a scenario happens; the working directory of whoever acts there."""

    def __init__(self, say: Say, *, synchronous: str = "FULL") -> None:
        self.say, self._synchronous = say, synchronous

    def open(self) -> Store:
        """The store as the product opens it; with less than its care where a control asks for that."""
        store = Store.open(DATABASE, unit="door-1")
        if self._synchronous != "FULL":
            connection = store._database.conn
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        return store

    def record(self, store: Store, n: int, *, start: datetime, code: str = "1042") -> None:
        """Somebody walks in and out, an hour apart."""
        person = store.find_person(code) or store.add_person(code, "Jane Doe")
        for hour in range(n):
            direction = Direction.OUT if hour % 2 else Direction.IN
            event = store.record(person, accepted(start + timedelta(hours=hour), direction))
            self.say({"event": event.event_id})

    def deliver(self, store: Store, *, terms: Terms | None = None) -> None:
        """As `muster sync` does it."""
        ids = [event.event_id for event in store.events()]
        (delivery,) = sync(store, [SHARE], timezone=UTC, terms=terms or mounted())
        if delivery.error is None:
            self.say({"delivered": ids})

    def enrol(
        self, store: Store, code: str, photographs: Sequence[int], *, model: str = MODEL, dropped: Sequence[int] = ()
    ) -> None:
        """As the desk of `edge.exchange` keeps what came of one person's folder."""
        n = len(photographs) - len(dropped)
        self.say({"begins": code, "n": n})
        with store.transaction():
            person = store.find_person(code) or store.add_person(code, f"Person {code}")
            for number in photographs:
                store.add_template(person.id, face(code, number), model=model, photo_sha256=fingerprint(code, number))
            for number in dropped:
                store.set_aside(person.id, model=model, photo_sha256=fingerprint(code, number))
        self.say({"ends": code, "n": n})

    def remove(self, store: Store, code: str) -> None:
        """As `muster people remove` does it."""
        self.say({"begins": code, "n": None})
        store.remove_person(code)
        self.say({"ends": code, "n": None})

    def correct(self, store: Store, event_id: str) -> None:
        """It was somebody else: the row is taken back and another one written, both or neither."""
        old = next(event for event in store.events() if event.event_id == event_id)
        why = {"corrects": event_id, "by": "the office", "why": "not this person"}
        void = Draft(old.person_code, old.person_name, old.at_utc, old.direction, kind=EventKind.VOID, **why)
        entry = Draft("7", "Joe Bloggs", old.at_utc, old.direction, kind=EventKind.ENTRY, **why)
        for event in store.append(void, entry):
            self.say({"event": event.event_id})

    def save(self, store: Store) -> None:
        """As `muster backup` does it."""
        ids = [event.event_id for event in store.events()]
        backup(store, BACKUP, LOCK, occasion=Occasion(NOVEMBER, clock_ok=True, unit="door-1"))
        self.say({"saved": ids})

    def put_back(self, *, replace: bool) -> None:
        """As `muster restore` does it, with the backup of the scenario."""
        ids = json.loads(ROWS_SAVED.read_text(encoding="utf-8"))
        self.say({"restores": ids})
        restore(BACKUP, KEY, put_back_into(Path("data")), wishes=Wishes(replace=replace))
        self.say({"restored": ids})


def put_back_into(data: Path) -> Target:
    """This unit, in a folder."""
    return Target(data, "door-1", Seal.none(), NOVEMBER, clock_ok=True)


class Scenario(NamedTuple):
    """One scenario.

    Attributes:
        name: for the table.
        prepare: lays out a folder, in which everything is safe.
        act: what the process does that is cut.
    """

    name: str
    prepare: Callable[[Scene], None]
    act: Callable[[Scene], None]


def mounted() -> Terms:
    """What the share is on."""
    return Terms(mountinfo=MOUNTS) if MOUNTS.exists() else Terms()


def face(code: str, number: int) -> Floats:
    """(128,) float32 unit vector, the same each time."""
    seed = int.from_bytes(hashlib.sha256(f"{code} {number}".encode()).digest()[:4])
    vector = np.random.default_rng(seed).standard_normal(128).astype(np.float32)
    return vector / np.float32(np.linalg.norm(vector))


def fingerprint(code: str, number: int) -> str:
    return hashlib.sha256(f"photograph {number} of {code}".encode()).hexdigest()


def _folders(_: Scene) -> None:
    Path(SHARE).mkdir()
    prepare(SHARE)


def _some_events(scene: Scene) -> None:
    Path(SHARE).mkdir()
    with scene.open() as store:
        scene.record(store, 2, start=OCTOBER)


def _delivered_once(scene: Scene) -> None:
    """Beside ours the file has a row of another unit and a correction by the office, which nobody may lose."""
    _some_events(scene)
    prepare(SHARE)
    with Store.open("other/muster.db", unit="door-2") as other:
        person = other.add_person("7", "Joe Bloggs")
        other.record(person, accepted(OCTOBER))
        sync(other, [SHARE], timezone=UTC)
    with scene.open() as store:
        scene.deliver(store)
    (file,) = Path(SHARE).glob("attendance-????-??.csv")
    file.write_bytes(file.read_bytes().replace(b"Jane Doe", b"Jane Roe", 1))
    with scene.open() as store:
        scene.record(store, 2, start=OCTOBER + timedelta(hours=8))
        scene.record(store, 2, start=NOVEMBER)


def _on_fat(scene: Scene) -> None:
    MOUNTS.write_text("27 1 254:0 / / rw - vfat /dev/sda1 rw\n", encoding="utf-8")
    _delivered_once(scene)


def _people(scene: Scene) -> None:
    _some_events(scene)
    prepare(SHARE)
    with scene.open() as store:
        scene.enrol(store, "1", range(3))
        scene.enrol(store, "2", range(2))


def _saved(scene: Scene) -> None:
    """A backup is there, of two rows and two people; one of them is removed afterwards, and a row is added."""
    _people(scene)
    with scene.open() as store:
        scene.save(store)
        ROWS_SAVED.write_text(json.dumps([event.event_id for event in store.events()]), encoding="utf-8")
        scene.record(store, 1, start=NOVEMBER)
        scene.remove(store, "2")


def _new_card(scene: Scene) -> None:
    _saved(scene)
    shutil.rmtree("data")
    Path("data").mkdir()


def _record(scene: Scene) -> None:
    with scene.open() as store:
        scene.record(store, 3, start=NOVEMBER)
    with scene.open() as store:  # the log was removed when the first one closed, and begins anew
        scene.record(store, 2, start=NOVEMBER + timedelta(days=1))


def _sync(scene: Scene) -> None:
    with scene.open() as store:
        scene.deliver(store)
        scene.record(store, 1, start=NOVEMBER)
        scene.deliver(store)


def _correct(scene: Scene) -> None:
    with scene.open() as store:
        for event in store.events():
            scene.correct(store, event.event_id)
        scene.deliver(store)


def _prepare_and_sync(scene: Scene) -> None:
    with scene.open() as store:
        scene.deliver(store, terms=Terms(prepare=True))
        scene.record(store, 1, start=NOVEMBER)
        scene.deliver(store)


def _back_up(scene: Scene) -> None:
    with scene.open() as store:
        scene.save(store)
        scene.record(store, 1, start=NOVEMBER)
        scene.save(store)


def _restore(scene: Scene) -> None:
    scene.put_back(replace=False)
    with scene.open() as store:
        scene.record(store, 1, start=NOVEMBER)


def _restore_in_place_of(scene: Scene) -> None:
    scene.say({"begins": "2", "n": None})
    scene.say({"ends": "2", "n": None})
    scene.put_back(replace=True)


def _enrol(scene: Scene) -> None:
    with scene.open() as store:
        scene.enrol(store, "3", range(4), model=OLD_MODEL)
        scene.enrol(store, "3", range(4), dropped=[1])
        scene.record(store, 1, start=NOVEMBER)


def _remove(scene: Scene) -> None:
    with scene.open() as store:
        scene.record(store, 1, start=NOVEMBER)
        scene.remove(store, "1")
        scene.record(store, 1, start=NOVEMBER + timedelta(hours=1))
        scene.remove(store, "2")


def _migrate(scene: Scene) -> None:
    with scene.open() as store:
        scene.record(store, 1, start=NOVEMBER)


def _of_version(version: int) -> Callable[[Scene], None]:
    """The database of an older Muster, written as that one did, with rows."""

    def prepare(scene: Scene) -> None:
        _folders(scene)
        Path("data").mkdir()
        connection = sqlite3.connect(DATABASE)
        connection.execute("PRAGMA journal_mode = WAL")
        _register(connection)
        for script in migrations()[:version]:
            connection.executescript(script)
        connection.execute(f"PRAGMA user_version = {version}")
        _fill(connection)
        connection.commit()
        connection.close()

    return prepare


def _register(connection: sqlite3.Connection) -> None:
    """The functions with which later scripts hash."""
    for name, function in {"genesis": genesis, "name_digest": name_digest, "chain": chained}.items():
        connection.create_function(f"muster_{name}", -1, function, deterministic=True)


def _fill(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO person (code, name) VALUES ('1042', 'Jane Doe'), ('1', 'Person 1')")
    template = (2, OLD_MODEL, face("1", 0).tobytes(), fingerprint("1", 0))
    connection.execute("INSERT INTO template (person_id, model, vector, photo_sha256) VALUES (?, ?, ?, ?)", template)
    columns = "event_id, unit, person_id, person_code, person_name, at_utc, direction, distance, clock_ok"
    for number in range(20):
        event_id = f"00000000-0000-4000-8000-{number:012d}"
        values = (event_id, "door-1", 1, "1042", "Jane Doe", f"2026-10-30T{number:02d}:00:00.000Z", "in", 0.25, 1)
        connection.execute(f"INSERT INTO event ({columns}) VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608


SCENARIOS = (
    Scenario("record, from no database on", _folders, _record),
    Scenario("a destination, then another month", _some_events, _prepare_and_sync),
    Scenario("delivery into files that are there", _delivered_once, _sync),
    Scenario("the same on FAT", _on_fat, _sync),
    Scenario("rows corrected and delivered", _delivered_once, _correct),
    Scenario("people enrolled", _people, _enrol),
    Scenario("people removed", _people, _remove),
    Scenario("a backup, and one in its place", _people, _back_up),
    Scenario("a backup restored on a new card", _new_card, _restore),
    Scenario("a backup restored over what is there", _saved, _restore_in_place_of),
    Scenario("a database of version 2 migrated", _of_version(2), _migrate),
    Scenario("a database of version 5 migrated", _of_version(5), _migrate),
)
