"""The templates of one face along a track, fused into one.

A track is geometry: somebody may step in where another left, and two who cross may change places. So a template that is far
from those before it is set aside. A second one that is near it means that somebody else is there now: the fusion begins anew with
these two. If the next fits the old ones again, the one that was set aside was a bad frame, and is dropped.
"""

from __future__ import annotations

from collections import deque
from enum import Enum

import numpy as np

from edge.types import Floats
from edge.vectors import unit

ANOTHER = 1.2
"""Squared L2 from the fused template beyond which a new one does not belong to it.

Of one person's photographs of different days, which differ more than frames do, 2.4 % lie beyond it from one other, 0.6 % from
two fused and 0.2 % from three; of photographs of two people 99.7 % do (docs/matching.md, "Who steps in").
"""


class Fit(Enum):
    """What a new template is to those before it."""

    SAME = "the same face"
    DOUBTFUL = "another face, or a bad frame; set aside"
    ANOTHER = "another face for the second time; begun anew with these two"


class Fusion:
    """The latest templates of whoever is in a track.

    Args:
        n_most: so many are fused.
    """

    def __init__(self, n_most: int) -> None:
        self._kept: deque[Floats] = deque(maxlen=n_most)
        self._aside: Floats | None = None

    @property
    def n_frames(self) -> int:
        """How many templates are fused."""
        return len(self._kept)

    @property
    def template(self) -> Floats:
        """Their mean, each with its weight, at length one: (d,) float32. There must have been one."""
        return unit(np.sum(self._kept, axis=0))

    def add(self, template: Floats, weight: float = 1.0) -> Fit:
        """Take in the template of the next frame.

        Args:
            template: (d,) float32 unit vector.
            weight: how much it counts beside the others, above 0.
        """
        weighted = template * np.float32(weight)
        aside, self._aside = self._aside, None
        if self._kept and _distance(template, self.template) > ANOTHER:
            if aside is None or _distance(template, unit(aside)) > ANOTHER:
                self._aside = weighted
                return Fit.DOUBTFUL
            self._kept.clear()
            self._kept.append(aside)
            self._kept.append(weighted)
            return Fit.ANOTHER
        self._kept.append(weighted)
        return Fit.SAME


def _distance(a: Floats, b: Floats) -> float:
    """Squared L2 between two (d,) unit vectors."""
    return float(2 - 2 * (a @ b))
