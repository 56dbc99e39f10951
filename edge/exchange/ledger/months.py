"""Months of local time: the files of a destination follow the calendar of the place where the unit hangs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo

_MARGIN = timedelta(days=1)
"""No zone is farther from UTC."""

_HOUR = timedelta(hours=1)


def month_of(moment: datetime, timezone: tzinfo | None) -> str:
    """The local month, as in 2026-11; a timezone of None is the system's own."""
    return moment.astimezone(timezone).isoformat()[:7]


def months_of(hours: Iterable[datetime], timezone: tzinfo | None) -> list[str]:
    """The months in which these hours of UTC lie, by their beginnings; where one ends within an hour, both."""
    ends = (moment for hour in hours for moment in (hour, hour + _HOUR - timedelta(milliseconds=1)))
    return sorted({month_of(moment, timezone) for moment in ends})


def span(month: str) -> tuple[datetime, datetime]:
    """From when to when, in UTC, a row of a local month can be; some rows between are of its neighbours."""
    first = datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC)
    return first - _MARGIN, first + timedelta(days=31) + _MARGIN


def days_of(month: str) -> Iterator[tuple[datetime, datetime]]:
    """The same, day by day: whoever reads a whole month at once needs memory for it."""
    since, until = span(month)
    while since < until:
        yield since, since + _MARGIN
        since += _MARGIN
