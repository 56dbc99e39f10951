"""A folder of people becomes samples to evaluate: each photograph goes through the unit's own pipeline, once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.errors import EnrolError
from edge.evaluation.samples import Samples
from edge.exchange.enrolment.acquisition import acquire_central
from edge.exchange.enrolment.folder import Candidate, candidates
from edge.exchange.enrolment.photographs import decode, read_bytes
from edge.exchange.names import printable
from edge.types import Floats
from edge.vision.quality import LIMITS, Quality
from edge.vision.recogniser import Recogniser

NO_FACE = "no face"
IN_NO_FOLDER = "lies in no person's folder; make one folder for each person"


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph with a face: where it is, its place below the folder, the face's box (4,) xyxy px, and its quality."""

    path: Path
    place: str
    box: Floats
    quality: Quality


@dataclass(frozen=True)
class Collection:
    """What a folder came to.

    Attributes:
        people: name of each person's folder.
        photographs: those with a template, row by row as in the samples.
        samples: the templates.
        rows: place of a photograph -> its row; copies have their original's, failures none.
        failures: place -> why there is no template: failures to acquire.
        copies: places of photographs that are the same file as another of the same person.
        notes: what else should be known, a sentence each.
    """

    people: tuple[str, ...]
    photographs: tuple[Photograph, ...]
    samples: Samples
    rows: dict[str, int]
    failures: dict[str, str]
    copies: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def n_photos(self) -> int:
        """Photographs in the folders."""
        return len(self.photographs) + len(self.failures) + len(self.copies)

    @property
    def badness(self) -> dict[str, NDArray[np.float64]]:
        """Measure of quality -> (n,) of each photograph, turned so that more is worse."""
        return {
            limit.measure: np.array([limit.badness(each.quality) for each in self.photographs], np.float64) for limit in LIMITS
        }


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies in the folder, before any of it is opened: the people's photographs, and notes on what is none."""

    folder: Path
    photographs: tuple[Candidate, ...]
    notes: tuple[str, ...]

    @property
    def places(self) -> set[str]:
        """Of all photographs, as a list of pairs names them."""
        return {self.place(candidate) for candidate in self.photographs}

    def place(self, candidate: Candidate) -> str:
        """Where a photograph is below the folder: person/photograph."""
        return candidate.path.relative_to(self.folder).as_posix()


def listing(folder: Path) -> Listing:
    """Look for photographs: one sub-folder for each person.

    Raises:
        EnrolError: there is no such folder, or nobody's photographs are in it.
    """
    good: list[Candidate] = []
    left_out: list[tuple[Candidate, str]] = []
    for candidate in candidates(folder):
        fault = candidate.fault or ("" if candidate.path.parent != folder else IN_NO_FOLDER)
        if fault:
            left_out.append((candidate, fault))
        else:
            good.append(candidate)
    if not good:
        raise EnrolError(f"{printable(str(folder))}: nobody's photographs are in it. {_why_nobody(left_out)}")
    return Listing(folder, tuple(good), tuple(f"{candidate.shown} is left out: {fault}." for candidate, fault in left_out))


def _why_nobody(left_out: Sequence[tuple[Candidate, str]]) -> str:
    """What is the matter with most of what lies there, and what to do."""
    fault, n = Counter(fault for _, fault in left_out).most_common(1)[0]
    first = next(candidate.shown for candidate, each in left_out if each == fault)
    others = f" (and {n - 1:,} more like it)" if n > 1 else ""
    return f"{first}{others}: {fault}."


def collect(
    listed: Listing, recogniser: Recogniser, *, progress: Callable[[Sequence[Candidate]], Iterable[Candidate]] = iter
) -> Collection:
    """Make the templates.

    Args:
        listed: the photographs.
        recogniser: finds the faces and makes the templates.
        progress: goes through the photographs, and may show how far it is.

    Raises:
        EnrolError: not in one photograph a face is found.
    """
    collector = _Collector(listed, recogniser)
    for candidate in progress(listed.photographs):
        collector.add(candidate)
    return collector.collection()


@dataclass
class _Collector:
    """Goes through the photographs, and remembers only what is needed of each."""

    listed: Listing
    recogniser: Recogniser
    people: dict[str, int] = field(default_factory=dict)
    n_photographs: list[int] = field(default_factory=list)
    persons: list[int] = field(default_factory=list)
    templates: list[Floats] = field(default_factory=list)
    enrolled: list[Floats] = field(default_factory=list)
    photographs: list[Photograph] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    copies: list[str] = field(default_factory=list)
    originals: dict[bytes, dict[int, str]] = field(default_factory=dict)

    def add(self, candidate: Candidate) -> None:
        """Take one photograph."""
        place = self.listed.place(candidate)
        person = self.people.setdefault(candidate.path.parent.name, len(self.people))
        if person == len(self.n_photographs):
            self.n_photographs.append(0)
        try:
            content = read_bytes(candidate.path)
            of_this_file = self.originals.setdefault(hashlib.sha256(content).digest(), {})
            original = of_this_file.setdefault(person, place)
            if original != place:
                self._add_copy(place, original)
                return
            self.n_photographs[person] += 1
            self._add_template(candidate, place, person, content)
        except EnrolError as error:
            self.failures[place] = str(error)

    def _add_copy(self, place: str, original: str) -> None:
        self.copies.append(place)
        if original in self.rows:
            self.rows[place] = self.rows[original]

    def _add_template(self, candidate: Candidate, place: str, person: int, content: bytes) -> None:
        found = acquire_central(decode(content), self.recogniser)
        if found is None:
            raise EnrolError(NO_FACE)
        self.rows[place] = len(self.persons)
        self.persons.append(person)
        self.templates.append(found.template)
        self.enrolled.append(found.enrolled)
        self.photographs.append(Photograph(candidate.path, candidate.shown, found.box, found.quality))

    def collection(self) -> Collection:
        """All together."""
        if not self.templates:
            shown, n = printable(str(self.listed.folder)), len(self.listed.photographs)
            raise EnrolError(f"{shown}: no face is found in any of its photographs ({n:,}).")
        samples = Samples(
            templates=np.stack(self.templates),
            persons=np.array(self.persons, np.intp),
            n_photographs=np.array(self.n_photographs, np.intp),
            enrolled=np.stack(self.enrolled),
        )
        return Collection(
            people=tuple(map(printable, self.people)),
            photographs=tuple(self.photographs),
            samples=samples,
            rows=self.rows,
            failures={printable(place): why for place, why in self.failures.items()},
            copies=tuple(self.copies),
            notes=(*self.listed.notes, *self._notes()),
        )

    def _notes(self) -> list[str]:
        shared = [printable(", ".join(owners.values())) for owners in self.originals.values() if len(owners) > 1]
        notes = [f"The same photograph is in several people's folders: {places}." for places in shared]
        if self.copies:
            notes.insert(0, f"Copies of another photograph of the same person, left out: {len(self.copies):,}.")
        return notes
