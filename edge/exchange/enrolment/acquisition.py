"""One photograph becomes one template, or a reason why not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

import cv2
import numpy as np

from edge.types import Faces, Floats, Image, Refusal
from edge.vision.mtcnn import Mtcnn
from edge.vision.quality import OPEN, Gates, Quality, assess
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
    NOT_NEEDED = "not needed"
    NO_FACE = "no face"
    SEVERAL_FACES = "several faces"
    TOO_SMALL = "too small"
    TOO_DARK = "too dark"
    TOO_BRIGHT = "too bright"
    BLURRED = "blurred"
    TURNED_AWAY = "turned away"
    CUT_OFF = "cut off"
    UNREADABLE = "unreadable"
    REFUSED = "refused"


GATED = {
    Refusal.TOO_FAR: (Verdict.TOO_SMALL, "take it from nearer, or with more pixels"),
    Refusal.TOO_DARK: (Verdict.TOO_DARK, "take it again with light on the face"),
    Refusal.TOO_BRIGHT: (Verdict.TOO_BRIGHT, "take it again with less light on the face, and no lamp or window in the lens"),
    Refusal.BLURRED: (Verdict.BLURRED, "take it again, sharp: hold still, clean the lens, use more light"),
    Refusal.TURNED_AWAY: (Verdict.TURNED_AWAY, "take it again, upright and looking into the camera"),
    Refusal.CUT_OFF: (Verdict.CUT_OFF, "take it again with the whole face in the picture"),
    Refusal.SEVERAL_PEOPLE: (
        Verdict.SEVERAL_FACES,
        "another face is in front of this one or close beside it; take it again alone",
    ),
}
"""What the gates' reasons are called in a receipt, and what to do."""


@dataclass(frozen=True, slots=True)
class Acquisition:
    """What was made of one photograph: a template (d,) float32 to enrol, or a verdict that says why there is none."""

    template: Floats | None
    verdict: Verdict = Verdict.ENROLLED
    reason: str = ""
    quality: Quality | None = None


def acquire(pixels: Image, recogniser: Recogniser, *, min_face_px: float, gates: Gates = OPEN) -> Acquisition:
    """Make a template of the one face in a photograph.

    Args:
        pixels: (H, W, 3) uint8 RGB, upright.
        recogniser: finds the face and makes the template.
        min_face_px: a smaller face is refused, in pixels of the photograph.
        gates: an unfit face is refused; `Gates.at_enrolment` makes those of enrolment.
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
    quality = _of_photograph(assess(copy, faces)[chosen], scale)
    if quality.size_px < min_face_px:
        too_small = f"the face has {quality.size_px:.0f} pixels and needs {min_face_px:.0f}; {GATED[Refusal.TOO_FAR][1]}"
        return Acquisition(None, Verdict.TOO_SMALL, too_small, quality)
    refusal = gates.refusal(quality)
    if refusal:
        return Acquisition(None, *GATED[refusal], quality)
    face = faces[chosen : chosen + 1]
    return Acquisition(recogniser.embedder.both(*_close_up(pixels, copy, face))[1][0], quality=quality)


@dataclass(frozen=True, slots=True)
class Central:
    """The face nearest the centre of a photograph.

    Attributes:
        box: (4,) xyxy px of the photograph.
        pixels: the copy of the photograph that its template is made of, (h, w, 3) uint8 RGB.
        faces: this one face, in pixels of the copy.
        n_others: faces of about the same size beside it.
        quality: of the face, its size in pixels of the photograph.
    """

    box: Floats
    pixels: Image
    faces: Faces
    n_others: int
    quality: Quality


def find_central(pixels: Image, detector: Mtcnn) -> Central | None:
    """The face nearest the centre of a (H, W, 3) uint8 RGB photograph, whoever else is there; None where none is found."""
    scale = min(1.0, LONGEST_PX / max(pixels.shape[:2]))
    copy = _scaled(pixels, scale)
    found = detector.detect(copy)
    if not len(found):
        return None
    row = _central_row(copy, found)
    face = found[row : row + 1]
    sizes = np.array([one.size_px for one in found])
    n_alike = int(((found.scores >= SURE_SCORE) & (sizes >= COUNTS_FROM * sizes[row])).sum())
    quality = _of_photograph(assess(copy, found)[row], scale)
    box = face.boxes[0] / np.float32(scale)
    return Central(box, *_close_up(pixels, copy, face), n_others=max(0, n_alike - 1), quality=quality)


class Sample(NamedTuple):
    """What evaluation makes of a photograph.

    Attributes:
        box: (4,) xyxy px of the photograph.
        template: (d,) float32, as the door makes it.
        quality: of the face.
        enrolled: (d,) float32, the template that enrolment makes.
    """

    box: Floats
    template: Floats
    quality: Quality
    enrolled: Floats


def acquire_central(pixels: Image, recogniser: Recogniser) -> Sample | None:
    """Make templates of the face nearest the centre, whoever else is there: for evaluation, where nobody can ask back.

    Args:
        pixels: (H, W, 3) uint8 RGB, upright.
        recogniser: finds the face and makes the templates.

    Returns:
        None where no face is found.
    """
    found = find_central(pixels, recogniser.detector)
    if found is None:
        return None
    (template,), (enrolled,) = recogniser.embedder.both(found.pixels, found.faces)
    return Sample(found.box, template, found.quality, enrolled)


def central(pixels: Image, found: Faces) -> Faces:
    """The face nearest the centre of the (H, W, 3) picture, or none."""
    return found[np.array([_central_row(pixels, found)])] if len(found) else found


def _central_row(pixels: Image, found: Faces) -> int:
    centre = np.array(pixels.shape[1::-1]) / 2  # (w, h)
    distances = np.linalg.norm((found.boxes[:, :2] + found.boxes[:, 2:]) / 2 - centre, axis=1)
    return int(np.argmin(distances))


def _of_photograph(quality: Quality, scale: float) -> Quality:
    """The quality of a face in a copy so much smaller, with its size in pixels of the photograph."""
    return replace(quality, size_px=quality.size_px / scale)


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
