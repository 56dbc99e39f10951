"""A threshold that follows the site: from a budget of false positives and from who is enrolled to a distance, in plain words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from edge.words import counted

DAYS = 365
"""A year."""

MISSED_TOO_OFTEN = 0.5
"""Share of looks; a unit that refuses its people more often than it knows them is of no use."""

TOO_MANY_MISSED = (
    "is too strict for {people}: at the distance that keeps it, whoever has the fewest templates is refused more often than not, "
    "and needs more photographs"
)
TOO_FEW_MEASURED = (
    "cannot be kept with {people}: a mistake as rare as that is beyond what was measured, and the door is as strict as the "
    "measurements allow"
)
FOR_EVERYBODY = "the budget of {budget} allows a name for every stranger: no more than {come:,.6g} come in a year"
LOWER = "lower matching.false_positives_per_year"
RAISE = "raise matching.false_positives_per_year"
"""What to do about a budget."""


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
    def strangers_per_year(self) -> float:
        """Strangers who look into the camera in a year."""
        return self.strangers_per_day * DAYS

    @property
    def fpir(self) -> float:
        """Share of the strangers who may be given a name, at most all of them."""
        return min(1.0, self.false_positives_per_year / self.strangers_per_year)

    @property
    def is_for_everybody(self) -> bool:
        """Whether it allows as many false positives as there are strangers, which is no budget."""
        return self.false_positives_per_year >= self.strangers_per_year

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
        advice: what to do about the shortfall; empty where there is none.
        is_bound: whether fewer strangers are given a name than ``fpir`` says, by how much was not measured.
    """

    max_distance: float
    fpir: float
    n_people: int
    n_templates: int
    shortfall: str = ""
    advice: str = ""
    is_bound: bool = False

    def __str__(self) -> str:
        """For example "with 84 people: one stranger in 1,200 is given a name"."""
        if not self.n_people:
            return "nobody can be recognised: no stranger is given a name"
        with_whom = f"with {counted(self.n_people, 'person')}"
        if math.isnan(self.fpir):
            return f"{with_whom}: nothing was measured of this model, so nobody knows how many strangers are given a name"
        return f"{with_whom}: {'at most ' if self.is_bound and self.fpir <= 0.5 else ''}{one_in(self.fpir)} is given a name"


def shortfall(budget: Budget, reason: str, *, n_people: int, n_served: int, fpir: float) -> str:
    """Which number of people a budget could serve, and which budget these people need.

    Args:
        budget: cannot be kept.
        reason: why.
        n_people: who are enrolled.
        n_served: how many like them the budget could serve.
        fpir: the smallest that can be promised with these people.
    """
    who, needed = counted(n_people, "person"), math.ceil(10 * fpir * budget.strangers_per_year) / 10
    serves = f"it could serve {counted(n_served, 'person')}" if n_served else "it could not serve even one person"
    return (
        f"the budget of {budget} {reason.format(people=who)}; "
        f"{serves} with as many templates each, and {who} need{'s' * (n_people == 1)} {needed:,.10g} a year"
    )


def advice(n_people: int, n_served: int) -> str:
    """What to do where a budget could serve only so many of the people: another unit where one would be enough."""
    if not n_served:
        return f"{RAISE}; fewer people do not help"
    return f"{RAISE}, or set up another unit for some of the people" if 2 * n_served >= n_people else RAISE


def one_in(fpir: float) -> str:
    """A share of the strangers in words, to two digits: "one stranger in 1,200"."""
    if fpir > 0.5:
        return "more than every second stranger"
    return f"one stranger in {two_digits(1 / fpir):,}"


def two_digits(value: float) -> int:
    """A count of which the first two digits can be believed, rounded down: a promise is not rounded up."""
    step: int = 10 ** max(0, len(str(int(value))) - 2)
    return int(value // step) * step
