"""The promise, tried: at the distance that follows a budget, how many of a folder's strangers are really given a name?

The budget is a share of the strangers here (FPIR), not a number a year. The distance is the one that a unit would take for as
many people with as many templates each; the strangers and the people are those of `edge.evaluation.open_set`, as are the draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edge.evaluation.levels import STEP, n_accepted
from edge.evaluation.markup import table
from edge.evaluation.open_set import FPIRS, Draw, Setting
from edge.matching.score_table import ScoreTable

WORDS = (
    "The distance that follows a budget was measured on other people. Here it is tried on these: of this folder's strangers, "
    "how many are given a name at it, and how many people miss theirs? The margin to the runner-up is left out, and so are fused "
    "probes. What is missing here cannot be told, for the reasons above."
)
"""What the page says above the rows."""


@dataclass(frozen=True, slots=True)
class Row:
    """One budget in one setting; FPIR and FNIR are means of the draws.

    Attributes:
        setting: (N, g, q).
        budget: share of strangers who may be given a name.
        distance: squared L2 that follows it.
        fpir: share of strangers who are.
        fnir: share of mated probes without their own name.
    """

    setting: Setting
    budget: float
    distance: float
    fpir: float
    fnir: float

    def to_dict(self) -> dict[str, float]:
        """As JSON has it."""
        setting = self.setting
        told = {"budget": self.budget, "distance": self.distance, "fpir": self.fpir, "fnir": self.fnir}
        return {"n": setting.n, "g": setting.g, "q": setting.q} | {key: round(value, 6) for key, value in told.items()}

    def __str__(self) -> str:
        """One line for a terminal."""
        head = f"budget {self.budget:.1%}, N={self.setting.n} g={self.setting.g} q={self.setting.q}".ljust(34)
        return f"{head} {self.fpir:.2%} of the strangers are given a name, FNIR {self.fnir:.4f}, distance {self.distance:.3f}"


def tried(scores: ScoreTable, draws: Mapping[Setting, Sequence[Draw]]) -> tuple[Row, ...]:
    """A row for each setting that has draws and each budget of at least one stranger of those who came, as for FNIR."""
    return tuple(
        row(scores, setting, found, budget)
        for setting, found in draws.items()
        for budget in FPIRS
        if found and setting.q == 1 and n_accepted(budget, len(found[0].strangers))
    )


def row(scores: ScoreTable, setting: Setting, draws: Sequence[Draw], budget: float) -> Row:
    """What one budget comes to in one setting."""
    distance = scores.distance(budget, scores.load([setting.g] * setting.n))
    fpirs = [np.mean(draw.strangers * STEP <= distance) for draw in draws]
    fnirs = [np.mean(draw.mated * STEP > distance) for draw in draws]
    return Row(setting, budget, distance, float(np.mean(fpirs)), float(np.mean(fnirs)))


def section(rows: Sequence[Row]) -> str:
    """The part of the page; empty where there is nothing to say."""
    if not rows:
        return ""
    heads = ["N", "g", "q", "budget", "FPIR", "FNIR", "distance"]
    cells = [
        f"<td>{each.setting.n}</td><td>{each.setting.g}</td><td>{each.setting.q}</td><td>{each.budget:.1%}</td>"
        f"<td><strong>{each.fpir:.2%}</strong></td><td>{each.fnir:.2%}</td><td>{each.distance:.3f}</td>"
        for each in rows
    ]
    return f"<h2>Is the budget kept?</h2><p>{WORDS}</p>" + table(heads, cells)
