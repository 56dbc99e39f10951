"""What a process had been promised when it was cut, and what was safe before it began."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from faults.scene import DATABASE, SHARE

from edge.exchange.ledger.dialects import FORMS
from edge.exchange.ledger.table import Row, read_csv


@dataclass
class Promised:
    """What the process had been promised when it was cut.

    Attributes:
        events: ids of rows that may not be lost.
        delivered: ids of rows that may not be missing at the destination.
        templates: code -> how many templates there may be; None is nobody of that code.
        removed: codes of people who must be gone without a trace.
        instead: what may be there in place of all other rows; None where nothing is being restored.
        is_restored: whether it must be.
        saved: ids of rows that the backup holds; None where there may be none.
        forms: file of a dialect -> what it may be at the destination; None is no file.
        gives: ids of rows that get their time, all of them or none.
        is_pulled: whether the panel has said that the stick may be pulled.
    """

    events: set[str] = field(default_factory=set)
    delivered: set[str] = field(default_factory=set)
    templates: dict[str, set[int | None]] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    instead: set[str] | None = None
    is_restored: bool = False
    saved: set[str] | None = None
    forms: dict[str, set[str | None]] = field(default_factory=dict)
    gives: set[str] = field(default_factory=set)
    is_pulled: bool = False

    @classmethod
    def at_first(cls, known: Before) -> Self:
        """Before anything was said."""
        return cls(
            templates={code: {n} for code, n in known.templates.items()},
            forms={name: {content} for name, content in known.forms.items()},
        )

    def hear(self, said: dict[str, Any]) -> None:
        """One more thing was said."""
        match said:
            case {"event": event_id}:
                self.events.add(event_id)
            case {"delivered": ids}:
                self.delivered.update(ids)
            case {"begins": code, "n": n}:
                self.removed.discard(code)
                self.templates[code] = self.templates.get(code, {None}) | {n}  # until it ends, as before or as after
            case {"ends": code, "n": n}:
                self.templates[code] = {n}
                if n is None:
                    self.removed.add(code)
            case {"tells": forms}:
                self.forms |= {name: self.forms.get(name, {None}) | {content} for name, content in forms.items()}
            case {"told": forms}:
                self.forms |= {name: {content} for name, content in forms.items()}
            case _:
                self._hear_more(said)

    def _hear_more(self, said: dict[str, Any]) -> None:
        match said:
            case {"gives": ids}:
                self.gives = set(ids)
            case {"pulled": _}:
                self.is_pulled = True
            case {"restores": ids}:
                self.instead = set(ids)
            case {"restored": _}:
                self.is_restored = True
            case {"saved": ids}:
                self.saved = set(ids)


@dataclass(frozen=True)
class Before:
    """What was there, and safe, before the process began.

    Attributes:
        events: ids of rows in the database.
        at_share: unit, id and name of each row at the destination, those of others and corrected ones among them.
        templates: code -> how many.
        forms: file of a dialect at the destination -> what it says.
    """

    events: frozenset[str]
    at_share: frozenset[tuple[str, str, str]]
    templates: dict[str, int]
    forms: dict[str, str]


def before() -> Before:
    """Looked up without the product: opening it may change what is there. In the working directory."""
    rows = frozenset((row.unit, row.event_id, row.person_name) for row in delivered_rows())
    if not Path(DATABASE).exists():
        return Before(frozenset(), rows, {}, {})
    with contextlib.closing(sqlite3.connect(f"file:{DATABASE}?mode=ro", uri=True)) as connection:
        ids = frozenset(event_id for (event_id,) in connection.execute("SELECT event_id FROM event"))
        sql = "SELECT code, count(photo_sha256) FROM person LEFT JOIN template ON person_id = person.id GROUP BY code"
        return Before(ids, rows, dict(connection.execute(sql)), forms())


def forms() -> dict[str, str]:
    paths = [path for dialect in FORMS for path in Path(SHARE).glob(f"{dialect}-*") if ".set-aside-" not in path.name]
    return {path.name: path.read_bytes().decode(errors="replace") for path in paths if path.suffix != ".sum"}


def delivered_rows() -> list[Row]:
    """All rows at the destination that can be read."""
    return [row for path in months() for row in read_csv(path.read_bytes()).rows]


def months() -> list[Path]:
    return sorted(Path(SHARE).glob("attendance-????-??.csv"))
