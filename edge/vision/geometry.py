"""Boxes and crops: arithmetic on arrays, nothing that knows a face."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.types import Floats, Image

Indices = NDArray[np.intp]
"""Row numbers."""

Overlap = Callable[[Floats, Floats], Floats]
"""How much one (4,) box overlaps each of (n, 4) boxes: (n,) in [0, 1]."""

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


def crop(pixels: Image, box: NDArray[np.integer], size: tuple[int, int]) -> Image:
    """Cut a box out and scale it; what lies beyond the border of the picture is black.

    Args:
        pixels: (H, W, 3) uint8.
        box: (4,) whole xyxy px with a positive width and height; may reach over the border.
        size: (width, height) of the result.

    Returns:
        (height, width, 3) uint8. Shrinking averages areas, so that no detail turns into a false edge.
    """
    height, width = pixels.shape[:2]
    x1, y1, x2, y2 = (int(side) for side in box)
    inside = pixels[max(y1, 0) : max(y2, 0), max(x1, 0) : max(x2, 0)]
    if x1 < 0 or y1 < 0 or x2 > width or y2 > height:
        over = (max(-y1, 0), y2 - y1 - inside.shape[0] - max(-y1, 0), max(-x1, 0), x2 - x1 - inside.shape[1] - max(-x1, 0))
        if not inside.size:
            return np.zeros((size[1], size[0], 3), np.uint8)
        inside = np.asarray(cv2.copyMakeBorder(inside, *over, cv2.BORDER_CONSTANT), np.uint8)
    shrinks = (x2 - x1) * (y2 - y1) > size[0] * size[1]
    return np.asarray(cv2.resize(inside, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.uint8)
