"""A backup is put back, once everything about it has been found right; until then nothing of what is there is touched.

The database comes out of its envelope into a file beside the one that it is going to be, for its owner alone: from then on it
lies on that disk anyway. There it is brought up to date, its chain is checked row by row, who was erased since is erased again,
and it is sealed with this unit's key. Then it takes the place of the present one in one step (`edge.exchange.backup.place`).
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from edge.errors import BackupError, NewerDatabaseError, StoreError
from edge.exchange.backup.envelope import Key
from edge.exchange.backup.header import Header, Parting
from edge.exchange.backup.place import Target
from edge.ledger import verify
from edge.store import Seal, Store
from edge.store.audit import RESTORED
from edge.store.backups import Backup
from edge.store.staging import staged, staged_for
from edge.words import counted

N_TOLD = 5
"""So many rows that are not as they were written are told."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What whoever restores has said.

    Attributes:
        replace: what is there may be set aside.
        with_findings: also where rows of the ledger are not as they were written.
    """

    replace: bool = False
    with_findings: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it.

    Attributes:
        header: what the backup said of itself.
        n_findings: rows that are not as they were written.
        erased: codes of people who were erased again.
        aside: where the database is that was there before; None where it was not kept.
        knows_who_was_erased: whether there was a database that knew who was erased since.
    """

    header: Header
    n_findings: int
    erased: tuple[str, ...] = ()
    aside: Path | None = None
    knows_who_was_erased: bool = False


def restore(file: Path, key: Key, target: Target, *, wishes: Wishes) -> Restored:
    """Put a backup back; afterwards it is the unit's database. No unit may be at work in the data folder.

    Raises:
        BackupError: the backup cannot be used, or the present database has what it has not.
        NewerDatabaseError: a newer Muster made it.
        StoreError: the disk is full or fails, or another process is in the way.
    """
    try:
        with staged(target.path) as descriptor:
            return _Restoration(file, target, wishes).do(key, descriptor)
    except OSError as error:
        raise StoreError(
            f"{target.data} cannot be written ({error.strerror}). What was there stays. Make room, or be the user that owns the"
            " folder, and do the same again."
        ) from error


class _Restoration:
    """One backup on its way into one place."""

    def __init__(self, file: Path, target: Target, wishes: Wishes) -> None:
        self._file = file
        self._target = target
        self._wishes = wishes

    def do(self, key: Key, descriptor: int) -> Restored:
        """All of it, by way of a new file."""
        header, staged = self._unpacked(key, descriptor), staged_for(self._target.path)
        with self._target.present() as present:
            with self._opened(header, staged) as store:
                n_findings = self._checked(store, header)
                if not self._wishes.replace:
                    present.may_give_way(staged)
                erased = (
                    tuple(store.succeed(present.legacy, at_utc=self._target.at_utc, clock_ok=self._target.clock_ok))
                    if present.legacy
                    else ()
                )
                self._settled(store, header)
                aside = present.aside(self._target.at_utc) if self._wishes.replace else None
                if present.store:
                    store.copy_onto(present.store)
            if present.store is None:
                present.take(staged)
        return Restored(header, n_findings, erased, aside, knows_who_was_erased=present.legacy is not None)

    def _unpacked(self, key: Key, descriptor: int) -> Header:
        """The database out of its envelope, settled on the disk."""
        with self._reading() as reader, os.fdopen(descriptor, "wb", closefd=False) as writer:
            parting = Parting(writer)
            try:
                header = parting.whole(key.open(reader, parting))
            except BackupError as error:
                raise BackupError(f"{self._file}: {error}.") from error
            writer.flush()
            os.fsync(writer.fileno())
        return header

    @contextlib.contextmanager
    def _reading(self) -> Iterator[BinaryIO]:
        """The backup; no device, no pipe."""
        try:
            descriptor = os.open(self._file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise BackupError(f"{self._file} cannot be read ({error.strerror}). Name the backup.") from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise BackupError(f"{self._file} is no file. Name the backup.")
        with os.fdopen(descriptor, "rb") as reader:
            yield reader

    @contextlib.contextmanager
    def _opened(self, header: Header, staged: Path) -> Iterator[Store]:
        """The database of the backup, brought up to date."""
        seal = Seal.of(header.secret) if header.secret else Seal.none()
        try:
            store = Store.open(staged, unit=self._target.unit, seal=seal)
        except NewerDatabaseError as error:
            raise NewerDatabaseError(f"{self._file}: a newer Muster made it. Update Muster, then restore.") from error
        except StoreError as error:
            if error.retryable:
                raise
            raise BackupError(f"{self._file}: the database in it cannot be used. Take an earlier backup. ({error})") from error
        with store:
            yield store

    def _checked(self, store: Store, header: Header) -> int:
        """How many rows are not as they were written, which must be none unless that was allowed."""
        if replace(store.facts(), schema=header.facts.schema) != header.facts:
            raise BackupError(f"{self._file}: the database in it is not the one that it speaks of. Take an earlier backup.")
        n_findings, told = 0, list[str]()
        for finding in verify(store.entries(), n_written=store.n_written()):
            n_findings += 1
            if n_findings <= N_TOLD:
                told.append(str(finding))
        if n_findings and not self._wishes.with_findings:
            raise BackupError(
                f"{self._file}: {counted(n_findings, 'finding')} in its ledger, so that nothing was restored:\n"
                + "\n".join(told)
                + "\nTake an earlier backup. --with-findings restores it as it is, and `muster ledger verify` tells them again."
            )
        return n_findings

    def _settled(self, store: Store, header: Header) -> None:
        """Under this unit's key, and with a line that tells of it."""
        target, made_utc = self._target, datetime.fromisoformat(header.made_utc)
        with store.transaction():
            store.know_backup(Backup(header.backup_id, str(self._file.absolute()), made_utc, header.facts.n_rows))
            detail = f"backup {header.backup_id} of {header.made_utc}, {counted(header.facts.n_rows, 'row')}"
            store.note(RESTORED, detail, at_utc=target.at_utc, clock_ok=target.clock_ok)
        if store.key_id != target.seal.key_id:
            store.reseal(target.seal)
        store.empty_log()
