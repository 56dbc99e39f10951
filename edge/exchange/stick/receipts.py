"""The receipts on a stick: a table for the photographs and one for the tables, written whole, and only where something is new."""

from __future__ import annotations

import csv
import errno
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import accumulate

from edge.exchange.cells import guard
from edge.exchange.enrolment.acquisition import Verdict
from edge.exchange.enrolment.receipt import COLUMNS, GOOD, Line
from edge.exchange.files import Files
from edge.exchange.names import Label, printable
from edge.exchange.stick.bounds import Bounds
from edge.exchange.stick.manifest import MANIFEST
from edge.exchange.stick.sheet import Outcome, TableLine
from edge.exchange.stick.tree import Tree

FOLDER = "receipts"
TABLE_COLUMNS = ["file", "line", "person_code", "outcome", "reason"]

_GOOD_WORDS = {verdict.value for verdict in GOOD}
_DONE_WORDS = {each.value for each in Outcome} - {Outcome.REFUSED.value, Outcome.WAITS.value}

Cells = list[str]


def stamp(serial: int) -> str:
    """How the names of the receipts of a manifest begin, as in ``20261122T081500Z``; FAT knows no colon."""
    return f"{datetime.fromtimestamp(serial, UTC):%Y%m%dT%H%M%SZ}"


