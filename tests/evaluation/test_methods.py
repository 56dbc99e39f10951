"""The methods beside each other: the same draws, each definition spelt out, and what cannot be told has its reason."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from functools import cache
from xml.etree import ElementTree

import numpy as np
import pytest
from crowds import crowd
from test_page import HANDED, contents

from edge.errors import ConfigError
from edge.evaluation import methods, open_set
from edge.evaluation.figures import Figures, measure
from edge.evaluation.methods import NEAR, SURE, Row, compare
from edge.evaluation.open_set import Cast, Setting, casts, draws
from edge.evaluation.page import page
from edge.evaluation.samples import Samples
from edge.evaluation.text import lines
from edge.matching.classifiers import learn
from edge.matching.gallery import Gallery, NearestTemplate
from edge.matching.matcher import Rule

pytest.importorskip("sklearn", reason="scikit-learn is optional and not installed: requirements/classifiers.txt")

SMALL = Setting(12, 2, 1)


@pytest.fixture(autouse=True)
def _three_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_set, "N_DRAWS", 3)


@cache
def known() -> tuple[Samples, tuple[Row, ...]]:
    samples = crowd([4] * 14 + [1] * 40, scatter=1.0)
    return samples, tuple(compare(samples, {SMALL: draws(samples, SMALL)}))


def fnir(method: str, rejection: str, fpir: float = 0.05) -> float:
    (row,) = (row for row in known()[1] if (row.method, row.rejection, row.fpir) == (method, rejection, fpir))
    return row.fnir


def one_by_one(samples: Samples, cast: Cast, *, method: str, rejection: str) -> float:
    """FNIR at FPIR 5 % by asking about each probe alone, with Python's own numbers."""
    gallery = Gallery(samples.templates[cast.enrolled], samples.persons[cast.enrolled])
    classifier, people = learn(method, gallery.templates, gallery.person_ids), sorted(set(gallery.person_ids.tolist()))
    nearest = NearestTemplate(gallery, Rule(4.0))

    def judged(probe: np.ndarray) -> tuple[int, float]:
        sureness = classifier.sureness(probe[None])[0].tolist()
        best = sureness.index(max(sureness))
        return people[best], float(nearest.distances(probe)[best]) if rejection == NEAR else -sureness[best]

    scores = sorted(judged(samples.templates[row])[1] for row in samples.strangers)
    at = scores[math.floor(0.05 * len(scores) + 1e-9)]
    found = [judged(samples.templates[row]) for (row,) in cast.probes]
    right = [person == own and score < at for (person, score), own in zip(found, cast.persons, strict=True)]
    return 1 - sum(right) / len(right)


@pytest.mark.parametrize("rejection", [NEAR, SURE])
@pytest.mark.parametrize("method", ["svm", "forest"])
def test_fnir_is_what_asking_one_by_one_gives(method: str, rejection: str) -> None:
    samples = known()[0]
    alone = [one_by_one(samples, cast, method=method, rejection=rejection) for cast in casts(samples, SMALL)]
    assert fnir(method, rejection) == pytest.approx(np.mean(alone), abs=1e-9)


def test_nearest_is_the_figure_that_is_quoted() -> None:
    samples = known()[0]
    assert fnir("nearest", NEAR) == np.mean([draw.fnir(0.05) for draw in draws(samples, SMALL)])


def test_every_method_has_a_row_for_each_share_that_the_strangers_allow() -> None:
    told = [(row.method, row.rejection, row.fpir) for row in known()[1]]
    kinds = [("nearest", NEAR), ("svm", SURE), ("svm", NEAR), ("forest", SURE), ("forest", NEAR)]
    assert told == [(*kind, 0.05) for kind in kinds], "forty strangers do not tell 1 %"


def test_the_draws_are_those_of_the_open_set() -> None:
    """A gallery that tells everybody apart: whoever is drawn, every method is right about everybody."""
    people = np.repeat(np.arange(15), 3)
    alone = np.arange(15, 55)
    samples = Samples(np.eye(55, dtype=np.float32)[[*people, *alone]], np.array([*people, *alone]), np.array([3] * 15 + [1] * 40))
    rows = compare(samples, {SMALL: draws(samples, SMALL)})
    assert {row.words: row.fnir for row in rows if row.method != "forest"} == {
        "nearest": 0,
        "svm, sure enough": 0,
        "svm, near enough": 0,
    }


def test_too_many_for_a_forest_is_said_and_not_in_the_json() -> None:
    samples = crowd([2] * 101 + [1] * 20, scatter=1.0, d=8)
    setting = Setting(101, 1, 1)
    rows = [row for row in compare(samples, {setting: draws(samples, setting)[:1]}) if row.method == "forest"]
    assert [row.obstacle for row in rows] == ["learns at most 100 people: more would keep the door waiting"]
    assert "N=101 g=1 q=1, forest" in methods.lines(rows)[0]
    assert "learns at most 100 people" in methods.lines(rows)[0]
    assert "learns at most 100 people" in methods.section(rows)


def test_a_setting_without_draws_has_no_rows() -> None:
    assert compare(known()[0], {Setting(100, 1, 1): ()}) == []


def with_methods() -> tuple[Samples, Figures]:
    samples, rows = known()
    return samples, replace(measure(samples, HANDED), methods=rows)


def test_text_page_and_json_tell_them() -> None:
    samples, figures = with_methods()
    told = figures.to_dict()["methods"]
    assert [list(row) for row in told] == [["method", "rejection", "n", "g", "q", "fpir", "fnir", "fnir_sd"]] * 5
    assert told[0] | {"fnir": 0, "fnir_sd": 0} == {
        "method": "nearest",
        "rejection": "distance",
        "n": 12,
        "g": 2,
        "q": 1,
        "fpir": 0.05,
        "fnir": 0,
        "fnir_sd": 0,
    }
    shown = [line for line in lines(figures) if "svm, near enough" in line]
    assert len(shown) == 1
    assert f"{fnir('svm', NEAR):.4f}" in shown[0]
    tree = ElementTree.fromstring(page(contents(samples, figures)))  # noqa: S314  our own page
    cells = [[cell.text or "".join(cell.itertext()) for cell in row] for row in tree.iter("{http://www.w3.org/1999/xhtml}tr")]
    (row,) = (row for row in cells if "svm, near enough" in row)
    assert row[:3] == ["12", "2", "1"]
    assert row[5:] == ["–", "–"]


def test_nothing_is_said_where_it_was_not_asked_for() -> None:
    samples = known()[0]
    figures = measure(samples, HANDED)
    assert "methods" not in figures.to_dict()
    assert "Other methods" not in page(contents(samples, figures))


def test_without_scikit_learn_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ConfigError, match=r"--methods needs scikit-learn.*requirements/classifiers.txt`\."):
        methods.check()


def test_progress_hears_of_every_method_in_every_setting() -> None:
    samples = crowd([4] * 14 + [1] * 40, scatter=1.0)
    heard: list[object] = []
    one = open_set.draws(samples, SMALL)[:1]
    compare(samples, {SMALL: one}, progress=lambda jobs: [heard.append(job) or job for job in jobs])
    assert heard == [(SMALL, "nearest"), (SMALL, "svm"), (SMALL, "forest")]
