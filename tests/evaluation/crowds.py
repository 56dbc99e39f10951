"""Made-up people for the tests of `edge.evaluation`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.evaluation.samples import Samples


def crowd(n_photographs: Sequence[int], *, scatter: float = 0.8, d: int = 16, seed: int = 7) -> Samples:
    """So many photographs of each person: unit vectors that scatter about the person's own direction."""
    generator = np.random.default_rng(seed)
    persons = np.repeat(np.arange(len(n_photographs)), n_photographs)
    centres = generator.normal(size=(len(n_photographs), d))
    vectors = centres[persons] + scatter * generator.normal(size=(len(persons), d))
    templates = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return Samples(templates, persons, np.array(n_photographs))
