"""All known templates as one matrix; a search is one matrix product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.matching.matcher import Rule
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


@dataclass(frozen=True)
class NearestTemplate:
    """Names whose template is nearest; implements `edge.matching.matcher.Matcher`."""

    gallery: Gallery
    rule: Rule

    def match(self, probe: Floats) -> Match:
        """Whose template is nearest to a probe (d,) float32 unit vector."""
        gallery = self.gallery
        if not len(gallery):
            return Match(None, FARTHEST, FARTHEST)
        distances = np.clip(2 - 2 * (gallery.templates @ probe), 0, FARTHEST)  # (n,); unit vectors: |a - b|^2 = 2 - 2ab
        best = int(np.argmin(distances))
        distance = float(distances[best])
        others = distances[gallery.person_ids != gallery.person_ids[best]]
        margin = float(others.min()) - distance if len(others) else FARTHEST
        named = distance <= self.rule.max_distance and margin >= self.rule.min_margin
        return Match(int(gallery.person_ids[best]) if named else None, distance, margin)
