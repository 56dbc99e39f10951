"""What tests of several rooms of the house share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

from edge.store import FILE_NAME, Store
from edge.types import Decision, Direction, Outcome

# The same examples each time, and no clock: a slow machine is no fault of the code.
settings.register_profile("muster", derandomize=True, deadline=None)
settings.load_profile("muster")

Decide = Callable[..., Decision]


@pytest.fixture
def store() -> Iterator[Store]:
    """An empty database in memory."""
    with Store.open(":memory:", unit="door-1") as opened:
        yield opened


@pytest.fixture
def db_path(tmp_path: Path) -> Path:
    """Where a database would be; nothing is there yet."""
    return tmp_path / "data" / FILE_NAME


@pytest.fixture
def decide() -> Decide:
    """Makes accepted decisions."""

    def make(
        at_utc: datetime = datetime(2026, 11, 22, 7, 0, tzinfo=UTC), direction: Direction = Direction.IN, *, clock_ok: bool = True
    ) -> Decision:
        return Decision(Outcome.ACCEPTED, 1, direction, 0.4375, 3, 12.0, at_utc, clock_ok)

    return make
