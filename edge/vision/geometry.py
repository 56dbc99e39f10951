"""Boxes and crops: arithmetic on arrays, nothing that knows a face."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.types import Floats, Image

Indices = NDArray[np.intp]
"""Row numbers."""

Overlap = Callable[[Floats, Floats], Floats]
"""How much one (4,) box overlaps each of (n, 4) boxes: (n,) in [0, 1]."""

SMALLEST_LEVEL_PX = 8

_TINY = np.float32(np.finfo(np.float32).tiny)


def areas(boxes: Floats) -> Floats:
    """Areas of (n, 4) xyxy boxes in square pixels, (n,)."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def intersections(box: Floats, boxes: Floats) -> Floats:
    """The area that one (4,) box shares with each of (n, 4) boxes, (n,)."""
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    sides: Floats = np.maximum(high - low, np.float32(0))
    return sides[:, 0] * sides[:, 1]


def iou(box: Floats, boxes: Floats) -> Floats:
    """Intersection over union, (n,) in [0, 1]."""
    shared = intersections(box, boxes)
    union: Floats = np.maximum(areas(box[None])[0] + areas(boxes) - shared, _TINY)
    return shared / union


def overlap_of_smaller(box: Floats, boxes: Floats) -> Floats:
    """Intersection over the smaller of the two areas, (n,) in [0, 1]: a box inside another counts as 1."""
    smaller: Floats = np.maximum(np.minimum(areas(box[None])[0], areas(boxes)), _TINY)
    return intersections(box, boxes) / smaller


def nms(boxes: Floats, scores: Floats, threshold: float, *, overlap: Overlap = iou) -> Indices:
    """Non-maximum suppression: of boxes that overlap, only the best stays.

    Args:
        boxes: (n, 4) xyxy.
        scores: (n,), any scale.
        threshold: a box that overlaps a better one by more than this goes.
        overlap: `iou` or `overlap_of_smaller`.

    Returns:
        Rows that stay, best first; of equal scores the earlier row is the better one.
    """
    order = np.argsort(-scores, kind="stable")
    kept = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        order = order[overlap(boxes[best], boxes[order]) <= threshold]
    return np.array(kept, np.intp)


def squared(boxes: Floats) -> Floats:
    """The smallest squares with the same centres that hold the (n, 4) boxes."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = np.max(boxes[:, 2:] - boxes[:, :2], axis=1, keepdims=True) / 2
    return np.concatenate([centres - half, centres + half], axis=1)


@dataclass(frozen=True, slots=True)
class Mipmap:
    """A picture and its halvings (Williams 1983, "Pyramidal parametrics"): a crop comes from the smallest that is large enough.

    OpenCV averages over areas of any size slowly (a frame to 90 x 68: 1.0 ms) and halves fast (0.07 ms); what is left to
    scale after that is less than two to one, for which linear interpolation does. Taking the *nearest* halving instead
    blurs more, and of 1,706 faces 1.7 % were then not found that averaging finds, 0.9 % this way.

    Attributes:
        levels: (h, w, 3) uint8, each half of the one before; an odd last row or column has no half and is left out, so that
            a pixel of level k is exactly 2^k pixels of the picture.
    """

    levels: tuple[Image, ...]

    @classmethod
    def of(cls, pixels: Image) -> Mipmap:
        """Halve a picture as long as both sides stay at least `SMALLEST_LEVEL_PX`."""
        levels = [pixels]
        while min(half := (levels[-1].shape[1] // 2, levels[-1].shape[0] // 2)) >= SMALLEST_LEVEL_PX:
            even = levels[-1][: 2 * half[1], : 2 * half[0]]
            levels.append(np.asarray(cv2.resize(even, half, interpolation=cv2.INTER_AREA), np.uint8))
        return cls(tuple(levels))

    def crop(self, box: Floats, size: tuple[int, int], *, border: int = cv2.BORDER_CONSTANT) -> Image:
        """Cut a box out and scale it.

        Args:
            box: (4,) xyxy px of the picture, not rounded; may reach over the border.
            size: (width, height) of the result.
            border: OpenCV's border mode for what lies beyond the picture: black, or the nearest pixel (BORDER_REPLICATE).

        Returns:
            (height, width, 3) uint8.
        """
        x1, y1, x2, y2 = (float(side) for side in box)
        step_x, step_y = (x2 - x1) / size[0], (y2 - y1) / size[1]  # pixels of the picture to one of the crop
        level = min(int(math.log2(max(step_x, 1.0))), int(math.log2(max(step_y, 1.0))), len(self.levels) - 1)
        share = 0.5**level
        # The centre of pixel i of the crop is at x1 + (i + 0.5) * step_x; OpenCV counts from the centre of the first pixel.
        inverse = np.array(
            [[step_x * share, 0, (x1 + step_x / 2) * share - 0.5], [0, step_y * share, (y1 + step_y / 2) * share - 0.5]]
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(self.levels[level], inverse, size, flags=flags, borderMode=border), np.uint8)
