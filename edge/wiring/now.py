"""What time it is for whoever works at the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from edge.device.clock import SystemClock


class Now(NamedTuple):
    """This moment in UTC, as believed, and whether the clock is known to be right."""

    at_utc: datetime
    clock_ok: bool


def now() -> Now:
    """As the unit's own clock says."""
    return Now(datetime.now(UTC), SystemClock().is_trusted())
