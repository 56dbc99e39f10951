"""Vectors of length one, as all templates are."""

from __future__ import annotations

import numpy as np

from edge.types import Floats


def unit(vectors: Floats) -> Floats:
    """The (..., d) float32 vectors scaled to length one; those of length zero stay."""
    lengths: Floats = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), np.finfo(np.float32).tiny)
    return vectors / lengths
