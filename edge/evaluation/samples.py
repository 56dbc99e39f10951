"""What is evaluated: the templates of a folder of people."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edge.types import Floats

Rows = NDArray[np.intp]
"""Row numbers of templates, or numbers of people."""


@dataclass(frozen=True)
class Samples:
    """Templates and whose they are.

    Attributes:
        templates: (n, d) float32 unit vectors, at most one for each photograph.
        persons: (n,) the number of each one's person.
        n_photographs: (p,) how many different photographs each person has, also those in which no face was found.
        enrolled: (n, d) float32 unit vectors, what enrolment makes of the same photographs; None where that is no different.

    Raises:
        ValueError: the arrays' shapes do not belong together.
    """

    templates: Floats
    persons: Rows
    n_photographs: Rows
    enrolled: Floats | None = None

    def __post_init__(self) -> None:
        if self.templates.ndim != 2 or self.persons.shape != (len(self.templates),):
            raise ValueError(f"expected (n, d) templates and (n,) persons, got {self.templates.shape} and {self.persons.shape}")
        if self.enrolled is not None and self.enrolled.shape != self.templates.shape:
            raise ValueError(f"expected as many enrolled, got {self.enrolled.shape} and {self.templates.shape}")

    @property
    def in_gallery(self) -> Floats:
        """(n, d) what a gallery has of each photograph."""
        return self.templates if self.enrolled is None else self.enrolled

    @property
    def n_people(self) -> int:
        """How many people have photographs, whether a face was found in them or not."""
        return len(self.n_photographs)

    @cached_property
    def n_templates(self) -> Rows:
        """(p,) how many templates each person has."""
        return np.bincount(self.persons, minlength=self.n_people)

    @cached_property
    def rows(self) -> tuple[Rows, ...]:
        """The rows of each person's templates."""
        order = np.argsort(self.persons, kind="stable")
        return tuple(np.split(order, np.cumsum(self.n_templates)[:-1]))

    @cached_property
    def strangers(self) -> Rows:
        """Rows of the templates of people of whom there is one photograph only."""
        return np.flatnonzero(self.n_photographs[self.persons] == 1)

    @property
    def n_same_pairs(self) -> int:
        """How many pairs of templates are of one person."""
        n = self.n_templates.astype(np.int64)
        return int((n * (n - 1) // 2).sum())

    @property
    def n_different_pairs(self) -> int:
        """How many pairs of templates are of two people."""
        n = len(self.persons)
        return n * (n - 1) // 2 - self.n_same_pairs
