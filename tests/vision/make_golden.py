"""Writes golden/portraits.toml: what two implementations that are not ours find in the demonstration portraits.

Run it in an environment that has them (they need torch; they are no dependency of Muster):

    pip install facenet-pytorch==2.6.0 mtcnn==1.0.0
    python tests/vision/make_golden.py var/portraits > tests/vision/golden/portraits.toml
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import facenet_pytorch
import mtcnn
import numpy as np
from PIL import Image

MIN_FACE_PX = 60
PARTS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")


def found_by_facenet_pytorch(picture: Image.Image) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    boxes, _, landmarks = facenet_pytorch.MTCNN(keep_all=True, min_face_size=MIN_FACE_PX).detect(picture, landmarks=True)
    yield from zip(boxes.astype(float), landmarks.astype(float), strict=True)


def found_by_mtcnn(picture: Image.Image) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for face in mtcnn.MTCNN().detect_faces(np.array(picture)):  # its other sizes than 20 px find nothing in some portraits
        x, y, width, height = face["box"]
        yield np.array([x, y, x + width, y + height]), np.array([face["keypoints"][part] for part in PARTS])


def main() -> None:
    warnings.simplefilter("ignore")
    print(f"# {' '.join(sys.argv[:1])}: the largest face of each portrait; box xyxy px, landmarks x, y px.")
    print(f"# facenet-pytorch 2.6.0, smallest face {MIN_FACE_PX} px; mtcnn 1.0.0, its own 20 px.")
    for path in sorted(Path(sys.argv[1]).iterdir()):
        picture = Image.open(path).convert("RGB")
        for oracle in (found_by_facenet_pytorch, found_by_mtcnn):
            found = list(oracle(picture))
            box, landmarks = max(found, key=lambda face: np.prod(face[0][2:] - face[0][:2]))
            print(f"\n[{path.stem}.{oracle.__name__.removeprefix('found_by_')}]\nn_faces = {len(found)}")
            print(f"box = {np.round(box, 2).tolist()}\nlandmarks = {np.round(landmarks, 2).tolist()}")


if __name__ == "__main__":
    main()
