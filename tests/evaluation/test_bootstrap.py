"""Intervals by person: right where they can be reckoned anew, wide where people are few."""

from __future__ import annotations

import math

import numpy as np
import pytest
from crowds import crowd

from edge.evaluation import bootstrap
from edge.evaluation.open_set import Setting, draws
from edge.evaluation.samples import Samples
from edge.evaluation.scores import score

SETTING = Setting(10, 2, 1)


def resampled(samples: Samples, drawn: np.ndarray) -> Samples:
    """Everybody as often as they were drawn; copies of a person stay one person, as the bootstrap counts them."""
    rows = np.concatenate([np.tile(np.flatnonzero(samples.persons == person), n) for person, n in enumerate(drawn)])
    return Samples(samples.templates[rows], samples.persons[rows], samples.n_photographs)


def test_the_weights_are_draws_of_as_many_people() -> None:
    weights = bootstrap.draw_people(30)
    assert weights.shape == (bootstrap.N_REPLICATES, 30)
    assert (weights.sum(axis=1) == 30).all()
    np.testing.assert_array_equal(weights, bootstrap.draw_people(30))


def test_weighing_is_the_same_as_writing_people_down_several_times() -> None:
    samples = crowd([3] * 12 + [1] * 6, scatter=1.0)
    scores, weights = score(samples), bootstrap.draw_people(18)[:6]
    for drawn in weights:
        (weighed,) = bootstrap.fnmr_intervals(samples, scores, fmrs=[0.05], weights=drawn[None])
        assert weighed.low == weighed.high
        assert weighed.low == pytest.approx(_fnmr(resampled(samples, drawn), samples, drawn))


def _fnmr(copies: Samples, samples: Samples, drawn: np.ndarray) -> float:
    """The threshold from the copies' different-person pairs; each person's own pairs once for each time they were drawn."""
    found = score(copies)
    at = found.threshold(0.05)
    alone = [score(Samples(samples.templates[r], samples.persons[r], samples.n_photographs)) for r in samples.rows]
    refused = sum(n * (s.n_same - s.same_below[at]) for n, s in zip(drawn, alone, strict=True))
    return float(refused / sum(n * s.n_same for n, s in zip(drawn, alone, strict=True)))


def test_with_everybody_once_the_fnir_is_the_mean_of_the_draws() -> None:
    samples = crowd([4] * 12 + [1] * 40, scatter=1.0)
    found = draws(samples, SETTING)
    once = np.ones((1, samples.n_people), np.int32)
    intervals = bootstrap.fnir_intervals(samples, found, fpirs=[0.05, 0.2], weights=once)
    assert [i.low for i in intervals] == pytest.approx([np.mean([d.fnir(p) for d in found]) for p in (0.05, 0.2)])


def test_more_people_make_it_narrower() -> None:
    widths = []
    for n in (20, 200):
        samples = crowd([3] * n, scatter=1.0)
        scores = score(samples)
        (found,) = bootstrap.fnmr_intervals(samples, scores, fmrs=[0.01], weights=bootstrap.draw_people(n))
        assert found.low <= scores.fnmr(scores.threshold(0.01)) <= found.high
        widths.append(found.high - found.low)
    assert widths[1] < widths[0] / 2


def test_replicates_that_drew_nobody_who_counts_are_left_out() -> None:
    assert bootstrap.interval(np.array([np.nan, 0.5, 0.5])) == (0.5, 0.5)
    assert all(map(math.isnan, bootstrap.interval(np.full(3, np.nan))))
    samples = crowd([2, 1, 1])
    weights = np.array([[0, 2, 1], [1, 1, 1]], np.int32)
    (found,) = bootstrap.fnmr_intervals(samples, score(samples), fmrs=[0.2], weights=weights)
    assert 0 <= found.low <= found.high <= 1


def test_somebody_with_very_many_photographs_comes_in_parts() -> None:
    """With everybody once the share refused is that of all pairs, however many parts they came in."""
    samples = crowd([bootstrap.ROWS_AT_ONCE + 300, 3, 40], scatter=1.0)
    scores = score(samples)
    (found,) = bootstrap.fnmr_intervals(samples, scores, fmrs=[0.1], weights=np.ones((1, 3), np.int32))
    assert found.low == pytest.approx(scores.fnmr(scores.threshold(0.1)), abs=1e-5)
