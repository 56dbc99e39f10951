"""Compares the nearest templates with an SVM and a random forest on other people than the head was trained on.

``python -m models.studies.methods`` makes the tables of docs/matching.md, "Nearest, SVM or forest": cross-validated by person,
templates as they come back from their bytes, the mirrored crop averaged in at enrolment, as the unit does. ``--seconds`` measures
instead how long each classifier takes to learn a gallery.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from edge.errors import MusterError
from edge.evaluation import methods
from edge.evaluation.open_set import FPIRS, Cast, Setting, casts, draws, fused, obstacle
from edge.evaluation.samples import Rows, Samples
from edge.matching.classifiers import LEARNERS, SupportVectors
from edge.matching.combination import Combination, People
from edge.types import Floats
from edge.vectors import unit
from models import faces
from models.head.embeddings import embeddings
from models.head.held_out import held_out

SETTINGS = (Setting(100, 1, 1), Setting(100, 3, 1), Setting(300, 1, 1), Setting(60, 3, 3))
"""A third of the development people has 344 with two photographs and 61 with six; so neither N = 400 nor N = 100 with q = 3."""

WHO = ("nearest", "SVM, mean decision value", "SVM, duels won", "SVM, probability")
N_CASTS = 4
"""Of each fold and setting, for the question of who alone."""

SIZES = ((100, 1), (100, 5), (400, 1), (400, 5), (1000, 1), (1000, 5))
"""People and templates of each."""
LONGEST = {"svm": 5000, "forest": 2000}
"""Templates beyond which nobody wants to wait here."""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m models.studies.methods", description="Compare the methods of matching.")
    parser.add_argument("--faces", type=Path, metavar="FOLDER", help="one folder for each person; MUSTER_FACES where not given")
    parser.add_argument("--seconds", action="store_true", help="only how long learning takes; needs no faces")
    given = parser.parse_args(argv)
    try:
        methods.check()
        told = seconds() if given.seconds else tables(list(held_out(embeddings(given.faces or faces.folder()))))
        for line in told:
            print(line, flush=True)
    except MusterError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def tables(folds: Sequence[Samples]) -> Iterator[str]:
    """Two tables in Markdown: how many are missed, and how many are taken for somebody else."""
    yield f"| N, g, q | method | {' | '.join(f'FNIR @ FPIR {fpir:.1%}' for fpir in FPIRS)} |"
    yield "|---|---|---|---|---|"
    for setting in SETTINGS:
        found = [_told(fold, setting) for fold in folds]
        for rows in zip(*found, strict=True):
            cells = [_cell(values) for values in zip(*(figures for _, figures in rows), strict=True)]
            yield f"| {setting} | {rows[0][0]} | {' | '.join(cells)} |"
    yield ""
    yield f"| wrong name, nobody refused | {' | '.join(WHO)} |"
    yield "|---|---|---|---|---|"
    for setting in SETTINGS[:2]:
        shares = np.mean([_wrong(fold, cast) for fold in folds for cast in list(casts(fold, setting))[:N_CASTS]], axis=0)
        yield f"| {setting} | {' | '.join(f'{share:.1%}' for share in shares)} |"


def _told(fold: Samples, setting: Setting) -> list[tuple[str, list[float]]]:
    """Each method's name and its FNIR at each FPIR."""
    alone = draws(fold, setting, Combination.NEAREST)
    fpirs = [fpir for fpir in FPIRS if not obstacle(fold, setting, fpir)]
    told = [("nearest, each template alone", [float(np.mean([draw.fnir(fpir) for draw in alone])) for fpir in fpirs])]
    rows = methods.compare(fold, {setting: draws(fold, setting)})
    for words, each in groupby((row for row in rows if not row.obstacle), key=lambda row: row.words):
        told.append((words, [row.fnir for row in each]))
    return told


def _cell(values: Sequence[float]) -> str:
    """Mean over the folds ± their standard deviation."""
    return f"{np.mean(values):.4f} ± {np.std(values):.4f}".replace("0.", ".")


def _wrong(fold: Samples, cast: Cast) -> list[float]:
    """Share of the mated probes that each way of `WHO` takes for somebody else."""
    templates, ids, probes = fold.in_gallery[cast.enrolled], fold.persons[cast.enrolled], fused(fold.templates[cast.probes])
    return [float(np.mean(who != cast.persons)) for who in (_nearest(templates, ids, probes), *_by_svm(templates, ids, probes))]


def _nearest(templates: Floats, ids: Rows, probes: Floats) -> Rows:
    people = People.of(templates, ids, Combination.MEAN)
    who: Rows = people.ids[people.distances(2 - 2 * probes @ people.references.T).argmin(axis=1)]
    return who


def _by_svm(templates: Floats, ids: Rows, probes: Floats) -> Iterator[Rows]:
    """Whom our sureness, scikit-learn's votes and Platt's probabilities name."""
    from sklearn.svm import SVC  # noqa: PLC0415  optional

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few photographs of each; and ``probability`` will leave scikit-learn in 1.11
        yield np.unique(ids)[SupportVectors(templates, ids).sureness(probes).argmax(axis=1)]
        yield SVC(kernel="linear").fit(templates, ids).predict(probes)
        platt = SVC(kernel="linear", probability=True, random_state=0).fit(templates, ids)
        yield platt.classes_[platt.predict_proba(probes).argmax(axis=1)]


def seconds() -> Iterator[str]:
    """How long one core takes to learn a gallery of random people, and to name one probe after it."""
    yield "| people | templates | method | learning, s | one probe, ms |"
    yield "|---|---|---|---|---|"
    warnings.filterwarnings("ignore", message="The number of unique classes")
    for n_people, n_each in SIZES:
        persons, generator = np.repeat(np.arange(n_people), n_each), np.random.default_rng(7)
        vectors = generator.normal(size=(n_people, 128))[persons] + 0.6 * generator.normal(size=(len(persons), 128))
        templates = unit(vectors.astype(np.float32))
        for name, learner in LEARNERS.items():
            if len(templates) <= LONGEST[name]:
                started_s = time.process_time()
                trained = learner(templates, persons)
                learnt_s = time.process_time()
                for probe in templates[:20]:
                    trained.sureness(probe[None])
                each_s = (time.process_time() - learnt_s) / 20
                yield f"| {n_people:,} | {len(templates):,} | {name} | {learnt_s - started_s:.2f} | {1000 * each_s:.2f} |"


if __name__ == "__main__":
    sys.exit(main())
