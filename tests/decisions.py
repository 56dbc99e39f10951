"""Decisions as tests need them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from edge.types import Decision, Direction, Outcome

Decide = Callable[..., Decision]


def accepted(
    at_utc: datetime = datetime(2026, 11, 22, 7, 0, tzinfo=UTC), direction: Direction = Direction.IN, *, clock_ok: bool = True
) -> Decision:
    """Somebody was recognised."""
    return Decision(Outcome.ACCEPTED, 1, direction, 0.4375, 3, 12.0, at_utc, clock_ok)
