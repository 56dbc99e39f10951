"""A folder of photographs becomes people and templates, and a receipt that says what became of every photograph.

One transaction for each person's folder: whatever interrupts, the people before it stay, and the same folder again does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, islice
from pathlib import Path

from edge.errors import EnrolError
from edge.exchange.enrolment.desk import Desk, Terms
from edge.exchange.enrolment.folder import Candidate, candidates
from edge.exchange.enrolment.receipt import Line, Receipt
from edge.exchange.enrolment.roll import receipt
from edge.exchange.names import printable
from edge.store import Store
from edge.vision.recogniser import Recogniser


def enrol(
    folder: Path,
    *,
    store: Store,
    recogniser: Recogniser,
    terms: Terms,
    progress: Callable[[Sequence[Candidate]], Iterable[Candidate]] = iter,
) -> Receipt:
    """Enrol everybody whose photographs are in a folder.

    Args:
        folder: one sub-folder for each person, named ``Name`` or ``code Name``; or photographs named so.
        store: where people and templates go.
        recogniser: finds the faces and makes the templates.
        terms: who is taken.
        progress: goes through the photographs, and may show how far it is.

    Raises:
        EnrolError: there is no such folder, or no photograph in it, or none of a look-alike.
        StoreError: the database fails; who was enrolled until then stays.
    """
    found = candidates(folder)
    unknown = terms.look_alikes - {candidate.label.code for candidate in found if candidate.label}
    if unknown:
        raise EnrolError(f"nobody in {printable(str(folder))} has the code {min(unknown)!r}, which was named as a look-alike's.")
    lines = hand_in(found, Desk(store, recogniser, terms), top=folder, progress=progress)
    return receipt(lines, store=store, model=recogniser.model, policy=terms.policy)


def hand_in(
    found: Sequence[Candidate],
    desk: Desk,
    *,
    top: Path,
    progress: Callable[[Sequence[Candidate]], Iterable[Candidate]] = iter,
) -> list[Line]:
    """Hand in one person's folder after the other.

    Args:
        found: photographs in the order of their folders.
        desk: takes them.
        top: the folder in which people's folders lie.
        progress: goes through the photographs.

    Returns:
        A line for each photograph.
    """
    lines, photographs = [], iter(progress(found))
    for _, of_one_folder in groupby(found, lambda each: each.path if each.path.parent == top else each.path.parent):
        lines += desk.lines(islice(photographs, len(list(of_one_folder))))
    next(photographs, None)  # lets a progress bar see the end
    return lines
