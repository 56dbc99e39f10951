"""Every figure that is quoted, from the templates of a folder: what ``muster evaluate`` says, writes and draws."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from edge.evaluation import bootstrap, budget, methods, open_set
from edge.evaluation.bootstrap import UNKNOWN, Interval, Weights
from edge.evaluation.discard import Discards
from edge.evaluation.levels import distance
from edge.evaluation.open_set import FPIRS, SETTINGS, Draw, Setting
from edge.evaluation.pairs import Accuracy
from edge.evaluation.samples import Samples
from edge.evaluation.scores import FMRS, Scores, score
from edge.matching.matcher import Rule
from edge.matching.policy import Policy

DIGITS = 6
"""Of the figures in JSON; the last bits of another processor do not show."""

UNMEASURED = Policy(Rule(0.0))
"""Of a network of which no scores were measured: nothing can be promised, so no promise can be tried."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What was evaluated.

    Attributes:
        model: made the templates.
        template_bytes: what the unit stores of one.
        n_people: who have a folder with a photograph.
        n_photos: photographs in the folders.
        n_failed: failures to acquire: photographs in which no face is found, or that cannot be read.
        n_copies: photographs that are the same file as another of the same person, which say nothing new and are left out.
    """

    model: str
    template_bytes: int
    n_people: int
    n_photos: int
    n_failed: int
    n_copies: int = 0


@dataclass(frozen=True, slots=True)
class Verification:
    """FNMR at one FMR; ``obstacle`` says why there is none."""

    fmr: float
    fnmr: float = math.nan
    distance: float = math.nan
    interval: Interval = UNKNOWN
    obstacle: str = ""


@dataclass(frozen=True, slots=True)
class Identification:
    """FNIR at one FPIR in one setting, mean and standard deviation over the draws; ``obstacle`` says why there is none."""

    setting: Setting
    fpir: float
    fnir: float = math.nan
    deviation: float = math.nan
    n_probes: int = 0
    n_strangers: int = 0
    interval: Interval = UNKNOWN
    obstacle: str = ""


@dataclass(frozen=True)
class Figures:
    """All figures of one folder."""

    handed: Handed
    scores: Scores
    verifications: tuple[Verification, ...]
    draws: dict[Setting, tuple[Draw, ...]]
    identifications: tuple[Identification, ...]
    lfw: Accuracy | None = None
    budgets: tuple[budget.Row, ...] = ()
    methods: tuple[methods.Row, ...] = ()
    discards: Discards | None = None

    @cached_property
    def obstacles(self) -> list[str]:
        """One sentence for each figure that cannot be told."""
        told = [(f"FNMR at FMR {rate(each.fmr)}", each.obstacle) for each in self.verifications]
        told += [(f"FNIR at FPIR {each.fpir:.1%}, {each.setting}", each.obstacle) for each in self.identifications]
        return [f"{what}: {why}" for what, why in told if why]

    @property
    def has_any(self) -> bool:
        """Whether there is a figure at all."""
        return len(self.obstacles) < len(self.verifications) + len(self.identifications) or self.lfw is not None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: an FNMR that cannot be told is null, an FNIR that cannot be told is not in the list."""
        handed = self.handed
        return {
            "n_people": handed.n_people,
            "n_photos": handed.n_photos,
            "n_failed": handed.n_failed,
            "model": handed.model,
            "template_bytes": handed.template_bytes,
            "fnmr": {rate(each.fmr): None if each.obstacle else round(each.fnmr, DIGITS) for each in self.verifications},
            "fnir": [_row(each) for each in self.identifications if not each.obstacle],
            "lfw_accuracy": round(self.lfw.mean, DIGITS) if self.lfw else None,
            "budget": [each.to_dict() for each in self.budgets],
        } | self._also()

    def _also(self) -> dict[str, Any]:
        """What is told when it was asked for."""
        told: dict[str, Any] = {"discard": self.discards.to_dict()} if self.discards else {}
        return told | ({"methods": [each.to_dict() for each in self.methods if not each.obstacle]} if self.methods else {})


def rate(fmr: float) -> str:
    """1e-3, as people write it; Python writes 0.001 and 1e-05."""
    return f"1e{round(math.log10(fmr))}"


def _row(each: Identification) -> dict[str, float]:
    return {
        "n": each.setting.n,
        "g": each.setting.g,
        "q": each.setting.q,
        "fpir": each.fpir,
        "fnir": round(each.fnir, DIGITS),
        "fnir_sd": round(each.deviation, DIGITS),
        "n_probes": each.n_probes,
        "n_strangers": each.n_strangers,
    }


def measure(samples: Samples, handed: Handed, *, lfw: Accuracy | None = None, policy: Policy = UNMEASURED) -> Figures:
    """Compute every figure that the samples allow.

    Args:
        samples: templates of a folder.
        handed: what was evaluated.
        lfw: accuracy on pairs that were named.
        policy: the unit's: how templates count together, and the scores that a budget's distance follows from.
    """
    scores, weights = score(samples), bootstrap.draw_people(samples.n_people)
    found = {setting: open_set.draws(samples, setting, policy.combination) for setting in SETTINGS}
    identifications = [
        each for setting in SETTINGS for each in _identify(samples, setting, found=found[setting], weights=weights)
    ]
    budgets = budget.tried(policy.table, found) if policy.table else ()
    return Figures(handed, scores, _verify(samples, scores, weights), found, tuple(identifications), lfw, budgets)


def _verify(samples: Samples, scores: Scores, weights: Weights) -> tuple[Verification, ...]:
    possible = [fmr for fmr in FMRS if not scores.obstacle(fmr)]
    intervals = (
        dict(zip(possible, bootstrap.fnmr_intervals(samples, scores, fmrs=possible, weights=weights), strict=True))
        if possible
        else {}
    )
    told = []
    for fmr in FMRS:
        if fmr not in intervals:
            told.append(Verification(fmr, obstacle=scores.obstacle(fmr)))
            continue
        at = scores.threshold(fmr)
        told.append(Verification(fmr, scores.fnmr(at), distance(at), intervals[fmr]))
    return tuple(told)


def _identify(samples: Samples, setting: Setting, *, found: tuple[Draw, ...], weights: Weights) -> list[Identification]:
    possible = [fpir for fpir in FPIRS if not open_set.obstacle(samples, setting, fpir)]
    intervals = (
        dict(zip(possible, bootstrap.fnir_intervals(samples, found, fpirs=possible, weights=weights), strict=True))
        if possible
        else {}
    )
    told = []
    for fpir in FPIRS:
        if fpir not in intervals:
            told.append(Identification(setting, fpir, obstacle=open_set.obstacle(samples, setting, fpir)))
            continue
        fnirs = [draw.fnir(fpir) for draw in found]
        told.append(
            Identification(
                setting,
                fpir,
                fnir=float(np.mean(fnirs)),
                deviation=float(np.std(fnirs)),
                n_probes=round(np.mean([len(draw.mated) for draw in found])),
                n_strangers=len(samples.strangers),
                interval=intervals[fpir],
            )
        )
    return told
