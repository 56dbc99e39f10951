"""``muster events``: the ledger of this unit."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from edge.commands.installation import Installation, say
from edge.errors import ConfigError
from edge.exchange.cells import guard
from edge.exchange.ledger.table import Row, to_csv
from edge.store import Store
from edge.types import Event, EventKind
from edge.words import counted

_LINKS = ("salt", "name_digest", "previous", "chain")
"""Columns that make no sense behind a time that became known later: the row itself stays as it was written."""


def run(arguments: argparse.Namespace) -> int:
    """Print the events in the order they were written, or what stands, in the order in which it happened."""
    installation = Installation.of(arguments)
    timezone = installation.timezone
    since = moment(arguments.since, timezone, days_after=0)
    until = moment(arguments.until, timezone, days_after=1)
    with installation.store() as store:
        find = store.standing if arguments.standing else store.events
        events = find(since=since, until=until, code=arguments.code)
        if arguments.csv:
            _print_csv(events, timezone, standing=arguments.standing)
        elif arguments.json:
            table = [_as_json(event, timezone, standing=arguments.standing) for event in events]
            print(json.dumps(table, ensure_ascii=False, indent=1))
        else:
            for line in lines(events, store, timezone):
                say(line)
            say(f"{counted(len(events), 'event')}.")
    return 0


def _print_csv(events: Sequence[Event], timezone: tzinfo | None, *, standing: bool) -> None:
    rows = (Row.of(event, timezone) for event in events)
    if not standing:
        print(to_csv(rows), end="")
        return
    kept = [column for column in Row._fields if column not in _LINKS]
    table = csv.writer(sys.stdout)
    table.writerow(kept)
    table.writerows([guard(getattr(row, column)) for column in kept] for row in rows)


def _as_json(event: Event, timezone: tzinfo | None, *, standing: bool) -> dict[str, object]:
    row = {**Row.of(event, timezone)._asdict(), "distance": event.distance, "clock_ok": event.clock_ok}
    return {column: cell for column, cell in row.items() if not (standing and column in _LINKS)}


def lines(events: Sequence[Event], store: Store, timezone: tzinfo | None) -> Iterator[str]:
    """Rows as the office reads them: number, local time, state, code, name, and what there is to say about each.

    Args:
        events: the rows.
        store: knows the rows that they name.
        timezone: of local times; None is the system's own.
    """
    numbers = {event.event_id: event.seq for event in events}
    gone = {event.corrects for event in events if event.kind is EventKind.VOID}
    width, state = len(str(max(numbers.values(), default=0))), max((len(event.direction.value) for event in events), default=0)
    for event in events:
        local = event.at_utc.astimezone(timezone).isoformat(" ", "seconds")
        near = "" if event.distance is None else f"{event.distance:.2f}"
        made = "" if event.kind is EventKind.PUNCH else _made(event, _number(event.corrects, numbers, store))
        doubt = "" if event.clock_ok else "(the clock was not set)"
        void = "(taken back)" if event.event_id in gone else ""
        rest = filter(None, (event.person_code, event.person_name, near, made, doubt, void))
        yield "  ".join((f"{event.seq:{width}}", local, f"{event.direction.value:{max(state, 3)}}", *rest))


def _made(event: Event, row: str) -> str:
    """What a row that no face made does to which other one, by whom and why."""
    does = {EventKind.VOID: f"takes back row {row}", EventKind.TIME: f"is when row {row} happened"}.get(event.kind)
    return f"{does or (f'in place of row {row}' if row else 'entered')} (by {event.by}: {event.why})"


def _number(event_id: str, numbers: dict[str, int], store: Store) -> str:
    """The number of the row that another one names; its id where it is not in this ledger."""
    if not event_id or event_id in numbers:
        return str(numbers[event_id]) if event_id else ""
    row = store.written(event_id)
    return str(row.seq) if row else event_id


def moment(text: str | None, timezone: tzinfo | None, *, days_after: int) -> datetime | None:
    """In UTC: a moment as it stands; a day as its local midnight, or the midnight so many days after.

    Raises:
        ConfigError: it is neither.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if len(text) <= len("2026-11-22"):
            moment = datetime.combine(date.fromisoformat(text) + timedelta(days=days_after), time())
        return (moment if moment.tzinfo else _local(moment, timezone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"{text!r} is neither a day such as 2026-11-22 nor a moment such as 2026-11-22T08:00.") from error


def _local(moment: datetime, timezone: tzinfo | None) -> datetime:
    return moment.replace(tzinfo=timezone) if timezone else moment.astimezone()
