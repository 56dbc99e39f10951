"""Compares how a person's photographs can count: ``python -m models.studies.matching`` makes the tables of docs/matching.md.

Cross-validated by person, as `models.scores` does it; templates as they come back from their bytes. Each figure is the mean over
three folds, each of them the mean of the 20 draws of `edge.evaluation.open_set`, ± the standard deviation between the folds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge.errors import EnrolError, MusterError
from edge.evaluation.open_set import N_DRAWS, Cast, Draw, Setting, casts, draw, obstacle
from edge.evaluation.samples import Rows, Samples
from edge.matching import choice
from edge.matching.combination import BEST, Combination
from edge.types import Floats
from models import faces
from models.head.embeddings import embeddings
from models.head.held_out import held_out
from models.studies import along

FPIRS = (0.01, 0.003)
SETTINGS = (Setting(100, 2, 1), Setting(100, 3, 1), Setting(60, 5, 1), Setting(60, 3, 3), Setting(40, 5, 3))
"""A third of the development people has 120 with four photographs, 61 with six and 42 with eight."""
MIXED = "N=300 g=1 to 5 q=1"
MIRRORED = (Setting(300, 1, 1), Setting(100, 1, 1), Setting(100, 3, 1), Setting(60, 3, 3))
SEED = 20180408

Chooser = Callable[[Floats, int], Rows]
"""Templates (n, d) in a random order, and how many are to be kept -> rows."""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m models.studies.matching", description="Compare how photographs and frames count."
    )
    parser.add_argument("--faces", type=Path, metavar="FOLDER", help="one folder for each person; MUSTER_FACES where not given")
    try:
        folds = list(held_out(embeddings(parser.parse_args(argv).faces or faces.folder())))
        check(folds)
        for table in (combinations, mirrored, choices, along.frames, along.lingering, along.strays):
            for line in table(folds):
                print(line, flush=True)
            print()
    except MusterError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def check(folds: Sequence[Samples]) -> None:
    """Raise what the first table would lack.

    Raises:
        EnrolError: there are too few people, or too few of them have photographs enough.
    """
    for fold in folds:
        for setting in (*SETTINGS, *MIRRORED):
            lacking = obstacle(fold, setting, min(FPIRS))
            if lacking:
                raise EnrolError(f"Cannot be compared: a third of the folder is too small for {setting}. {lacking}.")


def combinations(folds: Sequence[Samples]) -> Iterator[str]:
    """How a person's templates count together."""
    yield _header("N, g, q", "combination")
    for name, drawn in [(str(setting), casts_of(setting)) for setting in SETTINGS] + [(MIXED, mixed)]:
        for combination in Combination:
            found = [[draw(fold, cast, combination) for cast in drawn(fold)] for fold in folds]
            yield f"| {name} | {combination.value} | {_cells(found)} |"


def mirrored(folds: Sequence[Samples]) -> Iterator[str]:
    """Whether the mirrored crop is averaged into what is enrolled."""
    yield _header("N, g, q", "enrolled")
    for setting in MIRRORED:
        for name, sets in (("one view", [replace(fold, enrolled=None) for fold in folds]), ("with the mirrored crop", folds)):
            found = [[draw(fold, cast, BEST) for cast in casts(fold, setting)] for fold in sets]
            yield f"| {setting} | {name} | {_cells(found)} |"


def choices(folds: Sequence[Samples]) -> Iterator[str]:
    """Which of many photographs are kept, where all are right and where one of a third of the people is another person's."""
    yield _header("kept, of, wrong", "choice")
    for n_kept, n_least, wrong in ((5, 6, 0.0), (5, 6, 1 / 3), (3, 5, 0.0), (3, 5, 1 / 3)):
        for name, chooser in CHOICES.items():
            found = [list(_chosen(fold, chooser, n_kept=n_kept, n_least=n_least, wrong=wrong)) for fold in folds]
            yield f"| {n_kept} of {n_least} to 7, {wrong:.0%} | {name} | {_cells(found)} |"


def casts_of(setting: Setting) -> Callable[[Samples], Iterable[Cast]]:
    """The casts of a setting, of whatever samples."""
    return lambda samples: casts(samples, setting)


def mixed(samples: Samples) -> Iterator[Cast]:
    """As people really are: 300 of them with one to five photographs, as many as chance and their number allow."""
    people = np.flatnonzero(samples.n_templates >= 2)
    for number in range(N_DRAWS):
        generator = np.random.default_rng([SEED, number])
        enrolled, probes = [], []
        for person in generator.choice(people, min(300, len(people)), replace=False):
            rows = generator.permutation(samples.rows[person])
            n_kept = min(int(generator.integers(1, 6)), len(rows) - 1)
            enrolled.append(rows[:n_kept])
            probes.append(rows[n_kept:])
        yield _cast(samples, enrolled, probes)


def _chosen(fold: Samples, chooser: Chooser, *, n_kept: int, n_least: int, wrong: float) -> Iterator[Draw]:
    """One photograph of each person is the probe, of the others some are kept; people with fewer fill the gallery."""
    many, few = fold.n_templates > n_least, (fold.n_templates > 1) & (fold.n_templates <= n_least)
    for number in range(N_DRAWS):
        generator = np.random.default_rng([SEED, n_kept, n_least, number])
        others = generator.permutation(np.flatnonzero(few))[:40]
        enrolled, probes, known = [fold.rows[other][:1] for other in others], [], fold.in_gallery.copy()
        for person in np.flatnonzero(many):
            probe, *rest = generator.permutation(fold.rows[person])
            rows = np.array(rest)
            if generator.random() < wrong:
                known[rows[generator.integers(len(rows))]] = fold.in_gallery[fold.rows[generator.choice(others)][1]]
            enrolled.append(rows[chooser(known[rows], n_kept)])
            probes.append(np.array([probe]))
        yield draw(replace(fold, enrolled=known), _cast(fold, enrolled, probes), BEST)


def _cast(samples: Samples, enrolled: Sequence[Rows], probes: Sequence[Rows]) -> Cast:
    rows = np.concatenate(probes)
    return Cast(np.concatenate(enrolled), rows[:, np.newaxis], samples.persons[rows])


def _central(templates: Floats, n: int) -> Rows:
    """The nearest to the mean."""
    return np.argsort(-templates @ templates.sum(axis=0))[:n]


def _farthest(templates: Floats, n: int) -> Rows:
    """The farthest from those before, beginning with the most central, whatever it is."""
    between, chosen = 2 - 2 * templates @ templates.T, [int(_central(templates, 1)[0])]
    while len(chosen) < n:
        chosen.append(int(between[chosen].min(axis=0).argmax()))
    return np.array(chosen)


CHOICES: dict[str, Chooser] = {
    "as they come": lambda templates, n: np.arange(min(n, len(templates))),
    "most central": _central,
    "farthest": _farthest,
    "farthest, without outliers": choice.diverse,
    "all": lambda templates, _: np.arange(len(templates)),
}


def _header(*names: str) -> str:
    columns = [*names, *(f"FNIR @ FPIR {fpir:.1%}" for fpir in FPIRS)]
    return f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}"


def _cells(found: Sequence[Sequence[Draw]]) -> str:
    """Of each fold's draws."""
    cells = []
    for fpir in FPIRS:
        means = [np.mean([each.fnir(fpir) for each in drawn]) for drawn in found]
        cells.append(f"{np.mean(means):.4f} ± {np.std(means):.4f}".replace("0.", "."))
    return " | ".join(cells)


if __name__ == "__main__":
    sys.exit(main())
