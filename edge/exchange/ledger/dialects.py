"""Who came and went in a month, as other programs take it in: files beside the table, which is always delivered.

The table (`edge.exchange.ledger.table`) has every row that was written, and what corrects it. A program that counts hours wants
what came of it: each coming and going once, at its true time, and nothing that was taken back. So a file of a dialect is written
anew, whole, whenever something about its month changes; nobody corrects it by hand.

Times in both dialects are local and have no offset, because neither has a place for one: whoever reads them must be told the
unit's time zone, and in the hour that comes twice in autumn the two cannot be told apart. The table tells them.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import tzinfo
from types import SimpleNamespace
from typing import NamedTuple

from edge.exchange.cells import guard
from edge.types import Direction, Event, EventKind


class Dialect(NamedTuple):
    """How another program wants a month.

    Attributes:
        name: as in the configuration, and how its files begin.
        suffix: how they end.
        header: the first line of each, or nothing.
        line: the line of an event; a timezone of None is the system's own.
    """

    name: str
    suffix: str
    header: str
    line: Callable[[Event, tzinfo | None], str]

    def render(self, events: Iterable[Event], timezone: tzinfo | None) -> bytes:
        """The content of a file: its rows in their order."""
        return "".join([self.header, *(self.line(event, timezone) for event in events)]).encode()

    def file_of(self, unit: str, ledger: str, month: str) -> str:
        """What the file of a month is called: ``attlog-door-1-5d2c1c34-2026-11.dat``.

        The first eight digits of the ledger's id are in it: two units of one name, or one that began anew, would otherwise write
        over each other's months, and the rows have nothing that would show it. Small letters of ASCII, digits, hyphens and
        underscores are the same on every file system.
        """
        return f"{self.name}-{_plain(unit)}-{ledger[:8]}-{month}{self.suffix}"


_STATES = {
    Direction.IN: 0,
    Direction.OUT: 1,
    Direction.BREAK_OUT: 2,
    Direction.BREAK_IN: 3,
    Direction.OVERTIME_IN: 4,
    Direction.OVERTIME_OUT: 5,
}

_FACE, _NO_FACE = 15, 2
"""How somebody was verified, as these terminals count: by their face; by a password, the nearest to a row made by hand."""

_N_PIN = 9
"""Characters of a PIN, with blanks before it."""

_NUMBER = re.compile("[1-9][0-9]{0,8}$", re.ASCII)
"""Of the terminal: the unit's name ends with it, or it is 1."""


def _attlog(event: Event, timezone: tzinfo | None) -> str:
    """Like ``1_attlog.dat`` of a ZKTeco terminal: PIN, time, number of the terminal, state, how verified, work code; no header.

    A code that a spreadsheet would take for a formula is guarded as in the table; it is no PIN that a terminal could have.
    """
    pin = guard(_line(event.person_code)).rjust(_N_PIN)
    number = _NUMBER.search(event.unit)
    verified = _FACE if event.kind is EventKind.PUNCH else _NO_FACE
    return f"{pin}\t{_local(event, timezone)}\t{number[0] if number else 1}\t{_STATES[event.direction]}\t{verified}\t0\r\n"


_GOING = {Direction.OUT, Direction.BREAK_OUT, Direction.OVERTIME_OUT}

_FRAPPE_COLUMNS = ("Muster Event", "Employee", "Log Type", "Time", "Location / Device ID")
"""Labels of the fields of an Employee Checkin, and before them one that ERPNext does not know, says so and passes over: it keeps
the byte order mark, which older versions take for a part of the first label, off the employee."""


_CSV = csv.writer(SimpleNamespace(write=lambda line: line))
"""Gives the line back: a writer returns what its file's ``write`` does."""


def _frappe(event: Event, timezone: tzinfo | None) -> str:
    """For ERPNext's Data Import into Employee Checkin: CSV with a byte order mark. The code is the Employee's ID there."""
    log_type = "OUT" if event.direction in _GOING else "IN"
    cells = (event.event_id, _line(event.person_code), log_type, _local(event, timezone), _line(event.unit))
    return str(_CSV.writerow(map(guard, cells)))


FORMS: Mapping[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        Dialect("attlog", ".dat", "", _attlog),
        Dialect("frappe", ".csv", f"\N{BYTE ORDER MARK}{','.join(_FRAPPE_COLUMNS)}\r\n", _frappe),
    )
}
"""All dialects but ``iso``, which is the table itself, by their names in the configuration."""


def _local(event: Event, timezone: tzinfo | None) -> str:
    return event.at_utc.astimezone(timezone).replace(tzinfo=None).isoformat(" ", "seconds")


def _line(text: str) -> str:
    """Without what would end a cell or a line of some reader."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def _plain(text: str) -> str:
    """As a part of a file's name, on any file system."""
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_]+", "-", letters).strip("-").lower()[:40] or "unit"
