"""What a small grey copy of a face, its landmarks and its box say: plain measures, which `edge.vision.quality` judges."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from edge.types import Face, Floats, Image
from edge.vision.facenet import with_margin
from edge.vision.geometry import areas, intersections

PATCH_PX = 64
"""Side of the grey copy that light and sharpness are read off: what a face of the smallest size still shows."""
BORDER_PX = PATCH_PX // 8
"""So much at each edge of the copy is hair, collar and background as often as face, and does not count for the light."""
WHITE = 250
"""A pixel this bright says nothing any more."""
FLAT = np.float32(0.5)
"""Added to the energy of the gradients, in squared grey values: a flat wall is not sharp because of its last bit."""


class Light(NamedTuple):
    """Mean luma in [0, 1], share of white, standard deviation by mean, and sharpness; see `edge.vision.quality.Quality`."""

    brightness: float
    clipped: float
    contrast: float
    sharpness: float


class Pose(NamedTuple):
    """Where nose and eyes stand; see `edge.vision.quality.Quality`."""

    turn: float
    nod: float
    roll_deg: float


def light(pixels: Image, box: Floats) -> Light:
    """Of the face in the (4,) box of a (H, W, 3) uint8 RGB picture."""
    patch = _patch(pixels, box)
    face = patch[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX]
    mean, deviation = float(face.mean()), float(face.std())
    return Light(mean / 255, float((face >= WHITE).mean()), deviation / max(mean, 1.0), _sharpness(patch))


def _patch(pixels: Image, box: Floats) -> Floats:
    """What of the (4,) box lies in the picture, grey, (PATCH_PX, PATCH_PX); not rounded, for rounding looks like structure."""
    height, width = pixels.shape[:2]
    x1, y1 = np.floor(box[:2]).astype(int).clip(0, (width - 1, height - 1))
    x2, y2 = np.ceil(box[2:]).astype(int).clip((x1 + 1, y1 + 1), (width, height))
    grey = cv2.cvtColor(pixels[y1:y2, x1:x2], cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(cv2.resize(grey, (PATCH_PX, PATCH_PX), interpolation=cv2.INTER_AREA), np.float32)


def _sharpness(patch: Floats) -> float:
    found = []
    for axis in (0, 1):
        first = np.diff(patch, axis=axis)
        second = np.diff(first, axis=axis)
        found.append(np.mean(second * second) / (np.mean(first * first) + FLAT))
    return float(min(found))


def pose(face: Face) -> Pose:
    """Read off the landmarks, in the face's own upright frame: x along the eyes, y from the eyes to the mouth."""
    left, right, nose, *mouth = face.landmarks.astype(float)
    eyes = right - left
    distance = max(float(np.hypot(*eyes)), 1e-6)
    along = eyes / distance
    axes = np.stack([along, (-along[1], along[0])])  # (2, 2)
    middle = (left + right) / 2
    nose_at, mouth_at = axes @ (nose - middle), axes @ (np.mean(mouth, axis=0) - middle)
    nod = float(nose_at[1] / max(mouth_at[1], 1e-6))
    # The middle is the line from between the eyes to the mouth: a head that leans is not turned.
    turn = float(nose_at[0] - nod * mouth_at[0]) / distance
    return Pose(turn, nod, float(np.degrees(np.arctan2(along[1], along[0]))))


def inside(pixels: Image, boxes: Floats) -> Floats:
    """(n,) share of each (n, 4) box that lies in the picture."""
    picture = np.array([0, 0, pixels.shape[1], pixels.shape[0]], np.float32)
    whole: Floats = np.maximum(areas(boxes), np.float32(1))
    return intersections(boxes, picture) / whole


def overlaps(boxes: Floats) -> Floats:
    """(n,) the largest share of what FaceNet is shown of each (n, 4) box that is another box."""
    crops = with_margin(boxes)
    shared = intersections(crops[:, None], boxes[None])  # (n, n)
    np.fill_diagonal(shared, 0)
    largest: Floats = shared.max(axis=1, initial=0)
    whole: Floats = np.maximum(areas(crops), np.float32(1))
    return largest / whole
