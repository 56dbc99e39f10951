"""Pictures as OpenCV and libcamera deliver them -> RGB as everything in Muster wants it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.types import Image


def rgb_from_bgr(pixels: NDArray[np.uint8]) -> Image:
    """(H, W, 3) blue-green-red, or (H, W) grey, as a new (H, W, 3) red-green-blue picture."""
    code = cv2.COLOR_GRAY2RGB if pixels.ndim == 2 else cv2.COLOR_BGR2RGB
    return cv2.cvtColor(pixels, code).astype(np.uint8, copy=False)
