"""How far the networks' answers on one kind of processor are from those on another, on the demonstration portraits.

``python -m rig.platforms FILE`` writes what they are here; `apart` compares two such files. A template must not tell where it
was made: people are enrolled on the office's x86 and looked at by an arm64 at the door.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from edge.device.network import load
from edge.types import Floats
from edge.vision.facenet import Facenet, face_crops
from edge.vision.geometry import Mipmap
from edge.vision.mtcnn import Mtcnn, MtcnnNetworks

ROOT = Path(__file__).parents[2]
MANIFEST = ROOT / "models" / "manifest.toml"
PORTRAITS = ROOT / "var" / "portraits"
BOX = np.array([[120, 60, 300, 280]], np.float32)
"""Somewhere in the middle of each portrait: the same crop for everybody, whatever is found."""


def answers(portraits: Path = PORTRAITS) -> dict[str, Floats]:
    """Of each portrait, by "name/what": its box, landmarks and template, and the crop and template of one place in it."""
    mtcnn = Mtcnn(MtcnnNetworks(*(load(MANIFEST, name) for name in ("pnet", "rnet", "onet"))), 60, 0.709, (0.6, 0.7, 0.7))
    facenet = Facenet(load(MANIFEST, "facenet"))
    found: dict[str, Floats] = {}
    for path in sorted(portraits.iterdir()):
        pixels = np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])
        faces = mtcnn.detect(pixels)
        largest = int(np.argmax(faces.boxes[:, 2] - faces.boxes[:, 0]))
        crop = face_crops(Mipmap.of(pixels), BOX)
        found |= {
            f"{path.stem}/pixels": pixels.astype(np.float32).mean((0, 1)),
            f"{path.stem}/box": faces.boxes[largest],
            f"{path.stem}/template": facenet.templates(pixels, faces)[largest],
            f"{path.stem}/crop": crop[0].astype(np.float32),
            f"{path.stem}/crop's template": facenet._of(crop)[0],
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
