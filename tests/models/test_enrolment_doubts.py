"""What is measured of enrolment's doubts, on made-up people of whom the answer is known."""

from __future__ import annotations

import numpy as np

from edge.evaluation.samples import Samples
from edge.vectors import unit
from models.studies import likeness


def crowd(n_people: int, n_photographs: int, *, scatter: float) -> Samples:
    generator = np.random.default_rng(5)
    persons = np.repeat(np.arange(n_people), n_photographs)
    vectors = np.eye(n_people, 128)[persons] + scatter * generator.normal(size=(len(persons), 128))
    return Samples(unit(vectors.astype(np.float32)), persons, np.full(n_people, n_photographs))


def test_people_who_never_change_are_always_told_apart() -> None:
    folds = [crowd(12, 8, scatter=0.03)]
    assert [line.split(": ", 1)[1] for line in likeness.two_codes(folds)] == [
        "found out 100.0%; somebody new taken for one of up to 12 others 0.00% (of 120)"
    ] * 4
    assert all(": 0.00% refused; " in line and "refused 100.0%" in line for line in likeness.wrong(folds))
    (line,) = likeness.mixed(folds, 1.0)
    assert line.endswith("the right one is named in 100% of first looks, the wrong one in 100% (of 120)"), (
        "half-way is near to both"
    )
    assert "named in 0% of first looks, the wrong one in 0%" in next(likeness.mixed(folds, 0.3))
    assert all(line.endswith(": 0.00% refused; of another person's 100.0% (of 120)") for line in likeness.later(folds))


def test_people_who_look_like_everybody_are_never_found_out() -> None:
    folds = [crowd(12, 8, scatter=1.0)]
    assert all("found out 0.0%" in line for line in likeness.two_codes(folds))
    assert all("100.00% refused" in line for line in likeness.later(folds))


def test_what_too_few_photographs_cannot_tell_is_left_out() -> None:
    folds = [crowd(6, 2, scatter=0.03)]
    assert [len(list(part(folds))) for part in (likeness.two_codes, likeness.wrong, likeness.later)] == [1, 1, 1]
