"""What the configuration says about names, as something that makes a matcher of any gallery."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge.matching import classifiers
from edge.matching.combination import BEST, Combination
from edge.matching.gallery import Gallery, NearestTemplate
from edge.matching.matcher import Matcher, Rule
from edge.matching.score_table import ScoreTable
from edge.matching.threshold import (
    FOR_EVERYBODY,
    LOWER,
    MISSED_TOO_OFTEN,
    TOO_FEW_MEASURED,
    TOO_MANY_MISSED,
    Budget,
    Promise,
    advice,
    shortfall,
)
from edge.words import share

N_FUSED = 3
"""The door names nobody before so many frames are fused (`recognition.n_least`); what it then does: docs/threshold.md."""

MEASURED = "nearest"
"""The method whose misses are in the table."""


@dataclass(frozen=True)
class Policy:
    """How names are given on this unit, whoever is enrolled.

    Attributes:
        rule: when a person is named; its distance counts where there is no budget.
        table: what was measured of strangers and of staff; None where nothing was, and then nothing can be promised.
        budget: the distance follows it; None for the fixed distance of the rule.
        combination: how a person's templates count together; the table's too.
        method: who says whom a face is: value of ``matching.method``.

    Raises:
        ValueError: there is a budget and no table.
    """

    rule: Rule
    table: ScoreTable | None = None
    budget: Budget | None = None
    combination: Combination = BEST
    method: str = "nearest"

    def __post_init__(self) -> None:
        if self.budget and not self.table:
            raise ValueError("a budget needs a table of scores")

    def matcher(self, gallery: Gallery) -> Matcher:
        """What names the people of a gallery, with the distance that the promise for it names.

        Raises:
            ConfigError: as `check`.
        """
        rule = replace(self.rule, max_distance=self.promise_of(gallery).max_distance)
        return classifiers.matcher(self.method, NearestTemplate(gallery, rule, self.combination))

    def check(self, n_people: int) -> None:
        """Look whether the method can name so many people.

        Raises:
            ConfigError: it needs scikit-learn, which is missing, or it would take too long to learn them.
        """
        classifiers.check(self.method, n_people)

    def promise_of(self, gallery: Gallery) -> Promise:
        """What strangers have to expect of a gallery."""
        _, counts = np.unique(gallery.person_ids, return_counts=True)
        return self.promise(counts.tolist())

    def promise(self, templates_per_person: Sequence[int]) -> Promise:
        """What strangers have to expect when so many people have so many templates each.

        The margin to the runner-up is not counted: with it somewhat fewer strangers are given a name.
        """
        counts = [n for n in templates_per_person if n > 0]
        n_people, n_templates = len(counts), sum(counts)
        if self.table is None:
            return Promise(self.rule.max_distance, math.nan if n_people else 0.0, n_people, n_templates)
        table, load = self.table, self.table.load(counts)
        distance = table.distance(self.budget.fpir, max(load, 1.0)) if self.budget else self.rule.max_distance
        is_bound = distance < table.least_distance or self.method != MEASURED  # the others name no stranger beside those
        promise = Promise(distance, table.fpir(distance, load), n_people, n_templates, is_bound=is_bound)
        why, what_to_do = self._shortfall(promise, counts)
        return replace(promise, shortfall=why, advice=what_to_do)

    def miss_rate(self, max_distance: float, n_templates: int, *, n_frames: int = 1) -> float:
        """Share of visits at which somebody with so many templates is refused at the first look, fused of so many frames.

        Photographs of other days stood for the frames. NaN where nothing was measured, of this method or at all.
        """
        if self.table is None or self.method != MEASURED:
            return math.nan
        return self.table.miss_rate(max_distance, n_templates, n_frames=n_frames)

    def missed(self, max_distance: float, n_templates: int) -> str:
        """How often somebody with so many templates is refused, in words; empty where nothing was measured.

        Frames of one moment are more alike than the photographs of other days that were measured, hence "at best".
        """
        single, fused = (self.miss_rate(max_distance, n_templates, n_frames=n) for n in (1, N_FUSED))
        if math.isnan(single):
            return ""
        return f"{share(single)} of single looks miss, of {N_FUSED} fused frames at best {share(fused)}"

    @property
    def caveat(self) -> str:
        """Which method gives the names, where it is another than was measured; empty otherwise."""
        if self.method == MEASURED:
            return ""
        known = f"how often it misses is not known here, and may be far more often than {MEASURED}: docs/matching.md"
        return f'matching.method = "{self.method}" gives the names; {known}'

    def _shortfall(self, promise: Promise, counts: Sequence[int]) -> tuple[str, str]:
        """Why the budget is not kept, and which could be, and what to do; empty where it is kept or there is none."""
        if self.budget and self.budget.is_for_everybody:
            return FOR_EVERYBODY.format(budget=self.budget, come=self.budget.strangers_per_year), LOWER
        if not self.budget or not self.table or not counts:
            return "", ""
        table, load = self.table, self.table.load(counts)
        usable = table.distance_missed(MISSED_TOO_OFTEN, min(counts))
        if promise.fpir <= self.budget.fpir * (1 + 1e-9) and promise.max_distance >= usable:
            return "", ""
        least = max(table.least_distance, usable)
        reason = TOO_MANY_MISSED if usable > table.least_distance else TOO_FEW_MEASURED
        n_served = math.floor(table.load_at(least, self.budget.fpir) / load * len(counts))
        fpir = table.fpir(least, load)
        return shortfall(self.budget, reason, n_people=len(counts), n_served=n_served, fpir=fpir), advice(len(counts), n_served)
