"""How often enrolment is right when it doubts a folder: ``python -m models.studies.likeness``.

Cross-validation by person, as in `models.scores`; the templates are those that enrolment makes. It measures what the constants of
`edge.matching.likeness` and `edge.matching.choice.APART` come to: one person under two codes, wrong photographs, copies.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import cv2
import numpy as np

from edge import wiring
from edge.config import Config
from edge.errors import MusterError
from edge.evaluation.samples import Rows, Samples
from edge.exchange.collection.collect import listing
from edge.exchange.enrolment.acquisition import acquire_central
from edge.exchange.enrolment.photographs import decode
from edge.matching.admission import Fit, judge
from edge.matching.gallery import Gallery
from edge.matching.likeness import COPY
from edge.store.templates import restored, stored
from edge.types import Floats, Image
from edge.vectors import distances, unit
from models import faces
from models.head.embeddings import embeddings
from models.head.held_out import held_out

N_DRAWS = 10
SEED = 1042
TWO_CODES = ((1, 1), (1, 3), (3, 3), (3, 5))
"""Photographs under the second code and under the first."""
N_NEAREST = 10
N_PEOPLE, N_ENROLLED = 100, 2
"""Of the door at which a mistake of enrolment is tried out, with so many photographs each."""
N_COPIED = 200
NOBODY = Gallery(np.empty((0, 0), np.float32), np.empty(0, np.int64))

COPIES: dict[str, Callable[[Image], Image]] = {
    "JPEG, quality 75": lambda pixels: _saved(pixels, 75),
    "JPEG, quality 50": lambda pixels: _saved(pixels, 50),
    "made smaller, 60 %": lambda pixels: _sized(pixels, 0.6),
    "enlarged, 200 %": lambda pixels: _sized(pixels, 2),
    "its edges cut off": lambda pixels: np.ascontiguousarray(pixels[20:-15, 15:-20]),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m models.studies.likeness", description="Measure how often enrolment doubts rightly."
    )
    parser.add_argument("--faces", type=Path, metavar="FOLDER", help="one folder for each person; MUSTER_FACES where not given")
    try:
        folder = parser.parse_args(argv).faces or faces.folder()
        folds = list(held_out(embeddings(folder)))
        max_distance = wiring.policy(Config()).promise([N_ENROLLED] * N_PEOPLE).max_distance
        doubts = (two_codes(folds), wrong(folds), mixed(folds, max_distance), later(folds))
        for line in chain(nearest_strangers(folds), *doubts, copies(folder, folds)):
            print(line, flush=True)
    except MusterError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def nearest_strangers(folds: Sequence[Samples]) -> Iterator[str]:
    """How near different people come to each other."""
    n_pairs, gaps = 0, []
    for fold in folds:
        above = np.triu(fold.persons[:, None] != fold.persons, 1)
        block = distances(fold.in_gallery, fold.in_gallery)[above]
        n_pairs += len(block)
        gaps.append(np.sort(block)[:N_NEAREST])
    nearest = " ".join(f"{gap:.3f}" for gap in np.sort(np.concatenate(gaps))[:N_NEAREST])
    yield f"{n_pairs:,} pairs of different people, nearest: {nearest}"


def two_codes(folds: Sequence[Samples]) -> Iterator[str]:
    """How often somebody who comes again under another code is found out, and how often somebody new is mistaken for another."""
    for g, h in TWO_CODES:
        found, mistaken, n = 0, 0, 0
        for fold, _, drawn in _draws(folds, g + h):
            ids = np.repeat(np.arange(len(drawn)), h)
            known = fold.in_gallery[np.concatenate([rows[g:] for rows in drawn])]  # (n * h, d)
            for number, rows in enumerate(drawn):
                new, nothing, n = fold.in_gallery[rows[:g]], fold.in_gallery[:0], n + 1
                found += any(each.other == number for each in judge(new, nothing, Gallery(known, ids)))
                others = Gallery(known[ids != number], ids[ids != number])
                mistaken += any(each.fit is Fit.SAME_FACE for each in judge(new, nothing, others))
        if n:
            yield (
                f"one person under two codes, {g} against {h} photographs: found out {found / n:.1%}; somebody new taken for one "
                f"of up to {max(len(drawn) for *_, drawn in _draws(folds, g + h))} others {mistaken / n:.2%} (of {n:,})"
            )


def wrong(folds: Sequence[Samples]) -> Iterator[str]:
    """How often right photographs are refused for disagreeing with each other, and another person's beside them."""
    for k in (2, 3, 5):
        refused, caught, n = 0, 0, 0
        for fold, generator, drawn in _draws(folds, k):
            for rows in drawn:
                right = judge(fold.in_gallery[rows], fold.in_gallery[:0], NOBODY)
                refused += sum(each.fit not in {Fit.GOOD, Fit.COPY} for each in right)
                together = fold.in_gallery[[*rows, _alien(fold, rows, generator)]]
                caught, n = caught + (judge(together, fold.in_gallery[:0], NOBODY)[-1].fit is not Fit.GOOD), n + 1
        if n:
            yield (
                f"{k} photographs of one person: {refused / n / k:.2%} refused; another person's photograph beside them "
                f"refused {caught / n:.1%} (of {n:,})"
            )


