"""Somebody walks up to the door, frame by frame: the visitor's cut-out moves, sways, grows and is lit by the doorway."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from scripts.demo.cast import Visitor
from scripts.demo.doorway import SIZE, Floats, empty_scene, gate, sensor

FPS = 10
FAR_PX, NEAR_PX = 40, 160
"""Height of the face when the visitor comes round the corner, and before the unit."""

N_WALKING, N_STANDING, N_EMPTY = 20, 5, 8
EYE_LEVEL_PX = 205
SEED = 20261122


@dataclass(frozen=True, slots=True)
class Cutout:
    """A visitor without the background.

    Attributes:
        pixels: (H, W, 3) float32, 0 to 255.
        matte: (H, W) float32 in [0, 1], soft at the edge.
        face_px: height of the face.
        face_at: (2,) x, y of its middle.
    """

    pixels: Floats
    matte: Floats
    face_px: float
    face_at: Floats


def cut_out(visitor: Visitor, portraits: Path) -> Cutout:
    """Cut a visitor out of the portrait, mirrored, darkened and softened as the cast says.

    Raises:
        FileNotFoundError: the portrait is not there.
    """
    picture = cv2.imread(str(portraits / visitor.portrait), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise FileNotFoundError(portraits / visitor.portrait)
    matte = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(matte, [np.round(visitor.outline).astype(np.int32)], 255)
    soft_edge = cv2.GaussianBlur(matte.astype(np.float32) / 255, (0, 0), 0.018 * visitor.face_px)
    pixels = picture.astype(np.float32) * visitor.gain
    if visitor.soft:
        pixels = cv2.GaussianBlur(pixels, (0, 0), visitor.soft * visitor.face_px)
    x, y = visitor.face_at
    if visitor.mirrored:
        pixels, soft_edge, x = pixels[:, ::-1], soft_edge[:, ::-1], picture.shape[1] - 1 - x
    return Cutout(pixels, soft_edge, visitor.face_px, np.float32([x, y]))


def steps() -> Iterator[tuple[float, float, float]]:
    """Where the face is, step by step: x and y of its middle and its height, in pixels of the scene.

    At an even pace the height of a face grows as one over the distance.
    """
    for i in range(N_WALKING + N_STANDING):
        nearness = min(i / (N_WALKING - 1), 1.0)
        face_px = 1 / ((1 - nearness) / FAR_PX + nearness / NEAR_PX)
        stride = 2 * np.pi * i / FPS * 0.9
        swing = face_px / NEAR_PX * (1.0 if i < N_WALKING else 0.35)
        yield 345 - 30 * nearness + 7 * swing * np.sin(stride), EYE_LEVEL_PX - 5 * swing * abs(np.cos(stride)), face_px


def place(scene: Floats, visitor: Cutout, at: tuple[float, float, float]) -> Floats:
    """Lay a cut-out over a scene so that the middle of the face is at x, y and the face is so many pixels high."""
    x, y, face_px = at
    scale = face_px / visitor.face_px
    size = (round(visitor.matte.shape[1] * scale), round(visitor.matte.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    shift = np.float32([x, y]) - visitor.face_at * scale
    move = np.float32([[1, 0, shift[0]], [0, 1, shift[1]]])
    pixels = cv2.warpAffine(cv2.resize(visitor.pixels, size, interpolation=how), move, SIZE, borderMode=cv2.BORDER_REPLICATE)
    matte = cv2.warpAffine(cv2.resize(visitor.matte, size, interpolation=how), move, SIZE)[..., None]
    lit = 0.8 + 0.2 * face_px / NEAR_PX
    return scene + (pixels * lit - scene) * np.clip(matte, 0, 1)


def walk_ups(cutouts: list[Cutout], seed: int = SEED) -> Iterator[tuple[int | None, NDArray[np.uint8]]]:
    """All frames of the demonstration: an empty doorway, a visitor, an empty doorway, the next.

    Yields:
        The index of the visitor in the frame, None where nobody is, and (480, 640, 3) uint8 RGB.
    """
    background, (panel, cover) = empty_scene(seed), gate(seed)
    rng = np.random.default_rng(seed)
    for index, visitor in enumerate(cutouts):
        seen = [(None, background)] * N_EMPTY + [(index, place(background, visitor, at)) for at in steps()]
        for who, scene in [*seen, *([(None, background)] * N_EMPTY if index == len(cutouts) - 1 else [])]:
            yield who, sensor(scene + (panel - scene) * cover, rng)


def write_frames(cutouts: list[Cutout], folder: Path) -> dict[str, int]:
    """Write the walk-ups as pictures whose names are in order.

    Returns:
        File name -> index of the visitor who is in it.
    """
    folder.mkdir(parents=True)
    shown = {}
    for number, (who, pixels) in enumerate(walk_ups(cutouts)):
        name = f"{number:04d}.jpg"
        cv2.imwrite(str(folder / name), pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
        if who is not None:
            shown[name] = who
    return shown
