"""How far the networks' answers on one kind of processor are from those on another, on the demonstration portraits.

``python -m rig.native.platforms FILE`` writes what they are here; `apart` compares two such files. A template must not tell where
it was made: people are enrolled on the office's x86 and looked at by an arm64 at the door.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from edge.device.network import load
from edge.types import Floats
from edge.vectors import unit
from edge.vision.facenet import Facenet, face_crops
from edge.vision.geometry import Mipmap
from edge.vision.mtcnn import Mtcnn, MtcnnNetworks, standardised

ROOT = Path(__file__).parents[3]
MANIFEST = ROOT / "models" / "manifest.toml"
PORTRAITS = ROOT / "var" / "portraits"
MAX_DISTANCE = 0.005
"""Of two templates of one portrait. Kernels that round otherwise on one machine are up to 0.0022 apart (docs/models.md)."""
BOX = np.array([[120, 60, 300, 280]], np.float32)
"""Somewhere in the middle of each portrait: the same crop for everybody, whatever is found."""


def answers(portraits: Path = PORTRAITS) -> dict[str, Floats]:
    """Of each portrait, by "name/what": the largest face's box and template, and the crop and template of one place in it."""
    mtcnn = Mtcnn(MtcnnNetworks(*(load(MANIFEST, name) for name in ("pnet", "rnet", "onet"))), 60, 0.709, (0.6, 0.7, 0.7))
    embed = load(MANIFEST, "facenet")
    found: dict[str, Floats] = {}
    for path in sorted(portraits.iterdir()):
        pixels = np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])
        faces = mtcnn.detect(pixels)
        largest = int(np.argmax(faces.boxes[:, 2] - faces.boxes[:, 0]))
        crop = face_crops(Mipmap.of(pixels), BOX)
        found |= {
            f"{path.stem}/box": faces.boxes[largest],
            f"{path.stem}/template": Facenet(embed).templates(pixels, faces)[largest],
            f"{path.stem}/crop of one place": crop[0].astype(np.float32),
            f"{path.stem}/template of one place": unit(embed(standardised(crop))["template"])[0],
        }
    return found


def apart(here: Mapping[str, Floats], there: Mapping[str, Floats]) -> dict[str, list[float]]:
    """Largest difference by kind of answer, a portrait each; of templates it is their distance, squared L2."""
    differences: dict[str, list[float]] = {}
    for key, values in here.items():
        difference = np.abs(values - there[key])
        kind = key.partition("/")[2]
        differences.setdefault(kind, []).append(float((difference**2).sum() if "template" in kind else difference.max()))
    return differences


if __name__ == "__main__":
    np.savez(sys.argv[1], **answers())  # type: ignore[arg-type]
