"""Whether a found face is fit to be judged, and a named reason where it is not.

Everything is read off the box, the five landmarks and a small grey copy of the face: no network, 0.1 ms a face. What each measure
says of the risk to be missed was measured (`docs/quality.md`); the limits stand in the configuration.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np

from edge.types import Face, Faces, Floats, Image, Refusal
from edge.vision.facenet import MARGIN
from edge.vision.geometry import areas, intersections

PATCH_PX = 64
"""Side of the grey copy that light and sharpness are read off: what a face of the smallest size still shows."""
BORDER_PX = PATCH_PX // 8
"""So much at each edge of the copy is hair, collar and background as often as face, and does not count for the light."""
WHITE = 250
"""A pixel this bright says nothing any more."""
FLAT = np.float32(0.5)
"""Added to the energy of the gradients, in squared grey values: a flat wall is not sharp because of its last bit."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What can be said of one found face before its template is made.

    Attributes:
        size_px: the longer side of the box, in pixels of the frame.
        brightness: mean luma of the face, in [0, 1].
        clipped: share of the face that is white.
        contrast: standard deviation of the luma as a share of its mean.
        sharpness: how fine the finest structure is, in the direction in which it is coarser: mean squared second difference over
            mean squared first difference. Contrast cancels, and motion blur does not hide in one direction.
        turn: how far the nose stands from the middle, as a share of the distance between the eyes; positive is to the right of
            the image. 0 looks into the camera; at 0.5 the nose hides the far eye's side of the face.
        nod: where the nose stands between the eyes (0) and the mouth (1); about 0.54 looks into the camera, less looks up.
        roll_deg: how far the line between the eyes is from level.
        inside: share of the box that lies in the picture.
        overlap: the largest share of what FaceNet is shown that is another face's box.
        weight: how much its template counts beside others of the same track; 1 is a usual one.
    """

    size_px: float
    brightness: float = 0.5
    clipped: float = 0.0
    contrast: float = 0.25
    sharpness: float = 0.7
    turn: float = 0.0
    nod: float = 0.54
    roll_deg: float = 0.0
    inside: float = 1.0
    overlap: float = 0.0
    weight: float = 1.0


class Limit(NamedTuple):
    """One limit of the gates: which measure of `Quality` is bad at which end, and what is then said."""

    name: str
    measure: str
    refusal: Refusal

    @property
    def is_least(self) -> bool:
        """Whether small values are the bad ones."""
        return self.name.startswith("min")

    def badness(self, quality: Quality) -> float:
        """The measure, turned so that more is worse."""
        value = abs(float(getattr(quality, self.measure)))
        return -value if self.is_least else value


LIMITS = (
    Limit("min_inside", "inside", Refusal.CUT_OFF),
    Limit("max_overlap", "overlap", Refusal.SEVERAL_PEOPLE),
    Limit("min_face_px", "size_px", Refusal.TOO_FAR),
    Limit("min_brightness", "brightness", Refusal.TOO_DARK),
    Limit("max_clipped", "clipped", Refusal.TOO_BRIGHT),
    Limit("min_contrast", "contrast", Refusal.TOO_BRIGHT),
    Limit("max_turn", "turn", Refusal.TURNED_AWAY),
    Limit("max_roll_deg", "roll_deg", Refusal.TURNED_AWAY),
    Limit("min_sharpness", "sharpness", Refusal.BLURRED),
)
"""What has to be put right first stands first: who is cut off cannot be told to turn, and in the dark everything is blurred."""


@dataclass(frozen=True, slots=True)
class Gates:
    """Where a face begins to be unfit; the fields are the configuration's, which also explains them. All open unless told."""

    min_face_px: float = 0.0
    min_brightness: float = 0.0
    max_clipped: float = 1.0
    min_contrast: float = 0.0
    min_sharpness: float = 0.0
    max_turn: float = np.inf
    max_roll_deg: float = 180.0
    min_inside: float = 0.0
    max_overlap: float = 1.0

    def refusal(self, quality: Quality) -> Refusal | None:
        """Why a face should not be judged, of several reasons the first of `LIMITS`; None where it may be."""
        return next((limit.refusal for limit in LIMITS if limit.badness(quality) > self._worst(limit)), None)

    def at_enrolment(self) -> Gates:
        """Stricter: a template lasts for years, and a photograph can be taken again (docs/quality.md)."""
        return replace(
            self,
            min_brightness=max(self.min_brightness, 0.13),
            max_clipped=min(self.max_clipped, 0.3),
            min_contrast=max(self.min_contrast, 0.085),
        )

    def _worst(self, limit: Limit) -> float:
        allowed = float(getattr(self, limit.name))
        return -allowed if limit.is_least else allowed


OPEN = Gates()
"""Refuses nothing."""


def assess(pixels: Image, faces: Faces) -> tuple[Quality, ...]:
    """The quality of each of n faces.

    Args:
        pixels: (H, W, 3) uint8 RGB, the picture that they were found in.
        faces: all that were found in it, also those that are not asked about: they may stand in each other's way.
    """
    inside, overlaps = _inside(pixels, faces.boxes), _overlaps(faces.boxes)
    return tuple(
        Quality(face.size_px, **_light(pixels, face.box)._asdict(), **_pose(face)._asdict(), inside=shown, overlap=other)
        for face, shown, other in zip(faces, inside.tolist(), overlaps.tolist(), strict=True)
    )


class _Light(NamedTuple):
    brightness: float
    clipped: float
    contrast: float
    sharpness: float


class _Pose(NamedTuple):
    turn: float
    nod: float
    roll_deg: float


def _light(pixels: Image, box: Floats) -> _Light:
    patch = _patch(pixels, box)
    face = patch[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX]
    mean, deviation = float(face.mean()), float(face.std())
    return _Light(mean / 255, float((face >= WHITE).mean()), deviation / max(mean, 1.0), _sharpness(patch))


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


def _pose(face: Face) -> _Pose:
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
    return _Pose(turn, nod, float(np.degrees(np.arctan2(along[1], along[0]))))


def _inside(pixels: Image, boxes: Floats) -> Floats:
    """(n,) share of each (n, 4) box that lies in the picture."""
    picture = np.array([0, 0, pixels.shape[1], pixels.shape[0]], np.float32)
    whole: Floats = np.maximum(areas(boxes), np.float32(1))
    return intersections(boxes, picture) / whole


def _overlaps(boxes: Floats) -> Floats:
    """(n,) the largest share of what FaceNet is shown of each (n, 4) box that is another box."""
    margins = (boxes[:, 2:] - boxes[:, :2]) * np.float32(MARGIN)
    crops = np.concatenate([boxes[:, :2] - margins, boxes[:, 2:] + margins], axis=1)
    shared = intersections(crops[:, None], boxes[None])  # (n, n)
    np.fill_diagonal(shared, 0)
    largest: Floats = shared.max(axis=1, initial=0)
    whole: Floats = np.maximum(areas(crops), np.float32(1))
    return largest / whole
