"""Measures what `muster capture` rests on: ``python -m models.studies.views``. `edge.exchange` quotes the figures.

* how different a person's photographs are, and what it buys that they differ, on people whom the head never saw;
* how far the template and the pose of one picture move when it is taken again a little otherwise;
* what it costs that a crop is kept, as JPEG, and not the frame.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np

from edge import wiring
from edge.config import Config
from edge.errors import MusterError
from edge.evaluation.samples import Rows, Samples
from edge.exchange.capture.viewfinder import Viewfinder, around, cut, jpeg
from edge.exchange.capture.views import View
from edge.exchange.collection.collect import listing
from edge.exchange.enrolment.photographs import decode, read_bytes
from edge.types import Floats, Image
from edge.vision.quality import OPEN
from edge.vision.recogniser import Recogniser
from models import faces
from models.head.embeddings import embeddings
from models.head.held_out import held_out

N_DRAWS = 100
N_PICTURES, N_TAKES = 300, 3
FPIR = 0.01
SEED = 20261122

CHOICES: dict[str, Callable[[Floats], float]] = {
    "any": lambda _: 0.0,
    "smallest mean distance": lambda between: -between.mean(),
    "largest mean distance": lambda between: between.mean(),
    "largest smallest distance": lambda between: between.min(),
}
"""Which three of five photographs are enrolled: those for which this, of the distances between them, is largest."""


def main() -> int:
    """Measure, print a line for each figure."""
    try:
        folds = list(held_out(embeddings(faces.folder())))
        recogniser = wiring.recogniser(Config())
        pictures = list(_pictures())  # 300 of 12 kB
    except MusterError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    for line in (apart(folds), *diversity(folds), *takes(pictures, recogniser), *crops(pictures, recogniser)):
        print(line, flush=True)
    return 0


def apart(folds: Sequence[Samples]) -> str:
    """How far two photographs of one person are from each other, as enrolment sees them."""
    pairs = [
        _distances(fold.in_gallery[rows], fold.in_gallery[rows])[np.triu_indices(len(rows), 1)]
        for fold in folds
        for rows in fold.rows
    ]
    all_pairs = np.concatenate(pairs)
    shown = ", ".join(f"{share:.0%}: {np.quantile(all_pairs, share):.3f}" for share in (0.01, 0.05, 0.5))
    return f"{len(all_pairs):,} pairs of photographs of one person: {shown}"


def diversity(folds: Sequence[Samples]) -> Iterator[str]:
    """FNIR by which three photographs are enrolled of everybody who has six; the sixth is the probe, whatever the choice."""
    for name, worth in CHOICES.items():
        rng = np.random.default_rng(SEED)
        found = [[_fnir(fold, worth, rng) for _ in range(N_DRAWS)] for fold in folds]
        by_fold = ", ".join(f"{np.mean(each):.4f}" for each in found)
        yield f"three of five, {name}: FNIR @ {FPIR:.0%} {np.mean(found):.4f} (folds {by_fold})"


def _fnir(fold: Samples, worth: Callable[[Floats], float], rng: np.random.Generator) -> float:
    probes, chosen = [], []
    for rows in fold.rows:
        if len(rows) >= 6:
            probe, *others = rng.permutation(rows)[:6]
            probes.append(probe)
            chosen.append(_three(fold, np.array(others), worth))
    gallery, owners = fold.in_gallery[np.concatenate(chosen)], np.repeat(np.arange(len(probes)), 3)
    strangers = np.sort(_distances(fold.templates[fold.strangers], gallery).min(axis=1))
    threshold = strangers[int(FPIR * len(strangers))]
    mated = _distances(fold.templates[np.array(probes)], gallery)
    is_named = (owners[mated.argmin(axis=1)] == np.arange(len(probes))) & (mated.min(axis=1) < threshold)
    return 1 - float(is_named.mean())


def _three(fold: Samples, rows: Rows, worth: Callable[[Floats], float]) -> Rows:
    triples = [np.array(each) for each in itertools.combinations(rows, 3)]
    between = [_distances(fold.in_gallery[each], fold.in_gallery[each])[np.triu_indices(3, 1)] for each in triples]
    return triples[int(np.argmax([worth(each) for each in between]))]


def _distances(a: Floats, b: Floats) -> Floats:
    return np.asarray(2 - 2 * (a @ b.T), np.float32)


def _pictures() -> Iterator[bytes]:
    listed = listing(faces.folder())
    for row in np.random.default_rng(SEED).permutation(len(listed.photographs))[:N_PICTURES]:
        yield read_bytes(listed.photographs[row].path)


def takes(pictures: Sequence[bytes], recogniser: Recogniser) -> Iterator[str]:
    """How much changes when a picture is moved, turned by up to 4 degrees, scaled by up to 6 %, lit otherwise, and has noise."""
    rng, look = np.random.default_rng(SEED), Viewfinder(recogniser, OPEN, min_face_px=0).view
    changes = []
    for content in pictures:
        first, pixels = look(content), decode(content)
        again = [look(jpeg(_taken_again(pixels, rng), quality=90)) for _ in range(N_TAKES)]
        changes += [_change(first, each) for each in again if isinstance(first, View) and isinstance(each, View)]
    for name, values in zip(("distance", "turn", "nod"), np.array(changes).T, strict=True):
        shown = ", ".join(f"{share:.0%}: {np.quantile(values, share):.3f}" for share in (0.5, 0.95, 0.99, 1))
        yield f"the same picture again, {len(changes)} times, {name}: {shown}"


def crops(pictures: Sequence[bytes], recogniser: Recogniser) -> Iterator[str]:
    """How far the template of a crop is from that of the whole picture, and whether enrolment still takes it."""
    look = Viewfinder(recogniser, OPEN, min_face_px=0).view
    wholes = [whole for whole in map(look, pictures) if isinstance(whole, View)]
    for margin, quality in itertools.product((0.1, 0.25, 0.5), (90, 95, 100)):
        parts = [look(jpeg(_part(decode(whole.content), recogniser, margin), quality=quality)) for whole in wholes]
        changes = [_change(whole, part)[0] for whole, part in zip(wholes, parts, strict=True) if isinstance(part, View)]
        yield (
            f"crop, {margin} around the face, JPEG {quality}, {len(wholes)} times: distance, median {np.median(changes):.3f}, "
            f"95 % {np.quantile(changes, 0.95):.3f}; {len(wholes) - len(changes)} are no longer taken"
        )


def _change(a: View, b: View) -> tuple[float, float, float]:
    return float(np.sum((a.template - b.template) ** 2)), abs(a.turn - b.turn), abs(a.nod - b.nod)


def _taken_again(pixels: Image, rng: np.random.Generator) -> Image:
    height, width = pixels.shape[:2]
    move = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-4, 4), rng.uniform(0.94, 1.06))
    move[:, 2] = move[:, 2] + rng.uniform(-6, 6, 2)
    moved = cv2.warpAffine(pixels, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
    noisy = moved * rng.uniform(0.93, 1.07) + rng.normal(0, 4, moved.shape)
    return np.asarray(np.clip(noisy, 0, 255), np.uint8)


def _part(pixels: Image, recogniser: Recogniser, margin: float) -> Image:
    face = max(recogniser.detector.detect(pixels), key=lambda each: each.size_px)
    return cut(pixels, around(face, margin=margin))


if __name__ == "__main__":
    sys.exit(main())
