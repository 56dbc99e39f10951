"""The unit as it runs: a real process, the real networks, a recording; and the signals that end it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge import wiring
from edge.attendance import Schedule
from edge.config import Config, parse
from edge.device.camera import Wanted
from edge.device.panel import Pins
from edge.errors import DeviceError, ModelError
from edge.journal import Verdict
from edge.matching.combination import Combination
from edge.matching.matcher import Rule
from edge.matching.threshold import Budget
from edge.store import FILE_NAME, Store
from edge.types import Direction

ROOT = Path(__file__).parent.parent
FACES = Path(os.environ.get("MUSTER_FACES") or ROOT.parent / "shared/faces/lfw-dev")
N_MANY = 2000
"""More frames than a test ever plays."""

pytestmark = pytest.mark.skipif(not wiring.manifest_path().exists(), reason="no models: `make models` builds them")


def recording(folder: Path, pixels: np.ndarray, *, n: int) -> str:
    """A folder of n frames that are all one picture."""
    folder.mkdir()
    Image.fromarray(pixels).save(folder / "0.png")
    for i in range(1, n):
        (folder / f"{i}.png").symlink_to(folder / "0.png")
    return f"replay:{folder}"


@pytest.fixture
def nobody(tmp_path: Path) -> str:
    """Many frames of an empty room."""
    return recording(tmp_path / "frames", np.full((480, 640, 3), 90, np.uint8), n=N_MANY)


@contextmanager
def muster(data: Path, source: str) -> Iterator[subprocess.Popen[str]]:
    """`muster run` in a process of its own, both outputs in one stream; killed if a test leaves it."""
    command = [sys.executable, "-m", "edge", "--data", str(data), "run", "--camera", source]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(process: subprocess.Popen[str], pattern: str) -> str:
    """Read what the process says up to a line that matches."""
    said = []
    for line in process.stdout or []:
        said.append(line)
        if re.search(pattern, line):
            return line
    raise AssertionError(f"ended without saying {pattern!r}: {said}")


def opens(data: Path) -> bool:
    with Store.open(data / FILE_NAME, unit="test") as store:
        return store.events() == []


# Signals


def test_sigterm_during_a_recording_ends_it_with_exit_code_0(tmp_path: Path, nobody: str) -> None:
    with muster(tmp_path / "var", nobody) as process:
        wait_for(process, "^ready")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert opens(tmp_path / "var")


def test_ctrl_c_ends_it_with_exit_code_130_and_without_a_trace(tmp_path: Path, nobody: str) -> None:
    with muster(tmp_path / "var", nobody) as process:
        wait_for(process, "^ready")
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=20)[0]
    assert process.returncode == 130
    assert "Traceback" not in rest
    assert opens(tmp_path / "var")


def test_signals_one_after_the_other_do_no_harm(tmp_path: Path, nobody: str) -> None:
    with muster(tmp_path / "var", nobody) as process:
        wait_for(process, "^ready")
        for _ in range(3):
            process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=20)[0]
    assert process.returncode in {0, -signal.SIGTERM, 143}, "what comes after the first finds it on its way out"
    assert "Traceback" not in rest
    assert opens(tmp_path / "var")


def test_sigterm_while_the_camera_is_missing_ends_the_pause_at_once(tmp_path: Path) -> None:
    with muster(tmp_path / "var", "usb:63") as process:
        wait_for(process, "/dev/video63 is not there")
        wait_for(process, "^fault: LED red")
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=20)[0]
    assert process.returncode == 0
    assert "video63" not in rest, "said once"


def test_sigterm_while_the_networks_are_loaded_is_heard(tmp_path: Path, nobody: str) -> None:
    with muster(tmp_path / "var", nobody) as process:
        wait_for(process, "XNNPACK|ready")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_reader_who_goes_away_ends_it_without_a_trace(tmp_path: Path, nobody: str) -> None:
    command = [sys.executable, "-m", "edge", "--data", str(tmp_path / "var"), "run", "--camera", nobody]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(20) == 128 + signal.SIGPIPE
    assert "Traceback" not in said
    assert opens(tmp_path / "var")


# What cannot start says so


def test_a_recording_that_is_not_there_is_exit_code_69(tmp_path: Path) -> None:
    with muster(tmp_path / "var", f"replay:{tmp_path / 'missing'}") as process:
        said = process.communicate(timeout=20)[0]
    assert process.returncode == DeviceError.exit_code
    assert "is not there" in said


def test_a_gallery_of_another_model_is_exit_code_65_with_the_command_that_re_enrols(tmp_path: Path, nobody: str) -> None:
    with Store.open(tmp_path / "var" / FILE_NAME, unit="test") as store:
        person = store.add_person("A1", "Somebody")
        store.add_template(person.id, np.ones(512, np.float32), model="retired/int8", photo_sha256="0" * 64)
    with muster(tmp_path / "var", nobody) as process:
        said = process.communicate(timeout=20)[0]
    assert process.returncode == ModelError.exit_code == 65
    assert "nobody can be recognised: templates were made by another model (1 by retired/int8;" in said
    assert "muster enrol FOLDER" in said


def test_a_model_that_was_altered_is_exit_code_65_and_named(tmp_path: Path, nobody: str) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    for path in wiring.manifest_path().parent.glob("*.t*"):
        (folder / path.name).write_bytes(path.read_bytes())
    with (folder / "rnet-float32.tflite").open("r+b") as file:
        file.write(b"\0")
    with pytest.raises(ModelError, match=r"rnet-float32\.tflite") as caught:
        wiring.recogniser(Config(), manifest=folder / "manifest.toml")
    assert caught.value.exit_code == 65


# Configuration -> objects


def test_the_configuration_reaches_every_object() -> None:
    config = parse(
        {
            "unit": {"timezone": "Asia/Tokyo"},
            "camera": {"source": "usb:2", "width": 1280, "height": 720, "fps": 5},
            "attendance": {"direction": "out", "duplicate_window_s": 5},
            "recognition": {
                "n_least": 2,
                "n_window": 4,
                "recheck_s": 9,
                "faces_per_frame": 3,
            },
            "matching": {"max_distance": 0.7, "min_margin": 0.1},
            "panel": {"red_pin": 5, "green_pin": 6, "blue_pin": 13, "buzzer_pin": -1},
        }
    )
    rules = wiring.rules(config)
    assert wiring.wanted(config.camera) == Wanted("usb:2", (1280, 720), 5.0)
    assert wiring.pins(config.panel) == Pins(5, 6, 13, -1)
    assert (rules.n_least, rules.n_window, rules.recheck_s, rules.duplicate_window_s) == (2, 4, 9, 5)
    assert rules.direction is Direction.OUT
    assert str(rules.timezone) == "Asia/Tokyo"
    limits = wiring.limits(config)
    assert (limits.policy.rule, limits.policy.budget, limits.faces_per_frame) == (Rule(0.7, 0.1), None, 3)


def test_the_rules_of_attendance_are_those_of_the_configuration() -> None:
    assert wiring.rules(Config()).direction is None
    assert wiring.rules(Config()).day_ends == time(0)
    items = ["06:00 in", "12:30 break out", "22:00 overtime out"]
    rules = wiring.rules(parse({"attendance": {"direction": "schedule", "schedule": items, "day_ends": "04:30"}}))
    turns = ((time(6), Direction.IN), (time(12, 30), Direction.BREAK_OUT), (time(22), Direction.OVERTIME_OUT))
    assert rules.direction == Schedule(turns)
    assert rules.day_ends == time(4, 30)
    for state in Direction:
        assert wiring.rules(parse({"attendance": {"direction": state.value}})).direction is state


def test_unless_a_distance_is_fixed_it_follows_the_budget() -> None:
    config = parse({"matching": {"false_positives_per_year": 100, "strangers_per_day": 50, "combination": "nearest two"}})
    policy = wiring.policy(config)
    assert (policy.budget, policy.combination) == (Budget(100, 50), Combination.NEAREST_TWO)
    assert policy.promise([3] * 84).fpir == pytest.approx(100 / 50 / 365)
    assert wiring.policy(Config()).budget == Budget(12, 10)


def test_a_run_over_an_empty_room_counts_its_frames(tmp_path: Path) -> None:
    source = recording(tmp_path / "frames", np.full((480, 640, 3), 90, np.uint8), n=4)
    verdicts: list[Verdict] = []
    config = parse({"camera": {"source": source}, "panel": {"kind": "none"}})
    tally, ended_by = wiring.run(config, tmp_path / "var", report=verdicts.append)
    assert (tally.n_frames, tally.n_faces, tally.n_recorded, verdicts, ended_by) == (4, 0, 0, [], None)


# Real faces


@pytest.mark.faces
@pytest.mark.skipif(not FACES.is_dir(), reason="the development faces are not here: MUSTER_FACES names no folder")
def test_whoever_is_enrolled_is_recorded_once_whenever_the_unit_is_stopped(tmp_path: Path) -> None:
    person = next(folder for folder in sorted(FACES.iterdir()) if len(list(folder.iterdir())) >= 2)
    photographs = sorted(person.iterdir())
    recogniser = wiring.recogniser(Config())
    for at_line in ("^looking", "^accepted"):
        data = tmp_path / at_line.strip("^")
        data.mkdir()
        enrol(data, recogniser, at_the_door(photographs[0]))
        source = recording(data / "frames", at_the_door(photographs[1]), n=N_MANY)
        with muster(data, source) as process:
            wait_for(process, at_line)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)
        assert process.returncode == 0
        with Store.open(data / FILE_NAME, unit="test") as store:
            n_rows = len(store.events())
        assert n_rows == 1 if at_line == "^accepted" else n_rows <= 1


def at_the_door(photograph: Path) -> np.ndarray:
    """A photograph of 250 x 250 px in the middle of a frame."""
    scene = np.full((480, 640, 3), 90, np.uint8)
    scene[115:365, 195:445] = np.asarray(Image.open(photograph).convert("RGB"))
    return scene


def enrol(data: Path, recogniser: wiring.Recogniser, pixels: np.ndarray) -> None:
    faces = recogniser.detector.detect(pixels)[:1]
    with Store.open(data / FILE_NAME, unit="test") as store:
        person = store.add_person("A1", "Somebody")
        vector = recogniser.embedder.templates(pixels, faces)[0]
        store.add_template(person.id, vector, model=recogniser.model, photo_sha256="0" * 64)
