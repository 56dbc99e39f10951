"""What this environment's TFLite runtime answers: ``python -m models.studies.answers GIVEN.npz ANSWERS.npz``.

`models.studies.backends` runs it in another environment, which has another runtime.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.device.interpreter import Interpreter
from edge.device.manifest import read_spec
from models import MANIFEST

Numbers = Mapping[str, NDArray[Any]]
"""By network, its rows (n, h, w, 3) int8; or by ``network.output``, (n, ...) int8."""


def answers(given: Numbers) -> Numbers:
    """Every row of every int8 network, as the product runs it."""
    told: dict[str, NDArray[Any]] = {}
    for name, rows in given.items():
        spec = read_spec(MANIFEST, name, variant="int8")
        interpreter = Interpreter(spec)
        outputs = zip(*(interpreter.run(row[np.newaxis]) for row in rows), strict=True)
        told |= {f"{name}.{output.name}": np.concatenate(parts) for output, parts in zip(spec.outputs, outputs, strict=True)}
    return told


if __name__ == "__main__":
    with np.load(sys.argv[1]) as arrays:
        told: dict[str, Any] = dict(answers(dict(arrays)))
    np.savez(Path(sys.argv[2]), **told)
