"""Heads that nobody trained with triplets: what a trained one must beat, and where it begins."""

from __future__ import annotations

import numpy as np

from edge.types import Floats
from models.head.embeddings import Embeddings
from models.head.linear import Head
from models.head.losses import Reals

N_OUTPUTS = 128


def none(given: Embeddings) -> Head:
    """The template as it is."""
    d = given.upright.shape[1]
    return Head(np.zeros(d, np.float32), np.eye(d, dtype=np.float32))


def mean_removed(given: Embeddings) -> Head:
    """The mean of all photographs, mirrored ones too, is taken off; nothing else."""
    return Head(_mean(given), np.eye(given.upright.shape[1], dtype=np.float32))


def pca(given: Embeddings, *, n: int = N_OUTPUTS) -> Head:
    """The n directions in which the photographs differ most; nothing is scaled (principal component analysis)."""
    _, vectors = np.linalg.eigh(_covariance(_both(given) - _mean(given)))
    return Head(_mean(given), vectors[:, ::-1][:, :n].astype(np.float32))


def lda(given: Embeddings, *, n: int = N_OUTPUTS, shrinkage: float = 0.0) -> Head:
    """Differences within a person become equally large in all directions, then the n directions in which people differ most.

    Linear discriminant analysis (Fisher 1936; Belhumeur et al. 1997, "Eigenfaces vs. Fisherfaces").

    Args:
        given: the people.
        n: outputs.
        shrinkage: share of the within-person covariance that is replaced by the same in all directions (Ledoit & Wolf 2004).
    """
    within = _within(given)
    d = len(within)
    within = (1 - shrinkage) * within + shrinkage * np.trace(within) / d * np.eye(d)
    values, vectors = np.linalg.eigh(within)
    whiten = vectors / np.sqrt(np.maximum(values, 1e-6 * values.max()))
    _, directions = np.linalg.eigh(whiten.T @ _covariance(_both(given) - _mean(given)) @ whiten)
    return Head(_mean(given), (whiten @ directions[:, ::-1][:, :n]).astype(np.float32))


def _within(given: Embeddings) -> Reals:
    """(d, d) covariance of the photographs about their own person's mean, of people with several."""
    n_templates = np.bincount(given.persons)
    sums = np.zeros((len(n_templates), given.upright.shape[1]))
    np.add.at(sums, given.persons, given.upright)
    rows = n_templates[given.persons] > 1
    persons = given.persons[rows]
    centred = given.upright[rows] - sums[persons] / n_templates[persons, None]
    return _covariance(centred) * len(centred) / max(1, len(centred) - int((n_templates > 1).sum()))


def _covariance(centred: Reals | Floats) -> Reals:
    exact = centred.astype(np.float64)
    return exact.T @ exact / len(exact)


def _both(given: Embeddings) -> Floats:
    return np.concatenate([given.upright, given.mirrored])


def _mean(given: Embeddings) -> Floats:
    mean: Floats = _both(given).mean(axis=0, dtype=np.float64).astype(np.float32)
    return mean
