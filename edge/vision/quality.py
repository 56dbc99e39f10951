"""Whether a found face is fit to be judged, and a named reason where it is not.

Everything is read off the box, the five landmarks and a small grey copy of the face: no network, 0.1 ms a face. What each measure
says of the risk to be missed was measured (`docs/quality.md`); the limits stand in the configuration.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from edge.types import Faces, Image, Refusal
from edge.vision.measures import inside, light, overlaps, pose


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
        weight: how much its template counts beside others of the same track, in (0, 1]; 1 is as good as any.
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
    """One limit of the gates: which measure of `Quality` is bad at which end, what is then said, and what was measured.

    Attributes:
        name: of the field of `Gates`.
        measure: of the field of `Quality`.
        refusal: said of whatever lies beyond.
        poor: where about half of the spoilt faces are missed (`make quality`); their templates count least.
        fine: from where on hardly more are missed than of good photographs; `poor` where nothing between was seen.
    """

    name: str
    measure: str
    refusal: Refusal
    poor: float
    fine: float

    @property
    def is_least(self) -> bool:
        """Whether small values are the bad ones."""
        return self.name.startswith("min")

    def badness(self, quality: Quality) -> float:
        """The measure, turned so that more is worse."""
        value = abs(float(getattr(quality, self.measure)))
        return -value if self.is_least else value

    def weight(self, quality: Quality) -> float:
        """How much the template of such a face is worth, from `LEAST_WEIGHT` to 1, as far as this measure can tell."""
        if self.poor == self.fine:
            return 1.0
        share = (abs(float(getattr(quality, self.measure))) - self.poor) / (self.fine - self.poor)
        return LEAST_WEIGHT + (1 - LEAST_WEIGHT) * min(max(share, 0.0), 1.0)


LEAST_WEIGHT = 0.2
"""At `Limit.poor`. With 0.05 and 0.5 fusion gained less (docs/quality.md)."""

LIMITS = (
    Limit("min_inside", "inside", Refusal.CUT_OFF, 0.7, 0.95),
    Limit("max_overlap", "overlap", Refusal.SEVERAL_PEOPLE, 0.2, 0.03),
    Limit("min_face_px", "size_px", Refusal.TOO_FAR, 42, 75),
    Limit("min_brightness", "brightness", Refusal.TOO_DARK, 0.08, 0.2),
    Limit("max_clipped", "clipped", Refusal.TOO_BRIGHT, 0.58, 0.1),
    Limit("min_contrast", "contrast", Refusal.TOO_BRIGHT, 0.03, 0.14),
    Limit("max_turn", "turn", Refusal.TURNED_AWAY, 0.5, 0.5),
    Limit("max_roll_deg", "roll_deg", Refusal.TURNED_AWAY, 46, 20),
    Limit("min_sharpness", "sharpness", Refusal.BLURRED, 0.32, 0.6),
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
        """The stricter of these and `FOR_ENROLMENT`: a template lasts for years, and a photograph can be taken again."""
        stricter = {each.name: max if each.is_least else min for each in LIMITS}
        return Gates(**{name: choose(getattr(self, name), getattr(FOR_ENROLMENT, name)) for name, choose in stricter.items()})

    def _worst(self, limit: Limit) -> float:
        allowed = float(getattr(self, limit.name))
        return -allowed if limit.is_least else allowed


OPEN = Gates()
"""Refuses nothing."""

FOR_ENROLMENT = Gates(
    min_brightness=0.16,
    max_clipped=0.3,
    min_contrast=0.09,
    min_sharpness=0.35,
    max_roll_deg=23.0,
    min_inside=0.92,
    max_overlap=0.13,
)
"""Where twice as many are missed as of good photographs, but at most one in a hundred of those is refused (docs/quality.md)."""


def assess(pixels: Image, faces: Faces) -> tuple[Quality, ...]:
    """The quality of each of n faces.

    Args:
        pixels: (H, W, 3) uint8 RGB, the picture that they were found in.
        faces: all that were found in it, also those that are not asked about: they may stand in each other's way.
    """
    places = zip(inside(pixels, faces.boxes).tolist(), overlaps(faces.boxes).tolist(), strict=True)
    measured = (
        Quality(face.size_px, **light(pixels, face.box)._asdict(), **pose(face)._asdict(), inside=shown, overlap=other)
        for face, (shown, other) in zip(faces, places, strict=True)
    )
    return tuple(replace(each, weight=math.prod(limit.weight(each) for limit in LIMITS)) for each in measured)
