"""The stand-in for libedgetpu does what it says, in both runtimes: the tests that rest on it would prove nothing otherwise."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from edgetpu.flatbuffer import CUSTOM_OP, compiled

from models import FOLDER

pytestmark = pytest.mark.native

TWIN = FOLDER / "rnet-int8.tflite"

CALLS = """
import sys
import numpy as np
try:
    import tflite_runtime.interpreter as runtime
except ImportError:
    import ai_edge_litert.interpreter as runtime

library, device, *files = sys.argv[1:]
delegates = [runtime.load_delegate(library, {"device": device})] if library else []
opened = [runtime.Interpreter(model_path=file, experimental_delegates=delegates if "edgetpu" in file else []) for file in files]
rows = np.random.default_rng(7).integers(-128, 128, (3, 1, 24, 24, 3)).astype(np.int8)
for interpreter in opened:
    interpreter.allocate_tensors()
for row in rows:
    answers = []
    for interpreter in opened:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], row)
        interpreter.invoke()
        outputs = sorted(interpreter.get_output_details(), key=lambda details: details["name"])
        answers.append(np.concatenate([interpreter.get_tensor(output["index"]).ravel() for output in outputs]))
    print(*answers[0], "same" if all((answer == answers[0]).all() for answer in answers) else "different")
"""
"""A process that asks a compiled file, and its twin where that is named too, three times."""


def ask(
    library: Path | str, *files: Path, device: str = "usb:0", told: str = "", limit_s: float = 30
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CALLS, str(library), device, *map(str, files)],
        env={**os.environ, "MUSTER_STAND_IN": told},
        capture_output=True,
        text=True,
        timeout=limit_s,
        check=False,
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("compiled") / "rnet-int8_edgetpu.tflite"
    path.write_bytes(compiled(TWIN.read_bytes()))
    return path


def test_it_computes_what_the_twin_computes(stand_in: Path, model: Path) -> None:
    done = ask(stand_in, model, TWIN)
    assert [line.split()[-1] for line in done.stdout.splitlines()] == ["same"] * 3, done.stderr


def test_it_gives_a_given_answer(stand_in: Path, tmp_path: Path) -> None:
    path = tmp_path / "rnet-int8_edgetpu.tflite"
    path.write_bytes(compiled(TWIN.read_bytes(), answer=bytes([1, 2, 255])))
    assert ask(stand_in, path).stdout.splitlines() == ["2 1 2 -1 1 same"] * 3  # the file has its four offsets first


def test_without_it_a_compiled_file_cannot_run(model: Path) -> None:
    done = ask("", model)
    assert done.returncode == 1
    assert CUSTOM_OP in done.stderr


@pytest.mark.parametrize(
    ("told", "number"), [("abort 2", signal.SIGABRT), ("kill 2", signal.SIGKILL), ("segv 2", signal.SIGSEGV)]
)
def test_it_dies_at_the_call_that_it_is_told(stand_in: Path, model: Path, told: str, number: int) -> None:
    done = ask(stand_in, model, told=told)
    assert done.returncode == -number
    assert ("USB transfer error" in done.stderr) == (number == signal.SIGABRT)


@pytest.mark.parametrize(("told", "number"), [("abort open", signal.SIGABRT), ("abi", signal.SIGSEGV)])
def test_it_dies_when_it_is_opened(stand_in: Path, model: Path, told: str, number: int) -> None:
    assert ask(stand_in, model, told=told).returncode == -number


def test_it_returns_an_error(stand_in: Path, model: Path) -> None:
    done = ask(stand_in, model, told="error 2")
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) <= 1
    assert "failed to invoke" in done.stderr


@pytest.mark.parametrize("told", ["hang open", "hang 2"])
def test_it_hangs(stand_in: Path, model: Path, told: str) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        ask(stand_in, model, told=told, limit_s=1.5)


def test_it_can_be_wrong(stand_in: Path, model: Path) -> None:
    assert ask(stand_in, model, TWIN, told="wrong").stdout.split()[-1] == "different"


@pytest.mark.parametrize(
    ("told", "device"), [("no device", "usb:0"), ("only usb:1", "usb:0"), ("only usb:1", ""), ("only usb:1", "usb:11")]
)
def test_no_device_is_an_error_without_a_reason(stand_in: Path, model: Path, told: str, device: str) -> None:
    done = ask(stand_in, model, told=told, device=device)
    assert done.returncode == 1
    assert "ValueError" in done.stderr
    assert ask(stand_in, model, told="only usb:1", device="usb:1").returncode == 0
