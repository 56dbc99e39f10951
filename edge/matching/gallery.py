"""All known templates as one matrix; a search is one pass over it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edge.matching.combination import BEST, Combination, People
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
    """Names the person whose templates are nearest; implements `edge.matching.matcher.Matcher`."""

    gallery: Gallery
    rule: Rule
    combination: Combination = BEST

    def match(self, probe: Floats) -> Match:
        """Whose templates are nearest to a probe (d,) float32 unit vector."""
        distances = self.distances(probe)
        return self.verdict(distances, int(np.argmin(distances))) if len(distances) else Match(None, FARTHEST, FARTHEST)

    def distances(self, probe: Floats) -> Floats:
        """How far a probe (d,) float32 unit vector is from each person, these in the ascending order of their ids: (p,)."""
        people = self._people
        if not len(people.ids):
            return np.empty(0, np.float32)
        # Not @: BLAS shares so long a product among threads, and on a machine whose cores are busy waits for them 33 ms where
        # one thread needs 1.0 (50,000 templates of 128 values; the memory sets the pace, so idle cores gain nothing much).
        cosines = np.einsum("rd,d->r", people.references, probe)
        to_references = np.clip(2 - 2 * cosines, 0, FARTHEST)  # (r,); unit vectors: |a - b|^2 = 2 - 2ab
        distances: Floats = people.distances(to_references)
        return distances

    def verdict(self, distances: Floats, best: int) -> Match:
        """Whether the person in this place of the (p,) distances is named."""
        distance = float(distances[best])
        others = np.delete(distances, best)
        # Somebody else may be nearer where a classifier chose.
        margin = max(0.0, float(others.min()) - distance) if len(others) else FARTHEST
        named = distance <= self.rule.max_distance and margin >= self.rule.min_margin
        return Match(int(self._people.ids[best]) if named else None, distance, margin)

    @cached_property
    def _people(self) -> People:
        return People.of(self.gallery.templates, self.gallery.person_ids, self.combination)
