"""Compares what can be made of several frames of one face; `models.studies.matching` prints the tables.

There is no video of the development people: different photographs of a person stand for frames. They differ more than frames
do, so several of them help more than as many frames would, and a stranger has more different tries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.evaluation.samples import Rows, Samples
from edge.matching.fusion import ANOTHER
from edge.types import Floats
from edge.vectors import unit

FPIRS = (0.01, 0.003)
N_DRAWS = 40
SEED = 20180408
DISTANCES = np.arange(0.3, 1.6, 0.005)
FIXED = 0.9
"""A distance of the middle, at which the ways are compared too."""

Named = NDArray[np.intp]
"""(n, k) who is named at each of `DISTANCES`, -1 for nobody."""


class Door(NamedTuple):
    """One draw: who is enrolled (N, d), and what comes to the door, (N, q, d) of them in order and (m, q, d) of strangers."""

    people: Floats
    mated: Floats
    strangers: Floats


class Attempts(NamedTuple):
    """Distance to, and number of, the nearest person at each attempt, (n, a) each."""

    distances: NDArray[np.float64]
    who: Rows


def frames(folds: Sequence[Samples]) -> Iterator[str]:
    """Votes of single frames against fused templates, at equal shares of strangers who are given a name."""
    columns = ["N, g, q", "decision", *(f"FNIR @ FPIR {fpir:.1%}" for fpir in FPIRS), f"FPIR at {FIXED}", f"FNIR at {FIXED}"]
    yield f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}"
    for n, g, q in ((60, 1, 3), (30, 3, 3), (30, 1, 5), (20, 3, 5)):
        doors = [door for fold in folds for door in _doors(fold, n, g=g, q=q)]
        ways = ["one frame", f"votes, 3 of {q}", f"fused, {q}", *([f"fused, 3 to {q}"] if q > 3 else [])]
        for way in ways:
            own, others = zip(*(_decided(door, way) for door in doors), strict=True)
            yield f"| N={n} g={g} q={q} | {way} | {_told(np.concatenate(own), np.concatenate(others))} |"


def lingering(folds: Sequence[Samples], n: int = 100, g: int = 3, n_seen: int = 8) -> Iterator[str]:
    """How often a stranger is given a name who is seen in eight different photographs, N=100 g=3."""
    ways = {
        "one frame, the first": (1, 0, 1),
        "one frame, any of 8": (1, 0, n_seen),
        "fused, 3 to 5": (5, 2, 5),
        "fused, the latest 5, as long as there are any": (5, 2, n_seen),
        "fused, all so far": (n_seen, 2, n_seen),
    }
    at = (0.8, 0.85, 0.9, 0.95)
    yield f"| decision | {' | '.join(f'FPIR at {each}' for each in at)} |\n|{'---|' * (len(at) + 1)}"
    doors = [door for fold in folds for door in _doors(fold, n, g=g, q=n_seen, apart=True)]
    for name, (n_window, first, last) in ways.items():
        tries = [
            _attempts(_windows(door.strangers, n_window)[:, first:last], door.people).distances.min(axis=1) for door in doors
        ]
        yield f"| {name} | {' | '.join(f'{np.mean(np.concatenate(tries) <= each):.4f}'[1:] for each in at)} |"


def strays(folds: Sequence[Samples]) -> Iterator[str]:
    """How many new templates lie beyond the distance at which a fusion thinks of somebody else."""
    yield f"| fused | the same person's, beyond {ANOTHER} | another's, within it |\n|---|---|---|"
    for m in (1, 2, 3, 4):
        same, others = [], []
        for fold in folds:
            generator = np.random.default_rng([SEED, m])
            for person in np.repeat(np.flatnonzero(fold.n_templates > m), 4):
                rows = generator.permutation(fold.rows[person])
                known, some = unit(fold.templates[rows[:m]].sum(axis=0)), generator.permutation(len(fold.persons))[:200]
                same.append(2 - 2 * known @ fold.templates[rows[m]])
                others.append(2 - 2 * fold.templates[some[fold.persons[some] != person]] @ known)
        yield f"| {m} | {np.mean(np.array(same) > ANOTHER):.2%} | {np.mean(np.concatenate(others) <= ANOTHER):.2%} |"


def _doors(fold: Samples, n: int, *, g: int, q: int, apart: bool = False) -> Iterator[Door]:
    """Some are enrolled with g photographs; whoever else has q is a stranger, and where ``apart`` nobody of these is enrolled."""
    for number in range(N_DRAWS):
        generator = np.random.default_rng([SEED, n, g, q, number])
        able = fold.n_templates >= (g if apart else g + q)
        if apart:
            able &= fold.n_templates < q
        known = generator.choice(np.flatnonzero(able), min(n, int(able.sum())), replace=False)
        rows = [generator.permutation(fold.rows[person]) for person in known]
        people = np.stack([unit(fold.in_gallery[each[:g]].sum(axis=0)) for each in rows])
        others = np.setdiff1d(np.flatnonzero(fold.n_templates >= q), known)
        strangers = np.stack([fold.templates[generator.permutation(fold.rows[person])[:q]] for person in others])
        mated = strangers[:0] if apart else np.stack([fold.templates[each[g : g + q]] for each in rows])
        yield Door(people, mated, strangers)


def _decided(door: Door, way: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Who of the enrolled gets their own name at each distance, and which stranger any."""
    own, others = (_named(_seen(seen, door.people, way), way) for seen in (door.mated, door.strangers))
    return own == np.arange(len(own))[:, np.newaxis], others >= 0


def _seen(seen: Floats, people: Floats, way: str) -> Attempts:
    """(n, q, d) -> the templates that this way asks about."""
    n_seen = seen.shape[1]
    if way.startswith("fused"):
        return _attempts(_windows(seen, n_seen)[:, 2 if " to " in way else n_seen - 1 :], people)
    return _attempts(seen if way.startswith("votes") else seen[:, :1], people)


def _named(attempts: Attempts, way: str) -> Named:
    """Of votes whom three name; else whom the first attempt names that names anybody."""
    named = np.where(attempts.distances[..., np.newaxis] <= DISTANCES, attempts.who[..., np.newaxis], -1)  # (n, a, k)
    found = np.full((len(named), len(DISTANCES)), -1)
    for attempt in range(named.shape[1])[::-1]:
        who = named[:, attempt]
        counts = (named == who[:, np.newaxis]).sum(axis=1) >= 3 if way.startswith("votes") else True
        found = np.where((who >= 0) & counts, who, found)
    return found


def _windows(seen: Floats, n_window: int) -> Floats:
    """(n, q, d): the latest ``n_window`` fused, at each frame."""
    return np.stack([unit(seen[:, max(0, i + 1 - n_window) : i + 1].sum(axis=1)) for i in range(seen.shape[1])], axis=1)


def _attempts(probes: Floats, people: Floats) -> Attempts:
    distances = 2 - 2 * probes @ people.T  # (n, a, N)
    return Attempts(distances.min(axis=-1), distances.argmin(axis=-1))


def _told(own: NDArray[np.bool_], others: NDArray[np.bool_]) -> str:
    """FNIR at each FPIR, over all draws together; then both at the fixed distance."""
    fpir, fnir = others.mean(axis=0), 1 - own.mean(axis=0)
    fixed = int(np.argmin(np.abs(DISTANCES - FIXED)))
    told = [fnir[np.flatnonzero(fpir <= each)[-1]] for each in FPIRS] + [fpir[fixed], fnir[fixed]]
    return " | ".join(f"{each:.4f}"[1:] for each in told)
