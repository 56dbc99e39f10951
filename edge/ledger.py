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
from collections.abc import Iterable
from typing import Any

from edge.types import Event, utc_text

FIELDS = (
    *("ledger", "seq", "event_id", "unit", "kind", "person_code", "name_digest", "at_utc", "direction", "distance"),
    *("clock_ok", "backends", "boot_id", "monotonic_s", "corrects", "by", "why"),
)
"""What a row's canonical text is made of, in this order. A name is in it as its digest, so that it can be erased."""


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


def _decimal(number: float | None, n_digits: int) -> str:
    return "" if number is None else f"{number:.{n_digits}f}"


def _sha256(text: str) -> str:
    # What is no text (half a surrogate from a torn file) must come out as another hash, not as an error.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
