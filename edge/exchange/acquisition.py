"""One photograph becomes one template, or a reason why not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np

from edge.types import Faces, Floats, Image
from edge.vision.recogniser import Recogniser

LONGEST_PX = 1024
"""Faces are looked for in a copy whose longer side is this: more finds nothing more and takes longer."""

SURE_SCORE = 0.9
"""A face with this score is taken for one without doubt."""

COUNTS_FROM = 0.5
"""Somebody in the background is smaller than this share of the largest face; a second sure face above it is one too many."""

CLOSE_UP_PX = 240
"""A face smaller than this in the copy is cut from the photograph itself, if that shows it larger."""


class Verdict(Enum):
    """What became of one photograph."""

    ENROLLED = "enrolled"
    ALREADY = "already enrolled"
    NO_FACE = "no face"
    SEVERAL_FACES = "several faces"
    TOO_SMALL = "too small"
    UNREADABLE = "unreadable"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Acquisition:
    """What was made of one photograph: a template (d,) float32, or a verdict that says why there is none."""

    template: Floats | None
    verdict: Verdict = Verdict.ENROLLED
    reason: str = ""


def acquire(pixels: Image, recogniser: Recogniser, *, min_face_px: float) -> Acquisition:
    """Make a template of the one face in a photograph.

    Args:
        pixels: (H, W, 3) uint8 RGB, upright.
        recogniser: finds the face and makes the template.
        min_face_px: a smaller face is refused, in pixels of the photograph.
    """
    scale = min(1.0, LONGEST_PX / max(pixels.shape[:2]))
    copy = _scaled(pixels, scale)
    faces = recogniser.detector.detect(copy)
    if not len(faces):
        return Acquisition(None, Verdict.NO_FACE, "somebody must look into the camera, large and in good light")
    sizes = np.array([face.size_px for face in faces])
    sure = faces.scores >= SURE_SCORE
    chosen = int(np.argmax(np.where(sure, sizes, 0))) if sure.any() else int(np.argmax(faces.scores))
    rivals = int((sure & (sizes >= COUNTS_FROM * sizes[chosen])).sum())
    if rivals > 1:
        return Acquisition(None, Verdict.SEVERAL_FACES, f"{rivals} of about the same size; cut out the right one")
    size_px = sizes[chosen] / scale
    if size_px < min_face_px:
        return Acquisition(None, Verdict.TOO_SMALL, f"the face has {size_px:.0f} pixels and needs {min_face_px:.0f}")
    face = faces[chosen : chosen + 1]
    return Acquisition(_template(pixels, copy, face, recogniser))


def acquire_central(pixels: Image, recogniser: Recogniser) -> tuple[Floats, Floats] | None:
    """Make a template of the face nearest the centre, whoever else is there: for evaluation, where nobody can ask back.

    Args:
        pixels: (H, W, 3) uint8 RGB, upright.
        recogniser: finds the face and makes the template.

    Returns:
        The box (4,) xyxy px and the template (d,) float32; None where no face is found.
    """
    scale = min(1.0, LONGEST_PX / max(pixels.shape[:2]))
    copy = _scaled(pixels, scale)
    face = central(copy, recogniser.detector.detect(copy))
    if not len(face):
        return None
    return face.boxes[0] / np.float32(scale), _template(pixels, copy, face, recogniser)


def central(pixels: Image, found: Faces) -> Faces:
    """The face nearest the centre of the (H, W, 3) picture, or none."""
    centre = np.array(pixels.shape[1::-1]) / 2  # (w, h)
    distances = np.linalg.norm((found.boxes[:, :2] + found.boxes[:, 2:]) / 2 - centre, axis=1)
    return found[np.argsort(distances)[:1]]


def _template(pixels: Image, copy: Image, face: Faces, recogniser: Recogniser) -> Floats:
    """(d,) float32 of a face that was found in the copy, cut from a larger one where the copy shows it too small."""
    enlarge = min(CLOSE_UP_PX / next(iter(face)).size_px, pixels.shape[1] / copy.shape[1])
    if enlarge > 1:
        closer = _scaled(pixels, enlarge * copy.shape[1] / pixels.shape[1])
        stretch = np.array([closer.shape[1] / copy.shape[1], closer.shape[0] / copy.shape[0]], np.float32)
        face = Faces(face.boxes * np.tile(stretch, 2), face.scores, face.landmarks * stretch)
        copy = closer
    return np.asarray(recogniser.embedder.templates(copy, face)[0], np.float32)


def _scaled(pixels: Image, scale: float) -> Image:
    """The picture made smaller; area averaging, so that nothing flickers into patterns."""
    if scale >= 1:
        return pixels
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
