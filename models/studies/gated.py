"""The errors of photographs as they are, all of them and those alone that the unit's gates pass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge.evaluation import open_set
from edge.evaluation.open_set import Setting
from edge.evaluation.samples import Samples
from edge.evaluation.scores import score
from edge.exchange.collection.collect import Collection
from edge.vision.quality import Gates

FMR, FPIR = 1e-4, 0.01
SETTINGS = (Setting(400, 1, 1), Setting(100, 3, 1))


def table(collected: Collection, gates: Gates) -> str:
    """FNMR at the threshold of all photographs, and FNIR, as Markdown; the gates of the door and those of enrolment."""
    samples, qualities = collected.samples, [each.quality for each in collected.photographs]
    threshold = score(samples).threshold(FMR)
    heads = ["photographs", "refused", f"FNMR @ {FMR:g}", *(f"FNIR @ {FPIR:.0%}, N={s.n} g={s.g} q={s.q}" for s in SETTINGS)]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name, each in (("all", Gates()), ("that the door passes", gates), ("that enrolment takes", gates.at_enrolment())):
        passes = np.array([each.refusal(quality) is None for quality in qualities])
        remaining = only(samples, passes)
        cells = [name, f"{np.mean(~passes):.2%}", f"{score(remaining).fnmr(threshold):.4f}"]
        cells += [_fnir(remaining, setting) for setting in SETTINGS]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def only(samples: Samples, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Samples:
    """These photographs alone, of the same people."""
    return replace(samples, templates=samples.templates[rows], persons=samples.persons[rows], enrolled=samples.in_gallery[rows])


def _fnir(samples: Samples, setting: Setting) -> str:
    if open_set.obstacle(samples, setting, FPIR):
        return "–"
    rates = [draw.fnir(FPIR) for draw in open_set.draws(samples, setting)]
    return f"{np.mean(rates):.4f} ± {np.std(rates):.4f}"
