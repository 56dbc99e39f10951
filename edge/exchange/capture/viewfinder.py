"""What is wrong with a frame of somebody who is to be photographed, said so that they can change it; or the photograph.

A photograph is a generous crop around the one face in it: what enrolment needs and nobody else. It is made into a template from
the very bytes that are written, as enrolment will do. Expressions are not looked at.
"""

from __future__ import annotations

from enum import Enum

import cv2
import numpy as np

from edge.exchange.capture.views import View
from edge.exchange.enrolment.acquisition import COUNTS_FROM, GATED, SURE_SCORE, Acquisition, acquire
from edge.exchange.enrolment.photographs import decode
from edge.types import Face, Faces, Floats, Frame, Image, Refusal, Signal
from edge.vision.geometry import intersections
from edge.vision.quality import Gates, assess
from edge.vision.recogniser import Recogniser

MARGIN = 0.5
"""The photograph reaches so far beyond the face on each side, as a share of its longer side. The template of such a crop is 0.021
(median, squared L2) from the whole picture's, with 0.25 0.024 and with 0.1 0.029; enrolment takes 275 of 277. More would show
more of whoever stands behind (`python -m models.studies.views`)."""

JPEG_QUALITY = 95
"""Costs nothing beside 100: 0.021, too."""

STEADY_PER_S = 0.5
"""A face that moves by more than this share of its longer side in a second blurs. In 1/30 s of exposure that is 1.7 % of the
face, 2 px of 120."""


class Advice(Enum):
    """What to say, and what to show, when a frame is of no use."""

    NOBODY = ("Stand in front of the camera, in good light.", Signal.READY)
    HOLD_STILL = ("Hold still.", Signal.LOOKING)
    SOMEBODY_ELSE = ("That is somebody else; ignored.", Signal.NOT_IN_DATABASE)
    TOO_FAR = ("Come nearer.", Signal.TOO_FAR)
    TOO_DARK = ("More light on the face: face a window, or switch on a lamp.", Signal.TOO_DARK)
    TOO_BRIGHT = ("Too much light: step out of the sun, or turn away from the lamp or window behind you.", Signal.TOO_BRIGHT)
    BLURRED = ("The picture is blurred: hold still, and look whether the lens is clean.", Signal.BLURRED)
    TURNED_AWAY = ("Look into the camera.", Signal.TURNED_AWAY)
    CUT_OFF = ("Move into the middle of the picture.", Signal.CUT_OFF)
    SEVERAL_PEOPLE = ("One person only, please.", Signal.SEVERAL_PEOPLE)

    @property
    def words(self) -> str:
        """For the terminal."""
        return self.value[0]

    @property
    def signal(self) -> Signal:
        """For the panel."""
        return self.value[1]


REFUSED = {refusal: Advice[refusal.name] for refusal in Refusal}
NOT_ACQUIRED = {verdict: REFUSED[refusal] for refusal, (verdict, _) in GATED.items()}


class Viewfinder:
    """Looks at one frame after the other and says what is wrong with it, or gives the photograph.

    Args:
        recogniser: finds faces, also smaller ones than enrolment takes, and makes templates.
        gates: those of enrolment.
        min_face_px: what enrolment takes.
    """

    def __init__(self, recogniser: Recogniser, gates: Gates, *, min_face_px: float) -> None:
        self._recogniser, self._gates, self._min_face_px = recogniser, gates, min_face_px
        self._before: tuple[Face, float] | None = None

    def look(self, frame: Frame) -> Advice | View:
        """A view of the one face in the frame, or what to change."""
        faces = self._recogniser.detector.detect(frame.pixels)
        if not len(faces):
            self._before = None
            return Advice.NOBODY
        row = _subject(faces)
        (face,) = faces[row : row + 1]
        is_steady = self._is_steady(face, frame.at_s)
        area = around(face)
        if _is_crowded(faces, row, area):
            return Advice.SEVERAL_PEOPLE
        refusal = self._gates.refusal(assess(frame.pixels, faces)[row])
        if refusal:
            return REFUSED[refusal]
        if not is_steady:
            return Advice.HOLD_STILL
        found = self.view(jpeg(cut(frame.pixels, area)))
        return found if isinstance(found, View) else NOT_ACQUIRED.get(found.verdict, Advice.HOLD_STILL)

    def view(self, content: bytes) -> View | Acquisition:
        """What enrolment makes of a photograph's file; an acquisition without a template where it refuses it.

        Raises:
            EnrolError: it is not a picture that can be read.
        """
        acquired = acquire(decode(content), self._recogniser, min_face_px=self._min_face_px, gates=self._gates)
        if acquired.template is None or acquired.quality is None:
            return acquired
        return View(content, acquired.template, acquired.quality.turn, acquired.quality.nod)

    def _is_steady(self, face: Face, at_s: float) -> bool:
        """Whether the landmarks have hardly moved since the frame before."""
        before, self._before = self._before, (face, at_s)
        if before is None:
            return False
        moved_px = float(np.linalg.norm(face.landmarks - before[0].landmarks, axis=1).mean())
        return moved_px <= STEADY_PER_S * face.size_px * max(at_s - before[1], 0.0)


def _subject(faces: Faces) -> int:
    """The row of the largest face, sure ones before others."""
    return int(np.argmax([face.size_px + 1e6 * (face.score >= SURE_SCORE) for face in faces]))


def around(face: Face, *, margin: float = MARGIN) -> Floats:
    """The (4,) xyxy area that is kept of a frame: a square around the face."""
    centre, half = (face.box[:2] + face.box[2:]) / 2, face.size_px * (0.5 + margin)
    return np.concatenate([centre - half, centre + half])


def _is_crowded(faces: Faces, row: int, area: Floats) -> bool:
    """Whether somebody else is as large, or would be in the photograph."""
    is_other = (np.arange(len(faces)) != row) & (faces.scores >= SURE_SCORE)
    sizes = (faces.boxes[:, 2:] - faces.boxes[:, :2]).max(axis=1)
    return bool((is_other & ((sizes >= COUNTS_FROM * sizes[row]) | (intersections(faces.boxes, area) > 0))).any())


def cut(pixels: Image, area: Floats) -> Image:
    """What lies in a (4,) xyxy area of the (H, W, 3) picture."""
    x1, y1, x2, y2 = np.round(area).astype(int).clip(0, (*pixels.shape[1::-1], *pixels.shape[1::-1]))
    return pixels[y1:y2, x1:x2]


def jpeg(pixels: Image, *, quality: int = JPEG_QUALITY) -> bytes:
    """The file of a (H, W, 3) uint8 RGB photograph, without any metadata."""
    _, content = cv2.imencode(".jpg", np.ascontiguousarray(pixels[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return content.tobytes()
