"""Which of somebody's photographs are kept as templates: few, and as different as possible."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.types import Floats

N_MOST = 5
"""Templates that are kept of a person."""

APART = 1.2
"""Squared L2 from the others of a person beyond which a template is an outlier: a wrong person's, or of a face that is spoilt.

Of right photographs less than 1 % lie beyond it from the most central one, of another person's nearly all do.
"""


def diverse(templates: Floats, n_most: int = N_MOST) -> NDArray[np.intp]:
    """Choose few templates of one person that differ as much as possible, and leave out what hardly is this person.

    The first is the most central one, each further one is the farthest from those before it (Gonzalez 1985). That alone
    would choose just those that are somebody else's or spoilt: where most templates lie within `APART` of the central one,
    the others are never chosen. The same templates in another order give the same choice. docs/matching.md, "Which
    photographs", compares it with others.

    Args:
        templates: (n, d) float32 unit vectors.
        n_most: at most so many are chosen.

    Returns:
        (k,) rows, ascending, k ≤ n_most.
    """
    if len(templates) < 2:
        return np.arange(min(len(templates), n_most))
    order = np.lexsort(templates.T)  # ties are broken by the templates, not by the order in which they came
    known = templates[order]
    between = np.clip(2 - 2 * (known @ known.T), 0, None)  # (n, n) squared L2
    central = int(np.median(between, axis=1).argmin())
    is_near = between[central] <= APART
    if 2 * is_near.sum() <= len(known):  # there is no "most of them" that another could be an outlier of
        is_near[:] = True
    chosen = [central]
    while len(chosen) < min(n_most, int(is_near.sum())):
        gaps = np.where(is_near, between[chosen].min(axis=0), -1)
        gaps[chosen] = -1
        chosen.append(int(gaps.argmax()))
    return np.sort(order[chosen[:n_most]])
