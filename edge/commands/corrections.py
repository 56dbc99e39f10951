"""``muster events correct`` and ``muster events add``: what was wrong in the ledger, and what is missing from it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from edge import wiring
from edge.commands.events import lines
from edge.commands.installation import Installation, say
from edge.corrections import Answerable, Change, as_it_stands, check_moment, entered, moment, put_right, taken_back
from edge.errors import CorrectionError, EnrolError
from edge.store import Store
from edge.store.audit import ROW_CORRECTED
from edge.types import Direction, Event, EventKind, Person
from edge.wiring import Now

NEAR = timedelta(minutes=1)
"""Two rows of one person that are so near each other are told, however short the duplicate window; entries go by the minute."""


def run(arguments: argparse.Namespace, *, now: Now | None = None) -> int:
    """Write the rows that put one right, or one that is missing, and print them.

    Args:
        arguments: of the command line.
        now: this moment; None asks the clock.
    """
    _refuse_filters(arguments)
    installation, now = Installation.of(arguments), now or wiring.now()
    said = Answerable.of(arguments.by, arguments.why)
    write = _correct if arguments.action == "correct" else _add
    with installation.store() as store:
        with store.transaction():
            rows = write(store, arguments, said, installation.timezone, now)
            store.note(ROW_CORRECTED, _detail(rows), at_utc=now.at_utc, clock_ok=now.clock_ok)
        for line in lines(rows, store, installation.timezone):
            say(line)
        window = timedelta(seconds=installation.config.attendance.duplicate_window_s)
        _tell_of_doubles(store, rows, window, installation.timezone)
    _tell_of_the_clock(rows[-1], now)
    return 0


def _refuse_filters(arguments: argparse.Namespace) -> None:
    """What belongs to the list says nothing about a row that is written; --code before the action is easily meant otherwise."""
    if arguments.json or arguments.csv or arguments.standing or arguments.since or arguments.until or arguments.code:
        arguments.refuse(
            f"options of the list, before {arguments.action}, say nothing here; write them behind it, if they are there"
        )


def _correct(store: Store, arguments: argparse.Namespace, said: Answerable, timezone: tzinfo | None, now: Now) -> list[Event]:
    """Take a row back, and write what is right in its place unless it is void."""
    change = _change(store, arguments, timezone, now)
    event = store.written(arguments.row)
    if event is None:
        raise CorrectionError(f"there is no row {arguments.row}. `muster events` shows each row with its number.")
    standing = as_it_stands(event, store.named_by(event))
    return store.append(*((taken_back(standing, said),) if arguments.void else put_right(standing, change, said)))


def _change(store: Store, arguments: argparse.Namespace, timezone: tzinfo | None, now: Now) -> Change:
    """What the command line says was wrong."""
    is_changed = arguments.new_code is not None or arguments.at is not None or arguments.direction is not None
    if is_changed == arguments.void:
        arguments.refuse("say what was wrong: --void alone, or any of --code, --at and --direction")
    return Change(
        None if arguments.new_code is None else _person(store, arguments.new_code),
        None if arguments.at is None else _moment(arguments.at, timezone, now),
        None if arguments.direction is None else Direction(arguments.direction),
    )


def _add(store: Store, arguments: argparse.Namespace, said: Answerable, timezone: tzinfo | None, now: Now) -> list[Event]:
    """Write a row that nobody's face made."""
    person, at_utc = _person(store, arguments.new_code), _moment(arguments.at, timezone, now)
    return store.append(entered(person, at_utc, Direction(arguments.direction), said))


def _person(store: Store, code: str) -> Person:
    person = store.find_person(code)
    if person is None:
        raise EnrolError(
            f"nobody has the code {code!r}. `muster people list` shows who has one; without a face: muster people add CODE NAME"
        )
    return person


def _moment(text: str, timezone: tzinfo | None, now: Now) -> datetime:
    at_utc = moment(text, timezone)
    check_moment(at_utc, now.at_utc if now.clock_ok else None)
    return at_utc


def _detail(rows: Sequence[Event]) -> str:
    """For the audit log, which knows when a correction was made: numbers and codes alone."""
    written = ", ".join(f"row {row.seq} ({row.kind.value}, {row.person_code})" for row in rows)
    return f"{written}, for event {rows[0].corrects}" if rows[0].corrects else written


def _tell_of_doubles(store: Store, rows: Sequence[Event], window: timedelta, timezone: tzinfo | None) -> None:
    """Say when somebody has another row at nearly the same time: one of the two may be a double."""
    entry, near = rows[-1], max(window, NEAR)
    if entry.kind is not EventKind.ENTRY:
        return
    around = store.standing(since=entry.at_utc - near, until=entry.at_utc + near, code=entry.person_code)
    others = [row for row in around if row.seq != entry.seq and abs(row.at_utc - entry.at_utc) < near]
    if others:
        say(f"{entry.person_code} has another row within {near.total_seconds():g} s. Take back what is a double:")
        for line in lines(others, store, timezone):
            say(line)


def _tell_of_the_clock(entry: Event, now: Now) -> None:
    if not now.clock_ok and entry.kind is EventKind.ENTRY and entry.at_utc > now.at_utc:
        say("This unit's clock is not set, so nobody can tell whether that lies in the future. Look at it again.")
