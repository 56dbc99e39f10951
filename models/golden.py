"""Golden results: what each committed network answers to pictures of coloured blocks; ``python -m models.golden`` writes them.

The same file is compared with in both runtimes, so it also shows how far those are from each other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edge.device.network import load
from edge.types import Floats
from edge.vision.mtcnn import standardised
from models import FOLDER, MANIFEST

PATH = FOLDER.parent / "tests" / "models" / "golden.npz"
SHAPES = {"pnet": (1, 56, 80, 3), "rnet": (4, 24, 24, 3), "onet": (4, 48, 48, 3), "facenet": (2, 160, 160, 3)}
COMMITTED = [(name, variant) for name in ("pnet", "rnet", "onet") for variant in ("float32", "int8")] + [("facenet", "int8")]


def pictures(name: str) -> Floats:
    """Blocks of 8 x 8 px in random colours with some noise, standardised; no face anywhere."""
    generator = np.random.default_rng(20261122)
    n, height, width, _ = SHAPES[name]
    blocks = generator.integers(16, 240, (n, height // 8, width // 8, 3))
    grain = generator.integers(-16, 16, SHAPES[name])
    return standardised(
        (blocks.repeat(8, axis=1).repeat(8, axis=2) + grain).astype(np.uint8)
    )  # (n, h / 8, w / 8, 3) -> (n, h, w, 3)


def results() -> dict[str, Floats]:
    """What the networks answer here, by "name-variant/output"."""
    found = {}
    for name, variant in COMMITTED:
        for output, values in load(MANIFEST, name, variant=variant)(pictures(name)).items():
            found[f"{name}-{variant}/{output}"] = values
    return found


def main(path: Path = PATH) -> None:
    """Write the golden file."""
    arrays: dict[str, Any] = {"command": np.array("python -m models.golden"), **results()}
    np.savez_compressed(path, **arrays)
    print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
