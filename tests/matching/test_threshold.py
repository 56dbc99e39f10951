"""The distance that follows a budget: what it promises, and what happens when it cannot."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edge.matching.combination import Combination
from edge.matching.gallery import Gallery
from edge.matching.matcher import Rule
from edge.matching.policy import Policy
from edge.matching.score_table import ScoreTable
from edge.matching.threshold import Budget, Promise, one_in, two_digits

pytestmark = pytest.mark.native

SMALLEST = 1e-6
DISTANCES = [0.4, 0.6, 0.8, 1.0, 1.2, 1.4]
TABLES: dict[str, Any] = {
    "model": "m",
    "n_people": 1000,
    "smallest_fmr": SMALLEST,
    "distances": DISTANCES,
    "fmr": [SMALLEST, SMALLEST, 1e-5, 2e-4, 2e-3, 2e-2],
    "spread": [2.0, 2.0, 2.0, 1.0, 0.5, 0.3],
    "mean": {
        "multiples": [1, 1.4, 1.6, 1.8, 1.9],
        "misses": [
            {"n_frames": 1, "fnmr": [[rate / g for rate in (0.9, 0.6, 0.3, 0.1, 0.02, 0.0)] for g in (1, 2, 3, 4, 5)]},
            {"n_frames": 3, "fnmr": [[rate / g for rate in (0.6, 0.3, 0.1, 0.01, 0.0, 0.0)] for g in (1, 2, 3, 4, 5)]},
        ],
    },
}
TABLE = ScoreTable.of(TABLES)
BUDGET = Budget(12, 10)
SITES: tuple[tuple[int, ...], ...] = ((1,), (1,) * 10, (1,) * 84, (3,) * 100, (5, 1, 2) * 100, (1,) * 1000)


def policy(budget: Budget = BUDGET, table: ScoreTable = TABLE) -> Policy:
    return Policy(Rule(0.0, 0.1), table, budget)


def fixed(distance: float, table: ScoreTable | None = TABLE) -> Policy:
    return Policy(Rule(distance), table)


# The arithmetic


def test_a_budget_is_a_share_of_the_strangers() -> None:
    assert Budget(36.5, 10).fpir == pytest.approx(0.01)
    assert Budget(1e6, 10).fpir == 1.0
    assert str(Budget(12, 10)) == "12 a year of 10 strangers a day"


@pytest.mark.parametrize("n", [1, 10, 300, 20_000])
@pytest.mark.parametrize("distance", [0.8, 1.0, 1.3])
def test_the_fpir_is_that_of_strangers_of_whom_some_look_like_many(n: int, distance: float) -> None:
    fmr = float(np.exp(np.interp(distance, DISTANCES, np.log(TABLE.fmr))))
    spread = float(np.interp(distance, DISTANCES, TABLE.spread))
    strangers = np.random.default_rng(5).gamma(1 / spread, fmr * spread, 400_000)
    really = float(np.mean(1 - (1 - np.minimum(strangers, 1)) ** n))
    assert TABLE.fpir(distance, n) == pytest.approx(really, rel=0.03)


@pytest.mark.parametrize("load", [1.0, 84.0, 500.0])
@pytest.mark.parametrize("fpir", [0.003, 0.01, 0.2])
def test_the_distance_is_the_largest_that_keeps_the_budget(load: float, fpir: float) -> None:
    distance = TABLE.distance(fpir, load)
    assert TABLE.fpir(distance, load) <= fpir
    at_the_end = distance > DISTANCES[-1] - 1e-6
    assert at_the_end or TABLE.fpir(distance + 1e-6, load) > fpir


def test_a_table_that_begins_above_the_floor_has_its_least_distance_at_the_beginning() -> None:
    table = ScoreTable.of(TABLES | {"fmr": [2 * SMALLEST, 3e-6, 1e-5, 2e-4, 2e-3, 2e-2]})
    assert table.least_distance == DISTANCES[0]
    assert table.distance(SMALLEST, 100) == DISTANCES[0]


def test_beyond_the_table_every_stranger_is_counted() -> None:
    assert TABLE.fpir(DISTANCES[-1], 1) == pytest.approx(0.02, rel=0.02)
    assert TABLE.fpir(DISTANCES[-1] + 0.01, 1) == 1.0
    assert TABLE.fpir(4.0, 0) == 0.0, "where nobody is enrolled nobody is named"
    assert str(fixed(4.0).promise([1])) == "with 1 person: more than every second stranger is given a name"


def test_how_many_a_distance_serves_is_the_inverse_of_its_fpir() -> None:
    for load in (1.0, 50.0, 3000.0):
        assert TABLE.load_at(0.9, TABLE.fpir(0.9, load)) == pytest.approx(load)


def test_the_fpir_grows_with_the_distance_and_with_the_gallery() -> None:
    rates = np.array(
        [[TABLE.fpir(distance, load) for load in np.geomspace(1, 1e5, 30)] for distance in np.linspace(0.6, 1.4, 81)]
    )
    assert (np.diff(rates, axis=0) >= 0).all()
    assert (np.diff(rates, axis=1) > 0).all()


def test_several_templates_of_one_person_count_less_than_as_many_people() -> None:
    assert TABLE.load([3]) == pytest.approx(1.6)
    assert TABLE.load([1, 1, 1]) == pytest.approx(3)
    assert TABLE.load([10]) == pytest.approx(2 * TABLE.load([5])), "beyond what was measured, nothing is taken for granted"
    assert TABLE.load([0]) == TABLE.load([]) == 0


# What is promised


def test_it_is_said_in_plain_words() -> None:
    promise = policy(Budget(3.04, 10)).promise([1] * 84)
    assert str(promise) == "with 84 people: one stranger in 1,200 is given a name"
    assert promise.shortfall == ""
    assert (promise.n_people, promise.n_templates) == (84, 84)


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("budget", [Budget(12, 10), Budget(300, 10), Budget(12, 1)])
def test_the_budget_is_kept_or_it_is_said_why_not(site: Sequence[int], budget: Budget) -> None:
    promise = policy(budget).promise(site)
    assert promise.fpir <= budget.fpir * 1.000001 or promise.shortfall
    assert promise.fpir == pytest.approx(TABLE.fpir(promise.max_distance, TABLE.load(site)))


def test_more_people_more_templates_or_a_smaller_budget_make_the_distance_smaller() -> None:
    distances = [policy().promise(site).max_distance for site in ([1] * 10, [1] * 84, [3] * 84, [3] * 200)]
    assert distances == sorted(distances, reverse=True)
    assert len(set(distances)) == 4
    assert policy(Budget(6, 10)).promise([1] * 84).max_distance < policy().promise([1] * 84).max_distance


def test_the_matcher_of_a_gallery_has_the_distance_that_is_promised() -> None:
    axes = np.eye(81, dtype=np.float32)  # two templates for each of 40 people, and a direction that is nobody's
    gallery = Gallery(axes[:80], np.repeat(np.arange(40), 2))
    distance = policy().promise([2] * 40).max_distance
    person = (axes[0] + axes[1]) / np.float32(math.sqrt(2))
    for offset, named in ((-0.01, 0), (0.01, None)):
        cosine = 1 - (distance + offset) / 2
        match = policy().matcher(gallery).match((cosine * person + math.sqrt(1 - cosine**2) * axes[80]).astype(np.float32))
        assert match.distance == pytest.approx(distance + offset, abs=1e-4)
        assert match.person_id == named


def test_the_matcher_of_a_gallery_has_the_margin_and_the_combination_that_are_configured() -> None:
    ada, bob = np.eye(3, dtype=np.float32)[:2]
    alike = Gallery(np.stack([ada, ada]), np.array([1, 2]))
    assert Policy(Rule(1.0)).matcher(alike).match(ada).person_id == 1
    assert Policy(Rule(1.0, 0.1)).matcher(alike).match(ada).person_id is None
    both = Gallery(np.stack([ada, bob]), np.array([1, 1]))
    found = {each: Policy(Rule(1.0), combination=each).matcher(both).match(ada).distance for each in Combination}
    assert found == {
        Combination.NEAREST: 0.0,
        Combination.MEAN: pytest.approx(2 - math.sqrt(2)),
        Combination.NEAREST_TWO: 1.0,
    }


def test_nobody_enrolled_names_nobody() -> None:
    promise = policy().promise([])
    assert (promise.fpir, promise.n_people, promise.shortfall) == (0.0, 0, "")
    assert str(promise) == "nobody can be recognised: no stranger is given a name"
    assert promise.max_distance == policy().promise([1]).max_distance, "that of the first who will be"
    assert policy().promise([0, 0]) == promise, "people without a template are not enrolled"


def test_one_person_alone() -> None:
    promise = policy().promise([1])
    assert str(promise).startswith("with 1 person: one stranger in 300 ")
    assert promise.max_distance <= DISTANCES[-1]


def test_fifty_thousand_templates_are_too_many_for_this_budget() -> None:
    promise = policy().promise([5] * 10_000)
    assert promise.max_distance == TABLE.least_distance == 0.6, "as strict as can be told"
    assert "cannot be kept with 10,000 people" in promise.shortfall
    assert promise.fpir > BUDGET.fpir


def test_a_shortfall_names_a_number_of_people_and_a_budget_that_do() -> None:
    strict = Budget(0.2, 10)
    shortfall = policy(strict).promise([2] * 5000).shortfall
    served, needed = (
        float(re.findall(f"{words} ([\\d,.]+)", shortfall)[0].replace(",", "")) for words in ("could serve", "people need")
    )
    assert not policy(strict).promise([2] * int(served)).shortfall
    assert policy(strict).promise([2] * int(served + 2)).shortfall
    assert not policy(Budget(needed, 10)).promise([2] * 5000).shortfall
    assert policy(strict).promise([2] * int(served * 2)).advice.endswith("or set up another unit for some of the people")
    assert policy(strict).promise([2] * int(served * 3)).advice == "raise matching.false_positives_per_year"


def test_a_shortfall_that_no_number_of_people_mends_says_so() -> None:
    promise = policy(Budget(1e-6, 10)).promise([1])
    assert promise.shortfall.endswith(
        "it could not serve even one person with as many templates each, and 1 person needs 0.1 a year"
    )
    assert promise.advice == "raise matching.false_positives_per_year; fewer people do not help"


def test_a_number_of_strangers_has_no_idle_decimals() -> None:
    budget, counts = Budget(1, 1e6), [1] * 100
    assert " need " in policy(budget).promise(counts).shortfall
    assert ".0 a year" not in policy(budget).promise(counts).shortfall


@pytest.mark.parametrize("budget", [Budget(3650, 10), Budget(1e6, 10)])
def test_a_budget_of_all_the_strangers_is_none(budget: Budget) -> None:
    promise = policy(budget).promise([1])
    assert promise.shortfall.endswith("allows a name for every stranger: no more than 3,650 come in a year")
    assert promise.advice == "lower matching.false_positives_per_year"
    assert not policy(Budget(1000, 10)).promise([1]).shortfall


def test_a_distance_at_which_most_visits_fail_is_a_shortfall_too() -> None:
    missed_often = TABLES | {"mean": TABLES["mean"] | {"misses": [{"n_frames": 1, "fnmr": [[0.9, 0.9, 0.8, 0.4, 0.2, 0.1]] * 5}]}}
    promise = policy(table=ScoreTable.of(missed_often)).promise([1] * 300)
    assert promise.fpir <= BUDGET.fpir, "it is kept all the same"
    assert "refused more often than not, and needs more photographs" in promise.shortfall


def test_whoever_has_the_fewest_templates_decides_whether_most_visits_fail() -> None:
    rates = [[0.9, 0.9, 0.8, 0.4, 0.2, 0.1], *[[0.1, 0.1, 0.1, 0.0, 0.0, 0.0]] * 4]
    table = ScoreTable.of(TABLES | {"mean": TABLES["mean"] | {"misses": [{"n_frames": 1, "fnmr": rates}]}})
    assert policy(table=table).promise([3] * 299 + [1]).shortfall
    assert not policy(table=table).promise([3] * 299 + [2]).shortfall


def test_a_fixed_distance_is_that_and_says_what_it_means_for_the_present_gallery() -> None:
    few, many = fixed(0.8).promise([1] * 10), fixed(0.8).promise([1] * 1000)
    assert (few.max_distance, many.max_distance, many.shortfall) == (0.8, 0.8, "")
    assert str(few) == "with 10 people: one stranger in 10,000 is given a name"
    assert str(many).startswith("with 1,000 people: one stranger in 100 ")


def test_below_what_was_measured_the_promise_is_a_bound() -> None:
    assert "with 10 people: at most one stranger in" in str(fixed(0.3).promise([1] * 10))


def test_without_scores_a_fixed_distance_works_and_promises_nothing() -> None:
    promise = fixed(0.8, None).promise([1, 1])
    assert (promise.max_distance, math.isnan(promise.fpir)) == (0.8, True)
    assert "nobody knows how many strangers" in str(promise)
    assert math.isnan(fixed(0.8, None).miss_rate(0.8, 1))
    with pytest.raises(ValueError, match="table"):
        Policy(Rule(0.0), None, BUDGET)


def test_a_promise_is_never_rounded_to_the_better() -> None:
    assert one_in(1 / 1299) == "one stranger in 1,200"
    assert one_in(1 / 9.7) == "one stranger in 9"
    assert one_in(0.6) == "more than every second stranger"
    assert [two_digits(value) for value in (1.9, 99, 101, 12_345_678)] == [1, 99, 100, 12_000_000]
    assert str(Promise(0.7, 0.6, 3, 3)) == "with 3 people: more than every second stranger is given a name"


# Who is missed


def test_the_miss_rate_falls_with_distance_with_templates_and_with_frames() -> None:
    asked = policy()
    assert asked.miss_rate(0.8, 1) == pytest.approx(0.3)
    assert asked.miss_rate(0.9, 1) == pytest.approx(0.2)
    assert asked.miss_rate(0.8, 3) == pytest.approx(0.1)
    assert asked.miss_rate(0.8, 50) == asked.miss_rate(0.8, 5), "beyond five it is told for five"
    assert (asked.miss_rate(0.4, 1), asked.miss_rate(0.39, 1)) == (0.9, 1.0), "below the table everybody is missed"
    assert TABLE.miss_rate(0.8, 1, n_frames=3) == pytest.approx(0.1)
    assert TABLE.miss_rate(0.8, 1, n_frames=2) == pytest.approx(0.3), "two frames are not yet three"


def test_both_figures_are_told_and_neither_as_a_certainty() -> None:
    assert policy().missed(0.8, 1) == ("30 % of single looks miss, of 3 fused frames at best 10 %")
    assert policy().missed(1.4, 1).count("fewer than 1 %") == 2
    assert fixed(0.8, None).missed(0.8, 1) == ""


def test_of_another_method_the_misses_are_not_those_of_the_nearest() -> None:
    """With one photograph each a forest misses several times as many: docs/matching.md."""
    forest = replace(policy(), method="forest")
    assert math.isnan(forest.miss_rate(0.8, 1))
    assert forest.missed(0.8, 1) == ""
    assert '"forest"' in forest.caveat
    assert policy().caveat == ""
    assert str(forest.promise([1])).startswith("with 1 person: at most one stranger in 300 ")
    assert forest.promise([1]).max_distance == policy().promise([1]).max_distance


# A table that cannot be


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fmr": None}, "fmr"),
        ({"distances": [0.4, 0.4, 0.8, 1.0, 1.2, 1.4]}, "distances"),
        ({"fmr": [SMALLEST, 1e-3, 1e-5, 2e-4, 2e-3, 2e-2]}, "fmr"),
        ({"fmr": [0.0, SMALLEST, 1e-5, 2e-4, 2e-3, 2e-2]}, "fmr"),
        ({"fmr": TABLES["fmr"][:-1]}, "fmr"),
        ({"spread": [0.3, 0.5, 1.0, 2.0, 2.0, 2.0]}, "spread"),
        ({"smallest_fmr": "few"}, "few"),
        ({"mean": {"multiples": [1, 2], "misses": TABLES["mean"]["misses"]}}, "multiples"),
        ({"mean": {"multiples": TABLES["mean"]["multiples"], "misses": []}}, "misses"),
        (
            {"mean": {"multiples": TABLES["mean"]["multiples"], "misses": [{"n_frames": 1, "fnmr": [[0, 1, 0, 0, 0, 0]] * 5}]}},
            "misses",
        ),
        ({"mean": {"multiples": TABLES["mean"]["multiples"], "misses": [{"n_frames": 1, "fnmr": [[7] * 6] * 5}]}}, "misses"),
        ({"mean": 3}, "int"),
    ],
)
def test_a_table_that_cannot_be_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ScoreTable.of({key: value for key, value in (TABLES | change).items() if value is not None})
