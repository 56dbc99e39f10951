"""How errors fall as a gate closes: by hand, against a slow oracle, and on the page."""

from __future__ import annotations

import json
import math
from xml.etree import ElementTree

import numpy as np
import pytest
from crowds import crowd

from edge.evaluation.discard import SHARES, Discards, discards, fixed_threshold
from edge.evaluation.discard_section import lines, section
from edge.evaluation.levels import STEP, levels
from edge.evaluation.samples import Samples
from edge.evaluation.scores import score
from edge.types import Refusal


def told(samples: Samples, threshold: int, refused: np.ndarray | None = None, **badness: np.ndarray) -> Discards:
    refused = np.zeros(len(samples.persons), bool) if refused is None else refused
    return discards(samples, threshold, badness=badness, refusals=[Refusal.BLURRED if each else None for each in refused])


def slow(samples: Samples, threshold: int, remain: np.ndarray) -> tuple[float, float]:
    """FNMR and missed, pair by pair."""
    refused, missed = [], []
    for i, own in enumerate(samples.persons):
        others = [j for j, person in enumerate(samples.persons) if person == own and j != i]
        apart = {j: levels(samples.templates[i : i + 1], samples.templates[j : j + 1])[0, 0] >= threshold for j in others}
        refused += [apart[j] for j in others if j > i and remain[i] and remain[j]]
        missed += [all(apart.values())] if others and remain[i] else []
    return float(np.mean(refused)), float(np.mean(missed))


def test_by_hand() -> None:
    """Ann's third photograph is turned right round; whoever discards it misses nothing."""
    angles = np.radians([0, 10, 180, 90])
    samples = Samples(
        np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32), np.array([0, 0, 0, 1]), np.array([3, 1])
    )
    found = told(samples, round(1 / STEP), np.array([False, False, True, False]), blur=np.array([0.1, 0.2, 0.9, 0.0]))
    assert found.whole.fnmr == pytest.approx(2 / 3)
    assert found.whole.missed == pytest.approx(1 / 3)
    assert (found.gated.share, found.gated.fnmr, found.gated.missed) == (0.25, 0.0, 0.0)
    assert found.refused[Refusal.BLURRED] == 1
    assert sum(found.refused.values()) == 1


@pytest.mark.parametrize("seed", range(3))
def test_it_is_what_comparing_pair_by_pair_gives(seed: int) -> None:
    samples = crowd([1] * 10 + [2] * 20 + [5] * 10, scatter=1.2, seed=seed)
    generator = np.random.default_rng(seed)
    badness = np.round(generator.random(len(samples.persons)), 1)  # with ties
    refused = generator.random(len(samples.persons)) < 0.2
    threshold = round(1.1 / STEP)
    found = told(samples, threshold, refused, a=badness)
    assert (found.gated.fnmr, found.gated.missed) == pytest.approx(slow(samples, threshold, ~refused))
    for share, each in zip(SHARES, found.curves["a"], strict=True):
        cut = np.sort(badness)[::-1][int(share * len(badness) + 1e-9)]
        assert each.share == pytest.approx(np.mean(badness > cut))
        assert each.share <= share
        assert (each.fnmr, each.missed) == pytest.approx(slow(samples, threshold, badness <= cut))


def test_a_measure_that_knows_lowers_the_error_and_one_that_guesses_does_not() -> None:
    clean = crowd([4] * 300, scatter=0.5, d=32)
    generator = np.random.default_rng(5)
    noise = np.where(generator.random(len(clean.persons)) < 0.1, 3.0, 0.1)
    spoilt = clean.templates + noise[:, None] * generator.normal(size=clean.templates.shape).astype(np.float32) / 6
    spoilt = (spoilt / np.linalg.norm(spoilt, axis=1, keepdims=True)).astype(np.float32)
    samples = Samples(spoilt, clean.persons, clean.n_photographs)
    found = told(samples, round(1 / STEP), knows=noise + generator.random(len(noise)) / 100, guesses=generator.random(len(noise)))
    knows, guesses = ([each.fnmr for each in found.curves[name]] for name in ("knows", "guesses"))
    assert knows == sorted(knows, reverse=True)
    assert knows[-1] < 0.3 * knows[0]
    assert guesses[-1] > 0.8 * guesses[0]


def test_photographs_that_are_equally_good_stay_together() -> None:
    samples = crowd([3] * 20)
    found = told(samples, round(1 / STEP), same=np.ones(60), few=(np.arange(60) < 5).astype(float))
    assert {each.share for each in found.curves["same"]} == {0.0}
    assert [each.share for each in found.curves["few"]] == [0, 0, 0, 0, 0, pytest.approx(5 / 60), pytest.approx(5 / 60)]


def test_more_photographs_of_one_person_than_a_block_holds() -> None:
    samples = crowd([150, 3, 1], scatter=1.2)
    badness = np.random.default_rng(2).random(len(samples.persons))
    found = told(samples, round(1.1 / STEP), a=badness)
    assert (found.whole.fnmr, found.whole.missed) == pytest.approx(slow(samples, found.threshold, np.ones(154, bool)))


def test_where_everything_is_refused_nothing_can_be_told() -> None:
    samples = crowd([2] * 30)
    found = told(samples, round(1 / STEP), np.ones(60, bool), a=np.arange(60.0))
    assert math.isnan(found.gated.fnmr)
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["gated"] == {"share": 1.0, "fnmr": None, "missed": None}
    assert "–" in section(found)


class TestPage:
    def found(self) -> Discards:
        samples = crowd([1] * 20 + [4] * 60, scatter=1.1, d=24)
        threshold = fixed_threshold(score(samples))
        assert threshold is not None
        generator = np.random.default_rng(1)
        n = len(samples.persons)
        return told(samples, threshold, generator.random(n) < 0.05, sharpness=generator.random(n), inside=np.ones(n))

    def test_it_draws_each_measure_that_can_tell_photographs_apart_and_names_the_others(self) -> None:
        tree = ElementTree.fromstring(f"<div>{section(self.found())}</div>")  # noqa: S314  our own page
        charts = tree.findall(".//{http://www.w3.org/2000/svg}svg")
        assert [len(chart.findall("{*}polyline")) for chart in charts] == [2]
        assert "cut off: share of the face in the picture" in "".join(tree.itertext())
        assert not {"nan", "inf"} & set(ElementTree.tostring(tree, encoding="unicode").split())

    def test_the_terminal_says_what_the_gates_do(self) -> None:
        refused, rates = lines(self.found())
        assert refused.startswith("Quality gates refuse")
        assert "blurred" in refused
        assert "FNMR" in rates

    def test_where_nothing_is_refused_it_says_so(self) -> None:
        found = told(crowd([4] * 60), round(1 / STEP), sharpness=np.arange(240.0))
        assert lines(found) == ["Quality gates refuse none of the photographs."]
        assert "They refuse none of these photographs." in section(found)

    def test_json_has_every_measure_and_every_reason(self) -> None:
        written = json.loads(json.dumps(self.found().to_dict(), allow_nan=False))
        assert list(written) == ["distance", "measures", "refused", "whole", "gated"]
        assert [row["share"] <= share for row, share in zip(written["measures"]["sharpness"], SHARES, strict=True)] == [True] * 7
        assert list(written["refused"]) == [refusal.value for refusal in Refusal]

    def test_without_a_threshold_there_is_nothing_to_show(self) -> None:
        assert fixed_threshold(score(crowd([1, 1, 1]))) is None
        assert section(None) == ""
        assert lines(None) == []
