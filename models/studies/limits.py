"""From how often spoilt faces are missed to where each gate should close, and the tables that say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.types import Floats
from edge.vision.quality import LIMITS, Limit, Quality

N_BEYOND = 10
"""A limit needs so many faces beyond it."""

Values = NDArray[np.float64]


class Outcome(NamedTuple):
    """What became of one face, spoilt or not.

    Attributes:
        dose: 0 as it is.
        quality: None where it was not found.
        missed: share of the references that do not know it.
        row: of its photograph.
        template: (d,) unit vector; None where nobody asks for it.
    """

    dose: float
    quality: Quality | None
    missed: float
    row: int = -1
    template: Floats | None = None


def table(title: str, outcomes: Sequence[Outcome], names: Sequence[str]) -> str:
    """What each dose does, as Markdown; with the measures of the named limits."""
    measures = [limit for limit in LIMITS if limit.name in names]
    lines = ["| " + " | ".join([title, "found", "missed", *(f"{each.measure}, median" for each in measures)]) + " |"]
    lines.append("|---" * (3 + len(measures)) + "|")
    for dose in dict.fromkeys(each.dose for each in outcomes):
        found = [each for each in outcomes if each.dose == dose and each.quality]
        n = sum(each.dose == dose for each in outcomes)
        cells = [f"{dose:g}", f"{len(found) / n:.0%}", f"{np.mean([each.missed for each in found]):.2f}" if found else "–"]
        cells += [f"{np.median(np.abs(values(limit, found))):.3g}" if found else "–" for limit in measures]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def limits(natural: Sequence[Outcome], spoilt: Mapping[str, Sequence[Outcome]], good: float) -> str:
    """Where faces are missed twice as often as good ones, and where half of them are; and how many good ones lie beyond."""
    lines = ["| limit | twice as many missed | good faces beyond | half missed | good faces beyond |", "|---|---|---|---|---|"]
    for limit in LIMITS:
        whole, told = values(limit, natural), [*natural, *spoilt.get(limit.name, ())]
        cells = [limit.name]
        for rate in (2 * good, 0.5):
            at = boundary(limit, told, rate)
            cells += ["never", "–"] if np.isnan(at) else [f"{abs(at):.3g}", f"{np.mean(whole > at):.2%}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def values(limit: Limit, outcomes: Sequence[Outcome]) -> Values:
    """(n,) the measure of each, turned so that more is worse."""
    return np.array([limit.badness(each.quality) for each in outcomes if each.quality], np.float64)


def boundary(limit: Limit, outcomes: Sequence[Outcome], rate: float) -> float:
    """From which badness on a share ``rate`` is missed; NaN where that never comes.

    The miss rate is taken to rise with badness and fitted so (isotonic regression).
    """
    badness = values(limit, outcomes)
    order = np.argsort(badness, kind="stable")
    fitted = rising(np.array([each.missed for each in outcomes if each.quality])[order])
    beyond = np.flatnonzero(fitted >= rate)
    return float(badness[order][beyond[0]]) if len(beyond) >= N_BEYOND else float("nan")


def rising(heights: Values) -> Values:
    """The rising steps nearest to the (n,) heights by least squares (pool adjacent violators)."""
    steps: list[tuple[float, int]] = []
    for height in heights:
        mean, n = float(height), 1
        while steps and steps[-1][0] >= mean:
            before, n_before = steps.pop()
            mean, n = (mean * n + before * n_before) / (n + n_before), n + n_before
        steps.append((mean, n))
    return np.repeat([mean for mean, _ in steps], [n for _, n in steps])
