"""A folder of photographs becomes people and templates, and a receipt that says what became of every photograph.

One transaction for each photograph: whatever interrupts, what was enrolled until then stays, and the same folder again
does the rest. A photograph is recognised by the SHA-256 of its file and is not kept.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.errors import EnrolError
from edge.exchange.acquisition import Verdict, acquire
from edge.exchange.cells import guard
from edge.exchange.files import Files
from edge.exchange.folder import Candidate, candidates
from edge.exchange.names import Label
from edge.exchange.photographs import decode, read_bytes
from edge.store import Store
from edge.vision.recogniser import Recogniser


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the receipt: which photograph, whose, what became of it, and why."""

    photograph: str
    label: Label
    verdict: Verdict
    reason: str = ""

    def __str__(self) -> str:
        """For a terminal."""
        return f"{self.photograph}: {self.verdict.value}{f' ({self.reason})' if self.reason else ''}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of every photograph of a folder."""

    lines: tuple[Line, ...]

    @property
    def counts(self) -> Counter[Verdict]:
        """How many photographs had each verdict."""
        return Counter(line.verdict for line in self.lines)

    @property
    def without_template(self) -> list[Label]:
        """The people of the folder of whom not one photograph is enrolled."""
        good = {line.label for line in self.lines if line.verdict in {Verdict.ENROLLED, Verdict.ALREADY}}
        return list(dict.fromkeys(line.label for line in self.lines if line.label.code and line.label not in good))

    def write_csv(self, path: Path) -> None:
        """Write the receipt as a table, all or nothing.

        Raises:
            OSError: it cannot be written there.
        """
        text = io.StringIO(newline="")
        table = csv.writer(text)
        table.writerow(["photograph", "person_code", "person_name", "verdict", "reason"])
        for line in self.lines:
            table.writerow(map(guard, [line.photograph, *line.label, line.verdict.value, line.reason]))
        Files().replace(path, text.getvalue().encode())


def enrol(
    folder: Path,
    *,
    store: Store,
    recogniser: Recogniser,
    min_face_px: float,
    progress: Callable[[Sequence[Candidate]], Iterable[Candidate]] = iter,
) -> Receipt:
    """Enrol everybody whose photographs are in a folder.

    Args:
        folder: one sub-folder for each person, named ``Name`` or ``code Name``; or photographs named so.
        store: where people and templates go.
        recogniser: finds the faces and makes the templates.
        min_face_px: a face must be so large in the photograph, in pixels of its longer side.
        progress: goes through the photographs, and may show how far it is.

    Raises:
        EnrolError: there is no such folder, or no photograph in it.
        StoreError: the database fails; what was enrolled until then stays.
    """
    desk = _Desk(store, recogniser, min_face_px)
    return Receipt(tuple(desk.line(candidate) for candidate in progress(candidates(folder))))


class _Desk:
    """Where photographs are handed in, one after the other."""

    def __init__(self, store: Store, recogniser: Recogniser, min_face_px: float) -> None:
        self._store = store
        self._recogniser = recogniser
        self._min_face_px = min_face_px

    def line(self, candidate: Candidate) -> Line:
        """Enrol one photograph, or find out why not."""
        label = candidate.label or Label("", "")
        try:
            if candidate.fault:
                raise EnrolError(candidate.fault)
            verdict, reason = self._hand_in(candidate.path, label)
        except EnrolError as error:
            verdict, reason = Verdict.REFUSED, str(error)
        return Line(candidate.shown, label, verdict, reason)

    def _hand_in(self, path: Path, label: Label) -> tuple[Verdict, str]:
        known = self._store.find_person(label.code)
        if known and known.name.casefold() != label.name.casefold():
            raise EnrolError(
                f"the code {label.code} belongs to {known.name}; another person needs another code, and"
                " `muster people rename` corrects a name"
            )
        try:
            content = read_bytes(path)
            sha256 = hashlib.sha256(content).hexdigest()
            owner = self._store.photo_owner(sha256, model=self._recogniser.model)
            if owner and owner.code == label.code:
                return Verdict.ALREADY, ""
            if owner:
                return Verdict.REFUSED, f"the same photograph is enrolled for {owner.code} {owner.name}"
            pixels = decode(content)
        except EnrolError as error:
            return Verdict.UNREADABLE, str(error)
        acquired = acquire(pixels, self._recogniser, min_face_px=self._min_face_px)
        if acquired.template is not None:
            with self._store.transaction():
                person = self._store.find_person(label.code) or self._store.add_person(*label)
                self._store.add_template(person.id, acquired.template, model=self._recogniser.model, photo_sha256=sha256)
        return acquired.verdict, acquired.reason
