"""A stick is announced to a unit as it runs: a real process, a real socket."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from test_wiring import muster, nobody, wait_for

from edge import wiring
from edge.config import Config
from edge.device.announcements import FILE_NAME, announce
from edge.types import Signal

pytestmark = pytest.mark.skipif(not wiring.manifest_path().exists(), reason="no models: `make models` builds them")

__all__ = ["nobody"]


def test_the_unit_shows_what_a_program_does_with_a_stick(tmp_path: Path, nobody: str) -> None:
    data = tmp_path / ("a folder whose name is longer than the address of a socket may be, " + "and so on " * 8)
    with muster(data, nobody) as process:
        wait_for(process, "^ready")
        with wiring.panel_of(Config(), data) as panel:
            panel.show(Signal.STICK_AT_WORK)
            wait_for(process, r"^stick at work: LED amber")
            panel.show(Signal.STICK_REFUSED)
            wait_for(process, r"^stick refused: LED red .* buzzer")
            panel.show(Signal.SAFE_TO_PULL)
            wait_for(process, r"^safe to pull: LED green")
        assert announce(data, Signal.READY)
        wait_for(process, "^ready")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert not (data / FILE_NAME).exists()
    assert not announce(data, Signal.SAFE_TO_PULL)


def test_a_folder_in_which_there_can_be_no_socket_keeps_no_unit_from_its_work(tmp_path: Path, nobody: str) -> None:
    data = tmp_path / "var"
    (data / FILE_NAME).mkdir(parents=True)
    with muster(data, nobody) as process:
        assert "nobody can announce anything to this unit" in wait_for(process, "announcements")
        wait_for(process, "^ready")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
