"""Vectors of length one, as all templates are."""

from __future__ import annotations

import numpy as np

from edge.types import Floats


def unit(vectors: Floats) -> Floats:
    """The (..., d) float32 vectors scaled to length one; those of length zero stay."""
    lengths: Floats = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), np.finfo(np.float32).tiny)
    return vectors / lengths


def distances(a: Floats, b: Floats) -> Floats:
    """Squared L2 between unit vectors (n, d) and (m, d): (n, m)."""
    block = a @ b.T  # (n, m); unit vectors: |a - b|^2 = 2 - 2ab
    block *= -2
    block += 2
    return np.clip(block, 0, 4, out=block)
