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
from edge.exchange.enrolment.receipt import Receipt
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
    desk = Desk(store, recogniser, terms)
    lines, photographs = [], iter(progress(found))
    for _, of_one_folder in groupby(found, lambda each: each.path if each.path.parent == folder else each.path.parent):
        lines += desk.lines(islice(photographs, len(list(of_one_folder))))
    next(photographs, None)  # lets a progress bar see the end
    return receipt(lines, store=store, model=recogniser.model, policy=terms.policy)
