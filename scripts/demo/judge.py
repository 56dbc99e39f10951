"""Did the right thing happen at the door? What Muster reported and recorded against what the cast says. No file, no process."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from scripts.demo.cast import Visitor

ACCEPTED = "accepted"
STRANGER = "not in database"


@dataclass(frozen=True, slots=True)
class Answer:
    """One decision of the unit, as it was reported.

    Attributes:
        frame: name of the picture that decided it.
        outcome: accepted, already, or not in database.
        code: of the person; empty when not in database.
        distance: squared L2 to the nearest template.
    """

    frame: str
    outcome: str
    code: str
    distance: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to one visitor: the answers while they were at the door, and how many rows carry their code."""

    visitor: Visitor
    answers: list[Answer]
    n_rows: int

    @property
    def fault(self) -> str:
        """What is wrong, as a sentence; empty when it is as it must be."""
        name, code = self.visitor.name, self.visitor.code
        expected = (ACCEPTED, code) if code else (STRANGER, "")
        if not self.answers:
            return f"{name} was at the door and got no answer."
        for answer in self.answers:
            if (answer.outcome, answer.code) != expected:
                as_whom = f" as {answer.code}" if answer.code else ""
                return f"{name} was answered '{answer.outcome}'{as_whom}; it had to be '{expected[0]}'."
        n_expected = 1 if code else 0
        return "" if self.n_rows == n_expected else f"{name} has {self.n_rows} rows in the CSV; it had to be {n_expected}."


def outcomes(visitors: list[Visitor], shown: dict[str, int], answers: list[Answer], row_codes: list[str]) -> list[Outcome]:
    """Sort answers and rows by visitor.

    Args:
        visitors: in the order in which they came.
        shown: frame -> index of the visitor in it.
        answers: what the unit reported.
        row_codes: the person's code of each row in the CSV.
    """
    rows = Counter(row_codes)
    return [
        Outcome(
            visitor, [answer for answer in answers if shown.get(answer.frame) == index], rows[visitor.code] if visitor.code else 0
        )
        for index, visitor in enumerate(visitors)
    ]


def faults(visitors: list[Visitor], shown: dict[str, int], answers: list[Answer], row_codes: list[str]) -> list[str]:
    """Everything that is not as it must be, one sentence each; empty when the demonstration succeeded."""
    found = [outcome.fault for outcome in outcomes(visitors, shown, answers, row_codes)]
    found += [f"'{a.outcome}' was answered at frame {a.frame}, where nobody is." for a in answers if a.frame not in shown]
    strange = sorted(set(row_codes) - {visitor.code for visitor in visitors if visitor.code})
    found += [f"The CSV has a row for {code}, who was not at the door." for code in strange]
    return [fault for fault in found if fault]
