"""Finds faces: MTCNN, a cascade of three networks over a pyramid of the frame.

Source: Zhang et al. 2016, "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks",
sections II-A (pyramid, P-Net, R-Net, O-Net, NMS) and II-B (regression).

P-Net sees the whole pyramid at once: `PyramidLayout` packs its levels into one canvas. P-Net has no padding (its one
pooling layer sees only even sizes here), so an output cell depends on its own 12 x 12 window and nothing else; the
windows that reach over the edge of a level are never read. That is the gap between the levels: no window that
counts sees two of them, and the result is that of one run for each level.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from edge.ports import Network
from edge.types import Faces, Floats, Image
from edge.vision.geometry import Indices, Mipmap, nms, overlap_of_smaller, squared

WINDOW_PX = 12
"""What P-Net sees at each output cell (Zhang et al. 2016, figure 2)."""
STRIDE_PX = 2
"""How far apart the windows of neighbouring cells are (one 2 x 2 pooling)."""
RNET_PX, ONET_PX = 24, 48
"""Input sides of R-Net and O-Net (figure 2)."""
CANVAS_STEP_PX = 8
"""Sides of the canvas are multiples of this, as the Edge TPU prefers (Coral documentation, model requirements)."""

SAME_LEVEL_IOU, ACROSS_LEVELS_IOU, AFTER_RNET_IOU, AFTER_ONET_OVERLAP = 0.5, 0.7, 0.7, 0.7
"""NMS thresholds of the authors' own code (kpzhang93/MTCNN_face_detection_alignment, detect_face.m)."""

N_WINDOWS, N_CANDIDATES = 512, 128
"""So many windows of P-Net are compared, and so many boxes go on to R-Net, at most, the best first: a bound on the time that
a frame can take. (In 5,378 photographs with a face, 43 boxes at most went on.)
"""


