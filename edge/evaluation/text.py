"""Every figure as lines for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from edge.evaluation import discard_section, methods
from edge.evaluation.confusions import alike, near_copies
from edge.evaluation.door import Identification
from edge.evaluation.figures import Figures, Verification, rate
from edge.evaluation.samples import Samples

WIDTH = 34
"""Of what stands before a figure."""


def lines(figures: Figures) -> list[str]:
    """All of them, also those that cannot be told, with the reason."""
    handed, lfw = figures.handed, figures.lfw
    share = handed.n_failed / handed.n_photos
    told = [
        f"{handed.n_people:,} people, {handed.n_photos:,} photographs.",
        f"{handed.model}, {handed.template_bytes:,} bytes a template.",
        *([handed.where] if handed.where else []),
        f"Failures to acquire: {handed.n_failed:,} photographs ({share:.2%}); the rates below are of the others.",
    ]
    told += [_verification(each) for each in figures.verifications]
    told += [_identification(each) for each in figures.identifications]
    told += [figures.advice] if figures.advice else []
    told += [str(each) for each in figures.budgets]
    if lfw:
        head = "accuracy on the pairs".ljust(WIDTH)
        told.append(f"{head} {lfw.mean:.4f} ± {lfw.deviation:.4f}  {lfw.n_pairs:,} pairs, {lfw.n_left_out:,} not acquired")
    return told + methods.lines(figures.methods) + discard_section.lines(figures.discards)


def look_alikes(figures: Figures, samples: Samples, places: Sequence[str]) -> list[str]:
    """A sentence for each two folders that may be of one person; ``places`` are the photographs' by row."""
    return [
        f"{places[pair.first]} and {places[pair.second]} look like one person (distance {pair.distance:.2f}); are both in the "
        "right folder?"
        for pair in alike(samples, figures.scores)
    ]


def copies(samples: Samples) -> list[str]:
    """A sentence where photographs are told apart by their files alone."""
    n = near_copies(samples)
    if not n:
        return []
    which = "1 photograph shows" if n == 1 else f"{n:,} photographs show"
    return [
        f"{which} no more than another one of the same person (saved anew, enlarged, cropped). The rates are better than they "
        "should be: leave copies out."
    ]


def _verification(each: Verification) -> str:
    head = f"FNMR at FMR {rate(each.fmr)}".ljust(WIDTH)
    if each.obstacle:
        return f"{head} cannot be told: {each.obstacle}"
    low, high = each.interval
    return f"{head} {each.fnmr:.4f}           95% {low:.4f} to {high:.4f}  distance {each.distance:.3f}"


def _identification(each: Identification) -> str:
    head = each.what.ljust(WIDTH)
    if each.obstacle:
        return f"{head} cannot be told: {each.obstacle}"
    low, high = each.interval
    return (
        f"{head} {each.fnir:.4f} ± {each.deviation:.4f}  95% {low:.4f} to {high:.4f}  "
        f"{each.n_probes:,} probes, {each.n_strangers:,} strangers"
    )
