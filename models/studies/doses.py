"""Photographs spoilt in known doses, as a door, a camera and somebody in a hurry spoil them.

A dose takes a photograph, the box of its face and a random generator; it gives the spoilt photograph and where the face then is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from edge.types import Floats, Image
from edge.vision.geometry import Mipmap

GAMMA = 2.2
FULL_WELL, READ_NOISE = 4000.0, 6.0
"""Electrons that a small pixel holds and by which it errs in the dark: a phone-sized sensor's order of magnitude."""
WEBCAM_BLUR_PX, WEBCAM_NOISE, WEBCAM_JPEG = 0.7, 5.0, 80
"""What a cheap camera adds to a small face: softness (px), noise (grey values), compression (quality)."""


class Spoilt(NamedTuple):
    """A spoilt photograph, and the box (4,) xyxy px where its face is expected."""

    pixels: Image
    box: Floats


Spoil = Callable[[Image, Floats, float, np.random.Generator], Spoilt]


def size_px(box: Floats) -> float:
    """The longer side of a (4,) box."""
    return float(max(box[2] - box[0], box[3] - box[1]))


def far(pixels: Image, box: Floats, dose: float, _: np.random.Generator) -> Spoilt:
    """So far away that the face has ``dose`` pixels; averaged over areas, the best that any camera can do."""
    scale = min(1.0, dose / size_px(box))
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    return Spoilt(np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8), box * np.float32(scale))


def far_webcam(pixels: Image, box: Floats, dose: float, generator: np.random.Generator) -> Spoilt:
    """So far away that the face has ``dose`` pixels, through a cheap camera: soft, noisy, compressed."""
    small, where = far(pixels, box, dose, generator)
    soft = cv2.GaussianBlur(small.astype(np.float32), (0, 0), WEBCAM_BLUR_PX)
    noisy = np.clip(soft + generator.normal(0, WEBCAM_NOISE, small.shape), 0, 255).astype(np.uint8)
    _, jpeg = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, WEBCAM_JPEG])
    return Spoilt(np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8), where)


def dark(pixels: Image, box: Floats, dose: float, generator: np.random.Generator) -> Spoilt:
    """Under-exposed by ``dose`` stops, with the noise of a sensor."""
    electrons = _linear(pixels) * np.float32(2.0**-dose * FULL_WELL)
    noise = generator.standard_normal(pixels.shape, np.float32) * np.sqrt(electrons + np.float32(READ_NOISE**2))
    return Spoilt(_encoded((electrons + noise) / FULL_WELL), box)


def bright(pixels: Image, box: Floats, dose: float, _: np.random.Generator) -> Spoilt:
    """Over-exposed by ``dose`` stops."""
    return Spoilt(_encoded(_linear(pixels) * np.float32(2.0**dose)), box)


def glare(pixels: Image, box: Floats, dose: float, _: np.random.Generator) -> Spoilt:
    """A share ``dose`` of the light comes from a lamp or window that shines into the lens."""
    return Spoilt(_encoded(_linear(pixels) * np.float32(1 - dose) + np.float32(dose)), box)


def out_of_focus(pixels: Image, box: Floats, dose: float, _: np.random.Generator) -> Spoilt:
    """Gaussian blur; ``dose`` is its standard deviation as a share of the face."""
    return Spoilt(np.asarray(cv2.GaussianBlur(pixels, (0, 0), dose * size_px(box)), np.uint8), box)


def moved(pixels: Image, box: Floats, dose: float, generator: np.random.Generator) -> Spoilt:
    """Blurred along a line of any direction; ``dose`` is its length as a share of the face."""
    length = dose * size_px(box)
    side = 2 * int(np.ceil(length / 2)) + 3
    line = np.zeros((side, side), np.float32)
    line[side // 2] = np.clip(length / 2 + 0.5 - np.abs(np.arange(side) - side // 2), 0, 1)
    middle = (side // 2, side // 2)
    kernel = cv2.warpAffine(line, cv2.getRotationMatrix2D(middle, generator.uniform(0, 180), 1), (side, side))
    return Spoilt(np.asarray(cv2.filter2D(pixels, -1, kernel / kernel.sum()), np.uint8), box)


def cut(pixels: Image, box: Floats, dose: float, generator: np.random.Generator) -> Spoilt:
    """The picture ends where a share ``dose`` of the face lies beyond its edge, on any of the four sides."""
    axis, is_far = int(generator.integers(2)), bool(generator.integers(2))
    low, high = float(box[axis]), float(box[axis + 2])
    edge = round(high - dose * (high - low) if is_far else low + dose * (high - low))
    kept = slice(None, edge) if is_far else slice(edge, None)
    moved_by = np.zeros(4, np.float32)
    moved_by[axis::2] = 0 if is_far else edge
    return Spoilt(np.ascontiguousarray(pixels[:, kept] if axis == 0 else pixels[kept]), box - moved_by)


def leaning(pixels: Image, box: Floats, dose: float, generator: np.random.Generator) -> Spoilt:
    """The head leans by ``dose`` degrees to either side."""
    middle = (float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2)
    turn = cv2.getRotationMatrix2D(middle, dose * float(generator.choice([-1, 1])), 1)
    turned = cv2.warpAffine(pixels, turn, (pixels.shape[1], pixels.shape[0]), borderMode=cv2.BORDER_REFLECT)
    return Spoilt(np.asarray(turned, np.uint8), box)


def beside(pixels: Image, box: Floats, dose: float, generator: np.random.Generator, *, other: Spoilt) -> Spoilt:
    """Another person stands in front, as large; the two boxes share ``dose`` of their width."""
    margin = size_px(other.box) * np.array([-0.15, -0.3, 0.15, 0.15], np.float32)
    width, height = box[2:] - box[:2]
    (head,) = Mipmap.of(other.pixels).crops((other.box + margin)[None], (round(width * 1.3), round(height * 1.45)))
    mask = np.zeros(head.shape[:2], np.float32)
    middle = (head.shape[1] // 2, head.shape[0] // 2)
    cv2.ellipse(mask, middle, (middle[0] - 2, middle[1] - 2), 0, 0, 360, 1.0, -1)
    pad = round(2 * size_px(box))
    wide = cv2.copyMakeBorder(pixels, pad, pad, pad, pad, cv2.BORDER_REFLECT)
    shift = (1 - dose) * width * float(generator.choice([-1, 1]))
    x, y = round(box[0] + shift - 0.15 * width) + pad, round(box[1] - 0.3 * height) + pad
    part = wide[y : y + head.shape[0], x : x + head.shape[1]]
    part[:] = np.where(mask[:, :, None] > 0.5, head, part)
    return Spoilt(np.asarray(wide, np.uint8), box + np.float32(pad))


def _linear(pixels: Image) -> Floats:
    """Light, in [0, 1], of grey values."""
    return (pixels.astype(np.float32) / np.float32(255)) ** np.float32(GAMMA)


def _encoded(light: Floats) -> Image:
    """Grey values of light."""
    return (np.clip(light, 0, 1) ** np.float32(1 / GAMMA) * 255 + np.float32(0.5)).astype(np.uint8)
