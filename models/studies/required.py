"""The figures that are required, on people whom the head never saw: ``python -m models.studies.required``.

The requirement says N = 400, and of a third of the development people only 344 have two photographs. So here the head is trained
on one third and measured on the other two, three ways. It has seen half as many people as in `models.train`, and a third as many
as the committed one: what it misses, the committed one should miss more rarely.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import numpy as np

from edge.errors import MusterError
from edge.evaluation.open_set import Setting, draws, obstacle
from edge.evaluation.samples import Samples
from edge.evaluation.scores import score
from models import faces
from models.head.embeddings import embeddings
from models.head.held_out import trained_on_one_fold

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
        for line in table(list(trained_on_one_fold(embeddings(faces.folder())))):
            print(line)
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


def _row(what: str, most: float, values: Sequence[float]) -> str:
    told = "–" if np.isnan(values).any() else f"{np.mean(values):.4f} ± {np.std(values):.4f}"
    return f"| {what} | ≤ {most:g} | {told} |"


if __name__ == "__main__":
    sys.exit(main())
