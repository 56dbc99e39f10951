"""The head itself: y = (x − mean) A, then length one. Linear, so that it folds into FaceNet's last layer; needs no TensorFlow."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from edge.evaluation.samples import Samples
from edge.types import Floats
from edge.vectors import unit

if TYPE_CHECKING:
    from models.head.embeddings import Embeddings  # it imports the unit's pipeline, which the networks' build does not have


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

    @classmethod
    def read(cls, path: Path) -> Self:
        """From a file that `write` wrote."""
        with np.load(path) as arrays:
            return cls(arrays["mean"], arrays["matrix"])

    def write(self, path: Path) -> None:
        """The same head is the same bytes."""
        np.savez(path, mean=self.mean, matrix=self.matrix)

    @property
    def name(self) -> str:
        """``head-`` and eight digits of its numbers' SHA-256: whoever trains another one gets another name."""
        digest = hashlib.sha256(b"".join(array.astype("<f4").tobytes() for array in (self.mean, self.matrix)))
        return f"head-{digest.hexdigest()[:8]}"

    def __call__(self, vectors: Floats) -> Floats:
        """(n, d) templates of any length -> (n, m) unit vectors."""
        return unit(np.asarray((vectors - self.mean) @ self.matrix, np.float32))

    def after(self, matrix: Floats, bias: Floats) -> tuple[Floats, Floats]:
        """One fully connected layer that does what another and then this head do, but for the length.

        Args:
            matrix: (c, d) of the layer before.
            bias: (d,) of it.

        Returns:
            (c, m) and (m,).
        """
        exact = self.matrix.astype(np.float64)
        return (matrix @ exact).astype(np.float32), ((bias - self.mean.astype(np.float64)) @ exact).astype(np.float32)

    def samples(self, given: Embeddings) -> Samples:
        """What `edge.evaluation` measures."""
        return Samples(self(given.upright), given.persons, given.n_photographs)
