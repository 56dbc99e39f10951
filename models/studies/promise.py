"""Tries the promise where ``make scores`` does not: ``python -m models.studies.promise``. Figures are in docs/threshold.md.

All of it on people whom the head never saw. The table of two folds sets the distance, the third fold is let in.

* what the default budget comes to, by the committed table: for 10 to 1,000 people with one, three and five templates each;
* the formula beside galleries that were really drawn, and people with a single photograph as strangers beside everybody;
* galleries of many makes: 5 to 300 people, with one photograph or with one to five each;
* strangers of whom several photographs are fused, as along a track;
* what a margin to the runner-up buys.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge import wiring
from edge.config import Config
from edge.errors import MusterError
from edge.evaluation.levels import STEP, levels
from edge.evaluation.open_set import fused
from edge.evaluation.samples import Rows, Samples
from edge.matching.combination import BEST, People
from edge.matching.score_table import N_MULTIPLES, Reals, ScoreTable
from models import MANIFEST, faces
from models.head.embeddings import embeddings
from models.head.held_out import held_out
from models.score_distances import measured

N_DRAWS = 20
SEED = 1993
BUDGETS = (0.05, 0.01, 0.003)
MARGINS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2)


class Visit(NamedTuple):
    """Who came to one gallery: distances to the nearest person and to the runner-up, (n, 2); and whether the nearest is right."""

    strangers: Reals
    mated: Reals
    is_right: NDArray[np.bool_]


def main() -> int:
    """Try everything, print a line for each."""
    try:
        folds = list(held_out(embeddings(faces.folder())))
    except MusterError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    tables = [ScoreTable.of({"model": ""} | measured([other for other in folds if other is not fold])) for fold in folds]
    for line in (*sites(), *formula(folds), *compositions(folds, tables), *fused_strangers(folds), *margins(folds)):
        print(line, flush=True)
    return 0


def sites() -> Iterator[str]:
    """The distance and the miss rates of the default configuration."""
    policy = wiring.policy(Config(), manifest=MANIFEST)
    for n_people in (10, 30, 100, 300, 1000):
        for g in (1, 3, 5):
            promise = policy.promise([g] * n_people)
            one, three = (policy.miss_rate(promise.max_distance, g, n_frames=q) for q in (1, 3))
            yield f"{promise}, {g} templates each: distance {promise.max_distance:.3f}, missed {one:.1%}, fused {three:.1%}"


def formula(folds: Sequence[Samples]) -> Iterator[str]:
    """The share of strangers near somebody among n people with one template each: drawn, and by the table of the same people."""
    table = ScoreTable.of({"model": ""} | measured(folds))
    for distance in (0.9, 1.0, 1.1, 1.2):
        for n in (10, 30, 100, 300):
            near = [np.mean(visit(fold, rows).strangers[:, 0] <= distance) for fold in folds for rows in galleries(fold, n, 1)]
            yield f"distance {distance}, n = {n:3}: drawn {np.mean(near):.4f}, formula {table.fpir(distance, n):.4f}"
        single = everybody = 0.0
        for fold in folds:
            share = 1 / fold.n_templates[fold.persons]
            near_by = (levels(fold.templates, fold.in_gallery) * STEP <= distance) & (fold.persons[:, None] != fold.persons)
            per_probe = near_by @ share / (np.count_nonzero(fold.n_templates) - 1)
            single += per_probe[fold.strangers].mean() / len(folds)
            everybody += np.average(per_probe, weights=share) / len(folds)
        yield f"distance {distance}: FMR of people with one photograph {single:.2e}, of everybody {everybody:.2e}"


def compositions(folds: Sequence[Samples], tables: Sequence[ScoreTable]) -> Iterator[str]:
    """The real FPIR of galleries of many makes at the distances of the table."""
    for n, most in ((5, 1), (10, 1), (30, 1), (100, 1), (300, 1), (10, N_MULTIPLES), (30, N_MULTIPLES), (100, N_MULTIPLES)):
        for budget in BUDGETS:
            real = []
            for fold, table in zip(folds, tables, strict=True):
                for gallery in galleries(fold, n, most):
                    distance = table.distance(budget, table.load([len(rows) for rows in gallery]))
                    real.append(np.mean(visit(fold, gallery).strangers[:, 0] <= distance))
            yield f"{n:3} people with 1 to {most} templates, budget {budget:.1%}: real FPIR {np.mean(real):.2%}"


def galleries(fold: Samples, n: int, most: int) -> Iterator[list[Rows]]:
    """Draws of n people with one to so many templates each, chosen by chance; another photograph of each is left for a visit."""
    for number in range(N_DRAWS):
        generator = np.random.default_rng([SEED, n, most, number])
        people = generator.choice(np.flatnonzero(fold.n_templates > 1), n, replace=False)
        yield [
            generator.permutation(fold.rows[person])[: generator.integers(1, min(most, fold.n_templates[person] - 1) + 1)]
            for person in people
        ]


def visit(fold: Samples, gallery: Sequence[Rows]) -> Visit:
    """Every stranger, and every photograph of an enrolled person that is not enrolled, before one gallery."""
    rows = np.concatenate(gallery)
    people = People.of(fold.in_gallery[rows], fold.persons[rows], BEST)
    others = np.setdiff1d(np.flatnonzero(np.isin(fold.persons, people.ids)), rows)
    to_strangers = _distances(people, fold, fold.strangers)
    to_mated = _distances(people, fold, others)
    is_right = people.ids[to_mated.argmin(axis=1)] == fold.persons[others]
    return Visit(np.partition(to_strangers, 1)[:, :2], np.partition(to_mated, 1)[:, :2], is_right)


def _distances(people: People, fold: Samples, rows: Rows) -> Reals:
    return np.asarray(people.distances(levels(fold.templates[rows], people.references)) * STEP, np.float64)


def fused_strangers(folds: Sequence[Samples]) -> Iterator[str]:
    """How many times as often a stranger is near somebody when several views are fused into one look.

    Photographs of different days differ more than frames of a moment do; a photograph and its mirrored self differ less.
    """
    window = np.arange(0.9, 1.11, 0.05)
    near = np.zeros(2)
    for fold in folds:
        is_other = fold.persons[:, np.newaxis] != fold.persons
        for number, looks in enumerate((fold.templates, fold.in_gallery)):
            between = levels(looks, fold.in_gallery)[is_other] * STEP
            near[number] += sum(np.count_nonzero(between <= distance) for distance in window)
    yield f"a stranger's photograph and its mirrored self fused: near somebody {near[1] / near[0]:.2f} times as often"
    for q in (2, 3, 5):
        alone = together = 0.0
        for fold in folds:
            generator = np.random.default_rng([SEED, q])
            firsts = np.array([rows[0] for rows in fold.rows if len(rows)])
            for person in np.repeat(np.flatnonzero(fold.n_templates >= q), 4):
                rows = generator.permutation(fold.rows[person])[:q]
                others = fold.in_gallery[firsts[fold.persons[firsts] != person]]
                alone += sum((levels(fold.templates[rows], others) * STEP <= t).mean(axis=0).sum() for t in window)
                together += sum((levels(fused(fold.templates[rows][np.newaxis]), others) * STEP <= t).sum() for t in window)
        yield f"a stranger's {q} photographs fused: near somebody {together / alone:.2f} times as often as one of them"


def margins(folds: Sequence[Samples], sites: Sequence[tuple[int, int]] = ((100, 1), (300, 1), (100, 3))) -> Iterator[str]:
    """How many are missed, or called by another's name, where a share of the strangers is named with this margin."""
    for n, most in sites:
        visits = [visit(fold, gallery) for fold in folds for gallery in galleries(fold, n, most)]
        for fpir in BUDGETS[1:]:
            for margin in MARGINS:
                missed, wrong = np.mean([_with_margin(each, margin, fpir) for each in visits], axis=0)
                head = f"{n} people, 1 to {most} templates, FPIR {fpir:.1%}, margin {margin:.2f}"
                yield f"{head}: FNIR {missed:.4f}, another's name {wrong:.5f}"


def _with_margin(each: Visit, margin: float, fpir: float) -> tuple[float, float]:
    """FNIR, and the share of mated probes that are called by another's name."""
    ranked = np.sort(np.where(np.diff(each.strangers)[:, 0] >= margin, each.strangers[:, 0], np.inf))
    distance = ranked[int(fpir * len(ranked))]
    is_named = (each.mated[:, 0] < distance) & (np.diff(each.mated)[:, 0] >= margin)
    return float(1 - np.mean(is_named & each.is_right)), float(np.mean(is_named & ~each.is_right))


if __name__ == "__main__":
    sys.exit(main())
