"""Tables that the office writes with a spreadsheet or by hand, read line by line: what is wrong in one harms no other."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from edge.errors import EnrolError
from edge.exchange.names import has_unseen

SEPARATORS = (",", ";", "\t")
"""Spreadsheets of half of Europe write semicolons, and Excel's "Unicode text" has tabs."""

MAX_LINE = 10_000
"""Characters; no person has more to say."""

_ROUNDED = re.compile(r"\d([.,]\d+)?E\+\d+", re.ASCII | re.IGNORECASE)
"""What a spreadsheet makes of a number that is too long for it."""


class Outcome(Enum):
    """What became of one line of a table."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    NOT_HERE = "not here"
    PASSED_OVER = "passed over"
    REFUSED = "refused"
    WAITS = "waits"


@dataclass(frozen=True, slots=True)
class TableLine:
    """One line of the receipt of a table.

    Attributes:
        file: which table.
        number: which line of it, from 1; 0 for the table as a whole.
        code: whose; empty where that cannot be told.
        outcome: what became of it.
        reason: why, or what should be known of it; may be empty.
    """

    file: str
    number: int
    code: str
    outcome: Outcome
    reason: str = ""

    def __str__(self) -> str:
        """For a terminal."""
        where = f"{self.file}, line {self.number}" if self.number else self.file
        return f"{where}: {self.code and f'{self.code}, '}{self.outcome.value}{f' ({self.reason})' if self.reason else ''}"


class Row(NamedTuple):
    """One line of a table that can be used: its number and its cells by column, without the blanks around them."""

    number: int
    code: str
    cells: dict[str, str]


class Sheet:
    """A table with a column ``code``.

    Args:
        file: its name, for the receipt.
        columns: what it may have; of others a line says that they are passed over.
        n_rows: no more lines are looked at.
    """

    def __init__(self, file: str, columns: Collection[str], *, n_rows: int) -> None:
        self._file = file
        self._columns = columns
        self._n_rows = n_rows

    def read(self, content: bytes) -> Iterator[Row | TableLine]:
        """Its lines in their order: what can be used, and what is wrong with the others. Blank ones are left out."""
        try:
            lines = _lines(content)
            number, header, separator = self._header(lines)
        except EnrolError as error:
            yield TableLine(self._file, 0, "", Outcome.REFUSED, str(error))
            return
        for name in header:
            if name and name not in self._columns:
                yield TableLine(self._file, number, "", Outcome.PASSED_OVER, f"the column {name[:50]!a} is not known")
        yield from self._rows(lines, header, separator)

    def _rows(self, lines: Iterator[tuple[int, str]], header: list[str], separator: str) -> Iterator[Row | TableLine]:
        firsts: dict[str, int] = {}
        for n_read, (number, line) in enumerate(lines):
            if n_read == self._n_rows:
                yield TableLine(self._file, number, "", Outcome.REFUSED, f"more than {n_read:,} lines; the rest is not looked at")
                return
            try:
                row = _row(number, line, header, separator)
            except EnrolError as error:
                yield TableLine(self._file, number, "", Outcome.REFUSED, str(error))
                continue
            if row is None:
                continue
            first = firsts.setdefault(row.code, number)
            if first == number:
                yield row
            else:
                yield TableLine(
                    self._file, number, row.code, Outcome.REFUSED, f"line {first} has the same code; keep one of them"
                )

    def _header(self, lines: Iterator[tuple[int, str]]) -> tuple[int, list[str], str]:
        """Number, columns and separator of the first line.

        Raises:
            EnrolError: it names no columns.
        """
        number, line = next(lines, (1, ""))
        for separator in SEPARATORS if len(line) <= MAX_LINE else ():
            try:
                header = [cell.strip().casefold().replace(" ", "_") for cell in _cells(line, separator)]
            except EnrolError:
                continue
            if "code" in header:
                known = [name for name in header if name in self._columns]
                if len(set(known)) < len(known):
                    raise EnrolError("the first line names a column twice; keep one of them")
                return number, header, separator
        raise EnrolError(f"the first line does not name the columns; it should be: {','.join(self._columns)}")


def fit(text: str, what: str, *, at_most: int) -> str:
    """A text that people can read and a program can hold, letters and accents in one.

    Raises:
        EnrolError: it is not.
    """
    if len(text) > at_most:
        raise EnrolError(f"the {what} is longer than {at_most} characters; make it shorter")
    if has_unseen(text):
        raise EnrolError(f"the {what} holds something that cannot be printed; type it anew")
    return unicodedata.normalize("NFC", text)


def twin(code: str) -> str:
    """The same for all codes that a spreadsheet, or somebody who types, takes for one: 0042 comes back as 42, a-17 as A-17."""
    return code.lstrip("0") if code.isdecimal() else code.casefold()


def _lines(content: bytes) -> Iterator[tuple[int, str]]:
    """Numbers and texts of the lines that are not blank. Bytes that are no UTF-8 stay in the text as lone surrogates.

    Raises:
        EnrolError: it begins as UTF-16 and goes on otherwise.
    """
    try:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text = content.decode("utf-16")
        else:
            text = content.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    except UnicodeDecodeError as error:
        raise EnrolError("it is neither UTF-8 nor UTF-16; save it as 'CSV UTF-8'") from error
    split = io.StringIO(text, newline=None)  # at \n, \r\n and \r, and at nothing else that Python takes for the end of a line
    return ((number, line.rstrip("\n")) for number, line in enumerate(split, 1) if line.strip(" ,;\t\n"))


def _row(number: int, line: str, header: list[str], separator: str) -> Row | None:
    """One line; None where all its cells are empty.

    Raises:
        EnrolError: it cannot be used.
    """
    if len(line) > MAX_LINE:
        raise EnrolError(f"longer than {MAX_LINE:,} characters")
    if any("\udc80" <= character <= "\udcff" for character in line):
        raise EnrolError("not UTF-8; save the table as 'CSV UTF-8'")
    cells = [cell.strip() for cell in _cells(line, separator)]
    if not any(cells):
        return None
    if len(cells) != len(header):
        raise EnrolError(f"half a line, or one and a half: it has {len(cells):,} cells, and the first line names {len(header):,}")
    named = dict(zip(header, cells, strict=True))
    if not named["code"]:
        raise EnrolError("it has no code")
    if _ROUNDED.fullmatch(named["code"]):
        raise EnrolError(
            f"{named['code']} is what a spreadsheet has made of a long code; make the column text, and type the code anew"
        )
    return Row(number, fit(named["code"], "code", at_most=100), named)


def _cells(line: str, separator: str) -> list[str]:
    """Each line by itself: a quotation mark that nobody closed shall not swallow all the lines after it.

    Raises:
        EnrolError: a quotation mark is not closed, or stands where none can.
    """
    try:
        (cells,) = csv.reader([line], delimiter=separator, strict=True, skipinitialspace=True)
    except (csv.Error, ValueError) as error:
        raise EnrolError("its quotation marks do not match; put the whole cell between two of them") from error
    return cells
