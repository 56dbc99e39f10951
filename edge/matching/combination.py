"""How the templates of one person count together. Which way is best was measured: docs/matching.md, "Several photographs"."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.types import Floats
from edge.vectors import unit


class Combination(Enum):
    """What the distance to a person is; the values are the configuration's.

    NEAREST: to the nearest of their templates.
    MEAN: to the mean of their templates, at length one again.
    NEAREST_TWO: the mean of the distances to the two nearest; of somebody with one template the distance to that.
    """

    NEAREST = "nearest"
    MEAN = "mean"
    NEAREST_TWO = "nearest two"


BEST = Combination.MEAN
"""The default."""


@dataclass(frozen=True)
class People:
    """Templates put in order by person, for distances to people.

    Attributes:
        ids: (p,) ascending; whoever has a template.
        references: (r, d) float32 unit vectors that a probe is compared with.
        starts: (p,) the first of each person's references.
        combination: of their distances.
    """

    ids: NDArray[np.int64]
    references: Floats
    starts: NDArray[np.intp]
    combination: Combination

    @classmethod
    def of(cls, templates: Floats, person_ids: NDArray[np.int64], combination: Combination) -> People:
        """From (n, d) unit vectors in any order and (n,) whose each is."""
        order = np.argsort(person_ids, kind="stable")
        ids, starts = np.unique(person_ids[order], return_index=True)
        references = np.ascontiguousarray(templates[order])
        if combination is Combination.MEAN and len(ids):
            references, starts = unit(np.add.reduceat(references, starts, axis=0)), np.arange(len(ids))
        return cls(ids, references, starts, combination)

    def distances(self, distances: NDArray[Any]) -> NDArray[Any]:
        """Distances to references (..., r) become distances to people (..., p), of the same type."""
        if len(self.references) == len(self.ids):
            return distances
        nearest: NDArray[Any] = np.minimum.reduceat(distances, self.starts, axis=-1)
        if self.combination is not Combination.NEAREST_TWO:
            return nearest
        counts = np.diff(self.starts, append=len(self.references))
        is_nearest = distances == np.repeat(nearest, counts, axis=-1)
        beyond = np.where(is_nearest, distances.max(initial=0) + 1, distances)
        is_tied = np.add.reduceat(is_nearest, self.starts, axis=-1, dtype=np.int32) > 1
        second = np.where(is_tied | (counts == 1), nearest, np.minimum.reduceat(beyond, self.starts, axis=-1))
        return ((nearest + second) / 2).astype(distances.dtype)
