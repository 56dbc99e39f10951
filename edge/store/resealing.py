"""The part of the store that seals everything in it, once, or under another key, or takes the seal off."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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

    def reseal(self, new: Seal) -> Resealed:
        """Put everything under another key, under one for the first time, or under none: all of it, or nothing.

        Not within a transaction: the file is then written anew, so that nothing stays of what was there before.

        Raises:
            StoreError: locked, or the disk is full. Everything is then under the old key.
        """
        work = _Work(self._database, self._seal, new)
        with self._database.writing(), _without(self._database, _GUARD):
            work.do()
            self._database.rows("UPDATE sealing SET key_id = ?, is_swept = 0", [new.key_id])
        self._seal, self._database.key_id = new, new.key_id
        return Resealed(work.n_values, work.n_unopened, is_swept=self._sweep())

    def _unlock(self, seal: Seal) -> None:
        """Make sure that this is the key; a database that has none yet is sealed.

        Raises:
            StoreError: it is another key.
        """
        (found, is_swept), *_ = self._database.rows("SELECT key_id, is_swept FROM sealing") or [("", 1)]
        if found and found != seal.key_id:
            raise refusal(self._database.path, found=found, given=seal.key_id)
        self._seal, self._database.key_id = Seal.none() if not found else seal, found
        if found != seal.key_id:
            self.reseal(seal)
        elif not is_swept:
            self._sweep()

    def _sweep(self) -> bool:
        """Write the file anew and empty its log; whether that could be done."""
        try:
            with self._database.sentences():
                self._database.conn.execute("VACUUM")
            (is_blocked, *_), *_ = self._database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
            if not is_blocked:
                with self._database.writing():
                    self._database.rows("UPDATE sealing SET is_swept = 1")
        except StoreError as error:
            log.warning("what was there before the seal can still be read in parts: %s", error)
            return False
        return not is_blocked


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
