"""The figures by which heads are compared, and the table in ``docs/models.md``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from edge.evaluation.open_set import Setting, draws, obstacle
from edge.evaluation.samples import Samples
from edge.evaluation.scores import score

FMRS = (1e-3, 1e-4)
CASES = (
    (Setting(100, 1, 1), 0.01),
    (Setting(300, 1, 1), 0.01),
    (Setting(100, 3, 1), 0.01),
    (Setting(60, 3, 3), 0.003),
)
"""Settings and FPIR; a third of the development people has 344 with two photographs and 61 with six, so not N = 400 or 100."""

HEADINGS = (
    "FNMR @ 1e-3",
    "@ 1e-4",
    *(f"FNIR @ {fpir * 100:g} %, N={case.n} g={case.g} q={case.q}" for case, fpir in CASES),
)


class Row(NamedTuple):
    """A head's name, and its figures over the folds: (folds, figures), NaN where a fold has too few people."""

    name: str
    figures: Sequence[Sequence[float]]

    def cells(self) -> list[str]:
        """Mean ± standard deviation over the folds."""
        values = np.array(self.figures)
        means, deviations = values.mean(axis=0), values.std(axis=0)
        return [
            "–" if np.isnan(mean) else f"{mean:.4f} ± {deviation:.4f}".replace("0.", ".")
            for mean, deviation in zip(means, deviations, strict=True)
        ]


def figures(samples: Samples) -> list[float]:
    """What `HEADINGS` names; NaN where there are too few people."""
    scores = score(samples)
    told = [np.nan if scores.obstacle(fmr) else scores.fnmr(scores.threshold(fmr)) for fmr in FMRS]
    for setting, fpir in CASES:
        blocked = obstacle(samples, setting, fpir)
        told.append(np.nan if blocked else float(np.mean([draw.fnir(fpir) for draw in draws(samples, setting)])))
    return told


def markdown(rows: Sequence[Row]) -> str:
    """The table."""
    lines = [("head", *HEADINGS), ("---",) * (len(HEADINGS) + 1), *((row.name, *row.cells()) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