class Level(NamedTuple):
    """One scaled copy of the frame: where it lies in the canvas, in canvas pixels. All four are even."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PyramidLayout:
    """Where each level of the pyramid lies in the canvas.

    Attributes:
        frame_size: (width, height) of the frames.
        canvas_size: (width, height), multiples of `CANVAS_STEP_PX`.
        levels: largest first.
    """

    frame_size: tuple[int, int]
    canvas_size: tuple[int, int]
    levels: tuple[Level, ...]

    @classmethod
    @lru_cache(maxsize=8)
    def pack(cls, frame_size: tuple[int, int], min_face_px: float, scale_factor: float) -> PyramidLayout:
        """Lay out all levels on which a face of at least ``min_face_px`` fills a window of P-Net.

        Of all widths from the first level's to twice that, the one with the smallest canvas is taken.
        """
        sizes = list(_level_sizes(frame_size, min_face_px, scale_factor))
        if not sizes:
            return cls(frame_size, (CANVAS_STEP_PX, CANVAS_STEP_PX), ())
        first = _round_up(sizes[0][0], CANVAS_STEP_PX)
        packings = [_pack(sizes, width) for width in range(first, 2 * first + 1, CANVAS_STEP_PX)]
        canvas_size, levels = min(packings, key=lambda packing: packing[0][0] * packing[0][1])
        return cls(frame_size, canvas_size, levels)

    def draw(self, frame: Mipmap) -> Image:
        """The canvas, (h, w, 3) uint8, with the frame scaled into each level."""
        width, height = self.canvas_size
        canvas = np.zeros((height, width, 3), np.uint8)
        whole = np.array([(0, 0, *self.frame_size)], np.float32)
        for level in self.levels:
            (scaled,) = frame.crops(whole, (level.width, level.height), border=cv2.BORDER_REPLICATE)
            canvas[level.y : level.y + level.height, level.x : level.x + level.width] = scaled
        return canvas

    def to_frame(self, level: Level) -> tuple[float, float, float, float]:
        """What xyxy pixels of a level are multiplied by to become pixels of the frame."""
        x, y = self.frame_size[0] / level.width, self.frame_size[1] / level.height
        return x, y, x, y

    def cells(self, level: Level) -> tuple[slice, slice]:
        """The P-Net cells (rows, columns) whose windows lie wholly inside a level."""
        top, left = level.y // STRIDE_PX, level.x // STRIDE_PX
        return slice(top, top + _n_cells(level.height)), slice(left, left + _n_cells(level.width))


def _n_cells(side_px: int) -> int:
    return (side_px - WINDOW_PX) // STRIDE_PX + 1


def _round_up(value: int, step: int) -> int:
    return -(-value // step) * step


def _level_sizes(frame_size: tuple[int, int], min_face_px: float, scale_factor: float) -> Iterator[tuple[int, int]]:
    """(width, height) of each level, even, until the shorter side is less than one window."""
    scale = min(1.0, WINDOW_PX / min_face_px)
    while min(frame_size) * scale >= WINDOW_PX:
        yield tuple(max(WINDOW_PX, 2 * round(side * scale / 2)) for side in frame_size)  # type: ignore[misc]
        scale *= scale_factor


def _pack(sizes: list[tuple[int, int]], width: int) -> tuple[tuple[int, int], tuple[Level, ...]]:
    """Guillotine packing: each size goes into the highest free rectangle with room, whose rest is cut in two."""
    free = [(0, 0, width, sum(height for _, height in sizes))]  # each: top, left, width, height
    levels = []
    for w, h in sizes:
        spot = min(rectangle for rectangle in free if w <= rectangle[2] and h <= rectangle[3])
        top, left, spot_w, spot_h = spot
        free.remove(spot)
        free += [(top, left + w, spot_w - w, h), (top + h, left, spot_w, spot_h - h)]
        levels.append(Level(left, top, w, h))
    height = max(level.y + level.height for level in levels)
    return (width, _round_up(height, CANVAS_STEP_PX)), tuple(levels)


def standardised(pixels: Image) -> Floats:
    """What all four networks are fed: (x - 127.5) / 128, float32 (MTCNN's and FaceNet's fixed standardisation)."""
    return (pixels.astype(np.float32) - np.float32(127.5)) * np.float32(1 / 128)


class MtcnnNetworks(NamedTuple):
    """The three stages."""

    pnet: Network
    rnet: Network
    onet: Network


@dataclass(frozen=True)
class Mtcnn:
    """Finds the faces of a frame.

    Attributes:
        networks: P-, R- and O-Net; each gives "logit" and "offsets", O-Net also "landmarks".
        min_face_px: smaller faces are not found; the longer side of the box counts.
        scale_factor: from one level of the pyramid to the next.
        thresholds: scores that a box must reach after P-, R- and O-Net.
    """

    networks: MtcnnNetworks
    min_face_px: float
    scale_factor: float
    thresholds: tuple[float, ...]

    def detect(self, pixels: Image) -> Faces:
        """All faces of a frame, best first.

        Args:
            pixels: (H, W, 3) uint8 RGB.
        """
        frame = Mipmap.of(pixels)
        return self.output(frame, self.refine(frame, self.propose(frame)))

    def propose(self, frame: Mipmap) -> Floats:
        """First stage: (n, 4) boxes that may hold a face, regressed by P-Net, best first."""
        height, width = frame.levels[0].shape[:2]
        layout = PyramidLayout.pack((width, height), self.min_face_px, self.scale_factor)
        if not layout.levels:
            return np.empty((0, 4), np.float32)
        result = self.networks.pnet(standardised(layout.draw(frame))[None])  # (1, h, w, 3) -> (1, h', w', ...)
        logits, offsets = result["logit"][0, :, :, 0], result["offsets"][0]
        boxes, scores, shifts, levels = _windows(layout, logits, offsets, _logit(self.thresholds[0]))
        best = nms(boxes, scores, SAME_LEVEL_IOU, groups=levels)
        boxes, scores, shifts = boxes[best], scores[best], shifts[best]
        best = nms(boxes, scores, ACROSS_LEVELS_IOU)[:N_CANDIDATES]
        return _shifted(boxes[best], shifts[best])

    def refine(self, frame: Mipmap, boxes: Floats) -> Floats:
        """Second stage: those of the (n, 4) boxes that R-Net believes, regressed, best first."""
        squares, result = _judge(self.networks.rnet, frame, boxes, RNET_PX)
        logits = result["logit"][:, 0]
        rows = np.flatnonzero(logits > _logit(self.thresholds[1]))
        rows = rows[nms(squares[rows], logits[rows], AFTER_RNET_IOU)]
        return _shifted(squares[rows], result["offsets"][rows])

    def output(self, frame: Mipmap, boxes: Floats) -> Faces:
        """Third stage: faces with landmarks from those of the (n, 4) boxes that O-Net believes, best first."""
        squares, result = _judge(self.networks.onet, frame, boxes, ONET_PX)
        logits = result["logit"][:, 0]
        rows = np.flatnonzero(logits > _logit(self.thresholds[2]))
        squares, logits = squares[rows], logits[rows]
        sides = squares[:, None, 2:] - squares[:, None, :2]  # (n, 1, 2)
        landmarks = squares[:, None, :2] + sides * result["landmarks"][rows]  # (n, 5, 2)
        boxes = _shifted(squares, result["offsets"][rows])
        best = nms(boxes, logits, AFTER_ONET_OVERLAP, overlap=overlap_of_smaller)
        faces = Faces(boxes[best], _sigmoid(logits[best]), landmarks[best])
        # Regression shrinks the smallest windows: without this, faces of 36 px came through where 60 were asked for.
        return faces[np.max(faces.boxes[:, 2:] - faces.boxes[:, :2], axis=1) >= self.min_face_px]


def _windows(layout: PyramidLayout, logits: Floats, offsets: Floats, threshold: float) -> tuple[Floats, Floats, Floats, Indices]:
    """The windows above the threshold: boxes (n, 4) px of the frame, logits (n,), offsets (n, 4), numbers of levels (n,)."""
    found = []
    for number, level in enumerate(layout.levels):
        cells = layout.cells(level)
        rows, columns = np.nonzero(logits[cells] > threshold)
        corners = STRIDE_PX * np.stack([columns, rows, columns, rows], axis=1) + (0, 0, WINDOW_PX, WINDOW_PX)  # (n, 4)
        boxes = (corners * layout.to_frame(level)).astype(np.float32)
        found.append((boxes, logits[cells][rows, columns], offsets[cells][rows, columns], np.full(len(rows), number)))
    boxes, scores, shifts, numbers = (np.concatenate(parts) for parts in zip(*found, strict=True))
    best = np.argsort(-scores, kind="stable")[:N_WINDOWS]
    return boxes[best], scores[best], shifts[best], numbers[best]


def _judge(network: Network, frame: Mipmap, boxes: Floats, side_px: int) -> tuple[Floats, Mapping[str, Floats]]:
    """Show a network the square around each of the (n, 4) boxes; the squares (n, 4), and what it says of them."""
    squares = squared(boxes)
    crops = frame.crops(squares, (side_px, side_px))  # (n, side, side, 3)
    return squares, network(standardised(crops))


def _shifted(boxes: Floats, offsets: Floats) -> Floats:
    """Bounding-box regression (section II-B, eq. 2): each edge moves by a share of the box's side."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return boxes + offsets * np.tile(sides, 2)


def _logit(score: float) -> float:
    return math.log(score / (1 - score))


def _sigmoid(logits: Floats) -> Floats:
    return np.float32(1) / (np.float32(1) + np.exp(-logits))
