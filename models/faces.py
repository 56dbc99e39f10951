"""The development faces: which photographs calibrate, and which measure. None of them enters the repository."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np

from edge.errors import MusterError
from edge.exchange.enrolment.acquisition import central
from edge.types import Image
from models import FOLDER

__all__ = ["MissingFacesError", "calibration_photographs", "central", "folder", "other_photographs", "read"]

DEFAULT = FOLDER.parent.parent / "shared" / "faces" / "lfw-dev"
SET_NAME = "lfw-dev (Labeled Faces in the Wild, deep-funneled, development people)"
SEED = 20180408
N_CALIBRATION = 300


class MissingFacesError(MusterError):
    """The development faces are not here; the message says where they were looked for."""

    exit_code = 65


def folder() -> Path:
    """Where the photographs are: MUSTER_FACES, or ``../shared/faces/lfw-dev`` beside the project.

    Raises:
        MissingFacesError: they are not there.
    """
    path = Path(os.environ.get("MUSTER_FACES", DEFAULT))
    if not any(path.glob("*/*.jpg")):
        raise MissingFacesError(
            f"The calibration set is missing: {SET_NAME}, one folder of JPEG photographs for each person, was looked for in "
            f"{path}. Set MUSTER_FACES to its folder."
        )
    return path


def calibration_photographs() -> list[Path]:
    """One photograph each of N_CALIBRATION people, drawn with a fixed seed."""
    calibrating, _ = _split()
    return calibrating


def other_photographs() -> list[Path]:
    """All photographs of the people who do not calibrate, shuffled with a fixed seed: any first n are a fair sample."""
    _, others = _split()
    return others


def _split() -> tuple[list[Path], list[Path]]:
    by_person = defaultdict(list)
    for path in sorted(folder().glob("*/*.jpg")):
        by_person[path.parent.name].append(path)
    generator = np.random.default_rng(SEED)
    people = [list(by_person)[row] for row in generator.permutation(len(by_person))]
    calibrating = [by_person[person][0] for person in people[:N_CALIBRATION]]
    others = [path for person in people[N_CALIBRATION:] for path in by_person[person]]
    return calibrating, [others[row] for row in generator.permutation(len(others))]


def read(path: Path) -> Image:
    """A photograph as (H, W, 3) uint8 RGB.

    Raises:
        OSError: it cannot be read.
    """
    pixels = cv2.imread(str(path))
    if pixels is None:
        raise OSError(f"{path}: is not a picture that can be read")
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
