"""One photograph becomes one template, or a reason why not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np

from edge.types import Faces, Floats, Image
from edge.vision.mtcnn import Mtcnn
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
    return Acquisition(_template(*_close_up(pixels, copy, face), recogniser))


@dataclass(frozen=True, slots=True)
class Central:
    """The face nearest the centre of a photograph.

    Attributes:
        box: (4,) xyxy px of the photograph.
        pixels: the copy of the photograph that its template is made of, (h, w, 3) uint8 RGB.
        faces: this one face, in pixels of the copy.
        n_others: faces of about the same size beside it.
    """

    box: Floats
    pixels: Image
    faces: Faces
    n_others: int


def find_central(pixels: Image, detector: Mtcnn) -> Central | None:
    """The face nearest the centre of a (H, W, 3) uint8 RGB photograph, whoever else is there; None where none is found."""
    scale = min(1.0, LONGEST_PX / max(pixels.shape[:2]))
    copy = _scaled(pixels, scale)
    found = detector.detect(copy)
    face = central(copy, found)
    if not len(face):
        return None
    sizes = np.array([one.size_px for one in found])
    n_alike = int(((found.scores >= SURE_SCORE) & (sizes >= COUNTS_FROM * next(iter(face)).size_px)).sum())
    return Central(face.boxes[0] / np.float32(scale), *_close_up(pixels, copy, face), n_others=max(0, n_alike - 1))


def acquire_central(pixels: Image, recogniser: Recogniser) -> tuple[Floats, Floats] | None:
    """Make a template of the face nearest the centre, whoever else is there: for evaluation, where nobody can ask back.

    Args:
        pixels: (H, W, 3) uint8 RGB, upright.
        recogniser: finds the face and makes the template.

    Returns:
        The box (4,) xyxy px and the template (d,) float32; None where no face is found.
    """
    found = find_central(pixels, recogniser.detector)
    return (found.box, _template(found.pixels, found.faces, recogniser)) if found else None


def central(pixels: Image, found: Faces) -> Faces:
    """The face nearest the centre of the (H, W, 3) picture, or none."""
    centre = np.array(pixels.shape[1::-1]) / 2  # (w, h)
    distances = np.linalg.norm((found.boxes[:, :2] + found.boxes[:, 2:]) / 2 - centre, axis=1)
    return found[np.argsort(distances)[:1]]


def _template(pixels: Image, face: Faces, recogniser: Recogniser) -> Floats:
    """(d,) float32 of the one face in the picture."""
    return np.asarray(recogniser.embedder.templates(pixels, face)[0], np.float32)


def _close_up(pixels: Image, copy: Image, face: Faces) -> tuple[Image, Faces]:
    """The picture that the template of a face is made of, and the face in it: the copy, or a larger one where it is too small."""
    enlarge = min(CLOSE_UP_PX / next(iter(face)).size_px, pixels.shape[1] / copy.shape[1])
    if enlarge <= 1:
        return copy, face
    closer = _scaled(pixels, enlarge * copy.shape[1] / pixels.shape[1])
    stretch = np.array([closer.shape[1] / copy.shape[1], closer.shape[0] / copy.shape[0]], np.float32)
    return closer, Faces(face.boxes * np.tile(stretch, 2), face.scores, face.landmarks * stretch)


def _scaled(pixels: Image, scale: float) -> Image:
    """The picture made smaller; area averaging, so that nothing flickers into patterns."""
    if scale >= 1:
        return pixels
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
