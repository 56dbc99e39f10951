"""Which of somebody's photographs are kept as templates: few, and as different as possible."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.types import Floats
from edge.vectors import distances

N_MOST = 5
"""Templates that are kept of a person."""

APART = 1.2
"""Squared L2 from the others of a person beyond which a template is an outlier: a wrong person's, or of a face that is spoilt.

Of right photographs less than 1 % lie beyond it from the most central one, of another person's nearly all do.
"""


BLOCK = 128
"""Templates that are compared with all others at once: with 25,000 others 13 MB, and not 2.5 GB of all with all."""


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
    central = _central(known)
    to_chosen = distances(known[central : central + 1], known)[0]  # (n,) to the nearest of those that are chosen
    is_near = to_chosen <= APART
    if 2 * is_near.sum() <= len(known):  # there is no "most of them" that another could be an outlier of
        is_near[:] = True
    chosen = [central]
    while len(chosen) < min(n_most, int(is_near.sum())):
        gaps = np.where(is_near, to_chosen, -1)
        gaps[chosen] = -1
        chosen.append(int(gaps.argmax()))
        to_chosen = np.minimum(to_chosen, distances(known[chosen[-1:]], known)[0])
    return np.sort(order[chosen[:n_most]])


def _central(templates: Floats) -> int:
    """The row of (n, d) templates whose median distance to all is the smallest."""
    blocks = np.array_split(templates, range(BLOCK, len(templates), BLOCK))
    return int(np.concatenate([np.median(distances(block, templates), axis=1) for block in blocks]).argmin())
