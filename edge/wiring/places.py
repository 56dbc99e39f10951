"""Where things are on this computer."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from edge.device.tpu.opening import TpuPlaces


def shipped(name: str) -> Path:
    """Where something is that Muster comes with and that is no Python: beside the package, or beside its environment.

    A checkout has it beside ``edge``. On an installed unit ``edge`` lies in ``.venv/lib/...``, and what comes with it beside
    ``.venv``, so that a process goes on with the files of the version that it was started from after another one was installed.

    Args:
        name: relative to that folder, such as ``models``.
    """
    beside = Path(__file__).parents[2] / name
    return beside if beside.exists() else Path(sys.prefix).parent / name


def manifest_path() -> Path:
    """Where the models are: the ``models/`` that Muster comes with, or where MUSTER_MODELS says."""
    folder = os.environ.get("MUSTER_MODELS")
    return (Path(folder) if folder else shipped("models")) / "manifest.toml"


@dataclass(frozen=True, slots=True)
class Places:
    """Where a unit that is built looks for what it needs; of this computer where nothing else is said.

    Attributes:
        manifest: names the networks.
        tpu: where an Edge TPU and its library are looked for.
        root: a folder on the system's own disk.
    """

    manifest: Path = field(default_factory=manifest_path)
    tpu: TpuPlaces = field(default_factory=TpuPlaces)
    root: Path = Path("/")
