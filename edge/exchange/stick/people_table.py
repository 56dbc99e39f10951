"""``people.csv``: what the office has changed about people. An empty cell leaves what is there; the word ``none`` clears it.

People who are not named stay as they are. Nobody leaves through this table (`edge.exchange.stick.removals`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Self

from edge.errors import EnrolError
from edge.exchange.stick.sheet import Outcome, Row, Sheet, TableLine, fit, twin
from edge.store import Store
from edge.store.people import PersonDetails
from edge.types import Person, Validity

FILE = "people.csv"
COLUMNS = ("code", "name", "active", "valid_from", "valid_until", "language", "basis", "retain_until")
CLEARED = "none"

_WORDS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)", re.ASCII)
_DOTTED = re.compile(r"(?P<day>\d\d?)\.(?P<month>\d\d?)\.(?P<year>\d{4})", re.ASCII)
_LONGEST = {"name": 200, "language": 35, "basis": 500}


def people_sheet(n_rows: int) -> Sheet:
    """How the table is read."""
    return Sheet(FILE, COLUMNS, n_rows=n_rows)


def apply_people(
    rows: Iterable[Row | TableLine], store: Store, *, barred: Container[str], is_over: Callable[[], bool]
) -> Iterator[TableLine]:
    """Change what the table says; each person wholly or not at all.

    Args:
        rows: as they were read.
        store: has the people.
        barred: codes of those who are to be removed by the same stick.
        is_over: whether no further line shall be begun.
    """
    work = _Work(store)
    for row in rows:
        if isinstance(row, TableLine):
            yield row
        elif is_over():
            yield TableLine(FILE, row.number, row.code, Outcome.WAITS, "the time for one stick is over; plug it in again")
        else:
            yield _line(row, work, barred)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known of somebody."""

    name: str
    validity: Validity
    details: PersonDetails

    @classmethod
    def of(cls, person: Person, validity: Mapping[int, Validity], details: Mapping[int, PersonDetails]) -> Self:
        """What there is of a person among what there is of everybody."""
        return cls(person.name, validity.get(person.id, Validity()), details.get(person.id, PersonDetails()))


class _Work:
    """The people of the unit, and what becomes of them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._people = {person.code: person for person in store.people()}
        self._validity, self._details = store.validity(), store.details()

        self._twins = {twin(code): code for code in self._people}

    def put(self, code: str, wish: dict[str, Any]) -> Outcome:
        """Change what is not as it is wished.

        Raises:
            EnrolError: it cannot be.
        """
        person = self._people.get(code)
        if person:
            before = self._then(person)
            if _after(before, wish) == before:
                return Outcome.UNCHANGED
        with self._store.transaction():
            outcome = self._change(code, wish)
        self._twins.setdefault(twin(code), code)
        return outcome

    def _then(self, person: Person) -> _Facts:
        """As it was when the table was begun."""
        return _Facts.of(person, self._validity, self._details)

    def _now(self, person: Person) -> _Facts:
        return _Facts.of(person, self._store.validity(of=person.id), self._store.details(of=person.id))

    def _change(self, code: str, wish: dict[str, Any]) -> Outcome:
        """In a transaction: another process may have changed the same person since the tables were read."""
        person = self._store.find_person(code)
        before = self._now(person) if person else None
        after = _after(before or _Facts("", Validity(), PersonDetails()), wish)
        if person is None:
            self._demand_new(code)
        if not after.name:
            raise EnrolError("nobody has this code, and the line gives no name; write one")
        if person is None:
            self._store.add_person(code, after.name)
        elif after.name != person.name:
            self._store.rename_person(code, after.name)
        self._store.set_validity(code, after.validity)
        self._store.set_details(code, after.details)
        if before is None:
            return Outcome.ADDED
        return Outcome.UNCHANGED if after == before else Outcome.CHANGED

    def _demand_new(self, code: str) -> None:
        """Somebody who is here shall not get a second code because a spreadsheet has changed the first.

        Raises:
            EnrolError: it looks like that.
        """
        other = self._twins.get(twin(code))
        if other:
            raise EnrolError(
                f"nobody has this code, and {other} looks like it: a spreadsheet takes zeros away. Make the column text, and"
                " type the code anew; if it is somebody else's: `muster people add`"
            )


def _after(before: _Facts, wish: dict[str, Any]) -> _Facts:
    limits = {name: value for name, value in wish.items() if name in {"active", "valid_from", "valid_until"}}
    notes = {name: value for name, value in wish.items() if name in {"basis", "language", "retain_until"}}
    name = wish.get("name", before.name)
    return _Facts(name, replace(before.validity, **limits), replace(before.details, **notes))


def _line(row: Row, work: _Work, barred: Container[str]) -> TableLine:
    """What becomes of one line."""
    try:
        if row.code in barred:
            raise EnrolError("remove.csv of the same stick removes this code; take it out of one of the two")
        return TableLine(FILE, row.number, row.code, work.put(row.code, _wish(row)))
    except EnrolError as error:
        return TableLine(FILE, row.number, row.code, Outcome.REFUSED, str(error))


def _wish(row: Row) -> dict[str, Any]:
    """What the filled cells of a line say, by column.

    Raises:
        EnrolError: one of them cannot be understood.
    """
    given = {name: cell for name, cell in row.cells.items() if cell and name in COLUMNS and name != "code"}
    return {name: _value(name, cell) for name, cell in given.items()}


def _value(column: str, cell: str) -> object:
    """A cell as the store has it.

    Raises:
        EnrolError: it cannot be understood.
    """
    is_cleared = cell.casefold() == CLEARED
    if column == "active":
        if not is_cleared and cell.casefold() not in _WORDS:
            raise EnrolError(f"active is {cell[:30]!a}; write yes or no")
        return is_cleared or _WORDS[cell.casefold()]
    if column in {"valid_from", "valid_until", "retain_until"}:
        return None if is_cleared else _day(column, cell)
    if column == "name" and is_cleared:
        raise EnrolError("a name cannot be cleared; write the name, or leave the cell empty")
    return "" if is_cleared else fit(cell, column, at_most=_LONGEST[column])


def _day(column: str, cell: str) -> date:
    """As people write it, or as spreadsheets of half of Europe do; with strokes nobody can tell the day from the month."""
    for form in (_ISO, _DOTTED):
        found = form.fullmatch(cell)
        if found:
            with suppress(ValueError):
                return date(int(found["year"]), int(found["month"]), int(found["day"]))
    raise EnrolError(f"{column} is {cell[:30]!a}; write a date as 2026-11-22 or 22.11.2026, or none")
