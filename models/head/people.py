"""Dividing a set by person: nobody is ever on both sides."""

from __future__ import annotations

import numpy as np

from edge.errors import EnrolError
from edge.evaluation.samples import Rows
from models.head.embeddings import Embeddings

SEED = 1993


def check(given: Embeddings, *, n_folds: int) -> None:
    """Raise what is wrong before anything is trained.

    Raises:
        EnrolError: there is nobody to tell from somebody, or nobody with two photographs.
    """
    n_templates = np.bincount(given.persons, minlength=len(given.n_photographs))
    n_people, n_several = int((n_templates > 0).sum()), int((n_templates > 1).sum())
    if n_people < 2:
        raise EnrolError("One person alone cannot train a head: a triplet needs somebody else. Add more people's folders.")
    if not n_several:
        raise EnrolError("Nobody has two photographs with a face: a triplet needs two of one person. Add more photographs.")
    needed = 5 * n_folds  # so that two at least stop each training
    if n_several < needed:
        raise EnrolError(
            f"{n_several} people have two photographs with a face; {n_folds} folds that train, stop and measure on different "
            f"people need {needed}. Add more people, or more photographs of these."
        )


def split(given: Embeddings, share: float, *, seed: int) -> tuple[Embeddings, Embeddings]:
    """Two parts, the first with a share of the people, drawn alike from those with one photograph and those with several."""
    generator = np.random.default_rng(seed)
    chosen = [generator.permutation(group)[: max(1, round(share * len(group)))] for group in _alike(given)]
    inside = np.isin(np.arange(len(given.n_photographs)), np.concatenate(chosen))
    return only(given, np.flatnonzero(inside)), only(given, np.flatnonzero(~inside))


def folds(given: Embeddings, n: int) -> list[tuple[Embeddings, Embeddings]]:
    """(others, fold) n times, as `dealt`."""
    numbers = dealt(given, n)
    return [(only(given, np.flatnonzero(numbers != fold)), only(given, np.flatnonzero(numbers == fold))) for fold in range(n)]


def dealt(given: Embeddings, n: int) -> Rows:
    """(p,) in which of n folds each person is; people are dealt by how many photographs they have."""
    numbers = np.empty(len(given.n_photographs), np.intp)
    order = np.random.default_rng(SEED).permutation(len(numbers))
    order = order[np.argsort(given.n_photographs[order], kind="stable")]
    numbers[order] = np.arange(len(order)) % n
    return numbers


def only(given: Embeddings, people: Rows) -> Embeddings:
    """These people alone, numbered anew in this order."""
    numbers = np.full(len(given.n_photographs), -1)
    numbers[people] = np.arange(len(people))
    rows = np.flatnonzero(numbers[given.persons] >= 0)
    return Embeddings(given.upright[rows], given.mirrored[rows], numbers[given.persons[rows]], given.n_photographs[people])


def _alike(given: Embeddings) -> list[Rows]:
    """People with one photograph, and people with several; only those groups that have anybody."""
    single = given.n_photographs == 1
    return [group for group in (np.flatnonzero(single), np.flatnonzero(~single)) if len(group)]
