"""What tests of several rooms of the house share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from decisions import Decide, accepted
from edgetpu import stand_in as stand_in_library
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


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stand-in for libedgetpu.so.1, built by the C compiler of this machine."""
    if stand_in_library.COMPILER is None:
        pytest.skip("no C compiler (cc) is here to build the stand-in for libedgetpu")
    return stand_in_library.build(tmp_path_factory.mktemp("libedgetpu"))
