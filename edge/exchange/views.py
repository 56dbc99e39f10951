"""Photographs of one person that are worth having beside each other: which view is asked for, and which is different.

How different they must be was measured on people whom the head was not trained on (three folds, 183 people with six
photographs; one is the probe, three of the five others are enrolled, FNIR at FPIR 1 % with N = 61, 100 draws): three that are
near each other .0347, any three .0300, the three whose *nearest two* are farthest apart .0283, the three with the largest
mean distance .0310. So a view must differ from each one that is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from edge.types import Floats

MIN_DISTANCE = 0.15
"""Squared L2 between different views. The same picture, moved, turned by up to 4 degrees, scaled by up to 6 %, with noise and
JPEG, is nearer to itself in 98.9 % of 900 cases (median 0.055); two photographs of a person from different days are farther
apart than this in more than 99 % (median 0.63)."""

TURN, NOD = 0.10, 0.08
"""A head that was turned or raised on purpose moves its nose by so much (`Quality.turn`, `Quality.nod`): about twice what one
picture gives after those changes (95 % of 900 cases are below 0.045 and 0.046). Of photographs that nobody directed half lie
within ± 0.08 and ± 0.06."""


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


def prompt(n_kept: int) -> Prompt:
    """What to ask for when so many views are there; from the beginning again after the last, but for the straight one."""
    return PROMPTS[n_kept] if n_kept < len(PROMPTS) else PROMPTS[1 + (n_kept - 1) % (len(PROMPTS) - 1)]


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
