"""What `edge.matching.score_table` holds, measured: how near strangers come to templates, and how far staff is from its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from edge.evaluation.levels import STEP, levels
from edge.evaluation.open_set import fused
from edge.evaluation.samples import Rows, Samples
from edge.matching.combination import Combination, People
from edge.matching.score_table import N_MULTIPLES, Reals
from models.score_tail import TooFewError, smooth

GRID = np.round(np.arange(0.4, 1.601, 0.05), 2)
"""Where the table tells; between, it is interpolated. Within 0.05 the logarithm of the FMR bends by less than 0.01."""

RULE_OF_THREE = 3.0
"""Who saw nothing in n trials may say "fewer than 3 / n" with 95 % confidence (Hanley & Lippman-Hand 1983)."""

WINDOW = (3e-5, 3e-4)
"""FMR at which several templates of one person are compared with one: that of a door of a hundred people."""

MIN_PAIRS = 100
"""Pairs of people below which the spread is not told from them."""
SPREADS = (0.05, 3.0)

N_DRAWS = 4
FRAMES = (1, 3)
SEED = 20180408


def measured(folds: Sequence[Samples]) -> dict[str, Any]:
    """Everything that the table says, but the model.

    Args:
        folds: people with their templates; those of different folds are never compared.

    Raises:
        TooFewError: there are too few people to tell anything.
    """
    n_people = [int((fold.n_templates > 0).sum()) for fold in folds]
    n_pairs = sum(n * (n - 1) / 2 for n in n_people)
    fmr = smooth(np.concatenate([_pairs(fold) for fold in folds], axis=1), n_pairs, GRID)
    smallest = RULE_OF_THREE / n_pairs
    window = GRID[(fmr > WINDOW[0]) & (fmr < WINDOW[1])]
    return {
        "n_people": sum(n_people),
        "n_pairs": round(n_pairs),
        "smallest_fmr": smallest,
        "distances": GRID,
        "fmr": np.maximum(fmr, smallest),
        "spread": _spread(folds, fmr * n_pairs),
    } | {
        each.value: {
            "multiples": _multiples(folds, each, window),
            "misses": [{"n_frames": n, "fnmr": _misses(folds, each, n)} for n in FRAMES],
        }
        for each in Combination
    }


def _distances(fold: Samples) -> Reals:
    """(n, n) of each photograph at the door from each in the gallery; infinite where both are of one person."""
    between = levels(fold.templates, fold.in_gallery) * STEP
    between[fold.persons[:, np.newaxis] == fold.persons] = np.inf
    return np.asarray(between, np.float64)


def _pairs(fold: Samples) -> Reals:
    """(2, n): distances of templates of two people, within the grid, and how much of a pair of people each is."""
    between, share = _distances(fold), 1 / fold.n_templates[fold.persons]
    first, second = np.nonzero(between <= GRID[-1])
    return np.stack([between[first, second], share[first] * share[second] / 2])  # each two people are compared both ways


def _spread(folds: Sequence[Samples], n_pairs: Reals) -> Reals:
    """(k,) relative variance of a stranger's own FMR; from E[p²], of which two different people's templates are the estimate."""
    moments = np.concatenate([np.stack(list(_moments(fold))) for fold in folds], axis=2)  # (k, 3, n)
    weights, first, second = moments[:, 0], moments[:, 1], moments[:, 2]
    total = weights.sum(axis=1)
    means, squares = (weights * first).sum(axis=1) / total, (weights * second).sum(axis=1) / total
    enough = n_pairs >= MIN_PAIRS
    raw = np.full(len(means), SPREADS[0])
    raw[enough] = (squares[enough] / means[enough] ** 2 - 1).clip(*SPREADS)
    return np.asarray(np.maximum.accumulate(raw[::-1])[::-1])


def _moments(fold: Samples) -> Iterator[Reals]:
    """At each distance of the grid, for each template as a stranger's: its weight, p, and p² without the chance part; (3, n)."""
    order = np.argsort(fold.persons, kind="stable")
    persons, between = fold.persons[order], _distances(fold)[np.ix_(order, order)]
    starts = np.flatnonzero(np.diff(persons, prepend=-1))
    n_others = len(starts) - 1
    for distance in GRID:
        shares = np.add.reduceat((between <= distance) / fold.n_templates[persons], starts, axis=1)  # (n, people)
        sums = shares.sum(axis=1)
        yield np.stack(
            [1 / fold.n_templates[persons], sums / n_others, (sums**2 - (shares**2).sum(axis=1)) / (n_others * (n_others - 1))]
        )


