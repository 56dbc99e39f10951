"""A unit into which an Edge TPU can be plugged, and its examination."""

from __future__ import annotations

from pathlib import Path

import pytest
from doctor.units import FINE, NOWHERE, Examine
from edgetpu.compiled_models import with_compiled

from edge.config import parse
from edge.device.tpu.library import LibraryPlaces
from edge.device.tpu.linker import Linker
from edge.doctor import Finding, Places, State
from edge.doctor.accelerator import accelerator


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of which R-Net and O-Net are compiled: the small ones, which are quickly opened."""
    return with_compiled(tmp_path_factory.mktemp("models"), ("rnet", "onet"))


@pytest.fixture
def places(tmp_path: Path, stand_in: Path, manifest: Path) -> Places:
    """A unit whose library and files are in order, and into which nothing is plugged yet."""
    (tmp_path / "proc").mkdir()
    library = LibraryPlaces(Linker((), NOWHERE, (stand_in.parent,)), NOWHERE)
    return Places(
        sysfs=tmp_path / "sys", dev=tmp_path / "dev", proc=tmp_path / "proc", library=library, manifest=manifest, open_s=60
    )


@pytest.fixture
def look(tmp_path: Path, places: Places) -> Examine:
    """Examines, and returns the findings by their names."""

    def looked(where: Places = places, *, models: Finding = FINE, **accelerator_config: str) -> dict[str, Finding]:
        config = parse({"accelerator": accelerator_config})
        findings = list(accelerator(config, tmp_path, where, found_models=models))
        for found in findings:
            assert "\n" not in found.sentence + found.advice
            assert found.advice or found.state is State.OK, found
        return {found.name: found for found in findings}

    return looked
