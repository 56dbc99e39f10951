"""Where things are on this computer."""

from __future__ import annotations

import os
from pathlib import Path


def manifest_path() -> Path:
    """Where the models are: ``models/`` beside the package, or where MUSTER_MODELS says."""
    folder = os.environ.get("MUSTER_MODELS")
    return (Path(folder) if folder else Path(__file__).parents[2] / "models") / "manifest.toml"
