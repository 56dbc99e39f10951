"""Turns a found face into a template. There is one preprocessing, here, for enrolment and for the door.

Source: Schroff et al. 2015, "FaceNet: A Unified Embedding for Face Recognition and Clustering".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.ports import Network
from edge.types import Faces, Floats, Image
from edge.vectors import unit
from edge.vision.geometry import Mipmap
from edge.vision.mtcnn import standardised

INPUT_PX = 160
"""Side of the network's input (20180408-102900, davidsandberg/facenet)."""
MARGIN = 0.1
"""The crop reaches so far beyond the box on each side, as a share of the box's own width and height.

Of 0.05, 0.1, 0.13, 0.15 and 0.2 the best on the development people: FNMR at FMR 1e-4 is .212, .186, .188, .196, .248 (float32).
Squares in place of the box's own shape are far worse: .270 with 0.1. (0.15, 0.2 and the squares with crops by area averaging,
with which 0.1 gives .186 too.)
"""


@dataclass(frozen=True)
class Facenet:
    """Makes templates; ``network`` gives "template"."""

    network: Network

    def templates(self, pixels: Image, faces: Faces) -> Floats:
        """One template for each face.

        Args:
            pixels: (H, W, 3) uint8 RGB, the frame that the faces were found in.
            faces: n faces.

        Returns:
            (n, d) float32 unit vectors; squared L2 between two of them is their distance.
        """
        if not len(faces):
            return np.empty((0, 0), np.float32)
        return self._of(face_crops(Mipmap.of(pixels), faces.boxes))

    def both(self, pixels: Image, faces: Faces) -> tuple[Floats, Floats]:
        """Each face's template as the door makes it, and the one to enrol: the mean of it and of the mirrored crop's.

        It costs a second run at enrolment and nothing at the door. docs/matching.md, "The mirrored crop", says what it gains.

        Args:
            pixels: (H, W, 3) uint8 RGB, the picture that the faces were found in.
            faces: n faces, at least one.

        Returns:
            Twice (n, d) float32 unit vectors.
        """
        crops = face_crops(Mipmap.of(pixels), faces.boxes)  # (n, 160, 160, 3)
        upright, mirrored = self._of(crops), self._of(np.ascontiguousarray(crops[:, :, ::-1]))
        return upright, unit(upright + mirrored)

    def _of(self, crops: Image) -> Floats:
        return unit(self.network(standardised(crops))["template"])


def with_margin(boxes: Floats) -> Floats:
    """What FaceNet is shown of faces in (n, 4) boxes: (n, 4) xyxy px, not rounded, and perhaps over the picture's border."""
    margins = (boxes[:, 2:] - boxes[:, :2]) * np.float32(MARGIN)
    return np.concatenate([boxes[:, :2] - margins, boxes[:, 2:] + margins], axis=1)


def face_crops(frame: Mipmap, boxes: Floats, *, side_px: int = INPUT_PX) -> Image:
    """The faces in (n, 4) boxes with their margin, (n, side_px, side_px, 3) uint8; at 160 what the network sees.

    Width and height are scaled apart, as in the model's training.
    """
    return frame.crops(with_margin(boxes), (side_px, side_px))
