"""``muster events``: the ledger of this unit."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from edge.commands.installation import Installation, say
from edge.errors import ConfigError
from edge.exchange.ledger.table import Row, to_csv
from edge.types import Event
from edge.words import counted


def run(arguments: argparse.Namespace) -> int:
    """Print the events in the order they were written."""
    installation = Installation.of(arguments)
    timezone = installation.timezone
    since = _moment(arguments.since, timezone, days_after=0)
    until = _moment(arguments.until, timezone, days_after=1)
    with installation.store() as store:
        events = store.events(since=since, until=until, code=arguments.code)
    if arguments.csv:
        print(to_csv(Row.of(event, timezone) for event in events), end="")
    elif arguments.json:
        print(json.dumps([_as_json(event, timezone) for event in events], ensure_ascii=False, indent=1))
    else:
        for event in events:
            say(_line(event, timezone))
        say(f"{counted(len(events), 'event')}.")
    return 0


def _moment(text: str | None, timezone: tzinfo | None, *, days_after: int) -> datetime | None:
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


def _as_json(event: Event, timezone: tzinfo | None) -> dict[str, object]:
    return {**Row.of(event, timezone)._asdict(), "distance": event.distance, "clock_ok": event.clock_ok}


def _line(event: Event, timezone: tzinfo | None) -> str:
    local = event.at_utc.astimezone(timezone).isoformat(" ", "seconds")
    doubt = "" if event.clock_ok else "  (the clock was not set)"
    near = "" if event.distance is None else f"  {event.distance:.2f}"
    return f"{local}  {event.direction.value:3}  {event.person_code}  {event.person_name}{near}{doubt}"
