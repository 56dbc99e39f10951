"""What puts the ledger right: rows that name the old one, with who answers for them and why. No clock and no I/O.

Nothing in the ledger is changed. What was wrong is taken back by one row, and what was right is entered by another; both are
written together. A row that stands may be put right once; after that, the row that was entered in its place may be.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from typing import Self

from edge.errors import CorrectionError
from edge.types import Direction, Draft, Event, EventKind, Person

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Nobody enters a time before this one on purpose."""


@dataclass(frozen=True, slots=True)
class Answerable:
    """Who made a row by hand, and for what reason."""

    by: str
    why: str

    @classmethod
    def of(cls, by: str, why: str) -> Self:
        """Without the spaces around both.

        Raises:
            CorrectionError: one of them says nothing.
        """
        for option, text, what in (("--by", by, "who answers for this"), ("--why", why, "for what reason")):
            if not text.strip():
                raise CorrectionError(f"{option} is empty. Say {what}; it stays in the ledger.")
        return cls(by.strip(), why.strip())


@dataclass(frozen=True, slots=True)
class Change:
    """What was wrong about a row; None where it was right."""

    person: Person | None = None
    at_utc: datetime | None = None
    direction: Direction | None = None


def as_it_stands(event: Event, named_by: Iterable[Event]) -> Event:
    """A row with the time that became known later, before it is put right.

    Args:
        event: the row.
        named_by: every row that names it, in the order in which they were written.

    Raises:
        CorrectionError: it is no coming or going, or was taken back already.
    """
    if event.kind in (EventKind.VOID, EventKind.TIME):
        does = "takes another row back" if event.kind is EventKind.VOID else "says when another row happened"
        raise CorrectionError(
            f"row {event.seq} {does}, and is no coming or going. Correct the row that stands, or enter what is missing:"
            " muster events add"
        )
    rows = list(named_by)
    void = next((row for row in rows if row.kind is EventKind.VOID), None)
    if void:
        entry = next((row for row in rows if row.kind is EventKind.ENTRY), None)
        instead = f"Correct row {entry.seq}, which stands in its place" if entry else "Enter what is missing: muster events add"
        raise CorrectionError(f"row {event.seq} was taken back by row {void.seq} ({void.by}: {void.why}). {instead}.")
    times = [row for row in rows if row.kind is EventKind.TIME]
    return replace(event, at_utc=times[-1].at_utc, clock_ok=True) if times else event


def taken_back(event: Event, said: Answerable) -> Draft:
    """The row that takes another one back: of the same person and time, so that it is found beside it."""
    return Draft(
        event.person_code,
        event.person_name,
        event.at_utc,
        event.direction,
        EventKind.VOID,
        clock_ok=event.clock_ok,
        corrects=event.event_id,
        by=said.by,
        why=said.why,
    )


def put_right(event: Event, change: Change, said: Answerable) -> tuple[Draft, Draft]:
    """The row that takes another one back, and the row that stands in its place: what was not wrong stays as it was.

    An entry for a row whose time is not known keeps that row's stamp on the clock that never jumps: its time can still become
    known.

    Raises:
        CorrectionError: nothing would be another.
    """
    void = taken_back(event, said)
    entry = replace(void, kind=EventKind.ENTRY, boot_id=event.boot_id, monotonic_s=event.monotonic_s)
    if change.person:
        entry = replace(entry, person_code=change.person.code, person_name=change.person.name)
    if change.direction:
        entry = replace(entry, direction=change.direction)
    if change.at_utc:
        entry = replace(entry, at_utc=change.at_utc, clock_ok=True, boot_id="", monotonic_s=None)
    if replace(entry, kind=EventKind.VOID, boot_id="", monotonic_s=None) == void:
        raise CorrectionError(f"row {event.seq} says all of this already. Say what was wrong about it.")
    return void, entry


def entered(person: Person, at_utc: datetime, direction: Direction, said: Answerable) -> Draft:
    """A coming or going that no row tells of: forgotten at the door, or of somebody who is not to be known by their face."""
    return Draft(person.code, person.name, at_utc, direction, EventKind.ENTRY, by=said.by, why=said.why)


def moment(text: str, timezone: tzinfo | None) -> datetime:
    """A local time as somebody writes it, in UTC.

    Args:
        text: ISO 8601; with an offset where the clock on the wall shows it twice.
        timezone: of local times; None is the system's own.

    Raises:
        CorrectionError: it is no time, or one that never came, or one that came twice.
    """
    try:
        written = datetime.fromisoformat(text)
        if _is_day(text):
            raise CorrectionError(f"{text!r} is a day. Say the time, too, as in 2026-11-22T08:00.")
        found = sorted({_aware(written.replace(fold=fold), timezone).astimezone(UTC) for fold in (0, 1)})
    except (ValueError, OverflowError) as error:
        raise CorrectionError(f"{text!r} is no time as in 2026-11-22T08:00.") from error
    if len(found) == 1:
        return found[0]
    first, second = ((each.astimezone(timezone)) for each in found)
    if first.replace(tzinfo=None) != written:
        raise CorrectionError(
            f"{text!r} never came: the clocks were put forward over it. It was {first.isoformat()} or {second.isoformat()};"
            " say which."
        )
    raise CorrectionError(
        f"{text!r} came twice, because the clocks were put back. Say which: {first.isoformat()} or {second.isoformat()}."
    )


def check_moment(at_utc: datetime, now_utc: datetime | None) -> None:
    """Refuse what cannot have happened.

    Args:
        at_utc: when somebody came or went.
        now_utc: None while nobody has set the clock.

    Raises:
        CorrectionError: it lies in the future, or far in the past.
    """
    if now_utc is not None and at_utc > now_utc:
        raise CorrectionError(f"{at_utc.isoformat()} lies in the future. Enter what has happened.")
    if at_utc < EARLIEST:
        raise CorrectionError(f"{at_utc.isoformat()} lies before {EARLIEST.year}. Look at the year.")


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _aware(written: datetime, timezone: tzinfo | None) -> datetime:
    if written.tzinfo:
        return written
    return written.replace(tzinfo=timezone) if timezone else written.astimezone()
