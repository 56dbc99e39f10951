"""What the weights from quality do where several frames of one face are fused, some of them poor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge.evaluation.levels import levels
from edge.exchange.collection.collect import Collection
from edge.types import Floats
from edge.vectors import unit
from edge.vision.quality import OPEN, Gates
from models.studies.limits import Outcome

N_FRAMES = 3
N_TRACKS = 20
"""Of each photograph."""
SEED = 1905

Misses = NDArray[np.float64]
"""(photographs, 2): share of references that do not know its tracks, templates unweighted and weighted."""


def table(spoilt: Sequence[Outcome], collected: Collection, *, threshold: int, gates: Gates) -> str:
    """Unweighted beside weighted, as Markdown: with and without the gates, with and without a frame as it is among them."""
    lines = ["| frames | unweighted | weighted | difference |", "|---|---|---|---|"]
    for passed, name in ((gates, "that the gates pass"), (OPEN, "all")):
        for n_good in (0, 1):
            misses = _misses(_by_photograph(spoilt, passed), collected, threshold=threshold, n_good=n_good)
            (plain, weighted), differences = misses.mean(axis=0), misses[:, 1] - misses[:, 0]
            error = differences.std() / np.sqrt(len(differences))
            title = f"{N_FRAMES - n_good} spoilt{' and 1 as it is' if n_good else ''}, {name}"
            lines.append(f"| {title} | {plain:.4f} | {weighted:.4f} | {differences.mean():+.4f} ± {error:.4f} |")
    return "\n".join(lines)


def _by_photograph(spoilt: Sequence[Outcome], gates: Gates) -> dict[int, list[tuple[Floats, float]]]:
    """Row -> templates and weights of its faces that pass."""
    found = defaultdict(list)
    for each in spoilt:
        if each.quality and each.template is not None and gates.refusal(each.quality) is None:
            found[each.row].append((each.template, each.quality.weight))
    return found


def _misses(frames: dict[int, list[tuple[Floats, float]]], collected: Collection, *, threshold: int, n_good: int) -> Misses:
    samples, photographs, told = collected.samples, collected.photographs, []
    for row, spoilt in frames.items():
        generator = np.random.default_rng([SEED, row])
        rows = generator.integers(len(spoilt), size=(N_TRACKS, N_FRAMES))
        templates, weights = (np.array(each, np.float32)[rows] for each in zip(*spoilt, strict=True))  # (tracks, frames, d)
        if n_good:
            templates[:, 0], weights[:, 0] = samples.templates[row], photographs[row].quality.weight
        others = samples.rows[samples.persons[row]]
        references = samples.in_gallery[others[others != row]]
        fused = (unit(templates.mean(axis=1)), unit((templates * weights[:, :, None]).sum(axis=1)))
        told.append([float((levels(probes, references) >= threshold).mean()) for probes in fused])
    return np.array(told)
