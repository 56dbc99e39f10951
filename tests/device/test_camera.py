"""Live cameras as far as they can be tested without one: what they say when something is missing, and their colours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge.device.camera import Wanted, open_camera, open_source
from edge.device.colours import rgb_from_bgr
from edge.device.fakes import ManualClock
from edge.device.stop import Stop
from edge.errors import DeviceError

FAKE_PICAMERA2 = '''
"""Behaves as picamera2 does where Muster uses it: "RGB888" is blue, green, red in memory."""
import numpy as np

class Picamera2:
    def create_video_configuration(self, main, controls):
        assert main == {"size": (4, 2), "format": "RGB888"} and controls == {"FrameRate": 15.0}
        return main
    def configure(self, configuration):
        self.size = configuration["size"]
    def start(self):
        pass
    def capture_array(self, name):
        width, height = self.size
        return np.full((height, width, 3), (10, 20, 200), np.uint8)
    def close(self):
        print("closed")
'''
NO_CAMERA = "class Picamera2:\n    def __init__(self):\n        [][0]\n"


def test_blue_and_red_change_places_and_grey_becomes_colour() -> None:
    assert rgb_from_bgr(np.full((1, 1, 3), (1, 2, 3), np.uint8)).tolist() == [[[3, 2, 1]]]
    assert rgb_from_bgr(np.full((1, 1), 5, np.uint8)).tolist() == [[[5, 5, 5]]]


def run_pi(folder: Path, module: str) -> subprocess.CompletedProcess[str]:
    """Use the Pi camera in a process of its own in which a module called picamera2 can be imported."""
    (folder / "picamera2.py").write_text(module)
    script = (
        "from edge.device.camera import Wanted, open_source\n"
        "from edge.errors import DeviceError\n"
        "try:\n"
        "    source = open_source(Wanted('pi', (4, 2), 15.0))\n"
        "    print(source.grab().tolist()[0][0])\n"
        "    source.close()\n"
        "except DeviceError as error: print(error)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=True)


def test_the_pi_camera_gives_red_green_blue(tmp_path: Path) -> None:
    assert run_pi(tmp_path, FAKE_PICAMERA2).stdout.splitlines() == ["[200, 20, 10]", "closed"]


def test_a_pi_without_a_camera_says_what_to_check(tmp_path: Path) -> None:
    assert "Check the ribbon cable" in run_pi(tmp_path, NO_CAMERA).stdout


def test_a_pi_camera_that_does_not_start_is_released_for_the_next_attempt(tmp_path: Path) -> None:
    stalled = FAKE_PICAMERA2.replace("def start(self):\n        pass", "def start(self):\n        raise RuntimeError('stalled')")
    closed, said = run_pi(tmp_path, stalled).stdout.splitlines()
    assert closed == "closed"
    assert "cannot be started (stalled)" in said


def test_without_picamera2_the_package_to_install_is_named(tmp_path: Path) -> None:
    said = run_pi(tmp_path, "raise ImportError('no libcamera')").stdout
    assert "apt install python3-picamera2" in said
    assert "sudo /opt/muster/current/deploy/install" in said, "an installed unit sees it after that, and not before"


def test_a_usb_camera_that_is_not_there_is_said_with_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "video2").touch()
    with pytest.raises(DeviceError, match=r"cameras found: video2"):
        open_source(Wanted("usb:0", (640, 480), 15.0), tmp_path)


def test_a_device_that_is_no_camera_is_said(tmp_path: Path) -> None:
    (tmp_path / "video0").write_bytes(b"no camera")
    with pytest.raises(DeviceError, match="it is no camera"):
        open_source(Wanted("usb:0", (640, 480), 15.0), tmp_path)


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(DeviceError, match="not known"):
        open_source(Wanted("webcam", (640, 480), 15.0))


def test_a_live_camera_is_opened_at_its_first_frame_only() -> None:
    camera = open_camera(Wanted("usb:63", (640, 480), 15.0), ManualClock(), Stop())
    with pytest.raises(DeviceError, match="video63 is not there"):
        camera.read()
    camera.close()
