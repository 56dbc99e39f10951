"""How far int8 is from float32, with the unit's own pipeline on people who did not calibrate: ``python -m models.parity``.

The figures go into the manifest under ``[parity]``. They are measured in the environment that a unit has (``make parity``).
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from edge.vision.facenet import Facenet
from models import faces, manifest, pairs
from models.compare import cosines, detection_parity, detector, load_cascade, load_facenet

N_PHOTOGRAPHS = 1000


def main() -> int:
    """Measure everything and write it into the manifest."""
    photographs = faces.other_photographs()[:N_PHOTOGRAPHS]
    float32, int8 = detector(load_cascade("float32")), detector(load_cascade("int8"))
    facenet_float32, facenet_int8 = load_facenet("float32"), load_facenet("int8")
    found = detection_parity(photographs, float32, int8)
    cosine = cosines(photographs, float32, (facenet_float32, facenet_int8))
    figures: dict[str, Any] = {
        "set": faces.SET_NAME,
        "n_photographs": len(photographs),
        "detection": found.figures(),
        "facenet": {
            "cosine_median": round(float(np.median(cosine)), 5),
            "cosine_5": round(float(np.quantile(cosine, 0.05)), 5),
            "cosine_smallest": round(float(cosine.min()), 5),
        },
        "pairs": {
            "float32": pairs.accuracy(float32, Facenet(facenet_float32)),
            "cpu": pairs.accuracy(float32, Facenet(facenet_int8)),
            "int8": pairs.accuracy(int8, Facenet(facenet_int8)),
        },
    }
    print(figures)
    manifest.write(manifest.read() | {"parity": figures})
    return 0


if __name__ == "__main__":
    sys.exit(main())
