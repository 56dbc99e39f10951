"""The promise, tried on a folder: counted by hand, and on the page, in the text and in the JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
from crowds import crowd

from edge.evaluation.budget import section, tried
from edge.evaluation.figures import Handed, measure
from edge.evaluation.levels import STEP
from edge.evaluation.open_set import Draw, Setting
from edge.evaluation.text import lines
from edge.matching.matcher import Rule
from edge.matching.policy import Policy
from edge.matching.score_table import ScoreTable

TABLE = ScoreTable.of(
    {
        "model": "scripted",
        "n_people": 500,
        "smallest_fmr": 1e-6,
        "distances": [0.0, 0.5, 1.0],
        "fmr": [1e-6, 1e-4, 1e-2],
        "spread": [0.1, 0.1, 0.1],
        "mean": {"multiples": [1, 2, 3, 4, 5], "misses": [{"n_frames": 1, "fnmr": [[1, 0.5, 0]] * 5}]},
    }
)
BUDGETS = [0.05, 0.01, 0.003]


def draw(strangers: list[float], mated: list[float]) -> Draw:
    levels = [np.array([round(distance / STEP) for distance in distances], np.int32) for distances in (strangers, mated)]
    return Draw(*levels, np.zeros(len(mated), np.intp))


def test_strangers_and_misses_are_counted_at_the_distance_of_the_table() -> None:
    # FMR 1e-4 for each of 100 templates is an FPIR of 1 %: distance 0.5
    draws = [draw([0.3, 0.6, 0.7, 0.9] * 100, [0.2, 0.4, 0.8]), draw([0.55, 0.6, 0.7, 0.9] * 100, [0.2, 0.4, 0.45])]
    rows = tried(TABLE, {Setting(100, 1, 1): draws})
    assert [row.budget for row in rows] == BUDGETS
    assert rows[1].distance == pytest.approx(0.5, abs=0.001)
    assert (rows[1].fpir, rows[1].fnir) == (pytest.approx(1 / 8), pytest.approx(1 / 6))


def test_more_templates_of_a_person_make_the_distance_smaller() -> None:
    draws = [draw([0.3] * 400, [0.2])]
    rows = tried(TABLE, {Setting(100, 1, 1): draws, Setting(100, 3, 1): draws})
    alone, several = ([row.distance for row in rows if row.setting.g == g] for g in (1, 3))
    assert len(alone) == len(BUDGETS)
    assert all(a > b for a, b in zip(alone, several, strict=True))


def test_settings_without_draws_and_with_fused_probes_have_no_row() -> None:
    assert tried(TABLE, {Setting(400, 1, 1): (), Setting(100, 3, 3): [draw([0.3] * 400, [0.2])]}) == ()


@pytest.mark.parametrize(("n_strangers", "n_budgets"), [(19, 0), (20, 1), (200, 2), (333, 2), (334, 3)])
def test_a_budget_of_less_than_one_stranger_has_no_row(n_strangers: int, n_budgets: int) -> None:
    rows = tried(TABLE, {Setting(100, 1, 1): [draw([0.3] * n_strangers, [0.2])]})
    assert [row.budget for row in rows] == BUDGETS[:n_budgets]


def test_text_json_and_page_have_the_rows_where_there_are_scores() -> None:
    samples, handed = crowd([1] * 400 + [2] * 120), Handed("scripted/1", 128, n_people=520, n_photos=640, n_failed=0)
    figures = measure(samples, handed, policy=Policy(Rule(0.0), TABLE))
    told = figures.to_dict()["budget"]
    assert [(row["n"], row["g"], row["q"], row["budget"]) for row in told] == [
        (n, 1, 1, budget) for n in (100, 120) for budget in BUDGETS
    ]
    assert all(list(row) == ["n", "g", "q", "budget", "distance", "fpir", "fnir"] for row in told)
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert sum(line.startswith("budget 1.0%, N=100 g=1 q=1") for line in lines(figures)) == 1
    assert section(figures.budgets).count("<tr>") == 7


def test_without_scores_nothing_is_said() -> None:
    figures = measure(crowd([1] * 5 + [2] * 5), Handed("scripted/1", 128, n_people=10, n_photos=15, n_failed=0))
    assert figures.to_dict()["budget"] == []
    assert section(figures.budgets) == ""
