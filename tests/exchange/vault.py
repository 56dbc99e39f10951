"""A unit with people and rows, and what its backups are made and opened with."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyrage
from decisions import accepted

from edge.exchange.backup.envelope import Key, Label, Lock
from edge.exchange.backup.header import Header
from edge.exchange.backup.make import Made, Occasion, backup
from edge.exchange.backup.place import Target
from edge.exchange.backup.restore import Restored, Wishes, restore
from edge.exchange.files import Files
from edge.store import FILE_NAME, Seal, Store
from edge.store.backups import Facts
from edge.store.database import DurableDatabase

NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
MODEL = "m/int8"


class Pair(NamedTuple):
    """Two keys that belong together."""

    lock: Lock
    key: Key

    @classmethod
    def new(cls) -> Pair:
        identity = pyrage.x25519.Identity.generate()
        return cls(Lock.for_recipient(str(identity.to_public())), Key(identity=str(identity)))


PAIR = Pair.new()


def opened(data: Path, seal: Seal | None = None) -> Store:
    return Store.open(data / FILE_NAME, unit="door-1", seal=seal)


def enrol(store: Store, code: str, name: str) -> None:
    person = store.add_person(code, name)
    vector = np.random.default_rng(int(code)).standard_normal(64).astype(np.float32)
    store.add_template(person.id, vector, model=MODEL, photo_sha256=f"{int(code):064x}")


def record(store: Store, n: int, code: str = "1042", *, start: datetime = NOW) -> list[str]:
    """So many rows; their ids."""
    person = store.find_person(code)
    return [store.record(person, accepted(start + timedelta(minutes=number))).event_id for number in range(n)]


def unit(data: Path, *, n_rows: int = 10, seal: Seal | None = None) -> Path:
    """A data folder with two people, and rows of both."""
    with opened(data, seal) as store, store.transaction():
        enrol(store, "1042", "Ada Lovelace")
        enrol(store, "7", "Grace Hopper")
        record(store, n_rows)
        record(store, 1, "7")
    return data


def made(data: Path, file: Path, lock: Lock = PAIR.lock, *, seal: Seal | None = None, files: Files | None = None) -> Made:
    with opened(data, seal) as store:
        return backup(store, file, lock, occasion=Occasion(NOW, clock_ok=True, unit="door-1"), files=files)


def restored(data: Path, file: Path, key: Key = PAIR.key, *, seal: Seal | None = None, **wishes: bool) -> Restored:
    data.mkdir(exist_ok=True)
    target = Target(data, "door-1", seal or Seal.none(), LATER, clock_ok=True, busy_timeout_s=0.2)
    return restore(file, key, target, wishes=Wishes(**wishes))


def packed(file: Path, database: Path, change: Callable[[Header], Header] = lambda header: header, *, n_spare: int = 0) -> None:
    """A backup made by hand of a database that nobody has open, with another header than it should have."""
    found = DurableDatabase(database, busy_timeout_s=1)
    facts = Facts.of(found)
    found.close()
    content = database.read_bytes() + bytes(n_spare)
    label = Label("00000000-0000-4000-8000-000000000001", NOW)
    header = change(Header.of(label, unit="door-1", facts=facts, n_bytes=len(content) - n_spare, key=b""))
    with file.open("wb") as writer:
        PAIR.lock.close(label, io.BytesIO(header.line() + content), writer)


def said(header: Header, **facts: object) -> Header:
    """A header that says something else of the database."""
    return replace(header, facts=replace(header.facts, **facts))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return [path.name for path in sorted(folder.iterdir())]
