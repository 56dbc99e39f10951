"""Which pairs are worst: two people who look like one, and one person who looks like two."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from edge.evaluation.levels import STEP, distance
from edge.evaluation.samples import Samples
from edge.evaluation.scores import Scores
from edge.evaluation.selection import Pairs
from edge.matching.likeness import SAME_FACE, originals

N_SHOWN = 10
N_LOOKED_AT = 20_000
"""Of the nearest pairs, where the nearest of each two people are looked for: a thousand copies must not fill the table."""


class Confusion(NamedTuple):
    """A pair of templates by their rows, and its squared L2."""

    first: int
    second: int
    distance: float


def nearest_strangers(samples: Samples, scores: Scores) -> list[Confusion]:
    """The different-person pairs that are nearest, one for each two people."""
    return _worst(samples, scores.nearest[:N_LOOKED_AT])


def farthest_selves(samples: Samples, scores: Scores) -> list[Confusion]:
    """The same-person pairs that are farthest, one for each person."""
    return _worst(samples, scores.farthest)


def alike(samples: Samples, scores: Scores) -> list[Confusion]:
    """Two people, as near to each other as enrolment would take for one: folders that may be of one person."""
    near = scores.nearest[:N_LOOKED_AT]
    return _worst(samples, near[np.flatnonzero(near.levels * STEP <= SAME_FACE)], n=N_LOOKED_AT)


def near_copies(samples: Samples) -> int:
    """How many photographs show no more than another one of the same person: saved anew, enlarged, cropped."""
    return sum(int((originals(samples.templates[rows]) != np.arange(len(rows))).sum()) for rows in samples.rows if len(rows) > 1)


def _worst(samples: Samples, pairs: Pairs, *, n: int = N_SHOWN) -> list[Confusion]:
    people = np.sort(np.stack([samples.persons[pairs.first], samples.persons[pairs.second]]), axis=0)  # (2, k)
    _, firsts = np.unique(people, axis=1, return_index=True)
    worst = pairs[np.sort(firsts)[:n]]
    return [
        Confusion(int(a), int(b), distance(float(level)))
        for level, a, b in zip(worst.levels, worst.first, worst.second, strict=True)
    ]
