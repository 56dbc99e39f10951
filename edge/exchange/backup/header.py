"""What stands first inside a backup: one line of JSON (RFC 8259), and after it the bytes of the database."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from edge.errors import BackupError
from edge.exchange.backup.envelope import Label, Sink
from edge.store.sealing import KEY_BYTES
from edge.store.snapshot import Facts
from edge.types import utc_text

FORMAT = 1
MAX_BYTES = 10_000
"""Of the line: it has some hundred."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a backup says of the database in it.

    Attributes:
        format: of the backup.
        backup_id: as in the first line of the file.
        made_utc: likewise.
        unit: the name of the unit that made it.
        facts: what the database said of itself.
        n_bytes: of the database.
        key: what names and templates in it are sealed with, as hexadecimal digits; empty for none. A new card has no other.
    """

    format: int
    backup_id: str
    made_utc: str
    unit: str
    facts: Facts
    n_bytes: int
    key: str

    @classmethod
    def of(cls, label: Label, *, unit: str, facts: Facts, n_bytes: int, key: bytes) -> Self:
        """For a backup that is made now."""
        return cls(FORMAT, label.id, utc_text(label.made_utc), unit, facts, n_bytes, key.hex())

    def line(self) -> bytes:
        """As it stands in the backup."""
        return json.dumps(asdict(self), separators=(",", ":")).encode() + b"\n"

    @classmethod
    def parse(cls, line: bytes) -> Self:
        """From the line.

        Raises:
            BackupError: a newer Muster wrote it, or it is none.
        """
        try:
            found = json.loads(line)
            if found["format"] > FORMAT:
                raise BackupError("a newer Muster made it. Update Muster, then restore")
            return cls(**{**_typed(cls, found), "facts": Facts(**_typed(Facts, found["facts"]))})
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise BackupError(f"what is in it is no backup of Muster ({type(error).__name__})") from error

    @property
    def secret(self) -> bytes:
        """The key; empty for none.

        Raises:
            BackupError: it is no key.
        """
        try:
            key = bytes.fromhex(self.key)
        except ValueError:
            key = b"?"
        if len(key) not in {0, KEY_BYTES}:
            raise BackupError("the key in it is none")
        return key


class Parting:
    """Takes what is in a backup: keeps the header, and passes the database on.

    Attributes:
        header: None until it has come.
        n_bytes: bytes of the database that have come.
    """

    def __init__(self, sink: Sink) -> None:
        self.header: Header | None = None
        self.n_bytes = 0
        self._sink = sink
        self._begin = b""

    def write(self, content: bytes) -> None:
        """The next bytes.

        Raises:
            BackupError: there is no header, or more comes than it says.
        """
        if self.header is None:
            line, end, content = (self._begin + content).partition(b"\n")
            if not end:
                self._begin = line
                if len(line) > MAX_BYTES:
                    raise BackupError("what is in it is no backup of Muster (it has no header)")
                return
            self.header = Header.parse(line)
        self.n_bytes += len(content)
        if self.n_bytes > self.header.n_bytes:
            raise BackupError("there is more in it than it says")
        self._sink.write(content)

    def whole(self, label: Label) -> Header:
        """The header, once everything has come.

        Raises:
            BackupError: not all of it has, or the first line of the file is another backup's.
        """
        if self.header is None or self.n_bytes < self.header.n_bytes:
            raise BackupError("there is less in it than it says")
        if (self.header.backup_id, self.header.made_utc) != (label.id, utc_text(label.made_utc)):
            raise BackupError("its first line is another backup's")
        return self.header


def _typed(kind: type[Header] | type[Facts], found: dict[str, Any]) -> dict[str, Any]:
    """The fields of a record, each of the type that it should have; others are a later version's."""
    chosen = {field.name: found[field.name] for field in fields(kind)}
    types: dict[object, type] = {"int": int, "str": str, "Facts": dict}
    for field in fields(kind):
        if type(chosen[field.name]) is not types[field.type]:
            raise TypeError(field.name)
    return chosen
