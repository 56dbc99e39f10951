"""The view of a wall-mounted unit onto a doorway, drawn: wall, frame, a lit corridor behind it, a half-height gate before it.

Everything is arithmetic on one seed, so the same frames come out every time. Images are (H, W, 3) uint8 RGB.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = (640, 480)
"""Width and height of the scene."""

GATE_TOP_PX = 350
"""Visitors are seen above the gate."""

Floats = NDArray[np.float32]

BACK = ((262, 120), (378, 120), (378, 300), (262, 300))
OPENING = ((176, 34), (464, 34), (464, 480), (176, 480))
FRAME_PX = 16


def empty_scene(seed: int) -> Floats:
    """The doorway with nobody in it and without sensor noise.

    Returns:
        (480, 640, 3) float32, 0 to 255.
    """
    rng = np.random.default_rng(seed)
    scene = _wall(rng)
    _door_frame(scene)
    _corridor(scene)
    return cv2.GaussianBlur(scene, (0, 0), 0.8) * _vignette()


def gate(seed: int) -> tuple[Floats, Floats]:
    """The panel in the foreground: its picture, and how much it covers.

    Returns:
        (480, 640, 3) float32, 0 to 255, and (480, 640, 1) float32 in [0, 1].
    """
    width, height = SIZE
    grain = cv2.GaussianBlur(
        np.random.default_rng(seed + 1).normal(0, 40, (height, width)).astype(np.float32), (0, 0), 18, sigmaY=0.8
    )
    fall = np.linspace(1.0, 0.55, height - GATE_TOP_PX, dtype=np.float32)[:, None, None]
    panel = np.zeros((height, width, 3), np.float32)
    panel[GATE_TOP_PX:] = np.float32([112, 92, 74]) * fall
    panel[GATE_TOP_PX : GATE_TOP_PX + 7] = (168, 146, 122)
    for x in range(80, width, 160):
        cv2.line(panel, (x, GATE_TOP_PX + 14), (x, height), (58, 47, 38), 2)
    cover = np.zeros((height, width), np.float32)
    cover[GATE_TOP_PX:] = 1.0
    return (panel + grain[..., None]) * _vignette(), cv2.GaussianBlur(cover, (0, 0), 0.9)[..., None]


def sensor(scene: Floats, rng: np.random.Generator) -> NDArray[np.uint8]:
    """What a small sensor makes of a scene: noise that grows with the light (shot noise) over a floor (read-out)."""
    noise = rng.standard_normal(scene.shape, dtype=np.float32)
    spread = np.sqrt(4.0 + 0.05 * np.clip(scene, 0, 255))
    return np.clip(scene + noise * spread, 0, 255).astype(np.uint8)


def _wall(rng: np.random.Generator) -> Floats:
    """Plaster: warm grey, lighter towards the lamp above the door, with stains and grain."""
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    light = 0.62 + 0.4 * np.exp(-(((x - 320) / 330) ** 2 + ((y + 30) / 420) ** 2))
    stains = cv2.resize(rng.normal(0, 5, (12, 16)).astype(np.float32), SIZE, interpolation=cv2.INTER_CUBIC)
    grain = cv2.GaussianBlur(rng.normal(0, 6, (height, width)).astype(np.float32), (0, 0), 1.2)
    return np.float32([198, 189, 174]) * light[..., None] + (stains + grain)[..., None]


def _door_frame(scene: Floats) -> None:
    (left, top), (right, _), _, _ = OPENING
    cv2.rectangle(scene, (left - FRAME_PX - 5, top - FRAME_PX - 5), (right + FRAME_PX + 5, 480), (128, 120, 110), -1)
    cv2.rectangle(scene, (left - FRAME_PX, top - FRAME_PX), (right + FRAME_PX, 480), (124, 88, 56), -1)
    cv2.rectangle(scene, (left - 5, top - 5), (right + 5, 480), (84, 58, 37), -1)
    cv2.rectangle(scene, (540, 196), (572, 240), (214, 212, 206), -1)
    cv2.rectangle(scene, (549, 206), (563, 230), (176, 174, 168), -1)


def _corridor(scene: Floats) -> None:
    """Four walls in perspective, each shaded towards the far end, a window of light there, and a lamp on the ceiling."""
    tones = {(0, 1): (150, 146, 138), (1, 2): (126, 121, 112), (2, 3): (92, 82, 72), (3, 0): (138, 133, 124)}
    for (a, b), tone in tones.items():
        for step in np.linspace(0, 1, 40, dtype=np.float32):
            near, far = np.float32(OPENING), np.float32(BACK)
            ring = near + (far - near) * step
            corners = np.round(np.stack([ring[a], ring[b], far[b], far[a]])).astype(np.int32)
            cv2.fillConvexPoly(scene, corners, [float(v) * float(0.72 + 0.42 * step) for v in tone])
    cv2.rectangle(scene, BACK[0], BACK[2], (188, 184, 172), -1)
    cv2.rectangle(scene, (290, 142), (350, 214), (226, 232, 236), -1)
    cv2.line(scene, (320, 142), (320, 214), (150, 146, 138), 3)
    cv2.ellipse(scene, (320, 82), (34, 7), 0, 0, 360, (250, 246, 232), -1)


def _vignette() -> Floats:
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return (1 - 0.28 * (((x - 320) / 400) ** 2 + ((y - 240) / 400) ** 2))[..., None]
