"""Where a face becomes unfit to be judged: ``python -m models.studies.quality`` (``make quality``).

Photographs of `N_PEOPLE` people are spoilt in known doses, found and made into templates by the unit's own pipeline, and compared
with what enrolment made of the same people's other photographs, as they are. From how often they are then missed follows each
limit of `edge.vision.quality`. The head in FaceNet has seen these people: the miss rates are a little too good.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge import wiring
from edge.config import Config
from edge.errors import MusterError
from edge.evaluation.levels import distance, levels
from edge.evaluation.scores import score
from edge.exchange.collection.collect import Collection, collect, listing
from edge.types import Faces, Floats, Image
from edge.vision.geometry import iou
from edge.vision.mtcnn import Mtcnn
from edge.vision.quality import assess
from edge.vision.recogniser import Recogniser
from models import faces
from models.studies import doses, frames_together, gated
from models.studies.doses import Spoilt
from models.studies.limits import Outcome, limits, table

N_PEOPLE = 150
SEED = 1964
FMR = 1e-4
SAME_FACE_IOU = 0.35
SMALLEST_PX = 20
"""The detector looks for faces of so many pixels where they are made small; else as configured."""


class Series(NamedTuple):
    """Doses of one kind, and the limits that are told from them."""

    title: str
    spoil: doses.Spoil | None
    doses: tuple[float, ...]
    limits: tuple[str, ...]


SERIES = (
    Series("far, the best camera (px)", doses.far, (90, 75, 60, 50, 42, 36, 30, 25, 20), ()),
    Series("far, a cheap camera (px)", doses.far_webcam, (120, 90, 75, 60, 50, 42, 36, 30), ("min_face_px",)),
    Series("dark (stops)", doses.dark, (1, 2, 3, 4, 5, 6, 7), ("min_brightness",)),
    Series("bright (stops)", doses.bright, (0.5, 1, 1.5, 2, 2.5, 3, 4), ("max_clipped",)),
    Series("glare (share of the light)", doses.glare, (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7), ("min_contrast",)),
    Series("out of focus (share of the face)", doses.out_of_focus, (0.01, 0.015, 0.02, 0.03, 0.04, 0.06), ("min_sharpness",)),
    Series("moved (share of the face)", doses.moved, (0.05, 0.075, 0.1, 0.15, 0.2, 0.3), ("min_sharpness",)),
    Series("cut off (share of the face)", doses.cut, (0.1, 0.2, 0.3, 0.4, 0.5), ("min_inside",)),
    Series("leaning (degrees)", doses.leaning, (10, 20, 30, 40, 50), ("max_roll_deg",)),
    Series("somebody beside (overlap of the boxes)", None, (-0.1, 0.0, 0.1, 0.2, 0.3, 0.4), ("max_overlap",)),
)


@dataclass(frozen=True)
class Bench:
    """What everything is measured with.

    Attributes:
        collected: all photographs as they are.
        recogniser: the unit's.
        threshold: level at which FMR of the pairs of different people are taken for one.
    """

    collected: Collection
    recogniser: Recogniser
    threshold: int

    def natural(self) -> list[Outcome]:
        """Each photograph as it is that has another of its person."""
        samples, photographs = self.collected.samples, self.collected.photographs
        told = []
        for rows in samples.rows:
            refused = levels(samples.templates[rows], samples.in_gallery[rows]) >= self.threshold
            for place, row in enumerate(rows if len(rows) > 1 else ()):
                told.append(Outcome(0.0, photographs[row].quality, float(np.delete(refused[place], place).mean())))
        return told

    def spoilt(self, series: Series, rows: NDArray[np.intp]) -> list[Outcome]:
        """These photographs in every dose."""
        looked = self.recogniser.detector
        detector = Mtcnn(looked.networks, SMALLEST_PX, looked.scale_factor, looked.thresholds) if _is_far(series) else looked
        told = []
        for row in tqdm(rows, series.title, mininterval=5):
            pixels, box = self._photograph(row)
            for number, dose in enumerate(series.doses):
                generator = np.random.default_rng([SEED, row, number])
                if series.spoil:
                    spoilt = series.spoil(pixels, box, dose, generator)
                else:
                    other = Spoilt(*self._photograph(np.intp(generator.integers(len(self.collected.photographs)))))
                    spoilt = doses.beside(pixels, box, dose, generator, other=other)
                told.append(self._outcome(dose, spoilt, detector.detect(spoilt.pixels), row))
        return told

    def _photograph(self, row: np.intp) -> tuple[Image, Floats]:
        photograph = self.collected.photographs[row]
        return faces.read(photograph.path), photograph.box

    def _outcome(self, dose: float, spoilt: Spoilt, found: Faces, row: np.intp) -> Outcome:
        overlaps = iou(spoilt.box, found.boxes)
        if not len(found) or overlaps.max() < SAME_FACE_IOU:
            return Outcome(dose, None, np.nan)
        best = int(overlaps.argmax())
        samples = self.collected.samples
        others = samples.rows[samples.persons[row]]
        probe = self.recogniser.embedder.templates(spoilt.pixels, found[best : best + 1])
        refused = levels(probe, samples.in_gallery[others[others != row]]) >= self.threshold
        return Outcome(dose, assess(spoilt.pixels, found)[best], float(refused.mean()), int(row), probe[0])


def _is_far(series: Series) -> bool:
    return series.spoil in {doses.far, doses.far_webcam}


def main() -> int:
    """Measure and print the tables of docs/quality.md."""
    try:
        folder = faces.folder()
    except MusterError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    recogniser = wiring.recogniser(Config())
    collected = collect(listing(folder), recogniser, progress=lambda photographs: tqdm(photographs, "as they are", mininterval=5))
    threshold = score(collected.samples).threshold(FMR)
    bench = Bench(collected, recogniser, threshold)
    natural = bench.natural()
    good = float(np.mean([outcome.missed for outcome in natural]))
    print(f"{recogniser.model}, threshold {distance(threshold):.3f} (FMR {FMR:g})")
    print(f"{len(natural):,} photographs as they are: {good:.4f} missed")
    print(f"\n{gated.table(collected, wiring.gates(Config()))}")
    spoilt: dict[str, list[Outcome]] = defaultdict(list)
    for series in SERIES:
        outcomes = bench.spoilt(series, _drawn(collected))
        for name in series.limits:
            spoilt[name] += outcomes
        print(f"\n{table(series.title, outcomes, series.limits)}")
    print(f"\n{limits(natural, spoilt, good)}")
    frames = [each for outcomes in spoilt.values() for each in outcomes]
    print(f"\n{frames_together.table(frames, collected, threshold=threshold, gates=wiring.gates(Config()))}")
    return 0


def _drawn(collected: Collection) -> NDArray[np.intp]:
    """One photograph each of some people who have several."""
    generator = np.random.default_rng(SEED)
    several = [rows for rows in collected.samples.rows if len(rows) > 1]
    people = generator.permutation(len(several))[:N_PEOPLE]
    return np.array([generator.choice(several[person]) for person in people], np.intp)


if __name__ == "__main__":
    sys.exit(main())
