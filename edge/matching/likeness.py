"""Faces that look alike and should not, and faces that should and do not: what enrolment asks of templates.

The distances are measured on people whom the head did not see: ``python -m models.studies.likeness``. They belong to templates of
FaceNet with its head, and do not follow the budget, because they do not decide who is named at the door.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.matching.choice import APART, BLOCK
from edge.matching.combination import BEST, Combination, People
from edge.matching.gallery import FARTHEST, Gallery
from edge.types import Floats
from edge.vectors import distances

SAME_FACE = 0.65
"""Squared L2 up to which two templates are taken for one person's, so that a second code is refused.

Of 4.8 million pairs of different people three lie below it: one at 0.62, and two that are one person under two names in the set
(looked at). The nearest are pairs of one ancestry, sex and age: where everybody is alike in these, faces lie nearer, hence not
the 0.72 that an FMR of 1e-6 would allow.
One person under two codes is found out in 59 % of cases with one photograph of each, in 80 % with one against three, in 97 %
with three against three and in 99 % with three against five.
"""

COPY = 0.1
"""Squared L2 up to which two photographs are as good as one.

Copies that were enlarged or saved anew as JPEG of quality 75 lie below it, 92 % of those of quality 50 and 94 % of those made
smaller do; of one person's different photographs one pair in a thousand does.
"""

N_PAIRS = 10_000
"""Confusable pairs that are kept, the nearest: in a gallery where all are alike there would be millions."""


class Pair(NamedTuple):
    """Two people by id, and the squared L2 from the nearest template of one of them to the other."""

    first: int
    second: int
    distance: float


def originals(templates: Floats) -> NDArray[np.intp]:
    """For each of (n, d) templates the row of the first that it is a copy of; its own row where it is none. (n,)."""
    rows = np.full(len(templates), -1)
    for row in range(len(templates)):
        if rows[row] < 0:
            is_copy = distances(templates[row : row + 1], templates[row:])[0] <= COPY
            rows[row:][is_copy & (rows[row:] < 0)] = row
            rows[row] = row
    return rows


def parties(templates: Floats) -> NDArray[np.intp]:
    """Who goes with whom: a number for each of (n, d) templates, the same for those that a chain of near ones joins. (n,).

    Near is `APART`. Among three photographs of one person 0.6 % lie beyond it from all others, among five 0.4 % (mistakes of the
    set included); of another person's photographs 99 % do.
    """
    numbers = np.full(len(templates), -1)
    for first in range(len(templates)):
        waiting = [first] if numbers[first] < 0 else []
        while waiting:
            row = waiting.pop()
            is_near = distances(templates[row : row + 1], templates)[0] <= APART
            joined = np.flatnonzero(is_near & (numbers < 0))
            numbers[joined] = first
            waiting.extend(joined[joined != row].tolist())
    return numbers


def nearest(templates: Floats, gallery: Gallery) -> tuple[Floats, NDArray[np.int64]]:
    """How far the nearest of the gallery is from each of (n, d) templates, and who that is: (n,) and (n,).

    `FARTHEST` and person -1 where the gallery is empty.
    """
    found = np.full(len(templates), FARTHEST, np.float32), np.full(len(templates), -1, np.int64)
    if len(gallery):
        for start in range(0, len(templates), BLOCK):
            block = distances(templates[start : start + BLOCK], gallery.templates)
            found[0][start : start + BLOCK] = block.min(axis=1)
            found[1][start : start + BLOCK] = gallery.person_ids[block.argmin(axis=1)]
    return found


def confusable(
    gallery: Gallery, max_distance: float, *, combination: Combination = BEST, among: NDArray[np.int64] | None = None
) -> list[Pair]:
    """Every two people of whom one could be given the other's name by their own photographs, nearest first; at most `N_PAIRS`.

    Args:
        gallery: everybody.
        max_distance: squared L2 up to which a name is given.
        combination: how a person's templates count together at the door.
        among: only pairs with one of these people, by id; all pairs when None.
    """
    people, kept = People.of(gallery.templates, gallery.person_ids, combination), np.empty((0, 3))
    for start in range(0, len(gallery), BLOCK):
        block = people.distances(distances(gallery.templates[start : start + BLOCK], people.references))  # (n, p)
        near, other = np.nonzero(block <= max_distance)
        both = np.sort(np.stack([gallery.person_ids[start + near], people.ids[other]], axis=1), axis=1)  # (k, 2)
        is_pair = both[:, 0] != both[:, 1]
        if among is not None:
            is_pair &= np.isin(both, among).any(axis=1)
        found = np.column_stack([both, block[near, other]])[is_pair]
        kept = _nearest_of_each(np.concatenate([kept, found]))
    return [Pair(int(first), int(second), float(distance)) for first, second, distance in kept]


def _nearest_of_each(pairs: NDArray[np.float64]) -> NDArray[np.float64]:
    """One row of (k, 3) first, second, distance for each two people, nearest first."""
    ranked = pairs[np.lexsort(pairs.T)]  # by distance, then by second and first
    _, firsts = np.unique(ranked[:, :2], axis=0, return_index=True)
    return ranked[np.sort(firsts)][:N_PAIRS]