def mixed(folds: Sequence[Samples], max_distance: float) -> Iterator[str]:
    """What the door would do if one photograph each of two people were enrolled as one person's."""
    right, wrong_one, n = 0, 0, 0
    for fold, _, drawn in _draws(folds, 2):
        for rows, others in zip(drawn, [*drawn[1:], drawn[0]], strict=True):
            enrolled = unit(fold.in_gallery[[rows[0], others[0]]].sum(axis=0, keepdims=True))
            named = distances(fold.templates[[rows[1], others[1]]], enrolled)[:, 0] <= max_distance
            right, wrong_one, n = right + int(named[0]), wrong_one + int(named[1]), n + 1
    if n:
        yield (
            f"one photograph each of two people as one person's, distance {max_distance:.2f}: the right one is named in "
            f"{right / n:.0%} of first looks, the wrong one in {wrong_one / n:.0%} (of {n:,})"
        )


def later(folds: Sequence[Samples]) -> Iterator[str]:
    """How often a right photograph is refused for being unlike what is enrolled, and another person's."""
    for k in (1, 3, 5):
        refused, caught, n = 0, 0, 0
        for fold, generator, drawn in _draws(folds, k + 1):
            for rows in drawn:
                both = fold.in_gallery[[rows[0], _alien(fold, rows, generator)]]
                right, other = (judge(each[np.newaxis], fold.in_gallery[rows[1:]], NOBODY)[0].fit for each in both)
                refused, caught = refused + (right is Fit.UNLIKE_ENROLLED), caught + (other is Fit.UNLIKE_ENROLLED)
                n += 1
        if n:
            yield f"one more to {k} enrolled: {refused / n:.2%} refused; of another person's {caught / n:.1%} (of {n:,})"


def _draws(folds: Sequence[Samples], n: int) -> Iterator[tuple[Samples, np.random.Generator, list[Rows]]]:
    """`N_DRAWS` times of each fold the rows of n photographs of everybody who has so many; none where fewer than two have."""
    for number in range(N_DRAWS):
        for fold in folds:
            generator = np.random.default_rng([SEED, n, number])
            drawn = [generator.permutation(rows)[:n] for rows in fold.rows if len(rows) >= n]
            if len(drawn) > 1:
                yield fold, generator, drawn


def _alien(fold: Samples, rows: Rows, generator: np.random.Generator) -> int:
    """A row of somebody else's."""
    return int(generator.choice(np.flatnonzero(fold.persons != fold.persons[rows[0]])))


def copies(folder: Path, folds: Sequence[Samples]) -> Iterator[str]:
    """How near copies come to their original, and how seldom different photographs come so near."""
    same = [
        distances(fold.in_gallery[rows], fold.in_gallery[rows])[np.triu_indices(len(rows), 1)]
        for fold in folds
        for rows in fold.rows
    ]
    yield f"pairs of one person's different photographs within {COPY} {np.mean(np.concatenate(same) <= COPY):.2%}"
    recogniser = wiring.recogniser(Config())
    paths = [each.path for each in listing(folder).photographs]
    originals = [decode(path.read_bytes()) for path in paths[:: max(1, len(paths) // N_COPIED)]]
    for name, copy in COPIES.items():
        pairs = [[acquire_central(each, recogniser) for each in (pixels, copy(pixels))] for pixels in originals]
        gaps = [_gap(one.enrolled, other.enrolled) for one, other in pairs if one and other]
        yield f"copies, {name}: within {COPY} {np.mean(np.array(gaps) <= COPY):.0%}; 95 % within {np.quantile(gaps, 0.95):.2f}"


def _gap(one: Floats, other: Floats) -> float:
    both = restored(stored(np.stack([one, other])))
    return float(distances(both[:1], both[1:])[0, 0])


def _saved(pixels: Image, quality: int) -> Image:
    content = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return decode(content.tobytes())


def _sized(pixels: Image, scale: float) -> Image:
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=how), np.uint8)


if __name__ == "__main__":
    sys.exit(main())
