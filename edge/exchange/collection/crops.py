"""Faces as small pictures inside a page, for whoever asked for them."""

from __future__ import annotations

import base64
from collections.abc import Iterable

import cv2
import numpy as np

from edge.exchange.collection.collect import Photograph
from edge.exchange.enrolment.photographs import decode, read_bytes
from edge.vision.facenet import face_crops
from edge.vision.geometry import Mipmap

JPEG_QUALITY = 80


def data_uri(photograph: Photograph) -> str:
    """What FaceNet saw of a photograph, 160 x 160, as a data URI.

    Raises:
        EnrolError: it cannot be read any more.
    """
    pixels = decode(read_bytes(photograph.path))
    (crop,) = face_crops(Mipmap.of(pixels), photograph.box[None])
    _, jpeg = cv2.imencode(".jpg", np.ascontiguousarray(crop[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg.tobytes()).decode()}"


def data_uris(photographs: tuple[Photograph, ...], rows: Iterable[int]) -> dict[int, str]:
    """Row -> data URI."""
    return {row: data_uri(photographs[row]) for row in sorted(set(rows))}
