"""People as a head sees them that never saw them: what every figure that counts is measured on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from edge.evaluation.samples import Samples
from edge.store.templates import restored, stored
from edge.types import Floats
from edge.vectors import unit
from models.head import people
from models.head.embeddings import Embeddings
from models.head.linear import Head
from models.head.trials import CHOSEN, TRIALS

N_FOLDS = 3


def held_out(given: Embeddings) -> Iterator[Samples]:
    """The people of each fold, by a head that was trained on the other folds."""
    for others, fold in _folds(given):
        yield as_stored(_trained(others), fold)


def trained_on_one_fold(given: Embeddings) -> Iterator[Samples]:
    """The people of all folds but one, by a head that was trained on that one: more people, and a poorer head."""
    for others, fold in _folds(given):
        yield as_stored(_trained(fold), others)


def as_stored(head: Callable[[Floats], Floats], given: Embeddings) -> Samples:
    """Templates as the unit has them: the mirrored crop averaged in at enrolment, and all as they come back from their bytes."""
    upright, mirrored = head(given.upright), head(given.mirrored)
    at_the_door, enrolled = (restored(stored(each)) for each in (upright, unit(upright + mirrored)))
    return Samples(at_the_door, given.persons, given.n_photographs, enrolled)


def _folds(given: Embeddings) -> Iterator[tuple[Embeddings, Embeddings]]:
    people.check(given, n_folds=N_FOLDS)
    for number, (others, fold) in enumerate(people.folds(given, N_FOLDS), 1):
        print(f"{CHOSEN}, fold {number}", flush=True)
        yield others, fold


def _trained(given: Embeddings) -> Head:
    return TRIALS[CHOSEN].train(given, lambda _: None)
