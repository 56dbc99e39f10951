"""The table of scores: measured on made-up people it keeps its promise on others; the committed one belongs to the network."""

from __future__ import annotations

import tomllib
from itertools import takewhile
from math import erfc, sqrt
from typing import Any

import numpy as np
import pytest

from edge.device.manifest import read_spec
from edge.errors import EnrolError
from edge.evaluation.budget import row
from edge.evaluation.levels import STEP
from edge.evaluation.open_set import Setting, draws
from edge.evaluation.samples import Samples
from edge.matching.combination import Combination
from edge.matching.score_table import ScoreTable
from edge.vectors import unit
from models import MANIFEST
from models.score_distances import GRID, SPREADS, _pairs, _spread, measured
from models.score_tail import smooth
from models.scores import proof, text
from models.studies import promise

D = 24


def people(n_photographs: list[int], seed: int) -> Samples:
    """Unit vectors that scatter about each person's own direction; some people are more alike than others."""
    generator = np.random.default_rng(seed)
    persons = np.repeat(np.arange(len(n_photographs)), n_photographs)
    scales = np.linspace(1.3, 0.7, D)
    centres = generator.normal(size=(len(n_photographs), D)) * scales
    vectors = centres[persons] + 0.6 * generator.normal(size=(len(persons), D))
    return Samples(unit(vectors.astype(np.float32)), persons, np.array(n_photographs))


SITE = [1] * 400 + [2] * 150 + [4] * 100 + [8] * 30


@pytest.fixture(scope="module")
def tables() -> dict[str, Any]:
    return {"model": "made-up"} | measured([people(SITE, seed) for seed in (1, 2)])


@pytest.mark.parametrize("combination", Combination)
@pytest.mark.parametrize("setting", [Setting(20, 1, 1), Setting(200, 1, 1), Setting(100, 3, 1)])
def test_other_people_have_the_fpir_that_is_promised(tables: dict[str, Any], setting: Setting, combination: Combination) -> None:
    table, real = ScoreTable.of(tables, combination), []
    for seed in (11, 12, 13):
        others = people(SITE, seed)
        real.append(row(table, setting, draws(others, setting, combination), 0.05).fpir)
    assert 0.6 < np.mean(real) / 0.05 < 1.6


def test_the_miss_rate_is_that_of_other_people(tables: dict[str, Any]) -> None:
    table, others = ScoreTable.of(tables), people(SITE, 11)
    for n_templates in (1, 3):
        found = draws(others, Setting(100, n_templates, 1))
        distance = np.quantile(np.concatenate([draw.mated for draw in found]), 0.8) * STEP
        assert distance > GRID[0], "below, the table does not tell"
        assert table.miss_rate(distance, n_templates) == pytest.approx(0.2, abs=0.05)


def test_more_templates_never_look_worse(tables: dict[str, Any]) -> None:
    """Not so by themselves: the few who have many photographs are other people than those with few."""
    for combination in Combination:
        for each in tables[combination.value]["misses"]:
            assert (np.diff(each["fnmr"], axis=0) <= 0).all()


def test_fused_frames_miss_far_fewer(tables: dict[str, Any]) -> None:
    table = ScoreTable.of(tables)
    assert table.miss_rate(0.8, 1, n_frames=3) < 0.3 * table.miss_rate(0.8, 1)


def test_where_nobody_is_like_many_the_spread_is_the_smallest() -> None:
    """Chance makes some strangers near more people than others; that is no spread."""
    vectors = np.random.default_rng(3).normal(size=(1000, D)).astype(np.float32)
    even = Samples(unit(vectors), np.arange(1000), np.ones(1000, int))
    n_pairs = np.array([(_pairs(even)[0] <= distance).sum() for distance in GRID]) / 2
    assert 100 < n_pairs[GRID == 0.8] < 1000, "a stranger is near one other person, or nobody"
    assert (_spread([even], n_pairs) == SPREADS[0]).all()


def test_the_tail_of_a_normal_distribution_is_found_from_a_few_thousand_pairs() -> None:
    generator = np.random.default_rng(3)
    distances = generator.normal(2.0, 0.3, 1_000_000)
    pairs = np.stack([distances, np.ones(len(distances))])[:, distances < GRID[-1]]
    told = smooth(pairs, len(distances), GRID)
    true = np.array([0.5 * erfc((2.0 - at) / 0.3 / sqrt(2)) for at in GRID])
    known = true > 3e-6
    assert np.abs(np.log(told[known] / true[known])).max() < 0.25


def test_too_few_people_are_refused() -> None:
    with pytest.raises(EnrolError, match="too few"):
        measured([people([1, 2, 6, 6], 1)])


def test_the_promise_is_tried_on_people_who_did_not_make_it() -> None:
    """The distance of a fold hangs on the others alone."""
    first, second, another = (people(SITE, seed) for seed in (1, 2, 3))
    tried = [
        [line.split("distance ")[1] for line in takewhile(lambda line: line.startswith("fold 1:"), proof(folds))]
        for folds in ([first, second], [another, second], [first, another])
    ]
    assert len(tried[0]) > 3
    assert tried[0] == tried[1] != tried[2]


def test_what_is_written_reads_back(tables: dict[str, Any]) -> None:
    back = ScoreTable.of(tomllib.loads(text(tables)))
    assert back.model == "made-up"
    assert back.fmr == pytest.approx(tables["fmr"], rel=1e-3)
    assert back.misses[3] == pytest.approx(tables["mean"]["misses"][1]["fnmr"], rel=1e-3)


def test_the_committed_table_is_of_the_committed_network() -> None:
    path = MANIFEST.with_name("scores.toml")
    tables = tomllib.loads(path.read_text("utf-8"))
    assert tables["model"] == read_spec(MANIFEST, "facenet").model, "make scores"
    assert path.stat().st_size < 10_000
    for combination in Combination:
        table = ScoreTable.of(tables, combination)
        assert 0.5 < table.least_distance < 0.9
        assert table.multiples[0] == 1


def test_the_galleries_that_are_tried_leave_everybody_a_photograph_to_come_with() -> None:
    fold = people(SITE, 5)
    for gallery in promise.galleries(fold, 40, 5):
        persons = [set(fold.persons[rows]) for rows in gallery]
        assert all(len(each) == 1 for each in persons)
        assert len(set().union(*persons)) == 40
        assert all(1 <= len(rows) <= min(5, fold.n_templates[fold.persons[rows[0]]] - 1) for rows in gallery)
    visit = promise.visit(fold, gallery)
    assert visit.strangers.shape == (400, 2)
    assert (np.diff(visit.strangers) >= 0).all()
    assert visit.is_right.mean() > 0.5


def test_a_margin_trades_misses_for_names_that_are_wrong() -> None:
    fold = people(SITE, 5)
    told = [line.split(": FNIR ") for line in promise.margins([fold], sites=((100, 1),))]
    wrong = [float(line.rsplit(" ", 1)[1]) for _, line in told[: len(promise.MARGINS)]]
    assert 0 < wrong[-1] < wrong[0]
