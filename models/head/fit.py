"""Trains a head: batches of P people with K photographs each, early-stopped on people who are not trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edge.errors import EnrolError
from edge.evaluation.samples import Rows
from edge.evaluation.scores import score
from edge.types import Floats
from models.head.embeddings import Embeddings
from models.head.linear import Head
from models.head.losses import Objective, Reals
from models.head.people import split

FMRS = (1e-3, 1e-4)
"""Training is stopped by the mean of the FNMR at these, on people held out."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a head is trained.

    Attributes:
        p: people with several photographs in a batch.
        k: photographs of each of them, at most.
        n_single: people with one photograph in a batch, who are negatives only.
        n_epochs: at most.
        n_batches: in an epoch.
        patience: so many epochs without improvement end the training.
        rate: Adam's step, as a share of the root mean square of the first matrix.
        pull: weight of the squared distance from the first matrix, as a share of its own square.
        mirrored: how often a photograph's mirrored view is taken.
        held_out: share of the people who stop the training.
        seed: of everything drawn.
    """

    p: int = 128
    k: int = 4
    n_single: int = 256
    n_epochs: int = 20
    n_batches: int = 15
    patience: int = 5
    rate: float = 0.01
    pull: float = 1.0
    mirrored: float = 0.5
    held_out: float = 0.2
    seed: int = 20180408


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch came to: mean loss, share of terms with a slope, FNMR of the people held out (mean over `FMRS`)."""

    number: int
    loss: float
    active: float
    fnmr: float


def fit(given: Embeddings, first: Head, objective: Objective, *, plan: Plan, report: Callable[[Epoch], None]) -> Head:
    """Train a head.

    Args:
        given: the people, some of whom are held out to stop the training.
        first: where it begins.
        objective: what is made small.
        plan: how.
        report: hears of each epoch; epoch 0 is the first head.

    Returns:
        The head of the epoch that was best on the people held out; the first one, if none was better.

    Raises:
        EnrolError: the people held out are too few to tell when to stop.
    """
    held_out, training = split(given, plan.held_out, seed=plan.seed)
    trainer = _Trainer(training, first, objective, plan)
    best, best_at, fnmr = first, 0, tail(first, held_out)
    report(Epoch(0, np.nan, np.nan, fnmr))
    for number in range(1, plan.n_epochs + 1):
        loss, active = np.mean([trainer.step() for _ in range(plan.n_batches)], axis=0)
        now = tail(trainer.head(), held_out)
        report(Epoch(number, float(loss), float(active), now))
        if now < fnmr:
            best, best_at, fnmr = trainer.head(), number, now
        if number - best_at >= plan.patience:
            break
    return best


def tail(head: Head, given: Embeddings) -> float:
    """Mean FNMR over `FMRS`; of few people at the one FMR that accepts a single different-person pair.

    Raises:
        EnrolError: there are not two photographs of one person, or not two people.
    """
    scores = score(head.samples(given))
    if not scores.n_same or not scores.n_different:
        raise EnrolError("The people held out to stop the training have no pair with a face each. Add more people.")
    possible = [fmr for fmr in FMRS if not scores.obstacle(fmr)] or [1 / scores.n_different]
    return float(np.mean([scores.fnmr(scores.threshold(fmr)) for fmr in possible]))


def slope(vectors: Reals, matrix: Reals, by_distance: Reals) -> Reals:
    """Derivative by the matrix (d, m) of a loss whose derivative by the squared L2 between the outputs is known.

    Args:
        vectors: (n, d), mean removed.
        matrix: (d, m).
        by_distance: (n, n).
    """
    outputs = vectors @ matrix
    lengths = np.linalg.norm(outputs, axis=1, keepdims=True)
    units = outputs / lengths
    by_unit = -2 * (by_distance + by_distance.T) @ units  # D = 2 − 2 u·u'
    by_output = (by_unit - units * (units * by_unit).sum(axis=1, keepdims=True)) / lengths
    by_matrix: Reals = vectors.T @ by_output
    return by_matrix


def distances(vectors: Reals, matrix: Reals) -> Reals:
    """(n, n) squared L2 between the outputs, scaled to length one."""
    outputs = vectors @ matrix
    units = outputs / np.linalg.norm(outputs, axis=1, keepdims=True)
    squared: Reals = np.maximum(2 - 2 * units @ units.T, 0)
    return squared


class _Trainer:
    """Adam (Kingma & Ba 2015, algorithm 1) on batches of people."""

    def __init__(self, given: Embeddings, first: Head, objective: Objective, plan: Plan) -> None:
        self._views = np.stack([given.upright, given.mirrored]).astype(np.float64) - first.mean
        self._persons, self._first, self._objective, self._plan = given.persons, first, objective, plan
        self._rows = [np.flatnonzero(given.persons == person) for person in range(len(given.n_photographs))]
        self._several = [rows for rows in self._rows if len(rows) > 1]
        self._single = np.concatenate([rows for rows in self._rows if len(rows) == 1] or [np.empty(0, np.intp)])
        self._generator = np.random.default_rng(plan.seed)
        self._start = first.matrix.astype(np.float64)
        self._matrix, self._scale = self._start.copy(), float(np.sqrt(np.mean(self._start**2)))
        self._first_moment, self._second_moment, self._n = np.zeros_like(self._start), np.zeros_like(self._start), 0

    def head(self) -> Head:
        """As it is now."""
        matrix: Floats = self._matrix.astype(np.float32)
        return Head(self._first.mean, matrix)

    def step(self) -> tuple[float, float]:
        """One batch: its loss, and the share of terms with a slope."""
        rows = self._batch()
        views = (self._generator.random(len(rows)) < self._plan.mirrored).astype(np.intp)
        vectors = self._views[views, rows]
        judged = self._objective(distances(vectors, self._matrix), self._persons[rows])
        pull = self._plan.pull * (self._matrix - self._start) / np.sum(self._start**2)
        self._descend(slope(vectors, self._matrix, judged.slopes) + pull)
        return judged.value, judged.active

    def _batch(self) -> Rows:
        plan, draw = self._plan, self._generator
        people = draw.permutation(len(self._several))[: plan.p]
        single = draw.permutation(self._single)[: plan.n_single]
        return np.concatenate([*(draw.permutation(self._several[person])[: plan.k] for person in people), single])

    def _descend(self, gradient: Reals) -> None:
        self._n += 1
        self._first_moment = 0.9 * self._first_moment + 0.1 * gradient
        self._second_moment = 0.999 * self._second_moment + 0.001 * gradient**2
        first, second = self._first_moment / (1 - 0.9**self._n), self._second_moment / (1 - 0.999**self._n)
        self._matrix -= self._plan.rate * self._scale * first / (np.sqrt(second) + 1e-12)
