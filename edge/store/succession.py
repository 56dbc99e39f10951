"""The part of the store that takes the place of another one, as when a backup is put back."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from edge.errors import StoreError
from edge.store.backups import Backup, Backups
from edge.store.removal import Removals
from edge.store.sticks import Stick, Sticks

_BEYOND = (
    "SELECT count(*) FROM main.event AS own"
    " WHERE NOT EXISTS (SELECT 1 FROM other.event WHERE other.event.event_id = own.event_id)",
    "SELECT count(*) FROM main.person AS own WHERE NOT EXISTS (SELECT 1 FROM other.person WHERE other.person.code = own.code)",
    "SELECT count(*) FROM (SELECT code, model, photo_sha256 FROM main.template JOIN main.person ON person_id = person.id"
    " EXCEPT SELECT code, model, photo_sha256 FROM other.template JOIN other.person ON person_id = other.person.id)",
    "SELECT count(*) FROM main.person AS own JOIN other.person AS theirs ON theirs.code = own.code"
    " WHERE (own.active, own.valid_from, own.valid_until, own.basis, own.retain_until, own.language)"
    " IS NOT (theirs.active, theirs.valid_from, theirs.valid_until, theirs.basis, theirs.retain_until, theirs.language)",
)

_ERASURES = "SELECT code, erased_utc FROM erasure ORDER BY id"
_LINES = "SELECT at_utc, clock_ok, what, detail FROM audit ORDER BY seq"


class Beyond(NamedTuple):
    """What one database has and another has not.

    Attributes:
        n_rows: rows of the ledger.
        n_people: people, by their codes.
        n_templates: templates, of them and of others.
        n_changed: people of whom it is known otherwise when and for how long they are valid, or kept, and why.
    """

    n_rows: int
    n_people: int
    n_templates: int
    n_changed: int


@dataclass(frozen=True, slots=True)
class Legacy:
    """What must not be forgotten with a database that is replaced.

    Attributes:
        ledger: the id of its ledger.
        revision: see `Store.revision`.
        erasures: code and time of everybody who was erased.
        audit: the lines of its audit log: time, whether that was known, what, detail.
        backups: copies of it that somebody keeps.
        sticks: those that are paired; with no key where it does not open.
    """

    ledger: str
    revision: int
    erasures: list[tuple[str, str]]
    audit: list[tuple[Any, ...]]
    backups: list[Backup]
    sticks: list[Stick]


class Succession(Backups, Removals, Sticks):
    """How one database comes after another."""

    def legacy(self) -> Legacy:
        """What whatever comes after this database has to know of it. None of it needs the key, but for the sticks'."""
        rows = self._database.rows
        erasures, audit = (rows(sql) for sql in (_ERASURES, _LINES))
        (revision,) = rows("SELECT number FROM revision")[0]
        return Legacy(self.facts().ledger, revision, erasures, audit, self.backups(), self.sticks_as_far_as_they_open())

    def beyond(self, other: Path) -> Beyond:
        """What this database has and the one in a file, of the same schema, has not."""
        self._database.rows("ATTACH ? AS other", [os.fspath(other)])
        try:
            return Beyond(*(int(self._database.rows(sql)[0][0]) for sql in _BEYOND))
        finally:
            self._database.rows("DETACH other")

    def succeed(self, legacy: Legacy, *, at_utc: datetime, clock_ok: bool) -> list[str]:
        """Take over what must not be forgotten with the database that this one replaces.

        Who was erased there is erased here, and so is the name in rows of a code that nobody has; copies that it knows of, and
        the lines of its audit log, are known here too. Where both are one ledger, the sticks paired there are the ones that are:
        one that was unpaired stays so.

        Args:
            legacy: of the database that this one replaces.
            at_utc: now, as believed.
            clock_ok: whether the clock is known to be right.

        Returns:
            The codes of those who were erased.
        """
        missing = self._missing(legacy.erasures, _ERASURES)
        lines = self._missing(legacy.audit, _LINES)
        with self._database.writing():
            for row in missing:
                self._database.rows("INSERT INTO erasure (code, erased_utc) VALUES (?, ?)", row)
            for row in lines:
                self._database.rows("INSERT INTO audit (at_utc, clock_ok, what, detail) VALUES (?, ?, ?, ?)", row)
            for backup in legacy.backups:
                self.know_backup(backup)
            if legacy.ledger == self.facts().ledger:
                self._take_sticks(legacy.sticks)
            self._database.rows("UPDATE revision SET number = max(number, ?) + 1", [legacy.revision])
        codes = dict.fromkeys(code for code, _ in missing)
        return [code for code in codes if self._is_erased_again(code, at_utc, clock_ok=clock_ok)]

    def copy_onto(self, present: Succession) -> None:
        """Put this whole database in the place of another in one step: a power cut leaves the one or the other.

        Through SQLite and not by names of files: another process that has the database open goes on with what is in it then.

        Raises:
            StoreError: another process is in the way, or the disk is full. The other database is then as it was.
        """

        def give_up(status: int, _left: int, _pages: int) -> None:
            """SQLite has waited for as long as the connection wants, and Python would begin again for ever."""
            if status in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise StoreError(f"another process holds {present._database.path}. Wait until it has finished, then try again.")

        with present._database.sentences():
            self._database.conn.backup(present._database.conn, progress=give_up)
        present.empty_log()

    def copy_into(self, new: Path) -> None:
        """Write a copy of this database into an empty file, and wait until the disk has it.

        Raises:
            StoreError: the disk is full, or fails.
        """
        with self._database.sentences():
            self._database.conn.execute("VACUUM INTO ?", [os.fspath(new)])
        with _opened(new) as descriptor:
            os.fsync(descriptor)

    def _is_erased_again(self, code: str, at_utc: datetime, *, clock_ok: bool) -> bool:
        """Erase who has a code, or the names in its rows where nobody has it; whether there was anything."""
        if not self._database.rows("SELECT 1 FROM person WHERE code = ?", [code]):
            return bool(self.erase_names(code))
        self.remove_person(code, at_utc=at_utc, clock_ok=clock_ok)
        return True

    def _missing(self, theirs: list[tuple[Any, ...]], sql: str) -> list[tuple[Any, ...]]:
        """The rows that the other database has and this one has not, in their order."""
        known = set(self._database.rows(sql))
        return [row for row in theirs if row not in known]

    def _take_sticks(self, theirs: list[Stick]) -> None:
        """One whose key does not open is known by when it was paired: another key begins anew."""
        paired = {(stick.id, stick.paired_utc) if not stick.key else stick.id for stick in theirs}
        for stick in self.sticks():
            if not paired & {stick.id, (stick.id, stick.paired_utc)}:
                self.unpair_stick(stick.id)
        for stick in theirs:
            if stick.key:
                self.pair_stick(stick)
            if stick.mac:
                self.take_up(stick.id, serial=stick.serial, mac=stick.mac)
            if stick.is_done:
                self.finish(stick.id, mac=stick.mac)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
