"""A backup is made: the whole database at one moment, closed for whoever shall be able to read it, while the unit records.

Nothing of it is on a disk in the open: the bytes go from the database's own file through the envelope into the new file, some
kilobytes at a time. It is written beside its place, whole, and known in the database before it gets its name: no copy is where
somebody can take it without the unit knowing that whoever is removed is still in there.
"""

from __future__ import annotations

import contextlib
import os
import stat
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pyrage

from edge.errors import BackupError
from edge.exchange.backup.envelope import Label, Lock
from edge.exchange.backup.header import Header
from edge.exchange.files import PART, Files, PrivateFiles, unwritable
from edge.store import Store
from edge.store.audit import BACKUP_MADE
from edge.store.backups import Backup
from edge.store.snapshot import Snapshot
from edge.words import counted


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it.

    Attributes:
        header: of the backup.
        n_bytes: of the file.
        in_place_of: the backup that was there before and is not any more; empty for none.
    """

    header: Header
    n_bytes: int
    in_place_of: str


@dataclass(frozen=True, slots=True)
class Occasion:
    """When a backup is made, and where.

    Attributes:
        at_utc: now, as believed.
        clock_ok: whether the clock is known to be right.
        unit: the name of the unit.
        leaves_as: what the list calls a file that does not stay where it is written, and all earlier ones that left so; empty
            for one that stays.
    """

    at_utc: datetime
    clock_ok: bool
    unit: str
    leaves_as: str = ""


def backup(store: Store, file: Path, lock: Lock, *, occasion: Occasion, files: Files | None = None) -> Made:
    """Write a backup, whole or not at all. One that is there may be written over; nothing else is.

    Args:
        store: the unit's database, on a disk.
        file: where; its folder is there.
        lock: for whom.
        occasion: when, and whose.
        files: takes the steps at the end.

    Raises:
        BackupError: something else is there, or somebody was removed meanwhile.
        EnrolError: it cannot be written there.
        StoreError: the medium is full or fails, or the database cannot be read.
    """
    label, n_erasures = Label(str(uuid.uuid4()), occasion.at_utc), store.n_erasures()
    with _sentences(file):
        place = _Place(file, _there(file), files or PrivateFiles())
        part = file.with_name(f".{file.name}{PART}")
        place.files.remove(part)
        try:
            with _new(part) as writer:
                header = _write(store, lock, label, occasion.unit, writer)
            n_bytes = part.stat().st_size
            _publish(store, _Written(header, part, n_erasures), occasion, place)
        finally:
            place.files.remove(part)
    return Made(header, n_bytes, place.before)


def new_identity(path: Path) -> str:
    """Make a pair of keys: the secret one into a new file that its owner alone may read; the public one is returned.

    Raises:
        BackupError: something is there already.
        EnrolError, StoreError: it cannot be written.
    """
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    text = f"# Muster: opens the backups made for {public}\n{identity}\n"
    files = PrivateFiles()
    with _sentences(path):
        try:
            files.create(path, text.encode())
        except FileExistsError as error:
            raise BackupError(f"{path} is there already, and no key is ever written over. Name a new file.") from error
        files.settle(path.parent)
    return public


def _write(store: Store, lock: Lock, label: Label, unit: str, writer: BinaryIO) -> Header:
    """The whole backup, settled on its medium."""
    with store.frozen() as snapshot:
        header = Header.of(label, unit=unit, facts=snapshot.facts, n_bytes=snapshot.n_bytes, key=store.key())
        lock.close(label, _Content(header, snapshot), writer)
    writer.flush()
    os.fsync(writer.fileno())
    return header


class _Content:
    """The header, and then the database."""

    def __init__(self, header: Header, snapshot: Snapshot) -> None:
        self._begin, self._snapshot = header.line(), snapshot

    def read(self, size: int) -> bytes:
        begin, self._begin = self._begin[:size], self._begin[size:]
        return begin or self._snapshot.read(size)


def _publish(store: Store, made: _Written, occasion: Occasion, place: _Place) -> None:
    """Give the backup its name. Before that the database knows of it, so that a removal from then on tells of it.

    Raises:
        BackupError: somebody was removed since it was begun, and their removal could not tell of it.
    """
    header = made.header
    known = Backup(header.backup_id, occasion.leaves_as or str(place.file.absolute()), occasion.at_utc, header.facts.n_rows)
    note = partial(store.note, BACKUP_MADE, at_utc=occasion.at_utc, clock_ok=occasion.clock_ok)
    with store.transaction():
        if store.n_erasures() != made.n_erasures:
            raise BackupError(
                f"somebody was removed while {place.file} was made, and would still be in it. It was not kept: make it again."
            )
        store.know_backup(known)
        note(f"backup {known.id}, {counted(known.n_rows, 'row')}")
    try:
        place.files.rename(made.part, place.file)
    except OSError:
        with store.transaction():
            store.forget_backup(known.id)
            note(f"backup {known.id} is not there after all: it could not get its name")
        raise
    place.files.settle(place.file.parent)
    if place.before:
        store.forget_backup(place.before)
    if occasion.leaves_as:
        _only(store, known)


def _only(store: Store, known: Backup) -> None:
    """One line of the list stands for all that left in the same way: nobody can tell here which of them were destroyed."""
    for earlier in store.backups():
        if earlier.file == known.file and earlier.id != known.id:
            store.forget_backup(earlier.id)


class _Written(NamedTuple):
    """A backup that is whole and has no name yet, and how often somebody had been erased when it was begun."""

    header: Header
    part: Path
    n_erasures: int


class _Place(NamedTuple):
    """Where a backup goes, which backup is there now (empty for none), and who takes the steps."""

    file: Path
    before: str
    files: Files


def _there(file: Path) -> str:
    """The id of the backup that is at a place; empty where nothing is.

    Raises:
        BackupError: something else is there.
        OSError: it cannot be read.
    """
    try:
        is_file = stat.S_ISREG(file.lstat().st_mode)
    except FileNotFoundError:
        return ""
    label = None
    if is_file:
        with file.open("rb") as reader:
            label = Label.read(reader)
    if label is None:
        raise BackupError(f"{file} is there already and is no backup. It stays as it is: name another file.")
    return label.id


@contextlib.contextmanager
def _new(path: Path) -> Iterator[BinaryIO]:
    """A file that is not there yet, for its owner alone."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, PrivateFiles.mode), "wb") as file:
        yield file


@contextlib.contextmanager
def _sentences(file: Path) -> Iterator[None]:
    """What the place of a backup answers, as a sentence."""
    try:
        yield
    except OSError as error:
        raise unwritable(str(file), error) from error
