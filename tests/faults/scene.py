"""What a unit does while it is cut, act by act, and what it has been promised by then.

A folder has ``data`` (the database) and ``share`` (a destination, or a stick), which stand for two disks. What is said:

    {"event": ID}                  `record` returned: this row may not be lost
    {"delivered": [ID, ...]}       `sync` returned without an error: these rows may not be missing at the destination
    {"tells": {FILE: TEXT}}        these files of a dialect may be at the destination from now on
    {"told": {FILE: TEXT}}         ... and are
    {"begins": CODE, "n": N}       this person is going to have so many templates; None: is going to be removed
    {"ends": CODE, "n": N}         ... and the store has returned
    {"gives": [ID, ...]}           these rows are going to get their time, all of them or none
    {"restores": [ID, ...]}        from now on these rows may be what there is, all of them and no other one
    {"restored": [ID, ...]}        ... and they are
    {"saved": [ID, ...]}           `backup` returned: the backup is there and holds these rows at least
    {"pulled": true}               the panel has said that the stick may be pulled
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyrage
from decisions import accepted
from hostile.papers import STICK_ID

from edge.arguments import build_parser
from edge.commands import corrections
from edge.corrections import Answerable, Change, put_right
from edge.exchange.backup.envelope import Key, Lock
from edge.exchange.backup.make import Occasion, backup
from edge.exchange.backup.place import Target
from edge.exchange.backup.restore import Wishes, restore
from edge.exchange.delivery.mounts import MOUNTINFO
from edge.exchange.files import Files
from edge.exchange.ledger.dialects import FORMS
from edge.exchange.stick.receipts import FOLDER as RECEIPTS
from edge.exchange.stick.trust import STICK
from edge.exchange.sync import Terms, sync
from edge.store import FILE_NAME, Removal, Seal, Store
from edge.types import Direction, Event, EventKind, Floats, Stamp
from edge.wiring import Now

Say = Callable[[dict[str, Any]], None]

MODEL = "facenet/int8"
OLD_MODEL = "facenet/float32"
OCTOBER, NOVEMBER = datetime(2026, 10, 30, 7, tzinfo=UTC), datetime(2026, 11, 2, 7, tzinfo=UTC)
LATER = NOVEMBER + timedelta(days=9)
DATABASE = f"data/{FILE_NAME}"
SHARE = "share"
BACKUP = Path(SHARE) / "door-1.backup"

CONFIGURATION = Path("data/muster.toml")
"""Where this file is in the folder, rows are corrected by the command, which leaves a line in the audit log for each."""

IDENTITY = Path("identity")
"""What opens the backups of a scenario; made when the scenario is prepared."""

ROWS_SAVED = Path("saved.json")
"""The rows in the backup that is there when a scenario begins."""

MOUNTS = Path("mountinfo")
"""Where this file is in the folder it says what is mounted, in place of /proc/self/mountinfo: the share is on FAT."""

DIALECT = Path("dialect")
"""Where this file is in the folder, rows go out in the dialect that it names, too."""

BOOT, ZERO = "6f1d2c1e-7a55-4f0e-9c0a-0b1c2d3e4f50", NOVEMBER + timedelta(days=1)
"""A start of the machine before anybody had set its clock, and when that truly was."""

N_AT_ONCE = 3
"""Rows that get their time together."""

PRAGMAS = ("synchronous = OFF", "secure_delete = OFF")
DONE_FIRST, IN_PLACE, APART = "done first", "in place", "apart"
"""What a control does worse than the product."""


class Telling(Store):
    """The store of the product, which tells when somebody has left; with less than its care where a control asks for that."""

    say: Say
    sabotage: str

    def remove_person(self, code: str, **how: Any) -> Removal:
        """As the product does it."""
        removal = super().remove_person(code, **how)
        self.say({"ends": code, "n": None})
        return removal

    def take_up(self, stick_id: str, *, serial: int, mac: str) -> bool:
        """As the product does it; where it is sabotaged, all of it counts as taken in from now on."""
        is_taken = super().take_up(stick_id, serial=serial, mac=mac)
        if self.sabotage == DONE_FIRST:
            self.finish(stick_id, mac=mac)
        return is_taken


class InPlace(Files):
    """Writes over what is there where that is a receipt or a file of a dialect, as nobody should."""

    def replace(self, path: Path, content: bytes) -> None:
        """Half of it may be there."""
        if path.parent.name == RECEIPTS or path.name.startswith(tuple(FORMS)):
            path.write_bytes(content)
        else:
            super().replace(path, content)


class Scene:
    """The folder in which a scenario happens; the working directory of whoever acts there."""

    def __init__(self, say: Say, *, sabotage: str = "") -> None:
        self.say, self.sabotage = say, sabotage

    def open(self) -> Telling:
        """The store as the product opens it; with less than its care where a control asks for that."""
        store = Telling.open(DATABASE, unit="door-1")
        store.say, store.sabotage = self.say, self.sabotage
        if self.sabotage in PRAGMAS:
            store._database.conn.execute(f"PRAGMA {self.sabotage}")
        return store

    def files(self) -> Files:
        """What writes at the destination."""
        return InPlace() if self.sabotage == IN_PLACE else Files()

    def record(self, store: Store, n: int, *, start: datetime, code: str = "1042") -> None:
        """Somebody walks in and out, an hour apart."""
        person = store.find_person(code) or store.add_person(code, "Jane Doe")
        for hour in range(n):
            direction = Direction.OUT if hour % 2 else Direction.IN
            event = store.record(person, accepted(start + timedelta(hours=hour), direction))
            self.say({"event": event.event_id})

    def record_without_time(self, store: Store, n: int) -> None:
        """Somebody walks in and out before the clock is set."""
        person = store.find_person("1042") or store.add_person("1042", "Jane Doe")
        for hour in range(n):
            decision = accepted(datetime(1970, 1, 1, hour, tzinfo=UTC), Direction.IN, clock_ok=False)
            self.say({"event": store.record(person, decision, stamp=Stamp(BOOT, hour * 3600.0)).event_id})

    def give_times(self, store: Store) -> None:
        """As `edge.timekeeping` does it when the clock is set, with fewer rows at once."""
        waiting = [event.event_id for event in store.events() if event.boot_id == BOOT and event.kind is EventKind.PUNCH]
        n_most = 1 if self.sabotage == APART else N_AT_ONCE
        for begin in range(0, len(waiting), N_AT_ONCE):
            self.say({"gives": waiting[begin : begin + N_AT_ONCE]})
            for _ in range(N_AT_ONCE // n_most):
                for event in store.give_times(BOOT, ZERO, n_most=n_most):
                    self.say({"event": event.event_id})

    def deliver(self, store: Store, *, terms: Terms | None = None) -> None:
        """As `muster sync` does it."""
        ids, forms = [event.event_id for event in store.events()], in_dialect(store)
        self.say({"tells": forms})
        (delivery,) = sync(store, [SHARE], timezone=UTC, files=self.files(), terms=terms or mounted())
        if delivery.error is None:
            self.say({"delivered": ids})
            self.say({"told": forms})

    def enrol(
        self, store: Store, code: str, photographs: Sequence[int], *, model: str = MODEL, dropped: Sequence[int] = ()
    ) -> None:
        """As the desk of `edge.exchange` keeps what came of one person's folder."""
        n = len(photographs) - len(dropped)
        self.say({"begins": code, "n": n})
        with store.transaction():
            person = store.find_person(code) or store.add_person(code, called(code))
            for number in photographs:
                store.add_template(person.id, face(code, number), model=model, photo_sha256=fingerprint(code, number))
            for number in dropped:
                store.set_aside(person.id, model=model, photo_sha256=fingerprint(code, number))
        self.say({"ends": code, "n": n})

    def remove(self, store: Store, code: str) -> None:
        """As `muster people remove` does it."""
        self.say({"begins": code, "n": None})
        store.remove_person(code)

    def correct(self, action: str, *words: str) -> None:
        """As `muster events correct` and `muster events add` do it, at a later time."""
        options = ["--data", "data", "--by", "the office", "--why", "not as it was"]
        corrections.run(build_parser().parse_args(["events", action, *words, *options]), now=Now(LATER, clock_ok=True))
        with self.open() as store:
            for event in store.events():
                self.say({"event": event.event_id})

    def put_right(self, store: Store, event: Event) -> None:
        """The two rows of a correction, both or neither; in a control one after the other."""
        drafts = put_right(event, Change(direction=Direction.BREAK_OUT), Answerable.of("the office", "not as it was"))
        for together in [drafts[:1], drafts[1:]] if self.sabotage == APART else [drafts]:
            for row in store.append(*together):
                self.say({"event": row.event_id})

    def save(self, store: Store) -> None:
        """As `muster backup` does it."""
        ids = [event.event_id for event in store.events()]
        backup(store, BACKUP, lock(), occasion=Occasion(NOVEMBER, clock_ok=True, unit="door-1"))
        self.say({"saved": ids})

    def put_back(self, *, replace: bool) -> None:
        """As `muster restore` does it, with the backup of the scenario."""
        ids = json.loads(ROWS_SAVED.read_text(encoding="utf-8"))
        self.say({"restores": ids})
        restore(BACKUP, key(), put_back_into(Path("data")), wishes=Wishes(replace=replace))
        self.say({"restored": ids})


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


