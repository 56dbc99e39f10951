"""Identification in the open set: people who are enrolled and strangers who are not (ISO/IEC 19795-1: FPIR, FNIR).

N people are enrolled with g photographs each, whose templates count together as the unit's do. Their other photographs become
mated probes of q photographs each (mean of the unit vectors, scaled to length one again), as many as they are enough for, none
used twice. Strangers are the people with a single photograph, one probe each. FPIR is the share of strangers who are given any
name, FNIR the share of mated probes that are not given *their own*: refused, or given another's. Who is enrolled, and with which
photographs, is drawn `N_DRAWS` times; the FNIR that is quoted is the mean over the draws, each at its own threshold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.evaluation.levels import N_LEVELS, Levels, levels, n_accepted, threshold
from edge.evaluation.samples import Rows, Samples
from edge.matching.combination import BEST, Combination, People
from edge.types import Floats
from edge.vectors import unit

FPIRS = (0.05, 0.01, 0.003)
"""The false positive identification rates that are quoted."""
N_DRAWS = 20
SEED = 20180408


@dataclass(frozen=True, slots=True)
class Setting:
    """How many people are enrolled with how many photographs, and how many a probe fuses: (N, g, q)."""

    n: int
    g: int
    q: int

    def __str__(self) -> str:
        """As tables have it."""
        return f"N={self.n} g={self.g} q={self.q}"


SETTINGS = (Setting(100, 1, 1), Setting(400, 1, 1), Setting(100, 3, 1), Setting(100, 3, 3))


class Cast(NamedTuple):
    """Who plays which part in a draw.

    Attributes:
        enrolled: (N * g,) rows of the photographs in the gallery.
        probes: (p, q) rows of the photographs that each mated probe fuses.
        persons: (p,) whose each mated probe is.
    """

    enrolled: Rows
    probes: Rows
    persons: Rows


@dataclass(frozen=True)
class Draw:
    """One draw of who is enrolled, and how far everybody is from them.

    Attributes:
        strangers: (m,) level of the person nearest to each stranger, in the order of `Samples.strangers`.
        mated: (p,) level of the person nearest to each mated probe, N_LEVELS where it is another person.
        persons: (p,) whose each mated probe is.
    """

    strangers: Levels
    mated: Levels
    persons: Rows

    @cached_property
    def ranked(self) -> Levels:
        """The strangers' levels, ascending."""
        return np.sort(self.strangers)

    def fnir(self, fpir: float) -> float:
        """Share of mated probes without their own name at the threshold where a share ``fpir`` of the strangers is given one."""
        return float(np.mean(self.mated >= threshold(self.ranked, fpir)))


def obstacle(samples: Samples, setting: Setting, fpir: float) -> str:
    """Why the FNIR cannot be told; empty where it can."""
    n_eligible, n_strangers = len(eligible(samples, setting)), len(samples.strangers)
    if n_eligible < setting.n:
        needed = setting.g + setting.q
        return f"{setting.n} people with {needed} photographs with a face are needed; there are {n_eligible}"
    if not n_strangers:
        return "there is no stranger: nobody has a single photograph only"
    if not n_accepted(fpir, n_strangers):
        return f"{int(np.ceil(1 / fpir))} strangers (people with a single photograph) are needed; there are {n_strangers}"
    return ""


def eligible(samples: Samples, setting: Setting) -> Rows:
    """The people with enough templates for the gallery and one probe."""
    return np.flatnonzero(samples.n_templates >= setting.g + setting.q)


def draws(samples: Samples, setting: Setting, combination: Combination = BEST) -> tuple[Draw, ...]:
    """`N_DRAWS` draws, always the same for the same samples; none where too few people have enough photographs."""
    if len(eligible(samples, setting)) < setting.n or not len(samples.strangers):
        return ()
    return tuple(draw(samples, cast, combination) for cast in casts(samples, setting))


def casts(samples: Samples, setting: Setting) -> Iterator[Cast]:
    """Who plays which part in each of the `N_DRAWS` draws, always the same for the same samples."""
    for number in range(N_DRAWS):
        yield _cast(samples, setting, np.random.default_rng([SEED, setting.n, setting.g, setting.q, number]))


def _cast(samples: Samples, setting: Setting, generator: np.random.Generator) -> Cast:
    gallery, probes, owners = [], [], []
    for person in generator.choice(eligible(samples, setting), setting.n, replace=False):
        rows = generator.permutation(samples.rows[person])
        gallery.append(rows[: setting.g])
        others = rows[setting.g :]
        n_probes = len(others) // setting.q
        probes.append(others[: n_probes * setting.q].reshape(n_probes, setting.q))
        owners.append(np.full(n_probes, person))
    return Cast(np.concatenate(gallery), np.concatenate(probes), np.concatenate(owners))


def draw(samples: Samples, cast: Cast, combination: Combination = BEST) -> Draw:
    """What comes of one cast."""
    people = People.of(samples.in_gallery[cast.enrolled], samples.persons[cast.enrolled], combination)
    to_probes = people.distances(levels(fused(samples.templates[cast.probes]), people.references))  # (p, N)
    is_own = people.ids[to_probes.argmin(axis=1)] == cast.persons
    nearest = np.where(is_own, to_probes.min(axis=1), N_LEVELS).astype(np.int32)
    to_strangers = people.distances(levels(samples.templates[samples.strangers], people.references))  # (m, N)
    return Draw(to_strangers.min(axis=1), nearest, cast.persons)


def fused(templates: Floats) -> Floats:
    """The means of (n, q, d) unit vectors, scaled to length one: (n, d)."""
    return unit(templates.mean(axis=1))


def curve(found: tuple[Draw, ...], n_points: int = 60) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """FPIR and mean FNIR from one stranger that is given a name to three in ten, about evenly in log FPIR."""
    n = len(found[0].strangers)
    shares = np.unique(np.geomspace(1, max(1, 0.3 * n), n_points).astype(int)) / n
    return shares, np.array([np.mean([draw.fnir(share) for draw in found]) for share in shares])
