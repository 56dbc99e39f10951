"""The figures that are required, on people whom the head never saw: ``python -m models.studies.required``.

The requirement says N = 400, and of a third of the development people only 344 have two photographs. So here the head is trained
on one third and measured on the other two, three ways. It has seen half as many people as in `models.train`, and a third as many
as the committed one: what it misses, the committed one should miss more rarely. The pairs are those of two photographs of one
third, by the head of the other two.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import numpy as np

from edge.errors import MusterError
from edge.evaluation.open_set import Setting, draws, obstacle
from edge.evaluation.samples import Samples
from edge.evaluation.scores import score
from edge.exchange.collection.collect import Listing, listing
from edge.exchange.collection.pair_list import judge, read_pairs
from models import faces
from models.head import people
from models.head.embeddings import Embeddings, embeddings
from models.head.held_out import held_out, trained_on_one_fold

PAIRS, LEAST_ACCURACY = "accuracy on the pairs within a third", "≥ 0.983"
FMR, MOST_FNMR = 1e-4, 0.13
REQUIRED = (
    (Setting(400, 1, 1), 0.01, 0.22),
    (Setting(100, 3, 1), 0.01, 0.032),
    (Setting(100, 3, 3), 0.003, 0.005),
)
"""Setting, FPIR, and the FNIR that is required."""


def main() -> int:
    """Measure and print; returns the exit code."""
    try:
        given = embeddings(faces.folder())
        for line in table(list(trained_on_one_fold(given))):
            print(line)
        print(pairs(given, listing(faces.folder()), list(held_out(given))))
    except MusterError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def table(parts: Sequence[Samples]) -> Iterator[str]:
    """A line in Markdown for each figure: mean ± standard deviation over the parts, "–" where a part is too small."""
    yield "| figure | required | measured |"
    yield "|---|---|---|"
    yield _row(f"FNMR @ FMR {FMR:g}", MOST_FNMR, [fnmr(part) for part in parts])
    for setting, fpir, most in REQUIRED:
        yield _row(f"FNIR @ FPIR {fpir:.1%}, {setting}", most, [fnir(part, setting, fpir) for part in parts])


def fnmr(part: Samples) -> float:
    """FNMR at `FMR`; NaN where there are too few pairs."""
    scores = score(part)
    return np.nan if scores.obstacle(FMR) else scores.fnmr(scores.threshold(FMR))


def fnir(part: Samples, setting: Setting, fpir: float) -> float:
    """Mean FNIR over the draws; NaN where there are too few people."""
    if obstacle(part, setting, fpir):
        return np.nan
    return float(np.mean([draw.fnir(fpir) for draw in draws(part, setting)]))


def pairs(given: Embeddings, listed: Listing, folds: Sequence[Samples]) -> str:
    """The line of the accuracy on ``pairs-dev.csv`` beside the folder, of the pairs within one fold, one view on both sides."""
    places = [listed.place(photograph) for photograph in listed.photographs]
    if len(places) != len(given.persons):
        return _line(PAIRS, LEAST_ACCURACY, "– (a photograph has no template, and which one is not kept)")
    fold = people.dealt(given, len(folds))[given.persons]  # (n,)
    templates = np.empty((len(places), folds[0].templates.shape[1]), np.float32)
    for number, samples in enumerate(folds):
        templates[fold == number] = samples.templates
    rows = {place: row for row, place in enumerate(places)}
    all_pairs = read_pairs(listed.folder.parent / "pairs-dev.csv", rows)
    told = judge([pair for pair in all_pairs if fold[rows[pair.a]] == fold[rows[pair.b]]], rows, templates)
    figure = f"{told.mean:.4f} ± {told.deviation:.4f}, {told.n_pairs:,} of {len(all_pairs):,} pairs" if told else "–"
    return _line(PAIRS, LEAST_ACCURACY, figure)


def _row(what: str, most: float, values: Sequence[float]) -> str:
    told = "–" if np.isnan(values).any() else f"{np.mean(values):.4f} ± {np.std(values):.4f}"
    return _line(what, f"≤ {most:g}", told)


def _line(what: str, required: str, measured: str) -> str:
    return f"| {what} | {required} | {measured} |"


if __name__ == "__main__":
    sys.exit(main())