def put_back_into(data: Path) -> Target:
    """This unit, in a folder."""
    return Target(data, "door-1", Seal.none(), NOVEMBER, clock_ok=True)


def key() -> Key:
    """Opens the backups of the scenario."""
    return Key(identity=IDENTITY.read_text(encoding="ascii"))


def lock() -> Lock:
    """Locks them."""
    return Lock.for_recipient(str(pyrage.x25519.Identity.from_str(IDENTITY.read_text(encoding="ascii")).to_public()))


def mounted() -> Terms:
    """What the share is on, which stick it is, and in what dialect rows go there beside the table."""
    return Terms(
        mountinfo=MOUNTS if MOUNTS.exists() else MOUNTINFO,
        stick=STICK_ID if Path(SHARE, STICK).exists() else "",
        dialect=DIALECT.read_text(encoding="ascii") if DIALECT.exists() else "",
    )


def in_dialect(store: Store) -> dict[str, str]:
    """What the files of the dialect must be, by their names; no file where rows go out in none."""
    name = mounted().dialect
    if not name:
        return {}
    months: dict[str, list[Any]] = {}
    for event in store.standing():
        months.setdefault(FORMS[name].file_of(event.unit, store.ledger_id(), f"{event.at_utc:%Y-%m}"), []).append(event)
    return {file: FORMS[name].render(events, UTC).decode() for file, events in months.items()}


def called(code: str) -> str:
    """What somebody of a scenario is called."""
    return f"Person {code}"


def face(code: str, number: int) -> Floats:
    """(128,) float32 unit vector, the same each time."""
    seed = int.from_bytes(hashlib.sha256(f"{code} {number}".encode()).digest()[:4])
    vector = np.random.default_rng(seed).standard_normal(128).astype(np.float32)
    return vector / np.float32(np.linalg.norm(vector))


def fingerprint(code: str, number: int) -> str:
    """Of a photograph that nobody has."""
    return hashlib.sha256(f"photograph {number} of {code}".encode()).hexdigest()
