"""What is cut: each scenario prepares a folder, then acts on it (`faults.scene`)."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path

import pyrage
from decisions import accepted
from faults import plugged
from faults.scene import (
    APART,
    CONFIGURATION,
    DATABASE,
    DIALECT,
    IDENTITY,
    MOUNTS,
    NOVEMBER,
    OCTOBER,
    OLD_MODEL,
    ROWS_SAVED,
    SHARE,
    Scenario,
    Scene,
    face,
    fingerprint,
)

from edge.exchange.sync import Terms, prepare, sync
from edge.ledger import chained, genesis, name_digest
from edge.store import Store
from edge.store.database import migrations


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


def _in_dialect(scene: Scene) -> None:
    DIALECT.write_text("attlog", encoding="ascii")
    _delivered_once(scene)


def _in_dialect_on_fat(scene: Scene) -> None:
    DIALECT.write_text("attlog", encoding="ascii")
    _on_fat(scene)


def _before_the_clock_is_set(scene: Scene) -> None:
    _some_events(scene)
    prepare(SHARE)
    with scene.open() as store:
        scene.deliver(store)
        scene.record_without_time(store, 7)
        scene.deliver(store)


def _of_an_office(scene: Scene) -> None:
    _delivered_once(scene)
    CONFIGURATION.write_text('[unit]\nname = "door-1"\ntimezone = "UTC"\n', encoding="utf-8")
    with scene.open() as store:
        store.add_person("7", "Joe Bloggs")


def _people(scene: Scene) -> None:
    IDENTITY.write_text(str(pyrage.x25519.Identity.generate()), encoding="ascii")
    _some_events(scene)
    prepare(SHARE)
    with scene.open() as store:
        scene.enrol(store, "1", range(3))
        scene.enrol(store, "2", range(2))
        scene.record(store, 1, start=OCTOBER, code="2")


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
    """It was somebody else, it was another state, and somebody has forgotten to come to the door."""
    if scene.sabotage == APART:
        with scene.open() as store:
            scene.put_right(store, store.events()[0])
        return
    scene.correct("correct", "1", "--code", "7")
    scene.correct("correct", "2", "--direction", "break out")
    scene.correct("add", "7", "--at", "2026-11-03T08:00", "--direction", "in")
    with scene.open() as store:
        scene.deliver(store)


def _sync_what_changes(scene: Scene) -> None:
    """A row is taken back, so a line goes from a file of the dialect; another one is new."""
    with scene.open() as store:
        scene.deliver(store)
        scene.put_right(store, store.events()[0])
        scene.deliver(store)


def _give_times(scene: Scene) -> None:
    with scene.open() as store:
        scene.give_times(store)
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
    Scenario("delivery in a dialect as well", _in_dialect, _sync_what_changes),
    Scenario("in a dialect on FAT", _in_dialect_on_fat, _sync),
    Scenario("rows corrected and added", _of_an_office, _correct),
    Scenario("rows get their time", _before_the_clock_is_set, _give_times),
    Scenario("people enrolled", _people, _enrol),
    Scenario("people removed", _people, _remove),
    Scenario("a stick, plugged in first", plugged.new_stick, plugged.plug_in),
    Scenario("a stick on FAT that was here before", plugged.known_stick, plugged.plug_in_twice),
    Scenario("a backup, and one in its place", _people, _back_up),
    Scenario("a backup restored on a new card", _new_card, _restore),
    Scenario("a backup restored over what is there", _saved, _restore_in_place_of),
    Scenario("a database of version 2 migrated", _of_version(2), _migrate),
    Scenario("a database of version 5 migrated", _of_version(5), _migrate),
)
