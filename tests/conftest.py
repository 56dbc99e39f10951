"""What tests of several rooms of the house share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from decisions import Decide, accepted
from hypothesis import settings

from edge.store import FILE_NAME, Store

# The same examples each time, and no clock: a slow machine is no fault of the code.
settings.register_profile("muster", derandomize=True, deadline=None)
settings.load_profile("muster")


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
    return accepted
