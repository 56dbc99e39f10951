"""Attendance events as a table that a spreadsheet opens and that comes back exactly.

CSV as in RFC 4180 (comma, quotes, CRLF), UTF-8 without a byte order mark. Times are given twice: in UTC with Z, and local
with the offset that was valid then. Each row carries what chains it to the row before it (`edge.ledger`): whoever has the file
can check it, ``docs/ledger.md`` says how.

Columns came later: first `backends`, then those of the chain. A file without them is still ours, and gets them when it is next
written. A row that such a file has keeps its cells, if somebody changed them; otherwise it becomes the row that the unit has.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from typing import NamedTuple, Self, TextIO
from uuid import UUID

from edge.exchange.cells import guard, unguard
from edge.ledger import cells as chained_cells
from edge.types import NETWORKS, Backend, Direction, Event, EventKind

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
    kind: str = EventKind.PUNCH.value
    corrects: str = ""
    by: str = ""
    why: str = ""
    boot_id: str = ""
    monotonic_s: str = ""
    ledger: str = ""
    seq: str = ""
    salt: str = ""
    name_digest: str = ""
    previous: str = ""
    chain: str = ""

    @classmethod
    def of(cls, event: Event, timezone: tzinfo | None) -> Self:
        """The row of an event; a timezone of None is the system's own."""
        cells = chained_cells(event)
        cells |= {"person_name": event.person_name, "salt": event.salt, "previous": event.previous, "chain": event.chain}
        cells["at_local"] = event.at_utc.astimezone(timezone).isoformat(timespec="milliseconds")
        if event.salt:
            cells["name_digest"] = ""  # follows from salt and name; it is told where they were erased
        return cls(**cells)

    @property
    def month(self) -> str:
        """The local month that the row belongs to, as in 2026-11."""
        return self.at_local[:7]

    def fault(self) -> str | None:
        """What shows that this row is not as it was written, or None."""
        try:
            UUID(self.event_id)
            Direction(self.direction)
            kind = EventKind(self.kind)
            for number in (self.distance, self.monotonic_s):
                float(number or 0)
            moments = [datetime.fromisoformat(self.at_utc), datetime.fromisoformat(self.at_local)]
        except ValueError as error:
            return str(error)
        if self.backends and not _BACKENDS.fullmatch(self.backends):
            return "backends does not say where each network ran"
        if kind is EventKind.PUNCH and not self.distance:
            return "a punch without a distance"
        if self.is_chained and not self.is_chained_wholly:
            return "what chains the row is not whole"
        fine = all(moment.tzinfo for moment in moments) and self.clock_ok in {"true", "false"}
        return None if fine else "a time without a zone, or clock_ok neither true nor false"

    @property
    def is_chained_wholly(self) -> bool:
        """Whether what chains the row looks as it should; whether it is right, `edge.exchange.ledger.check` tells."""
        return bool(_CHAINED.fullmatch("\n".join(self[-len(_CHAIN) :])))

    def before_the_chain(self, other: Self) -> Self:
        """This row as it would stand in a file of the other one's time, which knew fewer columns."""
        return type(self)(*self[: len(HEADERS[1] if other.backends else HEADERS[2])])

    @property
    def is_chained(self) -> bool:
        """Whether the row says how it is chained; rows of before do not."""
        return any(self[-len(_CHAIN) :])


_CHAIN = {
    "ledger": "[0-9a-f-]{36}",
    "seq": "[1-9][0-9]{0,17}",
    "salt": "([0-9a-f]{32})?",
    "name_digest": "([0-9a-f]{64})?",
    "previous": "[0-9a-f]{64}",
    "chain": "[0-9a-f]{64}",
}
"""The last columns, which chain a row, and what each looks like: a torn cell is then not taken for a whole one."""

_CHAINED = re.compile("\n".join(_CHAIN.values()))

_NO_TEXT = re.compile("[\udc80-\udcff]")
"""What became of bytes that are not UTF-8."""

MAX_FAULTS = 1_000
"""No more lines are told of one by one."""

_CHUNK = 1_000_000

_TORN = "\N{REPLACEMENT CHARACTER}"
"""Put behind a last line that was torn before its last cell: that one may be empty, and nothing else would show it."""

HEADERS = tuple(Row._fields[:n] for n in (len(Row._fields), Row._fields.index("kind"), Row._fields.index("backends")))
"""Headers that are ours: today's, that of before the chain, and that of before `backends`."""


