"""Accuracy on the development pairs of Labeled Faces in the Wild, as ``faces/README.md`` defines it."""

from __future__ import annotations

import numpy as np
from tqdm import tqdm

from edge.exchange.collection.pair_list import judge, read_pairs
from edge.types import Floats
from edge.vision.facenet import Facenet
from edge.vision.mtcnn import Mtcnn
from models import faces


def accuracy(mtcnn: Mtcnn, facenet: Facenet) -> dict[str, float]:
    """10-fold accuracy, computed as `muster evaluate --pairs` computes it.

    A photograph in which no face is found is a failure to acquire; a pair with one is left out and counted.
    """
    folder = faces.folder()
    pairs = read_pairs(folder.parent / "pairs-dev.csv", {path.relative_to(folder).as_posix() for path in folder.glob("*/*.jpg")})
    templates = _templates(sorted({name for pair in pairs for name in (pair.a, pair.b)}), mtcnn, facenet)
    rows = {name: row for row, name in enumerate(templates)}
    told = judge(pairs, rows, np.stack(list(templates.values())))
    if told is None:
        raise ValueError("fewer than two folds have a pair with a face in both photographs")
    return {
        "accuracy": round(told.mean, 4),
        "deviation": round(told.deviation, 4),
        "n_pairs": told.n_pairs,
        "n_left_out": told.n_left_out,
    }


def _templates(names: list[str], mtcnn: Mtcnn, facenet: Facenet) -> dict[str, Floats]:
    templates = {}
    for name in tqdm(names, "pairs", mininterval=2):
        pixels = faces.read(faces.folder() / name)
        for template in facenet.templates(pixels, faces.central(pixels, mtcnn.detect(pixels))):
            templates[name] = template
    return templates
