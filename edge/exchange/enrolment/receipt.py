"""The receipt of an enrolment: what became of every photograph, who can be taken for whom, and what strangers have to expect."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from edge.exchange.cells import guard
from edge.exchange.enrolment.acquisition import Verdict
from edge.exchange.files import Files
from edge.exchange.names import Label
from edge.matching.threshold import Promise
from edge.types import Person

GOOD = {Verdict.ENROLLED, Verdict.ALREADY, Verdict.NOT_NEEDED}
"""Verdicts of photographs that show the person of their folder."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the receipt: which photograph, whose, what became of it, and why.

    Attributes:
        photograph: its place below the folder.
        label: whose it is, as the folder says.
        verdict: what became of it.
        reason: why, or what should be known of it; may be empty.
        distance: squared L2 to what the reason compares it with; None where it compares nothing.
        other_code: of the other person whom the reason names; empty where it names none.
    """

    photograph: str
    label: Label
    verdict: Verdict
    reason: str = ""
    distance: float | None = None
    other_code: str = ""

    def __str__(self) -> str:
        """For a terminal."""
        return f"{self.photograph}: {self.verdict.value}{f' ({self.reason})' if self.reason else ''}"

    def cells(self) -> list[str]:
        """As the table has it."""
        distance = "" if self.distance is None else f"{self.distance:.3f}"
        return [self.photograph, *self.label, self.verdict.value, self.reason, distance, self.other_code]


COLUMNS = ["photograph", "person_code", "person_name", "verdict", "reason", "distance", "other_code"]


@dataclass(frozen=True, slots=True)
class Confusable:
    """Two people who are nearer to each other than the distance up to which a name is given.

    Attributes:
        first: one of them.
        second: the other.
        distance: squared L2 from a photograph of one of them to all that is enrolled of the other, as the door takes it.
    """

    first: Person
    second: Person
    distance: float

    ADVICE = (
        "At the door one may be given the other's name, or neither a name where matching.min_margin cannot tell them apart. "
        "Enrol more photographs of both that look straight into the camera; or set a larger matching.min_margin, which leaves "
        "them unnamed rather than misnamed; or let one of them in by another way. "
        "If it is one person under two codes: muster people remove CODE."
    )

    def __str__(self) -> str:
        """One line, without its full stop."""
        first, second = (f"{person.code} {person.name}" for person in (self.first, self.second))
        return f"{first} and {second} (distance at the door {self.distance:.2f})"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of every photograph of a folder.

    Attributes:
        lines: one for each photograph, in the order of the folder.
        confusable: pairs of people, one of them at least from this folder; nearest first.
        promise: for the gallery as it is now.
    """

    lines: tuple[Line, ...]
    confusable: tuple[Confusable, ...]
    promise: Promise

    @property
    def counts(self) -> Counter[Verdict]:
        """How many photographs had each verdict."""
        return Counter(line.verdict for line in self.lines)

    @property
    def without_template(self) -> list[Label]:
        """The people of the folder of whom not one photograph is good."""
        good = {line.label for line in self.lines if line.verdict in GOOD}
        return list(dict.fromkeys(line.label for line in self.lines if line.label.code and line.label not in good))

    @property
    def without_name(self) -> list[str]:
        """The places of photographs and folders whose person cannot be told."""
        return [line.photograph for line in self.lines if not line.label.code]

    def write_csv(self, path: Path) -> None:
        """Write the receipt as a table, all or nothing.

        Raises:
            OSError: it cannot be written there.
        """
        text = io.StringIO(newline="")
        table = csv.writer(text)
        table.writerow(COLUMNS)
        table.writerows([guard(cell) for cell in line.cells()] for line in self.lines)
        Files().replace(path, text.getvalue().encode())
