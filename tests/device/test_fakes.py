"""The fakes are part of the product; what they promise is tested like everything else."""

from __future__ import annotations

import numpy as np
import pytest

from edge.device.fakes import RecordingPanel, ScriptedCamera, ScriptedNetwork
from edge.errors import DeviceError
from edge.types import Frame, Signal


def test_the_network_gives_its_results_in_order_and_keeps_the_last() -> None:
    one, two = ({"template": np.full((1, 2), value, np.float32)} for value in (1, 2))
    network = ScriptedNetwork([one, two])
    batch = np.zeros((1, 2, 2, 3), np.float32)
    assert [network(batch) for _ in range(3)] == [one, two, two]
    assert len(network.batches) == 3


def test_the_camera_follows_its_script() -> None:
    frame = Frame(np.zeros((2, 2, 3), np.uint8), 0.0)
    camera = ScriptedCamera([frame, DeviceError("unplugged"), frame])
    assert camera.read() is frame
    with pytest.raises(DeviceError):
        camera.read()
    assert camera.read() is frame
    assert camera.read() is None
    camera.close()
    assert camera.is_closed


def test_the_panel_remembers() -> None:
    panel = RecordingPanel()
    panel.show(Signal.READY)
    panel.close()
    assert panel.signals == [Signal.READY]
    assert panel.is_closed
