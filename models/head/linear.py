"""The head itself: y = (x − mean) A, then length one. Linear, so that it folds into FaceNet's last layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from edge.evaluation.samples import Samples
from edge.types import Floats
from edge.vision.facenet import unit
from models.head.embeddings import Embeddings

N_BYTES = 128


@dataclass(frozen=True)
class Head:
    """What is taken off a template and what it is multiplied with.

    Attributes:
        mean: (d,) float32.
        matrix: (d, m) float32.
    """

    mean: Floats
    matrix: Floats

    @classmethod
    def mean_of(cls, heads: list[Self]) -> Self:
        """The head whose output is the mean of several heads' outputs; itself linear. They must have begun alike."""
        matrices = np.stack([head.matrix for head in heads])
        return cls(np.mean([head.mean for head in heads], axis=0), matrices.mean(axis=0))

    def __call__(self, vectors: Floats) -> Floats:
        """(n, d) templates of any length -> (n, m) unit vectors."""
        return unit(np.asarray((vectors - self.mean) @ self.matrix, np.float32))

    def samples(self, given: Embeddings) -> Samples:
        """What `edge.evaluation` measures."""
        return Samples(self(given.upright), given.persons, given.n_photographs)


def as_bytes(vectors: Floats) -> Floats:
    """What is left of (n, m) unit vectors when each value is stored in one byte, with one step for all: unit vectors again.

    The step is the largest value's 127th part, of each vector: direction is all that counts, so it need not be stored.
    """
    largest: Floats = np.maximum(np.abs(vectors).max(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    whole: Floats = np.rint(vectors * (127 / largest)).astype(np.int8).astype(np.float32)
    return unit(whole)
