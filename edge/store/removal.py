"""The part of the store that erases a person: everywhere at once, and so that the bytes are gone.

``secure_delete`` overwrites a row that is deleted, but not the copies that SQLite leaves in the free space of a page whenever
rows move to a neighbouring page: a page that is split or merged keeps what was there. Found by experiment: fingerprints of
photographs. So the three tables that hold people are written anew in the same transaction. The ledger needs none of that: its
rows are only ever put behind the last one and only become shorter, and then SQLite moves none to another page. To write the whole
file anew (VACUUM) would keep the door from recording for as long as that takes, and put a copy of it elsewhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from edge.errors import EnrolError, StoreError
from edge.store.audit import PERSON_REMOVED, Audit
from edge.store.database import DurableDatabase
from edge.store.remains import Traces
from edge.store.sealing import Sealed, of_template
from edge.types import Person, utc_text

# ruff: noqa: S608  what is put into the queries below is a constant of this file, never a value

TABLES = ("person", "template", "aside")
"""Those that hold people; each has a trigger on DELETE and a column ``id``."""

N_PAGE = 50_000
"""Rows of the ledger that are looked through at a time: no reader keeps the write-ahead log from being emptied for long."""


class Copy(NamedTuple):
    """A backup, which still holds whoever was enrolled when it was made."""

    file: str
    made_utc: datetime


@dataclass(frozen=True, slots=True)
class Removal:
    """What `Removals.remove_person` erased, and what it left.

    Attributes:
        person: who is gone.
        n_templates: templates erased, each with the fingerprint (SHA-256) of its photograph. Photographs are not kept.
        n_aside: fingerprints erased of photographs that were looked at and not needed.
        n_events: rows of the ledger that stay, with the code: they are the record of working time.
        n_names: of those, the rows whose name, and its salt, was erased.
        is_wiped: whether the write-ahead log was emptied too. False while another process reads; it is when that has ended.
        backups: copies of this database that somebody keeps elsewhere, from before.
        traces: what to look for, should somebody want to see that it is gone; nobody prints it.
    """

    person: Person
    n_templates: int
    n_aside: int
    n_events: int
    n_names: int
    is_wiped: bool
    backups: tuple[Copy, ...]
    traces: Traces = field(repr=False, compare=False)


class Removals(Audit, Sealed):
    """How people leave."""

    _database: DurableDatabase

    def remove_person(
        self, code: str, *, at_utc: datetime | None = None, clock_ok: bool = False, what: str = PERSON_REMOVED
    ) -> Removal:
        """Erase a person: templates, fingerprints, and the name in every row of the ledger; the bytes are overwritten.

        All of it or nothing; a line of the audit log tells of it. Not within a transaction. Flash memory keeps old blocks until
        it needs them; that no program can promise away.

        Args:
            code: whose.
            at_utc: when, timezone-aware; now by this computer's clock when None.
            clock_ok: whether that is known to be right.
            what: the word of the audit log.

        Raises:
            EnrolError: nobody has the code.
            StoreError: nothing is erased.
        """
        if self._database.conn.in_transaction:
            raise ValueError("a removal is a transaction of its own")
        person = self._enrolled(code)
        numbers, last_seq = self._rows_of(person.code)
        with _pages_written_anew(self._database):
            person = self._enrolled(code)
            numbers += self._numbers_between(person.code, last_seq + 1, self._last_seq())
            work = _Erasure(self._database, person)
            traces = self._traces(person, numbers)
            counts = (work.templates(), work.asides(), len(numbers), work.names(numbers))
            work.person()
            self._leave_word(person.code, at_utc or datetime.now(UTC), clock_ok=clock_ok, what=what)
        backups = [Copy(file, datetime.fromisoformat(made)) for file, made in self._database.rows(_BACKUPS)]
        return Removal(person, *counts, self._database.empty_log(), tuple(backups), traces)

    def erase_names(self, code: str) -> int:
        """Erase the name, and its salt, in every row of a code that nobody has any more.

        Returns:
            How many rows had one.

        Raises:
            StoreError: nothing is erased.
        """
        numbers, last_seq = self._rows_of(code)
        with self._database.writing():
            return _erase_names(self._database, numbers + self._numbers_between(code, last_seq + 1, self._last_seq()))

    def _enrolled(self, code: str) -> Person:
        rows = self._database.rows("SELECT id, code, name FROM person WHERE code = ?", [unicodedata.normalize("NFC", code)])
        if not rows:
            raise EnrolError(f"nobody has the code {code!r}. `muster people list` shows who is enrolled.")
        return self._person(rows[0])

    def _rows_of(self, code: str) -> tuple[list[int], int]:
        """The rows of a code, and up to which row was looked: all are read, so before anybody is kept from writing."""
        last_seq, numbers = self._last_seq(), list[int]()
        for first in range(1, last_seq + 1, N_PAGE):
            numbers += self._numbers_between(code, first, min(first + N_PAGE - 1, last_seq))
        return numbers, last_seq

    def _numbers_between(self, code: str, first: int, last: int) -> list[int]:
        sql = "SELECT seq FROM event WHERE seq BETWEEN ? AND ? AND person_code = ?"
        return [seq for (seq,) in self._database.rows(sql, [first, last, code])]

    def _last_seq(self) -> int:
        return int(self._database.rows("SELECT coalesce(max(seq), 0) FROM event")[0][0])

    def _traces(self, person: Person, numbers: list[int]) -> Traces:
        """What there is of a person in the file, as it lies there, and opened where it is sealed."""
        (kept_name,) = self._database.rows("SELECT CAST(name AS BLOB) FROM person WHERE id = ?", [person.id])[0]
        own = self._database.rows("SELECT model, photo_sha256, vector FROM template WHERE person_id = ?", [person.id])
        aside = self._database.rows("SELECT photo_sha256 FROM aside WHERE person_id = ?", [person.id])
        opened = {self._opened(person.code, *template) for template in own}
        photographs = [photo for _, photo, _ in own] + [photo for (photo,) in aside]
        return Traces(
            names=frozenset({person.name.encode(), kept_name, *self._names_in(numbers)} - {b""}),
            templates=frozenset(opened | {vector for *_, vector in own}),
            photographs=frozenset(photo.encode() for photo in photographs),
        )

    def _opened(self, code: str, model: str, photo_sha256: str, kept: bytes) -> bytes:
        """A template that somebody put where it does not belong is erased like any other."""
        try:
            return self._seal.opened_blob(kept, of_template(code, model, photo_sha256))
        except StoreError:
            return kept

    def _names_in(self, numbers: list[int]) -> set[bytes]:
        """Names in rows of the ledger. Where they are sealed, each is in another way; there is no end of them to look for."""
        if self._seal.key_id:
            return set()
        sql = "SELECT CAST(person_name AS BLOB) FROM event WHERE seq = ?"
        return {self._database.rows(sql, [number])[0][0] for number in numbers}

    def _leave_word(self, code: str, at_utc: datetime, *, clock_ok: bool, what: str) -> None:
        """So that an older backup does not bring them back, and that somebody can tell who was removed and when."""
        self._database.rows("INSERT INTO erasure (code, erased_utc) VALUES (?, ?)", [code, utc_text(at_utc)])
        self.note(what, f"code {code}", at_utc=at_utc, clock_ok=clock_ok)


_BACKUPS = "SELECT file, made_utc FROM backup ORDER BY made_utc"


class _Erasure:
    """One person on their way out; the write lock is held.

    Rows of the ledger go by their numbers: to look for a code takes seconds with a million of them.
    """

    def __init__(self, database: DurableDatabase, person: Person) -> None:
        self._database = database
        self._person = person

    def templates(self) -> int:
        """How many there were."""
        return self._all_of("template")

    def asides(self) -> int:
        """How many there were."""
        return self._all_of("aside")

    def names(self, numbers: list[int]) -> int:
        """In so many rows there was a name."""
        n_named = _erase_names(self._database, numbers)
        own = self._database.rows("SELECT seq FROM event WHERE person_id = ?", [self._person.id])
        _each(self._database, "UPDATE event SET person_id = NULL WHERE seq = ?", own)
        return n_named

    def person(self) -> None:
        """Last: nothing refers to it any more."""
        _each(self._database, "DELETE FROM person WHERE id = ?", [(self._person.id,)])

    def _all_of(self, table: str) -> int:
        numbers = self._database.rows(f"SELECT id FROM {table} WHERE person_id = ?", [self._person.id])
        _each(self._database, f"DELETE FROM {table} WHERE id = ?", numbers)
        return len(numbers)


def _erase_names(database: DurableDatabase, numbers: list[int]) -> int:
    """Name and salt go from rows of the ledger; how many had a name."""
    named = "SELECT count(*) FROM event WHERE seq = ? AND person_name <> ''"
    n_named = sum(int(database.rows(named, [number])[0][0]) for number in numbers)
    _each(database, "UPDATE event SET person_id = NULL, person_name = '', salt = '' WHERE seq = ?", [(n,) for n in numbers])
    return n_named


def _each(database: DurableDatabase, sql: str, values: list[tuple[int, ...]]) -> None:
    with database.sentences():
        database.conn.executemany(sql, values)


@contextmanager
def _pages_written_anew(database: DurableDatabase) -> Iterator[None]:
    """A transaction after which no page of `TABLES` holds more than the rows that are in it.

    A table that nothing refers to and no trigger watches is emptied page by page, and each page overwritten; its indexes with it
    (sqlite.org/lang_delete.html, "the truncate optimization"). Only for that are foreign keys and triggers set aside.
    """
    database.rows("PRAGMA temp_store = MEMORY")  # of what a statement keeps to be taken back, too: no name in a temporary file
    database.rows("PRAGMA foreign_keys = OFF")  # heeded outside of a transaction only
    try:
        with database.writing():
            yield
            watched = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
            for table in TABLES:
                triggers = database.rows(watched, [table])
                for name, _ in triggers:
                    database.rows(f"DROP TRIGGER {name}")
                _write_anew(database, table)
                for _, sql in triggers:
                    database.rows(sql)
    finally:
        database.rows("PRAGMA foreign_keys = ON")
        database.rows("PRAGMA temp_store = DEFAULT")


def _write_anew(database: DurableDatabase, table: str) -> None:
    """Take all rows out of a table and put them back in their order."""
    database.rows(f"CREATE TEMP TABLE kept AS SELECT * FROM {table}")
    database.rows(f"DELETE FROM {table}")
    database.rows(f"INSERT INTO {table} SELECT * FROM temp.kept ORDER BY id")
    database.rows("DROP TABLE temp.kept")
