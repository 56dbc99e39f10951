"""Where things are on this computer."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from edge.device.tpu.opening import TpuPlaces


def manifest_path() -> Path:
    """Where the models are: ``models/`` beside the package, or where MUSTER_MODELS says."""
    folder = os.environ.get("MUSTER_MODELS")
    return (Path(folder) if folder else Path(__file__).parents[2] / "models") / "manifest.toml"


@dataclass(frozen=True, slots=True)
class Places:
    """Where a unit that is built looks for what it needs; of this computer where nothing else is said.

    Attributes:
        manifest: names the networks.
        tpu: where an Edge TPU and its library are looked for.
    """

    manifest: Path = field(default_factory=manifest_path)
    tpu: TpuPlaces = field(default_factory=TpuPlaces)
