"""Accuracy on the development pairs of Labeled Faces in the Wild, as ``faces/README.md`` defines it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.types import Floats
from edge.vision.facenet import Facenet
from edge.vision.mtcnn import Mtcnn
from models import faces

N_FOLDS = 10


def accuracy(mtcnn: Mtcnn, facenet: Facenet) -> dict[str, float]:
    """10-fold accuracy: the threshold is chosen on nine folds and tested on the tenth.

    A photograph in which no face is found is a failure to acquire; a pair with one is left out and counted.
    """
    rows = _rows(faces.folder().parent / "pairs-dev.csv")
    templates = _templates(sorted({name for _, a, b, _ in rows for name in (a, b)}), mtcnn, facenet)
    judged = [(fold, templates[a], templates[b], same) for fold, a, b, same in rows if a in templates and b in templates]
    folds, same = np.array([row[0] for row in judged]), np.array([row[3] for row in judged])
    distances = np.array([float(np.sum((a - b) ** 2)) for _, a, b, _ in judged])
    correct = [accuracy_at_best_threshold(distances, same, folds == fold) for fold in range(N_FOLDS)]
    return {
        "accuracy": round(float(np.mean(correct)), 4),
        "deviation": round(float(np.std(correct)), 4),
        "n_pairs": len(judged),
        "n_left_out": len(rows) - len(judged),
    }


def _rows(path: Path) -> list[tuple[int, str, str, bool]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [(int(row["fold"]), row["a"], row["b"], row["same"] == "1") for row in csv.DictReader(file)]


def _templates(names: list[str], mtcnn: Mtcnn, facenet: Facenet) -> dict[str, Floats]:
    templates = {}
    for name in tqdm(names, "pairs", mininterval=2):
        pixels = faces.read(faces.folder() / name)
        for template in facenet.templates(pixels, faces.central(pixels, mtcnn.detect(pixels))):
            templates[name] = template
    return templates


def accuracy_at_best_threshold(distances: NDArray[np.float64], same: NDArray[np.bool_], testing: NDArray[np.bool_]) -> float:
    """Accuracy on the tested rows at the middle of the thresholds that are best on the others."""
    training = distances[~testing]
    thresholds = np.unique(training)
    correct = [float(np.mean((training <= threshold) == same[~testing])) for threshold in thresholds]
    best = np.median(thresholds[np.array(correct) == max(correct)])
    return float(np.mean((distances[testing] <= best) == same[testing]))
