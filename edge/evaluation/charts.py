"""The three charts of the page: DET curve, open-set curves, score histograms."""

from __future__ import annotations

import numpy as np

from edge.evaluation.figures import Figures, rate
from edge.evaluation.levels import N_LEVELS, STEP
from edge.evaluation.open_set import Setting, curve
from edge.evaluation.scores import Counts
from edge.evaluation.svg import Axis, Plot, Values, log_axis

N_BARS = 120
COLOURS = ("a", "b", "c", "d")
"""Classes of the style, one for each setting."""


def det(figures: Figures) -> str:
    """FMR against FNMR, both logarithmic, with the intervals of the quoted figures; empty where there is no curve."""
    scores = figures.scores
    if not scores.n_same or not scores.n_different:
        return ""
    fmr, fnmr = scores.det()
    seen = fnmr > 0
    if not seen.any():
        return ""
    low = float(fnmr[seen].min())
    plot = Plot(
        log_axis("FMR: different people who are taken for one", max(float(fmr[0]), 1e-7)),
        log_axis("FNMR: one person who is refused", max(low, 1e-4)),
    )
    marks = [plot.curve(fmr[seen], fnmr[seen], "a")]
    marks += [plot.interval(v.fmr, v.interval, "a") for v in figures.verifications if not v.obstacle]
    return plot.svg(marks, title="DET curve: false non-match rate over false match rate")


def open_set(figures: Figures) -> str:
    """FPIR against FNIR in each setting; empty where there is none."""
    curves, colours = _curves(figures), _colours(figures)
    if not curves:
        return ""
    positive = np.concatenate([fnir[fnir > 0] for _, fnir in curves.values()])
    lowest_fpir = min(float(fpir[0]) for fpir, _ in curves.values())
    plot = Plot(
        log_axis("FPIR: strangers who are given a name", min(lowest_fpir, 0.1)),
        log_axis("FNIR: people without their own name", max(float(positive.min(initial=0.1)), 1e-4)),
    )
    marks = []
    for setting, (fpir, fnir) in curves.items():
        if fnir.any():
            marks.append(plot.curve(fpir[fnir > 0], fnir[fnir > 0], colours[setting]))
    told = [each for each in figures.identifications if not each.obstacle]
    marks += [plot.interval(each.fpir, each.interval, colours[each.setting]) for each in told]
    return plot.svg(marks, title="Open set: misses over strangers who are given a name")


def open_set_legend(figures: Figures) -> list[tuple[str, str]]:
    """Class and words of each setting, also of one that a logarithmic axis cannot show."""
    colours = _colours(figures)
    return [
        (colours[setting], f"{setting}{'' if fnir.any() else ': FNIR is 0 everywhere, which this axis cannot show'}")
        for setting, (_, fnir) in _curves(figures).items()
    ]


def _curves(figures: Figures) -> dict[Setting, tuple[Values, Values]]:
    """FPIR and FNIR of each setting that has draws."""
    return {setting: curve(draws) for setting, draws in figures.draws.items() if draws}


def _colours(figures: Figures) -> dict[Setting, str]:
    """Class of each setting that has draws: four at most, as the number of people is the same where there are too few."""
    return dict(zip((setting for setting, draws in figures.draws.items() if draws), COLOURS, strict=False))


def histograms(figures: Figures, max_distance: float) -> str:
    """How far apart pairs of one person and of two people are, with the thresholds; a distance of 0 is none."""
    scores = figures.scores
    sides = [(_shares(table), css) for table, css in ((scores.different, "b"), (scores.same, "a")) if table.sum()]
    if not sides:
        return ""
    highest = max(float(heights.max()) for heights, _ in sides)
    edges = np.linspace(0, 4, N_BARS + 1)
    last = float(edges[1:][np.max([heights for heights, _ in sides], axis=0) > 1e-4].max(initial=0.5))
    plot = Plot(
        Axis("squared distance between two templates", 0, last, {tick: f"{tick:g}" for tick in np.arange(0, last + 1e-9, 0.5)}),
        Axis("share of the pairs", 0, highest * 1.05, {tick: f"{tick:.0%}" for tick in _round_ticks(highest)}),
    )
    marks = [plot.area(edges, heights, css) for heights, css in sides]
    thresholds = [(v.distance, f"FMR {rate(v.fmr)}", "threshold") for v in figures.verifications if not v.obstacle]
    own = [(max_distance, "this unit's distance", "configured")] if max_distance else []
    ranked = sorted([*thresholds, *own], reverse=True)
    marks += [plot.upright(at, word, css, line=line) for line, (at, word, css) in enumerate(ranked)]
    return plot.svg(marks, title="How far apart pairs of one person and pairs of two people are")


def _shares(table: Counts) -> Values:
    """(N_BARS,) share of the pairs in each bar."""
    bars = np.minimum((np.arange(N_LEVELS) * STEP * N_BARS / 4).astype(int), N_BARS - 1)
    shares: Values = np.bincount(bars, weights=table, minlength=N_BARS) / table.sum()
    return shares


def _round_ticks(highest: float) -> Values:
    """0, and three to six round values up to the highest."""
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if highest / s <= 6)
    return np.arange(0, highest + 1e-9, step)
