"""Attendance events as a table that a spreadsheet opens and that comes back exactly.

CSV as in RFC 4180 (comma, quotes, CRLF), UTF-8 without a byte order mark. Times are given twice: in UTC with Z, and local
with the offset that was valid then. The column `backends` came later: a file without it is still ours, and gets it when it is
next written.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import NamedTuple, Self
from uuid import UUID

from edge.exchange.cells import guard, unguard
from edge.types import NETWORKS, Backend, Direction, Event, utc_text

_PLACES = "|".join(backend.value for backend in Backend)
_BACKENDS = re.compile(" ".join(f"{name}=({_PLACES})" for name in NETWORKS))
"""Of every network or of none: whatever is left of a torn cell is then not taken for a whole one."""


class Row(NamedTuple):
    """One event, each field as its text; the names of the fields are the columns."""

    event_id: str
    unit: str
    person_code: str
    person_name: str
    at_utc: str
    at_local: str
    direction: str
    distance: str
    clock_ok: str
    backends: str = ""

    @classmethod
    def of(cls, event: Event, timezone: tzinfo | None) -> Self:
        """The row of an event; a timezone of None is the system's own."""
        local = event.at_utc.astimezone(timezone).isoformat(timespec="milliseconds")
        who = (event.event_id, event.unit, event.person_code, event.person_name)
        how = (event.direction.value, f"{event.distance:.4f}", str(event.clock_ok).lower(), event.backends)
        return cls(*who, utc_text(event.at_utc), local, *how)

    @property
    def month(self) -> str:
        """The local month that the row belongs to, as in 2026-11."""
        return self.at_local[:7]

    def fault(self) -> str | None:
        """What shows that this row is not as it was written, or None."""
        try:
            UUID(self.event_id)
            Direction(self.direction)
            float(self.distance)
            moments = [datetime.fromisoformat(self.at_utc), datetime.fromisoformat(self.at_local)]
        except ValueError as error:
            return str(error)
        if self.backends and not _BACKENDS.fullmatch(self.backends):
            return "backends does not say where each network ran"
        fine = all(moment.tzinfo for moment in moments) and self.clock_ok in {"true", "false"}
        return None if fine else "a time without a zone, or clock_ok neither true nor false"


_TORN = "\N{REPLACEMENT CHARACTER}"
"""Put behind a last line that was torn before its last cell: that one may be empty, and nothing else would show it."""

HEADERS = (Row._fields, Row._fields[:-1])
"""Headers that are ours: today's, and that of before `backends`."""


class Table(NamedTuple):
    """What was found in a CSV file: the rows that are as they were written, and what is wrong with the rest."""

    rows: list[Row]
    faults: list[str]


def to_csv(rows: Iterable[Row]) -> str:
    """The table with its header."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(Row._fields)
    table.writerows(map(guard, row) for row in rows)
    return text.getvalue()


def read_csv(content: bytes) -> Table:
    """Read what `to_csv` wrote, or as much as is left of it.

    Args:
        content: of the file, UTF-8 with a byte order mark or without.
    """
    faults: list[str] = []
    lines = csv.reader(io.StringIO(_text(content, faults), newline=""), strict=True)
    rows: list[Row] = []
    try:
        header = tuple(next(lines, []))
        if header not in HEADERS:
            return Table([], [*faults, "the header is not Muster's"])
        for cells in lines:
            fault = _fault(cells, len(header))
            if fault:
                faults.append(f"line {lines.line_num}: {fault}")
            elif cells:
                rows.append(Row(*map(unguard, cells)))
    except csv.Error as error:
        faults.append(f"line {lines.line_num}: {error}")
    return Table(rows, faults)


def _text(content: bytes, faults: list[str]) -> str:
    """The file as text; bytes that are none become surrogates, and a fault."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        faults.append(f"byte {error.start}: not UTF-8")
        text = content.decode("utf-8-sig", "surrogateescape")
    return text + _TORN if text.endswith(",") else text


def _fault(cells: list[str], n_columns: int) -> str | None:
    """What is wrong with one line; an empty one is allowed."""
    if not cells:
        return None
    if len(cells) != n_columns:
        return f"{len(cells)} cells instead of {n_columns}"
    if any("\udc80" <= character <= "\udcff" for cell in cells for character in cell):
        return "not UTF-8"
    return Row(*map(unguard, cells)).fault()
