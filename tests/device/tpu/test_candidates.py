"""Which networks the Edge TPU could run, and what is said of the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from edgetpu.compiled_models import with_compiled

from edge.device.tpu.candidates import Candidate, Wish, candidate
from edge.device.tpu.placement import Place
from edge.errors import ModelError
from edge.types import Backend

CANVAS = (128, 216)
"""(width, height) of the canvas for 640 x 480 and faces from 60 px."""


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """R-Net was not compiled."""
    return with_compiled(tmp_path_factory.mktemp("models"), ("pnet", "onet"))


def look(manifest: Path, name: str, wish: Wish = Wish.AUTO, **given: object) -> Candidate:
    return candidate(manifest, name, wish, **{"variant": "auto", "canvas_size": CANVAS} | given)


def test_a_compiled_network_can_run_there_and_auto_leaves_it_open(manifest: Path) -> None:
    found = look(manifest, "pnet")
    assert (found.compiled.path.name, found.place, found.obstacle) == ("pnet-int8_edgetpu.tflite", None, None)


def test_what_is_configured_is_settled(manifest: Path) -> None:
    assert look(manifest, "onet", Wish.EDGETPU).place == Place(Backend.EDGETPU, "as configured")
    assert look(manifest, "onet", Wish.CPU).place == Place(Backend.CPU, "as configured")
    assert look(manifest, "onet", Wish.CPU).compiled is None


def test_a_network_without_a_compiled_file_runs_on_the_cpu(manifest: Path) -> None:
    found = look(manifest, "rnet", Wish.EDGETPU)
    assert found.place == Place(Backend.CPU, "made for the CPU alone")
    assert "make edgetpu" in str(found.obstacle)


@pytest.mark.parametrize("content", [None, b"TFL3 altered"])
def test_without_its_int8_twin_nobody_could_tell_whether_it_computes_rightly(tmp_path: Path, content: bytes | None) -> None:
    twin = with_compiled(tmp_path, ("onet",)).with_name("onet-int8.tflite")
    twin.unlink()
    if content:
        twin.write_bytes(content)
    found = look(tmp_path / "manifest.toml", "onet")
    assert found.place.backend is Backend.CPU
    assert found.place.reason.startswith(f"{twin}: ")


def test_float32_runs_on_the_cpu(manifest: Path) -> None:
    found = look(manifest, "onet", variant="float32")
    assert found.place == Place(Backend.CPU, "float32 is configured, which the Edge TPU does not compute")


def test_a_canvas_of_another_size_runs_on_the_cpu_and_says_what_to_change(manifest: Path) -> None:
    found = look(manifest, "pnet", canvas_size=(192, 320))
    assert found.place == Place(
        Backend.CPU, "pnet is compiled for a canvas of 128 x 216 px, and this configuration makes one of 192 x 320 px"
    )
    assert isinstance(found.obstacle, ModelError)
    assert "detection.min_face_px" in str(found.obstacle)
    assert look(manifest, "onet", canvas_size=(192, 320)).compiled, "its crops are always of one size"
