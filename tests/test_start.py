"""What a start took is told when it is over."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

import numpy as np
import pytest

from edge.device.fakes import ScriptedCamera
from edge.device.notify import Systemd
from edge.types import Frame
from edge.wiring.start import Awaited, Start, Told, began_s


def test_each_part_has_its_time_and_the_log_tells_it_once(caplog: pytest.LogCaptureFixture) -> None:
    moments = iter((10.5, 12.0, 12.25))
    start = Start(10.0, now_s=lambda: next(moments))
    start.done("imports")
    camera = Awaited(ScriptedCamera([Frame(np.zeros((1, 1, 3), np.uint8), 0.0)]), start)
    watchdog = Told(Systemd({}), start)
    assert camera.read()
    assert camera.read() is None
    with caplog.at_level(logging.INFO):
        watchdog.feed()
        watchdog.feed()
    told = "ready 2.25 s after the start: imports 0.50 s, first frame 1.50 s, first turn 0.25 s"
    assert [record.getMessage() for record in caplog.records] == [told]


def test_a_process_knows_when_it_began(tmp_path: Path) -> None:
    assert 0 < time.monotonic() - began_s() < 3600
    ticks = round((time.clock_gettime(time.CLOCK_BOOTTIME) - 5) * os.sysconf("SC_CLK_TCK"))
    stat = tmp_path / "stat"
    stat.write_text(f"7 (a (strange) name) S{' 0' * 18} {ticks} 1 2 3\n")
    assert time.monotonic() - began_s(stat) == pytest.approx(5, abs=0.1)
    stat.write_text("7 (short) S\n")
    assert time.monotonic() - began_s(stat) == pytest.approx(0, abs=0.1)
    assert time.monotonic() - began_s(tmp_path / "nowhere") == pytest.approx(0, abs=0.1)
