"""The page and the JSON: whole, well-formed, needing nothing from outside, the same each time."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from functools import cache
from xml.etree import ElementTree

import numpy as np
import pytest
from crowds import crowd

from edge.evaluation.charts import open_set_legend
from edge.evaluation.confusions import farthest_selves, nearest_strangers
from edge.evaluation.figures import Figures, Handed, measure
from edge.evaluation.page import Contents, page
from edge.evaluation.pairs import Accuracy
from edge.evaluation.samples import Samples
from edge.evaluation.terms import COUNTS_AS, made
from edge.evaluation.text import copies, lines, look_alikes
from edge.matching.combination import Combination

HANDED = Handed("scripted/1", 128, n_people=520, n_photos=1052, n_failed=2)
SHARES = (0.05, 0.01, 0.003)
SETTINGS = ((100, 1, 1), (400, 1, 1), (100, 3, 1), (100, 3, 3))


@cache
def whole() -> tuple[Samples, Figures]:
    """A folder that allows every figure: 400 strangers, 410 people with two to six photographs."""
    samples = crowd([1] * 400 + [2] * 300 + [6] * 110, scatter=1.1, d=24)
    return samples, measure(samples, HANDED, lfw=Accuracy(0.9876, 0.01, 2000, 3))


def contents(samples: Samples, figures: Figures) -> Contents:
    places = [f"{person}/<{row}> & co.jpg" for row, person in enumerate(samples.persons)]
    strangers, selves = nearest_strangers(samples, figures.scores), farthest_selves(samples, figures.scores)
    return Contents(figures, "people & <friends>", 0.8, places, strangers, selves)


def small(n_photographs: list[int]) -> tuple[Samples, Figures]:
    samples = crowd(n_photographs)
    return samples, measure(samples, replace(HANDED, n_people=len(n_photographs), n_photos=sum(n_photographs), n_failed=0))


def test_json_has_the_agreed_form() -> None:
    told = whole()[1].to_dict()
    assert list(told) == ["n_people", "n_photos", "n_failed", "model", "template_bytes", "fnmr", "fnir", "lfw_accuracy", "budget"]
    assert list(told["fnmr"]) == ["1e-3", "1e-4", "1e-5"]
    assert [(row["n"], row["g"], row["q"], row["fpir"]) for row in told["fnir"]] == [(*s, p) for s in SETTINGS for p in SHARES]
    for row in told["fnir"]:
        assert list(row) == ["n", "g", "q", "fpir", "fnir", "fnir_sd", "n_probes", "n_strangers"]
        assert 0 <= row["fnir"] <= 1
        assert row["n_strangers"] == 400
        assert isinstance(row["n_probes"], int)
    assert told["lfw_accuracy"] == 0.9876
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_the_same_templates_give_the_same_bytes() -> None:
    samples, figures = whole()
    again = measure(Samples(samples.templates, samples.persons, samples.n_photographs), HANDED, lfw=figures.lfw)
    assert json.dumps(again.to_dict()) == json.dumps(figures.to_dict())
    assert page(contents(samples, again)) == page(contents(samples, figures))


def test_figures_lie_within_their_intervals() -> None:
    figures = whole()[1]
    for each in figures.verifications:
        assert each.interval.low <= each.fnmr <= each.interval.high
    for each in figures.identifications:
        assert each.interval.low <= each.fnir <= each.interval.high


@pytest.mark.parametrize("n_photographs", [None, [5], [1, 1, 1], [2, 2], [4] * 20, [1] * 40 + [3] * 5])
def test_the_page_is_well_formed_and_needs_nothing_from_outside(n_photographs: list[int] | None) -> None:
    text = page(contents(*(small(n_photographs) if n_photographs else whole())))
    tree = ElementTree.fromstring(text)  # noqa: S314  our own page
    names = {element.tag.rpartition("}")[2] for element in tree.iter()}
    assert not names & {"script", "link", "img", "iframe", "object", "image", "use"}
    addresses = [v for element in tree.iter() for k, v in element.attrib.items() if k.rpartition("}")[2] in {"href", "src"}]
    assert addresses == []
    assert not re.search(r"url\(|@import|@font-face|nan|inf\b", text)
    assert "people & <friends>" in "".join(tree.itertext())


def test_the_page_draws_all_three_charts_with_their_intervals() -> None:
    tree = ElementTree.fromstring(page(contents(*whole())))  # noqa: S314  our own page
    charts = tree.findall(".//{http://www.w3.org/2000/svg}svg")
    assert [len(chart.findall("{*}polyline")) for chart in charts] == [1, 4, 0]
    assert [len([p for p in chart.findall("{*}path") if "interval" in p.get("class", "")]) for chart in charts] == [3, 12, 0]
    assert len(charts[2].findall("{*}polygon")) == 2
    numbers = np.array(re.findall(r"(\d+\.\d),(\d+\.\d)", ElementTree.tostring(tree, encoding="unicode")), float)
    assert (numbers >= 0).all()
    assert (numbers <= (640, 400)).all()


def test_failures_to_acquire_stand_beside_every_figure() -> None:
    text = page(contents(*whole()))
    assert text.count("<td>2 (0.2%)</td>") == 3 + 12


def test_faces_are_there_only_when_they_are_handed_over_and_with_a_warning() -> None:
    samples, figures = whole()
    without = contents(samples, figures)
    assert "real people" not in page(without)
    row = without.strangers[0].first
    text = page(replace(without, faces={row: "data:image/jpeg;base64,AAAA"}))
    assert text.count("<img ") == text.count('src="data:image/jpeg;base64,AAAA"') >= 1
    assert "faces of real people. It is biometric data" in text


@pytest.mark.parametrize(
    ("n_photographs", "reasons"),
    [
        ([5], ["only one person has a photograph", "100 people with 2 photographs with a face are needed"]),
        (
            [1, 1, 1],
            ["nobody has two photographs with a face", "100 people with 2 photographs with a face are needed; there are 0"],
        ),
        ([6] * 100, ["there is no stranger: nobody has a single photograph only"]),
    ],
)
def test_what_cannot_be_told_says_why_everywhere(n_photographs: list[int], reasons: list[str]) -> None:
    samples, figures = small(n_photographs)
    for told in ("\n".join(lines(figures)), page(contents(samples, figures))):
        for reason in reasons:
            assert reason in told
    assert None in figures.to_dict()["fnmr"].values() or figures.to_dict()["fnir"] == []


def test_whether_there_is_any_figure() -> None:
    assert not small([1, 1, 1])[1].has_any
    assert not small([5])[1].has_any
    assert small([4] * 20)[1].has_any


def test_mislabelled_twins_are_named() -> None:
    samples = crowd([4] * 10, scatter=0.3, d=64)
    twins = samples.templates.copy()
    twins[4:8] = twins[0:4]
    samples = Samples(twins, samples.persons, samples.n_photographs)
    places = [f"person {person}/{row}" for row, person in enumerate(samples.persons)]
    (sentence,) = look_alikes(measure(samples, HANDED), samples, places)
    assert re.match(r"person 0/\d+ and person 1/\d+ look like one person", sentence)


def test_photographs_that_are_as_good_as_one_are_counted() -> None:
    samples = crowd([4] * 10, d=64)
    assert copies(samples) == []
    same = samples.templates.copy()
    same[[1, 3]], same[9] = same[0], same[8]
    same[4] = same[12]  # another person's: no copy
    (sentence,) = copies(Samples(same, samples.persons, samples.n_photographs))
    assert sentence.startswith("3 photographs show no more than another one of the same person")


def test_how_the_figures_were_made_is_said() -> None:
    sentences = made(date(2026, 11, 22), version="0.1.0", model="net/int8", combination=Combination.MEAN)
    text = page(replace(contents(*whole()), made=sentences))
    for part in ("2026-11-22", "muster 0.1.0", "net/int8", "mirror image", "as their mean", "one view on both sides"):
        assert part in text


def test_every_way_of_counting_together_has_its_words() -> None:
    assert set(COUNTS_AS) == set(Combination)


def test_a_distance_that_nobody_knows_is_not_drawn() -> None:
    pages = (page(replace(contents(*whole()), max_distance=distance)) for distance in (0.8, 0.0))
    with_distance, without = (text.replace("&#x27;", "'") for text in pages)
    assert with_distance.count("this unit's distance") == 2, "in the sentence and beside the line"
    assert "this unit's distance" not in without


def test_what_is_rarer_than_the_pairs_can_tell_is_not_called_zero() -> None:
    samples, figures = whole()
    n = figures.scores.n_different
    seldom, often = (page(replace(contents(samples, figures), max_distance=distance)) for distance in (1e-5, 4.0))
    assert f"takes two for one fewer than once in {n:,} pairs" in seldom
    assert "takes two for one once in 1 pairs" in often


def test_a_setting_without_a_miss_says_that_it_cannot_be_drawn() -> None:
    figures = small([6] * 10 + [1] * 20)[1]
    perfect = {setting: tuple(replace(draw, mated=draw.mated * 0) for draw in draws) for setting, draws in figures.draws.items()}
    (_, words), *_ = open_set_legend(replace(figures, draws=perfect))
    assert words == "N=10 g=1 q=1: FNIR is 0 everywhere, which this axis cannot show"
    assert open_set_legend(whole()[1])[0] == ("a", "N=100 g=1 q=1")
