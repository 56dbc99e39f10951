"""How the rows of a ledger hang together: each one carries a hash of itself and of the row before it.

Whoever changes, removes or inserts a row breaks the chain there, in the database and in every file that was exported.
Anybody can check it: ``docs/ledger.md`` says how in a few lines of Python. There is no key in it, so it does not tell who
wrote a row; whoever can write the whole database can make a new chain, and an earlier export then shows it.

The hash is SHA-256 (FIPS 180-4) over the hash of the row before, a line feed and the canonical text of the row: a JSON array
(RFC 8259) of its cells exactly as the CSV has them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from edge.types import NETWORKS, Backend, Event, utc_text

FIELDS = (
    *("ledger", "seq", "event_id", "unit", "kind", "person_code", "name_digest", "at_utc", "direction", "distance"),
    *("clock_ok", "backends", "boot_id", "monotonic_s", "corrects", "by", "why"),
)
"""What a row's canonical text is made of, in this order. A name is in it as its digest, so that it can be erased."""


def backends_text(backends: Mapping[str, Backend]) -> str:
    """Where each network ran, as one cell of a row: "pnet=cpu rnet=cpu onet=cpu facenet=edgetpu"."""
    return " ".join(f"{name}={backends[name].value}" for name in NETWORKS)


def genesis(ledger_id: str) -> str:
    """What stands in place of the row before the first: 64 hexadecimal digits."""
    return _sha256(f"muster ledger {ledger_id}")


def name_digest(salt: str, name: str) -> str:
    """A name as the chain has it: without the salt of its row nobody can try names against it. 64 hexadecimal digits."""
    return _sha256(salt + name)


def canonical(texts: Iterable[str]) -> str:
    """The one text of a row, from its cells in the order of `FIELDS`."""
    return json.dumps(list(texts), ensure_ascii=False, separators=(",", ":"))


def link(previous: str, text: str) -> str:
    """The hash of a row: 64 hexadecimal digits.

    Args:
        previous: that of the row before, or the `genesis` of the ledger.
        text: the row as `canonical` writes it.
    """
    return _sha256(f"{previous}\n{text}")


def texts(*values: Any) -> tuple[str, ...]:
    """The cells of a row from its values as SQLite has them, in the order of `FIELDS`: as they are chained and exported."""
    row = dict(zip(FIELDS, values, strict=True))
    row |= {"seq": str(row["seq"]), "clock_ok": "true" if row["clock_ok"] else "false"}
    row |= {"distance": _decimal(row["distance"], 4), "monotonic_s": _decimal(row["monotonic_s"], 3)}
    return tuple(row.values())


def chained(previous: str, *values: Any) -> str:
    """The hash of a row from its values as SQLite has them; also an SQL function, by which a migration chains old rows."""
    return link(previous, canonical(texts(*values)))


def cells(event: Event) -> dict[str, str]:
    """The cells of an event by their names in `FIELDS`."""
    who = (event.ledger, event.seq, event.event_id, event.unit, event.kind.value, event.person_code, event.name_digest)
    how = (utc_text(event.at_utc), event.direction.value, event.distance, event.clock_ok, event.backends)
    why = (event.boot_id, event.monotonic_s, event.corrects, event.by, event.why)
    return dict(zip(FIELDS, texts(*who, *how, *why), strict=True))


SALT_LENGTH = 32
"""Of every salt, in characters. Salt and name stand beside each other in the digest: where one ends must be fixed."""


class Entry(NamedTuple):
    """A row as whoever checks it has it.

    Attributes:
        cells: in the order of `FIELDS`.
        name: of the person; empty when it was erased.
        salt: of the name; empty when it was erased.
        previous: the hash of the row before, or the `genesis`.
        chain: the hash that the row carries.
    """

    cells: tuple[str, ...]
    name: str
    salt: str
    previous: str
    chain: str

    @property
    def seq(self) -> int:
        """Its number."""
        return int(self.cells[1])

    @property
    def event_id(self) -> str:
        """Its id."""
        return self.cells[2]

    def is_whole(self) -> bool:
        """Whether cells, name and the hash before give the hash that the row carries."""
        if self.salt or self.name:
            digest = name_digest(self.salt, self.name) if len(self.salt) == SALT_LENGTH else None
            if digest != self.cells[FIELDS.index("name_digest")]:
                return False
        return link(self.previous, canonical(self.cells)) == self.chain


class Finding(NamedTuple):
    """A row that is not as it was written, or rows that are not there, and where that shows."""

    seq: int
    event_id: str
    what: str

    def __str__(self) -> str:
        """One line."""
        return f"row {self.seq} (event {self.event_id}): {self.what}"


def verify(entries: Iterable[Entry], *, n_written: int) -> Iterator[Finding]:
    """What is wrong with a whole ledger; nothing when it is as it was written.

    Args:
        entries: every row, by number; each ``previous`` is the hash of the row that is before it now.
        n_written: the number that the last row got.
    """
    last_seq, event_id = 0, "-"
    for entry in entries:
        if not entry.is_whole():
            yield Finding(entry.seq, entry.event_id, _broken(last_seq, entry.seq))
        last_seq, event_id = entry.seq, entry.event_id
    if n_written > last_seq:
        yield Finding(last_seq, event_id, f"{missing(last_seq + 1, n_written)} behind it")


def missing(first: int, last: int) -> str:
    """That rows with these numbers are not there."""
    return f"row {first} is missing" if first == last else f"rows {first} to {last} are missing"


def _broken(before: int, seq: int) -> str:
    if seq > before + 1:
        return f"it does not follow row {before}: {missing(before + 1, seq - 1)}" if before else missing(1, seq - 1)
    return f"it, or the hash of row {before} before it, is not as it was written" if before else "it is not as it was written"


def _decimal(number: float | None, n_digits: int) -> str:
    return "" if number is None else f"{number:.{n_digits}f}"


def _sha256(text: str) -> str:
    # What is no text (half a surrogate from a torn file) must come out as another hash, not as an error.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
