"""The part of the store that seals everything in it, once, or under another key, or takes the seal off."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.errors import StoreError
from edge.store.database import DurableDatabase, refusal
from edge.store.sealing import ANY_TEXT, Seal, of_person, of_stick, of_template

log = logging.getLogger(__name__)

N_PAGE = 5_000
"""Rows that are read at a time."""

_GUARD = "event_stays_as_it_is"
"""The trigger that lets no row of the ledger be changed: a name that is sealed is another text, and the same name."""


@dataclass(frozen=True, slots=True)
class Resealed:
    """What came of it.

    Attributes:
        n_values: names, templates, rows and keys of sticks that were sealed, or opened.
        n_unopened: how many did not open, and stay as they are: somebody put them where they do not belong.
        is_swept: whether what was there before is gone from the file and from its log. False while another process reads; the
            next one to open the database tries again.
    """

    n_values: int
    n_unopened: int
    is_swept: bool


class Resealing:
    """Under which key everything is."""

    _database: DurableDatabase
    _seal: Seal

    @property
    def key_id(self) -> str:
        """Of the key that everything is sealed with; empty for none."""
        return self._seal.key_id

    def reseal(self, new: Seal, *, note: Callable[[], object] | None = None) -> Resealed:
        """Put everything under another key, under one for the first time, or under none: all of it, or nothing.

        Not within a transaction: the file is then written anew, so that nothing stays of what was there before.

        Args:
            new: the other key.
            note: writes what is to be stored together with it.

        Raises:
            StoreError: locked, or the disk is full. Everything is then under the old key.
        """
        work = _Work(self._database, self._seal, new)
        with self._database.writing(), _without(self._database, _GUARD):
            work.do()
            if note:
                note()
            is_swept = not new.key_id  # what is not sealed leaves nothing that could not be read anyway
            self._database.rows("UPDATE sealing SET key_id = ?, is_swept = ?", [new.key_id, int(is_swept)])
        self._seal, self._database.key_id = new, new.key_id
        return Resealed(work.n_values, work.n_unopened, is_swept=is_swept or self._sweep())

    def _unlock(self, seal: Seal) -> None:
        """Make sure that this is the key; a database that has none yet is sealed.

        Raises:
            StoreError: it is another key.
        """
        found, is_swept = self._found()
        if not found and seal.key_id:
            self._database.key_id = ""
            try:
                self.reseal(seal)
            except StoreError:
                if self._found()[0] != seal.key_id:  # another process was quicker, with the same key
                    raise
        elif found != seal.key_id:
            raise refusal(self._database.path, found=found, given=seal.key_id)
        elif not is_swept:
            self._sweep()
        self._seal, self._database.key_id = seal, seal.key_id

    def _unlock_to_read(self, seal: Seal) -> None:
        """Make sure that this is the key; where there is no seal yet, none is put on.

        Raises:
            StoreError: it is another key.
        """
        found, _ = self._found()
        if found and found != seal.key_id:
            raise refusal(self._database.path, found=found, given=seal.key_id)
        self._seal = seal if found else Seal.none()
        self._database.key_id = found

    def _found(self) -> tuple[str, bool]:
        """With which key everything is sealed, and whether nothing is left in the file of what was there before."""
        rows = self._database.rows("SELECT key_id, is_swept FROM sealing")
        return (str(rows[0][0]), bool(rows[0][1])) if rows else ("", True)

    def _sweep(self) -> bool:
        """Write the file anew and empty its log; whether that could be done."""
        try:
            with self._database.sentences():
                self._database.conn.execute("VACUUM")
            is_emptied = self._database.empty_log()
            if is_emptied:
                with self._database.writing():
                    self._database.rows("UPDATE sealing SET is_swept = 1")
        except StoreError as error:
            log.warning("what was there before the seal can still be read in parts: %s", error)
            return False
        return is_emptied


def key_id_of(path: Path, *, busy_timeout_s: float = 1.0) -> str:
    """With which key a database is sealed, also for whoever has none; empty for none.

    Raises:
        StoreError: it cannot be read.
    """
    with closing(DurableDatabase(path, busy_timeout_s=busy_timeout_s)) as database:
        if not database.rows("SELECT 1 FROM sqlite_master WHERE name = 'sealing'"):
            return ""  # of a version that had no seal
        return str(database.rows("SELECT coalesce(max(key_id), '') FROM sealing")[0][0])


class _Work:
    """One database on its way from one key to another; the write lock is held."""

    def __init__(self, database: DurableDatabase, old: Seal, new: Seal) -> None:
        self._database = database
        self._old = old
        self._new = new
        self.n_values = 0
        self.n_unopened = 0

    def do(self) -> None:
        """All tables that have something to seal."""
        self._all("person", "id", "code, name", "name = ?", self._name)
        template = "(SELECT code FROM person WHERE id = person_id), model, photo_sha256, vector"
        self._all("template", "id", template, "vector = ?", self._template)
        named = "event_id, CAST(person_name AS BLOB), CAST(salt AS BLOB)"
        self._all("event", "seq", named, "person_name = CAST(? AS TEXT), salt = CAST(? AS TEXT)", self._row)
        self._all("stick", "rowid", "stick_id, key", "key = ?", self._stick)

    def _all(self, table: str, number: str, columns: str, change: str, anew: Callable[..., tuple[Any, ...]]) -> None:
        """Every row of a table, page by page."""
        select = f"SELECT {number}, {columns} FROM {table} WHERE {number} > ? ORDER BY {number} LIMIT ?"  # noqa: S608  ours
        update = f"UPDATE {table} SET {change} WHERE {number} = ?"  # noqa: S608  ours
        page = self._database.rows(select, [-(2**63), N_PAGE])
        while page:
            changed = []
            for row in page:
                try:
                    changed.append((*anew(*row[1:]), row[0]))
                except StoreError:
                    self.n_unopened += 1
            with self._database.sentences():
                self._database.conn.executemany(update, changed)
            self.n_values += len(changed)
            page = self._database.rows(select, [page[-1][0], N_PAGE])

    def _name(self, code: str, kept: str) -> tuple[str]:
        return (self._new.text(self._old.opened_text(kept, of_person(code)), of_person(code)),)

    def _template(self, code: str, model: str, photo_sha256: str, kept: bytes) -> tuple[bytes]:
        place = of_template(code, model, photo_sha256)
        return (self._new.blob(self._old.opened_blob(kept, place), place),)

    def _row(self, event_id: str, name: bytes, salt: bytes) -> tuple[bytes, bytes]:
        opened = self._old.opened_row(name.decode(errors=ANY_TEXT), salt.decode(errors=ANY_TEXT), event_id)
        kept_name, kept_salt = self._new.row(*opened, event_id)
        return kept_name.encode(errors=ANY_TEXT), kept_salt.encode(errors=ANY_TEXT)

    def _stick(self, stick_id: str, kept: bytes) -> tuple[bytes]:
        return (self._new.blob(self._old.opened_blob(kept, of_stick(stick_id)), of_stick(stick_id)),)


@contextmanager
def _without(database: DurableDatabase, trigger: str) -> Iterator[None]:
    """A trigger sleeps for the rest of a transaction. Where that ends otherwise, it never slept."""
    ((sql,),) = database.rows("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = ?", [trigger])
    database.rows(f"DROP TRIGGER {trigger}")
    yield
    database.rows(sql)
