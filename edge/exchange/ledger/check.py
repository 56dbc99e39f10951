"""Whether exported files are as they were written: each row by its hash, rows by their links, and all against the database.

Without a database, on another computer, hashes and links alone show what was edited, removed or inserted; a gap between two rows
is told, as nobody knows there whether the rows are in a file that was not given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from edge.exchange.cells import guard, unguard
from edge.exchange.ledger.links import Place, Remark, runs_of, unlinked
from edge.exchange.ledger.table import Row, records
from edge.ledger import FIELDS, Entry, name_digest
from edge.store import Store
from edge.types import utc_text
from edge.words import counted

_MONTH = re.compile(r"attendance-(\d{4}-\d{2})\.csv")
"""The name of a file that has everything of its month up to its last row."""

_WITHOUT_CHAIN = Row._fields[: Row._fields.index("ledger")]


@dataclass
class Check:
    """All the files that are checked together.

    Attributes:
        store: the unit's database; None on another computer.
        timezone: the unit's, by which a month's file begins; None is the system's own.
        n_rows: rows that were read.
        remarks: what is not as it was written.
    """

    store: Store | None
    timezone: tzinfo | None
    n_rows: int = 0
    remarks: list[Remark] = field(default_factory=list)
    _places: dict[str, list[Place]] = field(default_factory=dict)
    _ledger: str = ""

    def __post_init__(self) -> None:
        self._ledger = self.store.ledger_id() if self.store else ""

    def read(self, file: str, content: bytes, *, name: str) -> None:
        """Look at one file: at each row, and at those that the database has and the file has not.

        Args:
            file: as the remarks call it.
            content: of it.
            name: the last part of its path.
        """
        faults: list[str] = []
        seen, unchained, n_before = _Seen(), [], self.n_rows
        for line, cells in records(content, faults):
            self.n_rows += 1
            row = Row(*map(unguard, cells))
            known = self._known(row)
            twice = seen.add(known, line, is_chained=row.is_chained)
            what = self._fault(row, known, n_cells=len(cells)) or twice
            if what is None and any(guard(text) != cell for text, cell in zip(row, cells, strict=False)):
                what = "a cell is not as Muster writes it"
            if what:
                self.remarks.append(Remark(file, line, f"{_shown(row)}: {what}"))
            elif not row.is_chained and known is None:
                unchained.append(line)
            if row.is_chained_wholly:
                place = Place(int(row.seq), file, line, row.event_id, row.previous, "" if what else row.chain)
                self._places.setdefault(row.ledger, []).append(place)
        if self.n_rows == n_before and not faults and _MONTH.fullmatch(name):
            faults.append("there is no row in it; Muster makes a month's file only for a row")
        self.remarks += [Remark(file, 0, fault) for fault in faults]
        if unchained:
            what = f"{counted(len(unchained), 'row')} from here on without a chain: from before there was one, or inserted"
            self.remarks.append(Remark(file, unchained[0], f"{what}; only the database of the unit can tell"))
        self.remarks += [Remark(file, 0, what) for what in self._lacking(name, seen)]

    @property
    def unknown_ledgers(self) -> dict[str, int]:
        """Ledgers that are not the database's, and how many chained rows of each there are: checked by hashes and links alone."""
        return {ledger: len(places) for ledger, places in self._places.items() if ledger != self._ledger}

    def follow(self) -> None:
        """After the last file: whether the rows of all files follow each other."""
        for ledger, places in self._places.items():
            self.remarks += unlinked(sorted(places), gaps_are_told=ledger != self._ledger)
        self.remarks.sort(key=lambda remark: remark[:2])

    def _known(self, row: Row) -> Entry | None:
        """The row in the database, by its id, or by its number where the id was edited."""
        if self.store is None:
            return None
        seq = int(row.seq) if row.ledger == self._ledger and row.is_chained_wholly else 0
        by_id = self.store.entry(row.event_id) if row.event_id.isascii() else None  # what is torn may be no text
        return by_id or self.store.entry_of(seq)

    def _fault(self, row: Row, known: Entry | None, *, n_cells: int) -> str | None:
        """What shows that one row is not as it was written."""
        differences = list(_differences(row, known, n_cells)) if known else []
        if differences:
            return "; ".join(differences)
        if not _is_one_moment(row):
            return "at_local is not the moment of at_utc"
        if not row.is_chained:
            return None
        if not row.is_chained_wholly:
            return "what chains it is not whole"
        if not _entry(row).is_whole():
            return "it is not as it was written"
        return "the database has no such row" if known is None and row.ledger == self._ledger else None

    def _lacking(self, name: str, seen: _Seen) -> Iterator[str]:
        """Rows of the database that belong between those of a file, or before them in a month's file."""
        if self.store is None or not seen.seqs:
            return
        since, until = seen.first, seen.last
        month = _MONTH.fullmatch(name)
        if month:
            first = datetime.fromisoformat(f"{month[1]}-01").replace(tzinfo=UTC)
            since, until = (utc_text(first + timedelta(days=days)) for days in (-1, 32))  # no zone is farther from UTC
        lacking = []
        for seq, event_id, at_utc in self.store.moments(since, until, last_seq=max(seen.seqs)):
            is_meant = not month or _month(at_utc, self.timezone) == month[1]
            if is_meant and seq not in seen.seqs:
                lacking.append((seq, event_id))
        yield from runs_of(lacking)


