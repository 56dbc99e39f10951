"""The part of the store that takes the place of another one, as when a backup is put back."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from edge.errors import StoreError
from edge.store.backups import Backups
from edge.store.removal import Removals
from edge.store.sticks import Sticks

_BEYOND = (
    "SELECT count(*) FROM main.event AS own"
    " WHERE NOT EXISTS (SELECT 1 FROM other.event WHERE other.event.event_id = own.event_id)",
    "SELECT count(*) FROM main.person AS own WHERE NOT EXISTS (SELECT 1 FROM other.person WHERE other.person.code = own.code)",
    "SELECT count(*) FROM (SELECT code, model, photo_sha256 FROM main.template JOIN main.person ON person_id = person.id"
    " EXCEPT SELECT code, model, photo_sha256 FROM other.template JOIN other.person ON person_id = other.person.id)",
)


class Beyond(NamedTuple):
    """What one database has and another has not."""

    n_rows: int
    n_people: int
    n_templates: int


class Succession(Backups, Removals, Sticks):
    """How one database comes after another."""

    def beyond(self, other: Path) -> Beyond:
        """What this database has and the one in a file, of the same schema, has not."""
        self._database.rows("ATTACH ? AS other", [os.fspath(other)])
        try:
            return Beyond(*(int(self._database.rows(sql)[0][0]) for sql in _BEYOND))
        finally:
            self._database.rows("DETACH other")

    def succeed(self, present: Succession, *, at_utc: datetime, clock_ok: bool) -> list[str]:
        """Take over what must not be forgotten with the database that this one replaces.

        Who was erased there is erased here; copies that it knows of, and the lines of its audit log, are known here too. Where
        both are one ledger, the sticks paired there are the ones that are: one that was unpaired stays so.

        Args:
            present: the database that this one replaces.
            at_utc: now, as believed.
            clock_ok: whether the clock is known to be right.

        Returns:
            The codes of those who were erased.
        """
        missing = _missing(present, self, "SELECT code, erased_utc FROM erasure ORDER BY id")
        lines = _missing(present, self, "SELECT at_utc, clock_ok, what, detail FROM audit ORDER BY seq")
        with self._database.writing():
            for row in missing:
                self._database.rows("INSERT INTO erasure (code, erased_utc) VALUES (?, ?)", row)
            for row in lines:
                self._database.rows("INSERT INTO audit (at_utc, clock_ok, what, detail) VALUES (?, ?, ?, ?)", row)
            for backup in present.backups():
                self.know_backup(backup)
            if present.facts().ledger == self.facts().ledger:
                self._take_sticks_of(present)
            number = max(each._database.rows("SELECT number FROM revision")[0][0] for each in (self, present))
            self._database.rows("UPDATE revision SET number = ?", [number + 1])
        codes = [code for code in dict.fromkeys(code for code, _ in missing) if self._is_enrolled(code)]
        for code in codes:
            self.remove_person(code, at_utc=at_utc, clock_ok=clock_ok)
        return codes

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

    def _is_enrolled(self, code: str) -> bool:
        return bool(self._database.rows("SELECT 1 FROM person WHERE code = ?", [code]))

    def _take_sticks_of(self, present: Sticks) -> None:
        paired = {stick.id: stick for stick in present.sticks()}
        for stick in self.sticks():
            if stick.id not in paired:
                self.unpair_stick(stick.id)
        for stick in paired.values():
            self.pair_stick(stick)
            if stick.mac:
                self.take_up(stick.id, serial=stick.serial, mac=stick.mac)
            if stick.is_done:
                self.finish(stick.id, mac=stick.mac)


def _missing(one: Backups, other: Backups, sql: str) -> list[tuple[Any, ...]]:
    """The rows that one has and the other has not, in their order."""
    known = set(other._database.rows(sql))
    return [row for row in one._database.rows(sql) if row not in known]


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
