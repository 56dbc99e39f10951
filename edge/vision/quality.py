"""Whether a found face is fit to be judged, and a named reason where it is not."""

from __future__ import annotations

from dataclasses import dataclass

from edge.types import Faces, Image, Refusal


@dataclass(frozen=True, slots=True)
class Quality:
    """What can be said of one found face before its template is made.

    Attributes:
        size_px: the longer side of the box, in pixels of the frame.
        weight: how much its template counts beside others of the same track; 1 is a usual one.
    """

    size_px: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Gates:
    """Where a face begins to be unfit; the fields are the configuration's."""

    def refusal(self, quality: Quality) -> Refusal | None:
        """Why a face should not be judged; None where it may be."""
        del quality
        return None


def assess(pixels: Image, faces: Faces) -> tuple[Quality, ...]:
    """The quality of each of n faces in the (H, W, 3) uint8 RGB picture that they were found in."""
    del pixels
    return tuple(Quality(face.size_px) for face in faces)