def merged(own: Iterable[Row], found: Iterable[Row]) -> dict[str, Row]:
    """All rows of two tables by event_id; of a row that is in both, the one that was found in the file stays as it is there.

    But one from before the chain that nobody changed becomes the row that the unit has.
    """
    rows = {row.event_id: row for row in own}
    for row in found:
        known = rows.get(row.event_id)
        if row.is_chained or known is None or row != known.before_the_chain(row):
            rows[row.event_id] = row
    return rows


class Table(NamedTuple):
    """What was found in a CSV file: the rows that are as they were written, and what is wrong with the rest."""

    rows: list[Row]
    faults: list[str]


def to_csv(rows: Iterable[Row]) -> str:
    """The table with its header."""
    text = io.StringIO(newline="")
    _write(rows, text)
    return text.getvalue()


def to_bytes(rows: Iterable[Row]) -> bytes:
    """The same as a file has it, encoded as it is written: a month's table takes its own length and no more."""
    content = io.BytesIO()
    with io.TextIOWrapper(content, encoding="utf-8", newline="", write_through=True) as text:
        _write(rows, text)
        return content.getvalue()


def _write(rows: Iterable[Row], text: TextIO) -> None:
    table = csv.writer(text)
    table.writerow(Row._fields)
    # As `guard` does it; to ask it for each of a month's millions of cells would take longer than all the rest.
    table.writerows([cell if not cell or cell[0].isalnum() else guard(cell) for cell in row] for row in rows)


def read_csv(content: bytes, known: Mapping[str, Row] | None = None) -> Table:
    """Read what `to_csv` wrote, or as much as is left of it.

    Args:
        content: of the file, UTF-8 with a byte order mark or without.
        known: rows by event_id that are as they were written; one that is in the file as it is here is not looked at closer.
    """
    faults: list[str] = []
    rows: list[Row] = []
    own = known or {}
    for number, cells in records(content, faults):
        same = own.get(cells[0])
        if same is not None and same == tuple(map(unguard, cells)):
            rows.append(same)
            continue
        fault = _fault(cells)
        if fault:
            _tell(faults, f"line {number}: {fault}")
        else:
            rows.append(Row(*map(unguard, cells)))
    return Table(rows, faults)


def records(content: bytes, faults: list[str]) -> Iterator[tuple[int, list[str]]]:
    """The cells of each row below a header of ours, and the number of its last line; as many cells as the header has.

    Args:
        content: of the file.
        faults: gets what is wrong with the file, and with lines that are no such row.
    """
    lines = csv.reader(_text(content, faults), strict=True)
    try:
        header = tuple(next(lines, []))
        if header not in HEADERS:
            faults.append("the header is not Muster's: name an attendance-….csv as delivered, not as a spreadsheet saved it")
            return
        for cells in lines:
            if len(cells) == len(header):
                yield lines.line_num, cells
            elif cells:
                _tell(faults, f"line {lines.line_num}: {len(cells)} cells instead of {len(header)}")
    except csv.Error as error:
        faults.append(f"line {lines.line_num}: {error}")


def _tell(faults: list[str], fault: str) -> None:
    """A file on a stick may have a hundred million lines, each of them wrong."""
    if len(faults) < MAX_FAULTS:
        faults.append(fault)
    elif len(faults) == MAX_FAULTS:
        faults.append("and more that is not told one by one")


def _text(content: bytes, faults: list[str]) -> TextIO:
    """The file as text, decoded as it is read; bytes that are none become surrogates, and a fault."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for begins in range(0, len(content), _CHUNK):  # as one text a file can take four times its own length
        held, _ = decoder.getstate()
        try:
            decoder.decode(content[begins : begins + _CHUNK], final=begins + _CHUNK >= len(content))
        except UnicodeDecodeError as error:
            faults.append(f"byte {begins - len(held) + error.start}: not UTF-8")
            break
    whole = content + _TORN.encode() if content.endswith(b",") else content
    return io.TextIOWrapper(io.BytesIO(whole), encoding="utf-8-sig", errors="surrogateescape", newline="")


def _fault(cells: list[str]) -> str | None:
    """What is wrong with one row."""
    if _NO_TEXT.search("".join(cells)):
        return "not UTF-8"
    return Row(*map(unguard, cells)).fault()