class Receipts:
    """The folder ``receipts`` of a stick.

    Args:
        tree: the stick.
        files: writes them.
        bounds: how long a receipt may be; of further lines it says how many they are.
    """

    def __init__(self, tree: Tree, files: Files, bounds: Bounds) -> None:
        self._tree = tree
        self._files = files
        self._bounds = bounds

    def write(self, begins: str, photographs: Sequence[Line], tables: Sequence[TableLine], *, reason: str = "") -> list[str]:
        """Write what there is to say.

        Args:
            begins: with what the names of the files begin.
            photographs: a line for each.
            tables: a line for each line.
            reason: why nothing at all was brought in; the first line where there are others.

        Returns:
            The names of the files that are new.

        Raises:
            OSError: they cannot be written.
        """
        general = [Line(MANIFEST, Label("", ""), Verdict.REFUSED, reason)] if reason and photographs else []
        above = [TableLine(MANIFEST, 0, "", Outcome.REFUSED, reason)] if reason and tables else []
        sheets = {"enrol": _of_photographs([*general, *photographs]), "people": _of_tables([*above, *tables])}
        written = []
        for what, sheet in sheets.items():
            name, cut = _name(begins, what), sheet.cut(self._bounds)
            if cut.rows and not self._says(name, cut):
                self._put(name, cut)
                written.append(f"{FOLDER}/{name}")
            elif cut.rows and self._is_ours():
                self._files.sweep(self._tree.top / FOLDER / name)
        return written

    def drop(self, begins: str) -> None:
        """Take away earlier receipts: what they said does not hold any more.

        Raises:
            OSError: the stick fails.
        """
        if not self._is_ours():
            return
        names = [_name(begins, what) for what in ("enrol", "people")]
        for name in (there := [name for name in names if self._tree.has(f"{FOLDER}/{name}")]):
            self._files.remove(self._tree.top / FOLDER / name)
        if there:
            self._files.settle(self._tree.top / FOLDER)

    def mention(self, begins: str, photographs: Sequence[Line], tables: Sequence[TableLine]) -> bool:
        """Whether earlier receipts have a line for each of these, for the same reason."""
        told = {(row[0], row[4]) for what in ("enrol", "people") for row in self._read(_name(begins, what)) if len(row) > 4}
        these = [(line.photograph, line.reason) for line in photographs] + [(line.file, line.reason) for line in tables]
        return {(guard(printable(name)), guard(printable(reason))) for name, reason in these} <= told

    def _says(self, name: str, sheet: _Sheet) -> bool:
        """Whether a receipt says the same already: who was enrolled then is enrolled already now, and it need not say so anew."""
        return [sheet.essence(row) for row in self._read(name)[1:]] == [sheet.essence(row) for row in sheet.rows]

    def _read(self, name: str) -> list[Cells]:
        """All lines of an earlier receipt, the names of the columns among them; none where it is damaged or not there."""
        try:
            text = self._tree.read(f"{FOLDER}/{name}", at_most=2 * self._bounds.receipt_bytes).decode()
            return list(csv.reader(io.StringIO(text, newline="")))
        except (OSError, ValueError, csv.Error):
            return []

    def _is_ours(self) -> bool:
        """Whether something may be taken away in the folder by its path."""
        return self._tree.is_folder(FOLDER) and self._tree.is_in_place()

    def _put(self, name: str, sheet: _Sheet) -> None:
        if not self._tree.is_in_place():
            raise OSError(errno.ENODEV, "the stick was pulled")
        folder = self._tree.top / FOLDER
        if not self._tree.has(FOLDER):
            folder.mkdir()
            self._files.settle(self._tree.top)
        if not self._tree.is_folder(FOLDER):
            raise OSError(errno.ENOTDIR, f"{FOLDER} is a link or a file, not a folder; remove it", str(folder))
        text = io.StringIO(newline="")
        table = csv.writer(text)
        table.writerow(sheet.columns)
        table.writerows(sheet.rows)
        self._files.replace(folder / name, text.getvalue().encode())


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One receipt.

    Attributes:
        columns: their names.
        rows: its lines.
        is_good: of each line, whether it refuses nothing.
        essence: what of a line stays the same when the same is looked at again.
    """

    columns: Sequence[str]
    rows: list[Cells]
    is_good: list[bool]
    essence: Callable[[Cells], Cells]

    def cut(self, bounds: Bounds) -> _Sheet:
        """As much as there is room for, what was refused before all others, in its order; and how much more there is."""
        first = sorted(range(len(self.rows)), key=lambda row: self.is_good[row])
        ends = accumulate(sum(len(cell.encode()) + 1 for cell in self.rows[row]) for row in first)
        kept = sorted(row for row, end in zip(first[: bounds.n_lines], ends, strict=False) if end <= bounds.receipt_bytes)
        if len(kept) == len(self.rows):
            return self
        n_refused = self.is_good.count(False) - sum(not self.is_good[row] for row in kept)
        more = [""] * (len(self.columns) - 1) + [f"and {len(self.rows) - len(kept):,} lines more, {n_refused:,} of them refused"]
        return replace(self, rows=[self.rows[row] for row in kept] + [more])


def _of_photographs(lines: Sequence[Line]) -> _Sheet:
    rows = [[guard(printable(cell)) for cell in line.cells()] for line in lines]
    return _Sheet(COLUMNS, rows, [line.verdict in GOOD for line in lines], _face)


def _of_tables(lines: Sequence[TableLine]) -> _Sheet:
    cells = ([line.file, str(line.number or ""), line.code, line.outcome.value, line.reason] for line in lines)
    rows = [[guard(printable(cell)) for cell in row] for row in cells]
    return _Sheet(TABLE_COLUMNS, rows, [line.outcome.value in _DONE_WORDS for line in lines], _row)


def _name(begins: str, what: str) -> str:
    """A name that FAT can hold."""
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', begins)[:100]}-{what}.csv"


def _face(row: Cells) -> Cells:
    """Of a photograph's line: what stays the same when it is looked at again."""
    place, code, name, verdict, reason = (*row, "", "", "", "", "")[:5]
    return [place, code, name, *(["good"] if verdict in _GOOD_WORDS else [verdict, reason])]


def _row(row: Cells) -> Cells:
    file, number, code, outcome, reason = (*row, "", "", "", "", "")[:5]
    return [file, number, code, *(["done"] if outcome in _DONE_WORDS else [outcome, reason])]