class _Seen:
    """Which rows of the database a file has."""

    def __init__(self) -> None:
        self.seqs: dict[int, tuple[int, bool]] = {}
        self.first = self.last = ""

    def add(self, known: Entry | None, line: int, *, is_chained: bool) -> str | None:
        """One row of the file, as the database has it (None where it has none), and in which line; says when it was there before.

        Two chained rows of one number are told where the links are.
        """
        if known is None:
            return None
        at_utc = known.cells[FIELDS.index("at_utc")]  # its order as text is its order in time
        self.first, self.last = min(self.first or at_utc, at_utc), max(self.last, at_utc)
        before, was_chained = self.seqs.setdefault(known.seq, (line, is_chained))
        return None if before == line or (is_chained and was_chained) else f"it is in line {before}, too"


def _entry(row: Row) -> Entry:
    digest = row.name_digest or name_digest(row.salt, row.person_name)
    cells = row._asdict() | {"name_digest": digest}
    return Entry(tuple(cells[name] for name in FIELDS), row.person_name, row.salt, row.previous, row.chain)


def _differences(row: Row, known: Entry, n_cells: int) -> Iterator[str]:
    """Each cell that the database has otherwise, of as many as the file has columns, and without a chain of those before it."""
    written = dict(zip(FIELDS, known.cells, strict=True)) | {"person_name": known.name}
    written |= {"salt": known.salt, "previous": known.previous, "chain": known.chain}
    columns = set(Row._fields if row.is_chained else _WITHOUT_CHAIN[:n_cells]) - {"name_digest"}
    if not known.name and not known.salt:
        columns -= {"person_name", "salt"}  # erased; the file was written before
    for name, text in written.items():
        if name in columns and getattr(row, name) != text:
            yield f"{name} is {getattr(row, name)!r}, in the database {text!r}"


def _month(at_utc: str, timezone: tzinfo | None) -> str:
    """The local month, as in 2026-11; empty where somebody made no time of it."""
    try:
        return datetime.fromisoformat(at_utc).astimezone(timezone).isoformat()[:7]
    except (ValueError, OverflowError):
        return ""


def _is_one_moment(row: Row) -> bool:
    try:
        return datetime.fromisoformat(row.at_local) == datetime.fromisoformat(row.at_utc)
    except (ValueError, TypeError):
        return False


def _shown(row: Row) -> str:
    """Which row it says it is."""
    return f"row {row.seq or '-'} (event {row.event_id})"
