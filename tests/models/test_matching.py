"""The comparisons of docs/matching.md, on people who were made so that the right answer is known."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import pytest

from edge.errors import EnrolError
from edge.evaluation.samples import Samples
from edge.vectors import unit
from models.studies import along, matching

D = 32


def crowd(n_photographs: list[int], *, scatter: float, seed: int = 1) -> Samples:
    """Everybody in a direction of their own, each photograph some way off it."""
    generator = np.random.default_rng(seed)
    persons = np.repeat(np.arange(len(n_photographs)), n_photographs)
    centres = generator.normal(size=(len(n_photographs), D))
    vectors = centres[persons] + scatter * generator.normal(size=(len(persons), D))
    return Samples(unit(vectors.astype(np.float32)), persons, np.array(n_photographs))


PEOPLE = crowd([8] * 70 + [4] * 40 + [2] * 200 + [1] * 400, scatter=0.8)


def figures(table: Iterable[str]) -> dict[tuple[str, str], list[float]]:
    """(first cell, second cell) -> numbers of the others, without what follows ±."""
    found = {}
    for line in "\n".join(table).splitlines()[2:]:
        setting, name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        found[setting, name] = [float(re.split(" |%", cell)[0]) for cell in cells]
    return found


def test_of_many_photographs_with_noise_the_mean_is_best() -> None:
    found = figures(matching.combinations([PEOPLE]))
    assert len(found) == 3 * (len(matching.SETTINGS) + 1)
    assert found["N=100 g=2 q=1", "mean"][0] < found["N=100 g=2 q=1", "nearest"][0]


def test_with_one_view_only_the_mirrored_crop_changes_nothing() -> None:
    found = figures(matching.mirrored([crowd([4] * 310 + [8] * 60 + [1] * 400, scatter=0.5)]))
    assert found["N=100 g=1 q=1", "one view"] == found["N=100 g=1 q=1", "with the mirrored crop"]


def test_wrong_photographs_hurt_whoever_wants_the_farthest_and_not_whoever_leaves_outliers_out() -> None:
    found = figures(matching.choices([crowd([8] * 60 + [3] * 60 + [1] * 400, scatter=0.8)]))
    row = "3 of 5 to 7, 33%"
    assert found[row, "farthest"][0] > 1.2 * found[row, "farthest, without outliers"][0]


def test_a_folder_that_is_too_small_is_told_what_it_lacks() -> None:
    matching.check([PEOPLE])
    with pytest.raises(
        EnrolError, match=r"too small for N=100 g=2 q=1\. 100 people with 3 photographs with a face are needed; there"
    ):
        matching.check([PEOPLE, crowd([8] * 50 + [1] * 400, scatter=0.8)])


def test_fused_frames_miss_fewer_than_votes_of_the_same_frames() -> None:
    found = figures(along.frames([PEOPLE]))
    for setting in ("N=60 g=1 q=3", "N=30 g=1 q=5"):
        n = setting[-1]
        assert found[setting, f"fused, {n}"][0] < found[setting, f"votes, 3 of {n}"][0]


def test_whoever_is_asked_more_often_is_named_more_often() -> None:
    found = {line.split("|")[1].strip(): line.split("|")[-2] for line in along.lingering([PEOPLE], n=50)}
    assert float(found["one frame, any of 8"]) > float(found["one frame, the first"])
    assert float(found["fused, the latest 5, as long as there are any"]) >= float(found["fused, 3 to 5"])


def test_of_people_without_scatter_nobody_strays() -> None:
    (_, *rows) = "\n".join(along.strays([crowd([8] * 40, scatter=0.01)])).splitlines()[1:]
    assert [row.split("|")[2].strip() for row in rows] == ["0.00%"] * 4


@pytest.mark.parametrize(
    ("who", "near", "expected"),
    [
        ([1, 1, 1, 2, 2], [1, 1, 1, 1, 1], 1),
        ([1, 2, 1, 2, 1], [1, 1, 1, 1, 1], 1),
        ([1, 1, 1, 2, 2], [1, 1, 0, 1, 1], -1),
        ([2, 1, 1, 1, 2], [1, 1, 1, 1, 1], 1),
    ],
)
def test_votes_are_counted_at_each_distance(who: list[int], near: list[int], expected: int) -> None:
    attempts = along.Attempts(np.where(np.array([near]), 0.5, 1.5), np.array([who]))
    named = along._named(attempts, "votes, 3 of 5")[0]
    assert named[along.DISTANCES < 0.499].tolist() == [-1] * int((along.DISTANCES < 0.499).sum())
    assert set(named[(along.DISTANCES > 0.501) & (along.DISTANCES < 1.499)]) == {expected}
