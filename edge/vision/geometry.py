"""Boxes and crops: arithmetic on arrays, nothing that knows a face."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.types import Floats, Image

Indices = NDArray[np.intp]
"""Row numbers."""

Overlap = Callable[[Floats, Floats], Floats]
"""How much boxes overlap: two arrays (..., 4) that broadcast against each other -> (...) in [0, 1]."""

SMALLEST_LEVEL_PX = 8

_TINY = np.float32(np.finfo(np.float32).tiny)


def areas(boxes: Floats) -> Floats:
    """Areas of (..., 4) xyxy boxes in square pixels, (...)."""
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def intersections(a: Floats, b: Floats) -> Floats:
    """The area that boxes (..., 4) share, pair by pair as they broadcast, (...)."""
    width = np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0])
    height = np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1])
    shared: Floats = np.maximum(width, np.float32(0)) * np.maximum(height, np.float32(0))
    return shared


def iou(a: Floats, b: Floats) -> Floats:
    """Intersection over union of boxes (..., 4), pair by pair as they broadcast, (...) in [0, 1]."""
    shared = intersections(a, b)
    union: Floats = np.maximum(areas(a) + areas(b) - shared, _TINY)
    return shared / union


def overlap_of_smaller(a: Floats, b: Floats) -> Floats:
    """Intersection over the smaller of the two areas, (...) in [0, 1]: a box inside another counts as 1."""
    smaller: Floats = np.maximum(np.minimum(areas(a), areas(b)), _TINY)
    return intersections(a, b) / smaller


def nms(boxes: Floats, scores: Floats, threshold: float, *, overlap: Overlap = iou, groups: Indices | None = None) -> Indices:
    """Non-maximum suppression: of boxes that overlap, only the best stays.

    Args:
        boxes: (n, 4) xyxy.
        scores: (n,), any scale.
        threshold: a box that overlaps a better one by more than this goes.
        overlap: `iou` or `overlap_of_smaller`.
        groups: (n,) numbers; boxes of different groups leave each other alone. None: one group.

    Returns:
        Rows that stay, best first; of equal scores the earlier row is the better one.
    """
    order = np.argsort(-scores, kind="stable")
    ranked = boxes[order]
    suppresses = overlap(ranked[:, None], ranked[None]) > threshold  # (n, n)
    if groups is not None:
        suppresses &= groups[order][:, None] == groups[order]
    gone = np.zeros(len(order), bool)
    kept = []
    for row in range(len(order)):
        if not gone[row]:
            kept.append(row)
            gone |= suppresses[row]
    return order[kept]


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

    def crops(self, boxes: Floats, size: tuple[int, int], *, border: int = cv2.BORDER_CONSTANT) -> Image:
        """Cut boxes out and scale them to one size.

        Args:
            boxes: (n, 4) xyxy px of the picture, not rounded; may reach over the border.
            size: (width, height) of the results.
            border: OpenCV's border mode for what lies beyond the picture: black, or the nearest pixel (BORDER_REPLICATE).

        Returns:
            (n, height, width, 3) uint8.
        """
        steps = (boxes[:, 2:] - boxes[:, :2]) / np.array(size, float)  # (n, 2): pixels of the picture to one of the crop
        levels = np.log2(np.maximum(steps.min(axis=1), 1)).astype(int).clip(max=len(self.levels) - 1)  # (n,)
        shares = 0.5 ** levels[:, None]
        inverse = np.zeros((len(boxes), 2, 3))
        inverse[:, (0, 1), (0, 1)] = steps * shares
        # The centre of pixel i of the crop is at x1 + (i + 0.5) * step; OpenCV counts from the centre of the first pixel.
        inverse[:, :, 2] = (boxes[:, :2] + steps / 2) * shares - 0.5
        cut = np.empty((len(boxes), size[1], size[0], 3), np.uint8)
        for row, level in enumerate(levels):
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            cv2.warpAffine(self.levels[level], inverse[row], size, dst=cut[row], flags=flags, borderMode=border)
        return cut
