"""The classifiers of the older systems beside the nearest-template rule: the open set with the same people and strangers.

Each method says who a probe is. Whether that name is given is asked in two ways: is the person *near* enough, or is the
classifier *sure* enough of them? For each way the threshold is found on the strangers, as it is for the rule that the unit has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import nan
from typing import NamedTuple

import numpy as np

from edge.evaluation import open_set
from edge.evaluation.levels import N_LEVELS, STEP, Levels, levels
from edge.evaluation.markup import table
from edge.evaluation.open_set import FPIRS, Draw, Setting
from edge.evaluation.samples import Rows, Samples
from edge.matching.classifiers import METHODS, MOST_PEOPLE, Classifier, learn, require
from edge.matching.combination import BEST, Combination, People
from edge.types import Floats

NEAR, SURE = "distance", "sureness"
"""What a name is refused by, as JSON has it."""
WHETHER = {NEAR: "near enough", SURE: "sure enough"}

WORDS = (
    "The same draws of people, photographs and strangers, whoever says who a probe is: the nearest templates, a linear SVM or a "
    "random forest that was trained on the gallery. A name is refused by the distance to that person, or by how sure the "
    "classifier is. The unit takes the distance."
)
"""What the page says above the rows."""

WIDTH = 42
"""Of what stands before a figure."""

Job = tuple[Setting, str]
Progress = Callable[[Sequence[Job]], Iterable[Job]]
"""Hands on what it is given, one by one, and may show how far it is."""


@dataclass(frozen=True, slots=True)
class Row:
    """FNIR of one method at one FPIR in one setting, mean and standard deviation over the draws.

    Attributes:
        method: value of ``matching.method``: who.
        rejection: whether, `NEAR` or `SURE`.
        setting: (N, g, q).
        fpir: share of the strangers who are given a name.
        fnir: share of the mated probes without their own.
        deviation: of the FNIR.
        obstacle: why there is none; empty where there is.
    """

    method: str
    rejection: str
    setting: Setting
    fpir: float
    fnir: float = nan
    deviation: float = nan
    obstacle: str = ""

    @property
    def words(self) -> str:
        """Who and whether."""
        return self.method if self.method == "nearest" or self.obstacle else f"{self.method}, {WHETHER[self.rejection]}"

    def to_dict(self) -> dict[str, str | float]:
        """As JSON has it."""
        return {
            "method": self.method,
            "rejection": self.rejection,
            "n": self.setting.n,
            "g": self.setting.g,
            "q": self.setting.q,
            "fpir": self.fpir,
            "fnir": round(self.fnir, 6),
            "fnir_sd": round(self.deviation, 6),
        }


def check() -> None:
    """Look whether scikit-learn is there.

    Raises:
        ConfigError: it is not.
    """
    require("--methods")


def compare(
    samples: Samples,
    draws: Mapping[Setting, Sequence[Draw]],
    *,
    combination: Combination = BEST,
    progress: Progress = iter,
) -> list[Row]:
    """Rows for every method in each setting that has draws.

    Args:
        samples: the templates.
        draws: of the nearest-template rule.
        combination: how a person's templates count together, in the draws and where a classifier's word is tried by distance.
        progress: shows how far it is.

    Raises:
        ConfigError: scikit-learn is missing.
    """
    jobs = [(setting, method) for setting, found in draws.items() if found for method in ("nearest", *METHODS)]
    told: list[Row] = []
    for setting, method in progress(jobs):
        fpirs = [fpir for fpir in FPIRS if not open_set.obstacle(samples, setting, fpir)]
        if setting.n > MOST_PEOPLE.get(method, setting.n):
            why = f"learns at most {MOST_PEOPLE[method]} people: more would keep the door waiting"
            told += (Row(method, NEAR, setting, fpir, obstacle=why) for fpir in fpirs)
        elif method in METHODS:
            told += _rows(method, setting, fpirs, ways=_draws(samples, setting, method, combination))
        else:
            told += _rows(method, setting, fpirs, ways={NEAR: draws[setting]})
    return told


def _rows(method: str, setting: Setting, fpirs: Sequence[float], *, ways: Mapping[str, Sequence[Draw]]) -> Iterator[Row]:
    for rejection, found in ways.items():
        for fpir in fpirs:
            fnirs = [draw.fnir(fpir) for draw in found]
            yield Row(method, rejection, setting, fpir, float(np.mean(fnirs)), float(np.std(fnirs)))


def _draws(samples: Samples, setting: Setting, method: str, combination: Combination) -> dict[str, list[Draw]]:
    """The draws of a classifier, by the way in which a name is refused."""
    ways: dict[str, list[Draw]] = {SURE: [], NEAR: []}
    for cast in open_set.casts(samples, setting):
        templates, ids = samples.in_gallery[cast.enrolled], samples.persons[cast.enrolled]
        people, classifier = People.of(templates, ids, combination), learn(method, templates, ids)
        strangers = _judge(people, classifier, samples.templates[samples.strangers])
        mated = _judge(people, classifier, open_set.fused(samples.templates[cast.probes]))
        is_own = people.ids[mated.who] == cast.persons
        for way, to_strangers, to_mated in ((SURE, strangers.sure, mated.sure), (NEAR, strangers.near, mated.near)):
            ways[way].append(Draw(to_strangers, np.where(is_own, to_mated, N_LEVELS).astype(np.int32), cast.persons))
    return ways


class Judged(NamedTuple):
    """Of each of n probes: who it is by place in `People.ids`, how far from them, and how unsure that is, as levels; all (n,)."""

    who: Rows
    near: Levels
    sure: Levels


def _judge(people: People, classifier: Classifier, probes: Floats) -> Judged:
    sureness = classifier.sureness(probes)  # (n, p)
    who, each = sureness.argmax(axis=1), np.arange(len(probes))
    near = people.distances(levels(probes, people.references))[each, who]
    unsure = np.rint((2 - sureness[each, who]) / STEP).clip(0, N_LEVELS - 1).astype(np.int32)  # sureness is within -2 and 2
    return Judged(who, near, unsure)


def lines(rows: Sequence[Row]) -> list[str]:
    """For a terminal: each method's FNIR at all FPIRs in a line."""
    return [
        f"FNIR, {setting}, {method}".ljust(WIDTH)
        + " "
        + (each[0].obstacle or "  ".join(f"{row.fnir:.4f} ± {row.deviation:.4f} at {row.fpir:.1%}" for row in each))
        for (setting, method), each in _together(rows)
    ]


def section(rows: Sequence[Row]) -> str:
    """The part of the page; empty where there is nothing to say."""
    if not rows:
        return ""
    heads = ["N", "g", "q", "who", *(f"FNIR @ {fpir:.1%}" for fpir in FPIRS)]
    shown = []
    for (setting, method), each in _together(rows):
        cells = [f"<td><strong>{row.fnir:.2%}</strong> ± {row.deviation:.2%}</td>" for row in each]
        cells += ["<td>–</td>"] * (len(FPIRS) - len(cells))
        if each[0].obstacle:
            cells = [f'<td class="why" colspan="{len(FPIRS)}">{each[0].obstacle}</td>']
        shown.append(f"<td>{setting.n}</td><td>{setting.g}</td><td>{setting.q}</td><td>{method}</td>{''.join(cells)}")
    return f"<h2>Other methods</h2><p>{WORDS}</p>" + table(heads, shown)


def _together(rows: Sequence[Row]) -> Iterator[tuple[tuple[Setting, str], list[Row]]]:
    """The rows of each method in each setting, all FPIRs, with the words for the method."""
    for key, each in groupby(rows, key=lambda row: (row.setting, row.words)):
        yield key, list(each)
