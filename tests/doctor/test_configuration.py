"""What the doctor says of the configuration of a unit at work: which one that works with, it says itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge import status
from edge.config import digest, keep
from edge.device.lock import alone
from edge.doctor import State, configuration
from edge.status import Status

NOW = datetime(2026, 11, 22, tzinfo=UTC)
BEFORE, AFTER = "[camera]\nsource = 'usb:0'\n", "[camera]\nsource = 'usb:1'\n"


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """Of a unit at work."""
    with alone(tmp_path):
        yield tmp_path


def leave(data: Path, *, fault: str = "", text: str | None = None) -> None:
    started_with = digest(text) if text is not None else ""
    status.write(data / status.FILE_NAME, Status(os.getpid(), "1", NOW, NOW, None, (), None, fault, started_with))


def test_one_that_waits_for_its_camera_works_with_what_it_was_started_with_though_nothing_new_was_kept(data: Path) -> None:
    keep(BEFORE, data)
    leave(data, text=AFTER)
    assert configuration(Path("muster.toml"), AFTER, "", data=data).state is State.OK
    found = configuration(Path("muster.toml"), BEFORE, "", data=data)
    assert found.state is State.WARNING
    assert found.sentence.startswith("muster.toml was changed, and `muster run`")


@pytest.mark.parametrize("kept", [True, False])
def test_one_that_was_started_by_hand_with_another_file_or_that_is_older_is_not_compared(data: Path, kept: bool) -> None:
    if kept:
        keep(BEFORE, data)
    leave(data)
    assert configuration(Path("muster.toml"), AFTER, "", data=data).state is State.OK


def test_nothing_that_is_not_there_is_named(data: Path) -> None:
    leave(data, fault="line 1: wrong\nline 2: wrong, too")
    found = configuration(Path("muster.toml"), AFTER, "", data=data)
    assert found.sentence.endswith("works with the last configuration that worked: line 1: wrong line 2: wrong, too")
    assert "None" not in found.sentence


def test_a_digest_that_is_no_text_is_a_status_of_somebody_else(data: Path) -> None:
    leave(data, text=AFTER)
    path = data / status.FILE_NAME
    path.write_text(path.read_text().replace(f'"{digest(AFTER)}"', "7"))
    assert status.read(path) is None