def _multiples(folds: Sequence[Samples], combination: Combination, window: Reals) -> Reals:
    """(5,) how many times as many strangers are near g templates of a person as near one of these."""
    told = [1.0]
    for g in range(2, N_MULTIPLES + 1):
        together, alone = np.sum([_near(fold, combination, g, window) for fold in folds], axis=0)
        told.append(together / alone)
    return np.array(told)


def _near(fold: Samples, combination: Combination, g: int, window: Reals) -> Reals:
    """(2,) strangers within the window's distances, added up: of g templates together, and of one alone."""
    counts = np.zeros(2)
    for rows in np.array_split(_drawn(fold, g), 20):  # (m, g) at a time, some 10 MB
        people = _people(fold, rows, combination)
        share = (fold.persons[:, np.newaxis] != fold.persons[rows[:, 0]]) / fold.n_templates[fold.persons][
            :, np.newaxis
        ]  # (n, m)
        together = people.distances(levels(fold.templates, people.references)) * STEP  # (n, m)
        alone = levels(fold.templates, fold.in_gallery[rows.ravel()]).reshape(len(share), *rows.shape) * STEP  # (n, m, g)
        counts += [
            sum((share * (together <= distance)).sum() for distance in window),
            sum((share * (alone <= distance).mean(axis=-1)).sum() for distance in window),
        ]
    return counts


def _misses(folds: Sequence[Samples], combination: Combination, n_frames: int) -> Reals:
    """(5, k) share of looks of n_frames frames at which somebody is farther; each person counts alike."""
    rates = []
    for g in range(1, N_MULTIPLES + 1):
        found = np.concatenate([_own(fold, combination, g, n_frames) for fold in folds])
        if not len(found):
            raise TooFewError(f"Nobody has {g + n_frames} photographs with a face, so nobody knows who is missed. Add more.")
        rates.append((found[:, np.newaxis] > GRID).mean(axis=0))
    return np.minimum.accumulate(rates, axis=0)  # other people have more photographs: more templates must not look worse


def _own(fold: Samples, combination: Combination, g: int, n_frames: int) -> Reals:
    """(m,) from looks of n_frames photographs to g others of the same person."""
    found = [np.empty(0)]
    for rows in np.array_split(_drawn(fold, g + n_frames), 20):  # (m, g + n_frames)
        people = _people(fold, rows[:, :g], combination)
        looks = fused(fold.templates[rows[:, g:]])  # (m, d)
        found.append(people.distances(levels(looks, people.references)).diagonal() * STEP)
    return np.concatenate(found)


def _people(fold: Samples, rows: Rows, combination: Combination) -> People:
    """Galleries (m, g) of one person each, as if all were enrolled; the same person may be so more than once."""
    return People.of(fold.in_gallery[rows.ravel()], np.repeat(np.arange(len(rows)), rows.shape[1]), combination)


def _drawn(fold: Samples, n: int) -> Rows:
    """(m, n) different rows of one person each, `N_DRAWS` times of everybody who has as many."""
    generator = np.random.default_rng([SEED, n])
    people = np.repeat(np.flatnonzero(fold.n_templates >= n), N_DRAWS)
    return np.array([generator.permutation(fold.rows[person])[:n] for person in people], np.intp).reshape(-1, n)
