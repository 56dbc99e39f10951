"""Where people's folders are handed in: each photograph is looked at, each person is stored at once.

A photograph is recognised by the SHA-256 of its file and is not kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge.errors import EnrolError
from edge.exchange.enrolment.acquisition import Verdict, acquire
from edge.exchange.enrolment.admission import Admission, Standing, Taken, admit
from edge.exchange.enrolment.everybody import Everybody
from edge.exchange.enrolment.folder import Candidate
from edge.exchange.enrolment.photographs import decode, read_bytes
from edge.exchange.enrolment.receipt import GOOD, Line
from edge.exchange.names import Label
from edge.matching.policy import Policy
from edge.store import Store
from edge.store.templates import restored, stored
from edge.types import Floats, Person
from edge.vision.quality import Gates
from edge.vision.recogniser import Recogniser


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms people are enrolled.

    Attributes:
        min_face_px: a face must be so large in the photograph, in pixels of its longer side.
        gates: how good it must be.
        policy: who is given a name at the door; what the receipt warns of and promises follows from it.
        look_alikes: codes of people of the folder who are nobody else, whomever they resemble.
    """

    min_face_px: float
    gates: Gates
    policy: Policy
    look_alikes: frozenset[str] = frozenset()


class Desk:
    """Where people's folders are handed in, one after the other.

    Args:
        store: where people and templates go.
        recogniser: finds the faces and makes the templates.
        terms: who is taken.
        read: the content of a photograph's file, asked once for each; raises EnrolError.
    """

    def __init__(self, store: Store, recogniser: Recogniser, terms: Terms, *, read: Callable[[Path], bytes] = read_bytes) -> None:
        self._store = store
        self._recogniser = recogniser
        self._terms = terms
        self._read = read
        self._everybody = Everybody(store, recogniser.model)

    def lines(self, of_one_folder: Iterable[Candidate]) -> list[Line]:
        """Enrol the person of a folder, or find out why not; a line for each photograph."""
        looked: list[Line | Taken] = []
        taken: dict[str, Taken] = {}  # by SHA-256
        label = None
        for candidate in of_one_folder:
            each = self._look(candidate, taken)
            looked.append(each)
            if isinstance(each, Taken):
                taken.setdefault(each.sha256, each)
                label = candidate.label
        judged = dict(zip(taken, self._admit(label, list(taken.values())) if label else (), strict=True))
        return [_shared(judged[each.sha256], each.shown) if isinstance(each, Taken) else each for each in looked]

    def _look(self, candidate: Candidate, taken: Mapping[str, Taken]) -> Line | Taken:
        """One photograph's template, or what became of it."""
        label = candidate.label or Label("", "")
        try:
            if candidate.fault:
                raise EnrolError(candidate.fault)
            known = self._store.find_person(label.code)
            if known and known.name.casefold() != label.name.casefold():
                raise EnrolError(
                    f"the code {label.code} belongs to {known.name}: if this is the same person, name the folder"
                    f" '{label.code} {known.name}', or `muster people rename`; another person needs another code"
                )
        except EnrolError as error:
            return Line(candidate.shown, label, Verdict.REFUSED, str(error))
        try:
            return self._take(candidate, label, taken)
        except EnrolError as error:
            return Line(candidate.shown, label, Verdict.UNREADABLE, str(error))

    def _take(self, candidate: Candidate, label: Label, taken: Mapping[str, Taken]) -> Line | Taken:
        """Read the file and look for the face; not where the file was looked at before."""
        shown, content = candidate.shown, self._read(candidate.path)
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 in taken:
            return replace(taken[sha256], shown=shown)
        seen = self._seen(sha256, shown, label)
        if seen:
            return seen
        acquired = acquire(decode(content), self._recogniser, min_face_px=self._terms.min_face_px, gates=self._terms.gates)
        if acquired.template is None:
            return Line(shown, label, acquired.verdict, acquired.reason)
        return Taken(shown, sha256, restored(stored(acquired.template[np.newaxis]))[0])

    def _seen(self, sha256: str, shown: str, label: Label) -> Line | None:
        """What became of a file that was looked at before; None where none was."""
        owner = self._store.photo_owner(sha256, model=self._recogniser.model)
        if owner is None:
            return None
        if owner.code != label.code:
            reason = (
                f"the same photograph is enrolled for {owner.code} {owner.name}; take it out of the wrong one's folder, and if it"
                f" should not be enrolled: muster people remove {owner.code}, then enrol both again"
            )
            return Line(shown, label, Verdict.REFUSED, reason, 0.0, owner.code)
        if sha256 in self._store.templates_of(owner.id, model=self._recogniser.model):
            return Line(shown, label, Verdict.ALREADY)
        return Line(shown, label, Verdict.NOT_NEEDED, "looked at before; others are kept")

    def _admit(self, label: Label, taken: Sequence[Taken]) -> Sequence[Line]:
        """Judge and store; judge anew where another process enrols somebody meanwhile: it may be the same face."""
        try:
            while True:
                revision = self._everybody.up_to_date()
                admission = admit(taken, self._standing(label))
                with self._store.transaction():
                    if self._store.revision() != revision:
                        continue
                    person = self._keep(label, taken, admission)
                    now = person and (person, self._own(person), self._store.revision())
                if now:  # what is taken back when a transaction fails has not changed anybody
                    self._everybody.changed(*now)
                return admission.lines
        except EnrolError as error:  # another process was quicker with one of them
            return [Line(each.shown, label, Verdict.REFUSED, f"{error}; enrol the folder again") for each in taken]

    def _standing(self, label: Label) -> Standing:
        """Who is enrolled now."""
        person = self._store.find_person(label.code)
        return Standing(
            label=label,
            own=self._own(person) if person else {},
            others=self._everybody.others(person),
            people=self._everybody.people,
            may_look_alike=label.code in self._terms.look_alikes,
        )

    def _own(self, person: Person) -> dict[str, Floats]:
        return self._store.templates_of(person.id, model=self._recogniser.model)

    def _keep(self, label: Label, taken: Sequence[Taken], admission: Admission) -> Person | None:
        """All of a person's changes; nobody is added without a good photograph, and there is nobody then."""
        model = self._recogniser.model
        good = [(line.verdict, each) for line, each in zip(admission.lines, taken, strict=True) if line.verdict in GOOD]
        if not good:
            return None
        person = self._store.find_person(label.code) or self._store.add_person(*label)
        for verdict, each in good:
            if verdict is Verdict.ENROLLED:
                self._store.add_template(person.id, each.template, model=model, photo_sha256=each.sha256)
        for sha256 in (*admission.dropped, *(each.sha256 for verdict, each in good if verdict is Verdict.NOT_NEEDED)):
            self._store.set_aside(person.id, model=model, photo_sha256=sha256)
        return person


def _shared(line: Line, shown: str) -> Line:
    """The line of a photograph that is the very file of another, whose line this is: it has the same fate."""
    if line.photograph == shown:
        return line
    if line.verdict in GOOD:
        return Line(shown, line.label, Verdict.NOT_NEEDED, f"the same file as {line.photograph}")
    return replace(line, photograph=shown)
