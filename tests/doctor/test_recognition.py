"""Runtime and networks, on trees of files that look like a unit in trouble."""

from __future__ import annotations

from pathlib import Path

import pytest
from doctor.distributions import package

from edge.config import Config
from edge.doctor import Finding, State
from edge.doctor.recognition import models, runtime

RUNTIME_OK = Finding("runtime", State.OK, "fine")


@pytest.mark.parametrize(
    ("packages", "state", "words"),
    [
        ({"ai-edge-litert": "2.3.0", "numpy": "2.4.6"}, State.OK, "ai-edge-litert 2.3.0 with numpy 2.4.6"),
        ({"tflite-runtime": "2.14.0", "numpy": "1.26.4"}, State.OK, "tflite-runtime 2.14.0"),
        ({"tflite-runtime": "2.14.0", "numpy": "2.0.0"}, State.FAULT, "cannot work"),
        ({"tflite-runtime": "2.14.0", "ai-edge-litert": "2.3.0", "numpy": "2.0.0"}, State.OK, "ai-edge-litert"),
        ({"numpy": "2.0.0"}, State.FAULT, "no TFLite runtime"),
    ],
)
def test_runtime(tmp_path: Path, packages: dict[str, str], state: State, words: str) -> None:
    for name, version in packages.items():
        package(tmp_path, name, version)
    found = runtime([str(tmp_path)])
    assert found.state is state
    assert words in found.sentence
    assert bool(found.advice) == (state is not State.OK)


def test_models_are_not_looked_at_without_a_runtime() -> None:
    found, model = models(Config(), Finding("runtime", State.FAULT, "none"))
    assert (found.state, model) == (State.WARNING, None)


def test_models_that_are_missing_are_a_fault_with_advice(tmp_path: Path) -> None:
    found, model = models(Config(), RUNTIME_OK, tmp_path / "manifest.toml")
    assert (found.state, model) == (State.FAULT, None)
    assert str(tmp_path) in found.sentence
    assert "make models" in found.advice
