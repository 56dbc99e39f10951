"""Photographs of one person that are worth having beside each other: which view is asked for, and which is different.

How different they must be was measured (`python -m models.studies.views`) on people whom the head never saw: three folds,
183 people with six photographs; one is the probe, three of the five others are enrolled, FNIR at FPIR 1 % with N = 61, 100 draws.
Any three: .0286; the three that are nearest each other: .0343; the three with the largest mean distance .0338, with the largest
smallest distance .0304. So photographs that are much alike are of less use, and the most different ones are no better than any:
a view must only not be one that is there already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from edge.types import Floats

MIN_DISTANCE = 0.15
"""Squared L2 between different views. One picture that is taken again (moved, turned by up to 4 degrees, scaled by up to 6 %, lit
a little otherwise, noise, JPEG) is nearer to itself in 99 % of 826 cases (median 0.044, 95 % 0.093);
of 6,945 pairs of photographs of one person 99 % are farther apart than 0.19 (median 0.62). `python -m models.studies.views`."""

TURN, NOD = 0.10, 0.09
"""A head that was turned or raised on purpose moves its nose by so much (`Quality.turn`, `Quality.nod`): more than one picture
that is taken again in 99 % of the same cases (0.091 and 0.086; median 0.014 both)."""


class Axis(Enum):
    """What a prompt asks to change."""

    NONE = "none"
    TURN = "turn"
    NOD = "nod"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A view that is asked for."""

    words: str
    axis: Axis


PROMPTS = (
    Prompt("look straight into the camera", Axis.NONE),
    Prompt("turn your head a little to the left", Axis.TURN),
    Prompt("turn your head a little to the right", Axis.TURN),
    Prompt("chin up a little", Axis.NOD),
    Prompt("chin down a little", Axis.NOD),
)


@dataclass(frozen=True, slots=True)
class View:
    """A photograph with one face that enrolment takes.

    Attributes:
        content: the file.
        template: (d,) float32, unit vector: the one that enrolment makes.
        turn: as in `Quality`.
        nod: as in `Quality`.
    """

    content: bytes
    template: Floats
    turn: float
    nod: float


def prompt(n_asked: int) -> Prompt:
    """What to ask for after so many others; from the beginning again after the last, but for the straight one."""
    return PROMPTS[n_asked] if n_asked < len(PROMPTS) else PROMPTS[1 + (n_asked - 1) % (len(PROMPTS) - 1)]


def answers(view: View, asked: Prompt, kept: Sequence[View]) -> bool:
    """Whether a view is the one that was asked for.

    To which side the head was turned does not matter, only that it is another than before: some cameras mirror their picture.
    """
    if asked.axis is Axis.NONE:
        return abs(view.turn) <= TURN
    if asked.axis is Axis.TURN:
        return all(abs(view.turn - other.turn) >= TURN for other in kept)
    return all(abs(view.nod - other.nod) >= NOD for other in kept)


def nearest(view: View, kept: Sequence[View]) -> float:
    """Squared L2 to the nearest of the views; infinite where there is none."""
    return min((float(np.sum((view.template - other.template) ** 2)) for other in kept), default=np.inf)
