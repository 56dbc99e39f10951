"""All known templates as one matrix; a search is one matrix product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.types import Floats, Match

FARTHEST = 4.0
"""Squared L2 between opposite unit vectors."""


@dataclass(frozen=True)
class Gallery:
    """Who is known.

    Attributes:
        templates: (n, d) float32 unit vectors.
        person_ids: (n,) int64, whose each is; a person may have several.

    Raises:
        ValueError: the arrays' shapes do not belong together.
    """

    templates: Floats
    person_ids: NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.templates.ndim != 2 or self.person_ids.shape != (len(self.templates),):
            raise ValueError(f"expected (n, d) templates and (n,) ids, got {self.templates.shape} and {self.person_ids.shape}")

    def __len__(self) -> int:
        return len(self.person_ids)

    def nearest(self, probe: Floats, *, max_distance: float, min_margin: float = 0.0) -> Match:
        """Whose template is nearest to a probe.

        Args:
            probe: (d,) float32 unit vector.
            max_distance: squared L2; whoever is farther is not named.
            min_margin: nobody is named either when the nearest other person is not this much farther.
        """
        if not len(self):
            return Match(None, FARTHEST, FARTHEST)
        distances = np.clip(2 - 2 * (self.templates @ probe), 0, FARTHEST)  # (n,); unit vectors: |a - b|^2 = 2 - 2ab
        best = int(np.argmin(distances))
        distance = float(distances[best])
        others = distances[self.person_ids != self.person_ids[best]]
        margin = float(others.min()) - distance if len(others) else FARTHEST
        named = distance <= max_distance and margin >= min_margin
        return Match(int(self.person_ids[best]) if named else None, distance, margin)
