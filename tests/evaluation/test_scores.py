"""FNMR and DET against a reimplementation that holds every pair, and against cases that can be reckoned by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from crowds import crowd
from hypothesis import given
from hypothesis import strategies as st

from edge.evaluation import scores as scoring
from edge.evaluation.confusions import alike, farthest_selves, nearest_strangers
from edge.evaluation.levels import N_LEVELS, STEP, levels, n_accepted, threshold
from edge.evaluation.samples import Samples
from edge.evaluation.selection import Nearest


def all_pairs(samples: Samples) -> tuple[list[int], list[int]]:
    """Levels of the same-person and of the different-person pairs, one by one, in float64."""
    same, different = [], []
    for i, j in itertools.combinations(range(len(samples.persons)), 2):
        a, b = samples.templates[i].astype(float), samples.templates[j].astype(float)
        (same if samples.persons[i] == samples.persons[j] else different).append(round(float(np.sum((a - b) ** 2)) / STEP))
    return same, different


def by_hand(same: list[int], different: list[int], fmr: float) -> float:
    """FNMR: the threshold is the largest that accepts no more than a share fmr of the different-person pairs."""
    allowed = math.floor(fmr * len(different) + 1e-9)
    at = max(t for t in [*different, N_LEVELS] if sum(d < t for d in different) <= allowed)
    return sum(s >= at for s in same) / len(same)


@pytest.mark.parametrize("fmr", [0.001, 0.01, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fnmr_is_what_all_pairs_one_by_one_give(fmr: float, seed: int) -> None:
    samples = crowd([1, 2, 3, 5, 1, 8, 4, 1, 2, 2, 9, 1], seed=seed)
    found = scoring.score(samples)
    same, different = all_pairs(samples)
    assert (found.n_same, found.n_different) == (len(same), len(different))
    # Squares that are summed in another order end one level beside: that moves one pair at most, of 97.
    assert found.fnmr(found.threshold(fmr)) == pytest.approx(by_hand(same, different, fmr), abs=1.01 / len(same))


@given(st.lists(st.tuples(st.integers(0, 60), st.booleans()), min_size=2, max_size=80), st.sampled_from([0.05, 0.2, 0.7, 1.0]))
def test_ties_never_exceed_the_share(pairs: list[tuple[int, bool]], share: float) -> None:
    different = sorted(level for level, is_same in pairs if not is_same)
    same = [level for level, is_same in pairs if is_same]
    tables = [np.bincount(np.array(side, int), minlength=N_LEVELS) for side in (same, different)]
    found = scoring.Scores(*tables, None, None)
    if same and different:
        at = found.threshold(share)
        assert found.fmr(at) <= share
        assert found.fnmr(at) == pytest.approx(by_hand(same, different, share))
        assert at == N_LEVELS or at == threshold(np.array(different), share)


def test_rounding_to_levels_moves_no_distance_by_more_than_a_step() -> None:
    templates = crowd([1] * 60, d=128).templates
    exact = 2 - 2 * templates.astype(float) @ templates.astype(float).T
    assert np.abs(levels(templates, templates) * STEP - exact).max() <= STEP


def test_blocks_are_put_together_without_seam() -> None:
    samples = crowd([3, 1] * 300 + [7] * 140, d=8)
    assert len(samples.persons) > 2 * scoring.BLOCK
    found = scoring.score(samples)
    above = np.triu(np.ones((len(samples.persons),) * 2, bool), 1)
    same = samples.persons[:, None] == samples.persons
    distances = 2 - 2 * samples.templates.astype(float) @ samples.templates.T.astype(float)
    for table, wanted in ((found.same_below, same), (found.different_below, ~same)):
        counts = np.bincount(np.rint(distances[above & wanted] / STEP).clip(0).astype(int), minlength=N_LEVELS)
        assert table[-1] == counts.sum()
        # Rounding in float32 puts a few pairs one level beside.
        assert np.abs(table[1:] - np.cumsum(counts)).max() <= 8
    nearest = np.sort(distances[above & ~same])[: len(found.nearest)]
    assert len(nearest) >= scoring.MIN_TAIL
    assert np.abs(found.nearest.levels * STEP - nearest).max() <= 2 * STEP


def test_people_far_apart_are_told_apart_without_error() -> None:
    samples = Samples(np.repeat(np.eye(40, dtype=np.float32), 2, axis=0), np.repeat(np.arange(40), 2), np.full(40, 2))
    found = scoring.score(samples)
    assert found.fnmr(found.threshold(1e-3)) == 0
    assert found.threshold(1e-3) * STEP == pytest.approx(2.0)


def test_one_face_for_all_cannot_be_told_apart_at_all() -> None:
    """A thousand copies under many names: everything is tied, so nothing may be accepted."""
    samples = Samples(np.full((1000, 4), 0.5, np.float32), np.arange(1000) // 2, np.full(500, 2))
    found = scoring.score(samples)
    assert found.threshold(1e-3) == 0
    assert found.fnmr(0) == 1
    assert found.fmr(1) == 1


def test_det_falls_and_reaches_from_one_pair_to_all() -> None:
    found = scoring.score(crowd([2] * 60, scatter=1.2))
    fmr, fnmr = found.det()
    assert fmr[0] == pytest.approx(1 / found.n_different)
    assert (fmr[-1], fnmr[-1]) == (1, 0)
    assert (np.diff(fmr) > 0).all()
    assert (np.diff(fnmr) <= 0).all()


@pytest.mark.parametrize(
    ("n_photographs", "reason"),
    [
        ([1, 1, 1], "nobody has two photographs"),
        ([5], "only one person"),
        ([2, 2, 2], "1,000 different-person pairs are needed; there are 12"),
    ],
)
def test_what_cannot_be_told_has_a_reason(n_photographs: list[int], reason: str) -> None:
    assert reason in scoring.score(crowd(n_photographs)).obstacle(1e-3)


def test_the_share_forgives_the_last_bit() -> None:
    assert n_accepted(0.003, 1000) == 3
    assert n_accepted(0.07, 100) == 7
    assert n_accepted(0.01, 99) == 0


def test_the_nearest_are_kept_whichever_way_they_come() -> None:
    generator = np.random.default_rng(3)
    table = generator.integers(0, 5000, (50, 40)).astype(np.int32)
    nearest = Nearest(25)
    for row in range(0, 50, 5):
        nearest.add(table[row : row + 5], np.ones((5, 40), bool), (row, 0))
    kept = nearest.ranked()
    assert kept.levels.tolist() == np.sort(table.ravel())[:25].tolist()
    assert table[kept.first, kept.second].tolist() == kept.levels.tolist()


def test_the_worst_confusions_name_each_two_people_once() -> None:
    samples = crowd([4] * 30, scatter=0.2, d=64)
    twin = samples.templates.copy()
    twin[4:8] = twin[0:4]  # person 1 has person 0's photographs
    samples = Samples(twin, samples.persons, samples.n_photographs)
    found = scoring.score(samples)
    worst = nearest_strangers(samples, found)
    assert {int(samples.persons[row]) for row in worst[0][:2]} == {0, 1}
    assert worst[0].distance == 0
    assert len({frozenset(samples.persons[list(pair[:2])].tolist()) for pair in worst}) == len(worst)
    assert [{int(samples.persons[row]) for row in pair[:2]} for pair in alike(samples, found)] == [{0, 1}]
    far = farthest_selves(samples, found)
    assert all(samples.persons[pair.first] == samples.persons[pair.second] for pair in far)
    assert [pair.distance for pair in far] == sorted((pair.distance for pair in far), reverse=True)
