"""Whether new photographs show the person that somebody says, and nobody else who is known.

What is said is believed as far as the faces bear it out. A photograph is refused when those around it agree with each other and
not with it, and what is enrolled already counts as agreed; where nobody can tell who is right, nobody is enrolled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray

from edge.matching.gallery import Gallery
from edge.matching.likeness import SAME_FACE, nearest, originals, parties
from edge.types import Floats


class Fit(Enum):
    """How a photograph goes with its person."""

    GOOD = auto()
    COPY = auto()
    """As good as another photograph of the person, so it says nothing new."""
    UNLIKE_ENROLLED = auto()
    UNLIKE_OTHERS = auto()
    """The largest part of the others agrees with each other and not with it."""
    SEVERAL_PEOPLE = auto()
    """No part that agrees is the largest: of two that disagree, neither."""
    SAME_FACE = auto()
    """Somebody else's, and all that agree with it are."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is found about one photograph.

    Attributes:
        fit: how it goes with its person.
        distance: squared L2 to the nearest of what it is compared with: the original, the person's other photographs, or the
            same face; 0 where it is compared with nothing.
        n: how many photographs it is unlike.
        other: whose face it is, by id, where that is somebody else who is known; -1 otherwise.
        original: of COPY, the photograph that it is as good as; negative for one that is enrolled.
    """

    fit: Fit
    distance: float = 0.0
    n: int = 0
    other: int = -1
    original: int = 0


def judge(new: Floats, own: Floats, others: Gallery, *, may_look_alike: bool = False) -> list[Finding]:
    """Judge photographs that somebody says are of one person.

    Args:
        new: (n, d) float32 unit vectors, their templates; n >= 1.
        own: (m, d), what is kept of the person already; (0, d) when nothing is.
        others: everybody else.
        may_look_alike: whether somebody said that the person is nobody else, whomever the face resembles.

    Returns:
        n findings, in the order of ``new``.
    """
    copied = originals(np.concatenate([own, new]))[len(own) :] - len(own)  # (n,)
    rows = np.flatnonzero(copied == np.arange(len(new)))
    found = _among_themselves(new[rows], own)
    if not may_look_alike:
        found = _among_everybody(found, new[rows], own, others)
    judged = dict(zip(rows.tolist(), found, strict=True))
    return [judged.get(row) or _of_copy(new, own, row, int(copied[row]), judged) for row in range(len(new))]


def _among_themselves(new: Floats, own: Floats) -> list[Finding]:
    """How distinct photographs go with each other and with what is enrolled."""
    if not len(new):
        return []
    numbers = parties(np.concatenate([own, new]))
    enrolled, numbers = numbers[: len(own)], numbers[len(own) :]
    if len(own):
        return _unlike(Fit.UNLIKE_ENROLLED, new, own, fits=np.isin(numbers, enrolled))
    parts, sizes = np.unique(numbers, return_counts=True)
    if len(parts) == 1:
        return [Finding(Fit.GOOD)] * len(new)
    if (sizes == sizes.max()).sum() > 1:
        return [Finding(Fit.SEVERAL_PEOPLE, n=len(new))] * len(new)
    fits = numbers == parts[sizes.argmax()]
    return _unlike(Fit.UNLIKE_OTHERS, new, new[fits], fits=fits)


def _unlike(fit: Fit, new: Floats, agreed: Floats, *, fits: NDArray[np.bool_]) -> list[Finding]:
    """Those that fit are good; the others are unlike what is agreed."""
    gaps, _ = nearest(new, _gallery(agreed))
    return [
        Finding(Fit.GOOD) if is_good else Finding(fit, float(gap), n=len(agreed)) for is_good, gap in zip(fits, gaps, strict=True)
    ]


def _among_everybody(found: list[Finding], new: Floats, own: Floats, others: Gallery) -> list[Finding]:
    """Refuses somebody else's face; photographs that only agree with each other are judged together, by the nearest of them."""
    gaps, people = nearest(new, others)
    is_other = (gaps <= SAME_FACE) & (gaps < nearest(new, _gallery(own))[0])
    together = np.array([each.fit is Fit.GOOD and not len(own) for each in found], bool)
    if (together & is_other).any():
        row = int(np.where(together, gaps, np.inf).argmin())
        gaps, people = np.where(together, gaps[row], gaps), np.where(together, people[row], people)
        is_other = is_other | together
    told = [
        _of_other(each, float(gap), int(person)) if is_their else each
        for each, gap, person, is_their in zip(found, gaps, people, is_other, strict=True)
    ]
    rest = [row for row, each in enumerate(told) if each.fit is Fit.SEVERAL_PEOPLE]
    if len(rest) < len(told):  # without those who are known the others may agree
        for row, finding in zip(rest, _among_themselves(new[rest], own), strict=True):
            told[row] = finding
    return told


def _of_other(finding: Finding, gap: float, person: int) -> Finding:
    is_told_by_it = finding.fit in {Fit.GOOD, Fit.SEVERAL_PEOPLE}
    return Finding(Fit.SAME_FACE, gap, other=person) if is_told_by_it else replace(finding, other=person)


def _of_copy(new: Floats, own: Floats, row: int, original: int, judged: dict[int, Finding]) -> Finding:
    """A copy has the fate of its original, but for that nothing new is in it."""
    if original >= 0 and judged[original].fit is not Fit.GOOD:
        return judged[original]
    of = new[original] if original >= 0 else own[original]
    (distance,) = nearest(new[row : row + 1], _gallery(of[np.newaxis]))[0]
    return Finding(Fit.COPY, float(distance), original=original)


def _gallery(templates: Floats) -> Gallery:
    """Templates of one person, whoever it is."""
    return Gallery(templates, np.zeros(len(templates), np.int64))
