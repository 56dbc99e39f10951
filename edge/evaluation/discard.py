"""How errors fall as a quality gate closes: the error versus discard characteristic (ISO/IEC 29794-1).

For each measure of quality the worst photographs are taken out, more and more of them, and the error of those that remain is told
at one fixed threshold. A measure that says something about errors goes down steeply at first; one that says nothing stays level.
Photographs that are equally good stay together: what a measure cannot tell apart is not discarded.

Two errors are told. FNMR: of the same-person pairs of which both photographs remain, the share that is refused. Missed: of the
photographs that remain, the share that is farther than the threshold from *every* other photograph of the same person, as an
identification fails at the door (FNIR) when all the others are enrolled.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.evaluation.levels import distance, levels, n_accepted
from edge.evaluation.samples import Rows, Samples
from edge.evaluation.scores import Counts, Scores
from edge.types import Refusal

SHARES = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
"""Of the photographs, discarded at most."""
BLOCK = 64
"""Rows of one person that are compared with all others of that person at once: 20,000 photographs of one person take 100 MB."""
DIGITS = 6

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Remains:
    """What is left when a share of the photographs is discarded; a rate is NaN where nothing is left to tell it.

    Attributes:
        share: discarded.
        fnmr: of the pairs that remain.
        missed: of the photographs that remain and that have another of their person.
    """

    share: float
    fnmr: float
    missed: float


@dataclass(frozen=True)
class Discards:
    """The characteristic of each measure, and what the unit's own gates do.

    Attributes:
        threshold: level, the same for all.
        curves: measure -> what remains, one for each of `SHARES`.
        refused: reason -> how many photographs the unit's gates refuse for it.
        whole: nothing is discarded.
        gated: what remains when these are discarded.
    """

    threshold: int
    curves: dict[str, tuple[Remains, ...]]
    refused: dict[Refusal, int]
    whole: Remains
    gated: Remains

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it; what cannot be told is null."""
        return {
            "distance": round(distance(self.threshold), DIGITS),
            "measures": {name: [_row(each) for each in curve] for name, curve in self.curves.items()},
            "refused": {refusal.value: n for refusal, n in self.refused.items()},
            "whole": _row(self.whole),
            "gated": _row(self.gated),
        }


def fixed_threshold(scores: Scores) -> int | None:
    """The level at FMR 1e-4, or at 1e-3 where that is all that can be told; None where neither can."""
    return next((scores.threshold(fmr) for fmr in (1e-4, 1e-3) if not scores.obstacle(fmr)), None)


def discards(samples: Samples, threshold: int, *, badness: Mapping[str, Values], refusals: Sequence[Refusal | None]) -> Discards:
    """Tell every measure's characteristic.

    Args:
        samples: the photographs.
        threshold: level from which on two photographs are not taken for one person.
        badness: measure -> (n,), the larger the worse.
        refusals: of each photograph by the unit's gates.
    """
    passes = np.array([refusal is None for refusal in refusals])
    stages = np.stack([*(_stages(values) for values in badness.values()), 1 + passes]).astype(np.int8)  # (k, n)
    pairs, is_missed = _compare(samples, threshold, stages)
    curves = [_curve(stage, of_pairs, is_missed) for stage, of_pairs in zip(stages, pairs, strict=True)]
    counts = Counter(refusal for refusal in refusals if refusal is not None)
    return Discards(
        threshold,
        curves={name: curve[: len(SHARES)] for name, curve in zip(badness, curves, strict=False)},
        refused={refusal: counts[refusal] for refusal in Refusal},
        whole=curves[-1][0],
        gated=curves[-1][1],
    )


def _stages(values: Values) -> Rows:
    """(n,) at how many of `SHARES` each photograph still remains: at the first ones, and no more from there on."""
    ranked = np.sort(values)[::-1]
    cuts = ranked[[min(n_accepted(share, len(values)), len(values) - 1) for share in SHARES]]
    remains = values[:, None] <= cuts  # (n, shares)
    stages: Rows = remains.sum(axis=1)
    return stages


def _compare(samples: Samples, threshold: int, stages: NDArray[np.int8]) -> tuple[Counts, Values]:
    """Compare each person's photographs with each other.

    Returns:
        (k, shares + 1, 2) how many pairs remain so long, accepted and refused; and (n,) whether a photograph is farther than
        the threshold from every other of its person, NaN where there is no other.
    """
    n_kinds, n_stages = len(stages), len(SHARES) + 1
    counts = np.zeros(n_kinds * n_stages * 2, np.int64)
    is_missed = np.full(len(samples.persons), np.nan)
    offsets = 2 * n_stages * np.arange(n_kinds)[:, None]
    for rows in samples.rows:
        for start in range(0, len(rows) if len(rows) > 1 else 0, BLOCK):
            block = rows[start : start + BLOCK]
            refused = levels(samples.templates[block], samples.templates[rows]) >= threshold  # (b, m)
            first, second = np.nonzero(np.arange(len(rows)) > start + np.arange(len(block))[:, None])
            both = np.minimum(stages[:, block[first]], stages[:, rows[second]])  # (k, pairs)
            counts += np.bincount((offsets + 2 * both + refused[first, second]).ravel(), minlength=len(counts))
            refused[np.arange(len(block)), start + np.arange(len(block))] = True  # itself
            is_missed[block] = refused.all(axis=1)
    return counts.reshape(n_kinds, n_stages, 2), is_missed


def _curve(stages: NDArray[np.int8], pairs: Counts, is_missed: Values) -> tuple[Remains, ...]:
    """What remains at each of `SHARES`, from (n,) stages, (shares + 1, 2) counts of pairs and (n,) misses."""
    left = np.cumsum(pairs[::-1], axis=0)[::-1]  # (shares + 1, 2): pairs that remain at least so long
    told = []
    for number in range(len(SHARES)):
        remain = stages > number
        probes = is_missed[remain & ~np.isnan(is_missed)]
        n_pairs = int(left[number + 1].sum())
        fnmr = float(left[number + 1, 1] / n_pairs) if n_pairs else math.nan
        told.append(Remains(float((~remain).mean()), fnmr, float(probes.mean()) if len(probes) else math.nan))
    return tuple(told)


def _row(each: Remains) -> dict[str, float | None]:
    return {
        name: None if math.isnan(value) else round(value, DIGITS)
        for name, value in (("share", each.share), ("fnmr", each.fnmr), ("missed", each.missed))
    }
