"""Every figure that is quoted, from the templates of a folder: what ``muster evaluate`` says, writes and draws."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any

from edge.evaluation import bootstrap, budget, door, methods, open_set
from edge.evaluation.bootstrap import UNKNOWN, Interval, Weights
from edge.evaluation.discard import Discards
from edge.evaluation.door import Identification
from edge.evaluation.levels import distance
from edge.evaluation.open_set import Draw, Setting
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
        ran: network -> backend -> how many batches ran there.
    """

    model: str
    template_bytes: int
    n_people: int
    n_photos: int
    n_failed: int
    n_copies: int = 0
    ran: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """Where the networks ran, in a sentence; empty where nobody has counted."""
        told = [f"{name} {_shares(counts)}" for name, counts in self.ran.items()]
        return f"Where the networks ran: {', '.join(told)}." if told else ""


@dataclass(frozen=True, slots=True)
class Verification:
    """FNMR at one FMR; ``obstacle`` says why there is none."""

    fmr: float
    fnmr: float = math.nan
    distance: float = math.nan
    interval: Interval = UNKNOWN
    obstacle: str = ""


@dataclass(frozen=True)
class Figures:
    """All figures of one folder; ``advice`` says what to do so that it tells more."""

    handed: Handed
    scores: Scores
    verifications: tuple[Verification, ...]
    draws: dict[Setting, tuple[Draw, ...]]
    identifications: tuple[Identification, ...]
    lfw: Accuracy | None = None
    budgets: tuple[budget.Row, ...] = ()
    methods: tuple[methods.Row, ...] = ()
    discards: Discards | None = None
    advice: str = ""

    @cached_property
    def obstacles(self) -> list[str]:
        """One sentence for each figure that cannot be told."""
        told = [(f"FNMR at FMR {rate(each.fmr)}", each.obstacle) for each in self.verifications]
        told += [(each.what, each.obstacle) for each in self.identifications]
        return [f"{what}: {why}" for what, why in told if why] + ([self.advice] if self.advice else [])

    @property
    def has_any(self) -> bool:
        """Whether there is a figure at all."""
        obstacles = [each.obstacle for each in self.verifications] + [each.obstacle for each in self.identifications]
        return not all(obstacles) or self.lfw is not None

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
        """What is told when it was asked for, or counted."""
        told: dict[str, Any] = {"discard": self.discards.to_dict()} if self.discards else {}
        if self.handed.ran:
            told["backends"] = {name: dict(counts) for name, counts in self.handed.ran.items()}
        return told | ({"methods": [each.to_dict() for each in self.methods if not each.obstacle]} if self.methods else {})


def _shares(counts: Mapping[str, int]) -> str:
    """The only backend by its name; several with how many batches each ran."""
    if len(counts) <= 1:
        return "".join(counts) or "not at all"
    return " and ".join(f"{backend} ({n:,})" for backend, n in sorted(counts.items()))


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
    found = {setting: open_set.draws(samples, setting, policy.combination) for setting in door.settings(samples)}
    told = [door.identify(samples, setting, found=draws, weights=weights) for setting, draws in found.items()]
    budgets = budget.tried(policy.table, found) if policy.table else ()
    return Figures(
        handed=handed,
        scores=scores,
        verifications=_verify(samples, scores, weights),
        draws=found,
        identifications=tuple(chain.from_iterable(told)),
        lfw=lfw,
        budgets=budgets,
        advice=door.advice(samples),
    )


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
