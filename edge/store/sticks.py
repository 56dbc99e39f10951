"""The part of the store that knows the sticks of this unit, and how far it has taken in what each of them brought."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from edge.errors import StoreError
from edge.store.database import DurableDatabase
from edge.store.sealing import Sealed, of_stick
from edge.types import utc_text

_COLUMNS = "stick_id, name, key, hardware, paired_utc, serial, mac, is_done"

_INSERT = f"INSERT OR REPLACE INTO stick ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  our own words

_ALL = f"SELECT {_COLUMNS} FROM stick ORDER BY paired_utc, stick_id"  # noqa: S608  our own words


@dataclass(frozen=True, slots=True)
class Stick:
    """A stick that may bring people in and take rows away.

    Attributes:
        id: a UUID.
        name: what people call it.
        key: 32 bytes, which nobody prints.
        hardware: what the stick itself says that it is; empty where that is not known.
        paired_utc: since when.
        serial: of the latest manifest that was taken up; 0 for none.
        mac: of that manifest, 64 hexadecimal digits; empty for none.
        is_done: whether all of it was taken in.
    """

    id: str
    name: str
    key: bytes = field(repr=False)
    hardware: str
    paired_utc: datetime
    serial: int = 0
    mac: str = ""
    is_done: bool = False


class Sticks(Sealed):
    """Which sticks are paired with this unit."""

    _database: DurableDatabase

    def sticks(self) -> list[Stick]:
        """All of them, the one that was paired first in front."""
        return self._sticks("TRUE", [])

    def find_stick(self, stick_id: str) -> Stick | None:
        """The stick of an id, or None: it is not paired."""
        return next(iter(self._sticks("stick_id = ?", [stick_id])), None)

    def pair_stick(self, stick: Stick) -> Stick:
        """Make a stick known. One that is known with the same key stays paired since then, and the later manifest counts.

        Another key is another beginning: what was made with the old one counts no more.
        """
        with self._database.writing():
            known = self.find_stick(stick.id)
            latest = stick
            if known and known.key == stick.key:
                further = max(known, stick, key=lambda each: (each.serial, each.is_done))  # known, where both are as far
                since, serial, mac, is_done = known.paired_utc, further.serial, further.mac, further.is_done
                latest = replace(stick, paired_utc=since, serial=serial, mac=mac, is_done=is_done)
            if known and known.key != stick.key:
                self._forget(stick.id)
            key = self._seal.blob(latest.key, of_stick(latest.id))
            row = [latest.id, latest.name, key, latest.hardware, utc_text(latest.paired_utc)]
            self._database.rows(_INSERT, [*row, latest.serial, latest.mac, int(latest.is_done)])
            return self._sticks("stick_id = ?", [stick.id])[0]

    def unpair_stick(self, stick_id: str) -> bool:
        """Forget a stick; its key is overwritten in the file. False where it was not known."""
        with self._database.writing():
            return self._forget(stick_id)

    def empty_log(self) -> None:
        """Write out and empty the write-ahead log: what was overwritten may still be in there.

        While another process reads it stays; the last one to close the database does it.
        """
        self._database.empty_log()

    def take_up(self, stick_id: str, *, serial: int, mac: str) -> bool:
        """Begin to take in a manifest, or go on with it after an interruption.

        Returns:
            False where it may not be: another one as late or later was taken up before, this one was taken in whole, or the stick
            is not paired any more. Asked and noted in one step, so that of two at the same time one is refused.
        """
        sql = (
            "UPDATE stick SET serial = :serial, mac = :mac, is_done = 0 WHERE stick_id = :stick"
            " AND (serial < :serial OR (serial = :serial AND mac = :mac AND NOT is_done)) RETURNING stick_id"
        )
        with self._database.writing():
            return bool(self._database.rows(sql, {"stick": stick_id, "serial": serial, "mac": mac}))

    def finish(self, stick_id: str, *, mac: str) -> None:
        """All of the manifest that was taken up is in; nothing happens where another one has been taken up meanwhile."""
        with self._database.writing():
            self._database.rows("UPDATE stick SET is_done = 1 WHERE stick_id = ? AND mac = ?", [stick_id, mac])

    def _forget(self, stick_id: str) -> bool:
        """Take a stick out, and write all others anew: where rows have moved to another page, copies stay in free space.

        A table that is emptied at once is overwritten page by page (sqlite.org/lang_delete.html, "the truncate optimization").
        """
        rows = self._database.rows(_ALL)
        others = [row for row in rows if row[0] != stick_id]
        if len(others) < len(rows):
            self._database.rows("DELETE FROM stick")
            self._database.conn.executemany(_INSERT, others)
        return len(others) < len(rows)

    def sticks_as_far_as_they_open(self) -> list[Stick]:
        """All of them; one whose key does not open has none."""
        found = []
        for stick_id, name, kept, *rest in self._database.rows(_ALL):
            try:
                found.append(self._stick(stick_id, name, kept, *rest))
            except StoreError:
                hardware, paired_utc, serial, mac, is_done = rest
                since = datetime.fromisoformat(paired_utc)
                found.append(Stick(stick_id, name, b"", hardware, since, serial, mac, bool(is_done)))
        return found

    def _sticks(self, condition: str, values: list[str]) -> list[Stick]:
        sql = f"SELECT {_COLUMNS} FROM stick WHERE {condition} ORDER BY paired_utc, stick_id"  # noqa: S608  our own words
        return [self._stick(*row) for row in self._database.rows(sql, values)]

    def _stick(self, stick_id: str, name: str, kept: bytes, hardware: str, paired_utc: str, *rest: Any) -> Stick:
        """A row of `_COLUMNS`."""
        serial, mac, is_done = rest
        with self._opening():
            key = self._seal.opened_blob(kept, of_stick(stick_id))
        return Stick(stick_id, name, key, hardware, datetime.fromisoformat(paired_utc), serial, mac, bool(is_done))
