"""What a small folder is told of the door: figures with as many people as it has, and each obstacle once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from crowds import crowd
from test_page import HANDED, contents

from edge.evaluation.door import LEAST_PEOPLE, advice, settings
from edge.evaluation.figures import Figures, measure
from edge.evaluation.open_set import SETTINGS, Setting, draws
from edge.evaluation.page import page
from edge.evaluation.samples import Samples
from edge.evaluation.text import lines


def office(n_photographs: list[int]) -> tuple[Samples, Figures]:
    samples = crowd(n_photographs, scatter=1.0)
    return samples, measure(samples, replace(HANDED, n_people=len(n_photographs), n_photos=sum(n_photographs), n_failed=0))


def settings_told(figures: Figures) -> list[tuple[float, ...]]:
    return [(row["n"], row["g"], row["q"], row["fpir"]) for row in figures.to_dict()["fnir"]]


def test_an_office_of_forty_is_told_what_forty_tell() -> None:
    samples, figures = office([2] * 25 + [4] * 3 + [6] * 12 + [1] * 100)
    assert settings_told(figures) == [(n, g, q, p) for n, g, q in ((40, 1, 1), (15, 3, 1), (12, 3, 3)) for p in (0.05, 0.01)]
    row = figures.to_dict()["fnir"][0]
    found = draws(samples, Setting(40, 1, 1))
    assert row["fnir"] == pytest.approx(sum(draw.fnir(0.05) for draw in found) / 20, abs=1e-6)
    assert (row["n_probes"], row["n_strangers"]) == (25 + 3 * 3 + 12 * 5, 100)


def test_each_obstacle_is_told_once_per_setting() -> None:
    samples, figures = office([2] * 40 + [1] * 100)
    doors = [line for line in lines(figures) if line.startswith("FNIR") and "cannot be told" in line]
    assert [" ".join(line.split()) for line in doors] == [
        *(
            f"FNIR, {setting} cannot be told: {setting.n} people with {setting.g + setting.q} photographs with a face are "
            f"needed; there are {40 if setting.g == 1 else 0}"
            for setting in SETTINGS
        ),
        "FNIR at FPIR 0.3%, N=40 g=1 q=1 cannot be told: 334 strangers (people with a single photograph) are needed; "
        "there are 100",
    ]
    text = page(contents(samples, figures))
    assert text.count("cannot be told: 334 strangers") == 1
    assert text.count("cannot be told: 100 people with 2 photographs") == 1


def test_what_hinders_the_smaller_shares_too_is_said_of_them() -> None:
    _, figures = office([2] * 100 + [1] * 50)
    assert [each for each in figures.obstacles if "FPIR 1.0% and less, N=100 g=1 q=1: 100 strangers" in each]


def test_with_people_enough_nothing_is_added() -> None:
    assert settings(crowd([6] * 400 + [1] * 20)) == list(SETTINGS)


def test_a_hundred_are_not_told_twice() -> None:
    assert settings(crowd([2] * 100 + [1] * 20)) == list(SETTINGS)


@pytest.mark.parametrize(
    ("n", "n_strangers", "is_told"), [(LEAST_PEOPLE, 20, True), (LEAST_PEOPLE - 1, 20, False), (40, 19, False)]
)
def test_too_few_are_told_nothing(n: int, n_strangers: int, is_told: bool) -> None:
    assert (Setting(n, 1, 1) in settings(crowd([2] * n + [1] * n_strangers))) == is_told


def test_ten_people_without_a_miss_do_not_prove_that_there_is_none() -> None:
    samples = crowd([2] * 10 + [1] * 20, scatter=0.01)
    (told, *_) = [each for each in measure(samples, HANDED).identifications if not each.obstacle]
    assert told.fnir == 0
    assert told.interval.low == 0
    assert (1 - told.interval.high) ** 10 == pytest.approx(0.05), "so many misses would not show in one of twenty cases"


@pytest.mark.parametrize(
    ("n_photographs", "sentence"),
    [
        ([2] * 40, "In this folder there is no stranger"),
        ([2] * 40 + [1], "there is 1 stranger only"),
        ([2] * 40 + [1] * 19, "there are 19 strangers only"),
        ([2] * 9 + [1] * 20, "fewer than 10 people who have two photographs with a face; there are 9."),
    ],
)
def test_what_to_do_is_said_once(n_photographs: list[int], sentence: str) -> None:
    samples, figures = office(n_photographs)
    assert sum(sentence in line for line in lines(figures)) == 1
    assert page(contents(samples, figures)).count(sentence) == 1
    assert ("into folders of their own" in figures.advice) == ("stranger" in sentence)


def test_with_enough_of_both_there_is_nothing_to_do() -> None:
    assert advice(crowd([2] * 10 + [1] * 20)) == ""
