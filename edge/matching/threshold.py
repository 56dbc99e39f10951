"""A threshold that follows the site: from a budget of false positives and from who is enrolled to a distance, in plain words."""

from __future__ import annotations

import math
from dataclasses import dataclass

DAYS = 365
"""A year."""

MISSED_TOO_OFTEN = 0.5
"""Share of looks; a unit that refuses its people more often than it knows them is of no use."""

TOO_MANY_MISSED = (
    "is too strict for {people}: at the distance that keeps it, whoever has the fewest templates is refused more often than not, "
    "and needs more photographs"
)
TOO_FEW_MEASURED = (
    "cannot be kept with {people}: so rare a false positive lies beyond what was measured, and the distance stays where it can "
    "be told"
)


@dataclass(frozen=True, slots=True)
class Budget:
    """How many strangers may be taken for somebody.

    Attributes:
        false_positives_per_year: strangers who are given a name.
        strangers_per_day: strangers who look into the camera.
    """

    false_positives_per_year: float
    strangers_per_day: float

    @property
    def fpir(self) -> float:
        """Share of the strangers who may be given a name, at most all of them."""
        return min(1.0, self.false_positives_per_year / (self.strangers_per_day * DAYS))

    def __str__(self) -> str:
        """For example "12 a year of 10 strangers a day"."""
        return f"{self.false_positives_per_year:,.6g} a year of {self.strangers_per_day:,.6g} strangers a day"


@dataclass(frozen=True, slots=True)
class Promise:
    """What a distance means for strangers while these people are enrolled; ``str`` of it says so.

    Attributes:
        max_distance: squared L2 up to which a face is given a name.
        fpir: share of strangers, one look each, who are given a name; NaN where nothing was measured that could tell.
        n_people: people with a template.
        n_templates: theirs together.
        shortfall: why the budget is not kept, and which number of people or which budget would be; empty when it is kept.
        is_bound: whether fewer strangers are given a name than ``fpir`` says, by how much was not measured.
    """

    max_distance: float
    fpir: float
    n_people: int
    n_templates: int
    shortfall: str = ""
    is_bound: bool = False

    def __str__(self) -> str:
        """For example "with 84 people: one stranger in 1,200 is given a name"."""
        if not self.n_people:
            return "nobody can be recognised: no stranger is given a name"
        with_whom = f"with {people(self.n_people)}"
        if math.isnan(self.fpir):
            return f"{with_whom}: nothing was measured of this model, so nobody knows how many strangers are given a name"
        return f"{with_whom}: {'at most ' if self.is_bound else ''}{one_in(self.fpir)} is given a name"


def shortfall(budget: Budget, reason: str, *, n_people: int, n_served: int, fpir: float) -> str:
    """Which number of people a budget could serve, and which budget these people need.

    Args:
        budget: cannot be kept.
        reason: why.
        n_people: who are enrolled.
        n_served: how many like them the budget could serve.
        fpir: the smallest that can be promised with these people.
    """
    serves = f"it could serve {people(n_served)}" if n_served else "it could serve nobody"
    needed = math.ceil(10 * fpir * budget.strangers_per_day * DAYS) / 10
    return (
        f"the budget of {budget} {reason.format(people=people(n_people))}; "
        f"{serves} with as many templates each, and {people(n_people)} need{'s' * (n_people == 1)} {needed:,.1f} a year"
    )


def one_in(fpir: float) -> str:
    """A share of the strangers in words, to two digits: "one stranger in 1,200"."""
    if fpir > 0.5:
        return "more than every second stranger"
    return f"one stranger in {two_digits(1 / fpir):,}"


def people(n: int) -> str:
    """How many people, in words."""
    return "1 person" if n == 1 else f"{n:,} people"


def two_digits(value: float) -> int:
    """A count of which the first two digits can be believed, rounded down: a promise is not rounded up."""
    step: int = 10 ** max(0, len(str(int(value))) - 2)
    return int(value // step) * step
