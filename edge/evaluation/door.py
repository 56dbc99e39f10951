"""What is told of the door: FNIR at each FPIR, in the quoted settings and in those that a smaller folder allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edge.evaluation import bootstrap, open_set
from edge.evaluation.bootstrap import UNKNOWN, Interval, Weights
from edge.evaluation.levels import n_accepted
from edge.evaluation.open_set import FPIRS, SETTINGS, Draw, Setting
from edge.evaluation.samples import Samples

LEAST_PEOPLE = 10
"""With fewer enrolled than this nothing is told of the door: one person more or less would move FNIR by a tenth and more."""


@dataclass(frozen=True, slots=True)
class Identification:
    """FNIR at one FPIR in one setting, mean and standard deviation over the draws.

    ``obstacle`` says why there is none, neither at this FPIR nor at any smaller one.
    """

    setting: Setting
    fpir: float
    fnir: float = math.nan
    deviation: float = math.nan
    n_probes: int = 0
    n_strangers: int = 0
    interval: Interval = UNKNOWN
    obstacle: str = ""

    @property
    def rate(self) -> str:
        """At which FPIR; empty for all of them."""
        if not self.obstacle or self.fpir == FPIRS[-1]:
            return f"{self.fpir:.1%}"
        return "" if self.fpir == FPIRS[0] else f"{self.fpir:.1%} and less"

    @property
    def what(self) -> str:
        """Which figure this is."""
        return f"FNIR at FPIR {self.rate}, {self.setting}" if self.rate else f"FNIR, {self.setting}"


def settings(samples: Samples) -> list[Setting]:
    """The quoted ones; for each that lacks people also one with as many as there are, where that tells anything."""
    wanted = list(SETTINGS)
    for each in SETTINGS:
        n = len(open_set.eligible(samples, each))
        smaller = Setting(n, each.g, each.q)
        tells = LEAST_PEOPLE <= n < each.n and not open_set.obstacle(samples, smaller, max(FPIRS))
        if tells and smaller not in wanted:
            wanted.append(smaller)
    return wanted


def identify(samples: Samples, setting: Setting, *, found: Sequence[Draw], weights: Weights) -> list[Identification]:
    """FNIR at each FPIR from the draws of a setting; the last says what hinders the others, if anything does."""
    obstacles = {fpir: open_set.obstacle(samples, setting, fpir) for fpir in FPIRS}
    possible = [fpir for fpir in FPIRS if not obstacles[fpir]]
    intervals = bootstrap.fnir_intervals(samples, found, fpirs=possible, weights=weights) if possible else []
    told = [_one(samples, setting, found, (fpir, each)) for fpir, each in zip(possible, intervals, strict=True)]
    # FPIRs descend: whatever hinders one hinders the smaller ones too.
    return told + [Identification(setting, fpir, obstacle=why) for fpir, why in obstacles.items() if why][:1]


def _one(samples: Samples, setting: Setting, found: Sequence[Draw], at: tuple[float, Interval]) -> Identification:
    fpir, interval = at
    if not any(draw.fnir(fpir) for draw in found):
        interval = Interval(0.0, unseen(setting.n))
    fnirs = [draw.fnir(fpir) for draw in found]
    return Identification(
        setting,
        fpir,
        fnir=float(np.mean(fnirs)),
        deviation=float(np.std(fnirs)),
        n_probes=round(np.mean([len(draw.mated) for draw in found])),
        n_strangers=len(samples.strangers),
        interval=interval,
    )


def unseen(n_people: int) -> float:
    """The largest share of people who miss their name of whom so many people show none in one of twenty cases.

    A bootstrap of nothing but hits knows no misses. (The "rule of three": Hanley & Lippman-Hand 1983.)
    """
    return float(1 - 0.05 ** (1 / n_people))


def advice(samples: Samples) -> str:
    """What to do where people or strangers are too few for any FNIR; empty where there are enough."""
    return " ".join(filter(None, (_people_wanted(samples), _strangers_wanted(samples))))


def _people_wanted(samples: Samples) -> str:
    n = len(open_set.eligible(samples, Setting(LEAST_PEOPLE, 1, 1)))
    if n >= LEAST_PEOPLE:
        return ""
    return (
        f"Of the door nothing can be told with fewer than {LEAST_PEOPLE} people who have two photographs with a face; there "
        f"{'is 1' if n == 1 else f'are {n}'}."
    )


def _strangers_wanted(samples: Samples) -> str:
    n = len(samples.strangers)
    if n_accepted(max(FPIRS), n):
        return ""
    there_are = "there is no stranger" if not n else f"there {'is 1 stranger' if n == 1 else f'are {n} strangers'} only"
    enough = ", ".join(f"{math.ceil(1 / fpir)} tell FNIR at FPIR {fpir:.1%}" for fpir in FPIRS)
    return (
        f"In this folder {there_are}, so of the door nothing can be told. Put one photograph each of people who are not enrolled "
        f"(visitors, public portraits) into folders of their own: {enough}."
    )
