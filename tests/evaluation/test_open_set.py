"""FNIR against a reimplementation person by person, over the galleries that the draws really made."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from crowds import crowd

from edge.evaluation import open_set
from edge.evaluation.levels import N_LEVELS, STEP
from edge.evaluation.open_set import Draw, Setting, curve, draws, fused, obstacle
from edge.evaluation.samples import Samples
from edge.matching.combination import Combination

SETTING = Setting(10, 2, 2)


def to_person(probe: np.ndarray, kept: list[np.ndarray], combination: Combination) -> float:
    """The squared distance from a probe to a person's templates, spelt out."""
    distances = sorted(float(sum((t - probe) ** 2)) for t in kept)
    if combination is Combination.MEAN:
        mean = np.mean(kept, axis=0)
        return float(sum((mean / math.sqrt(sum(mean**2)) - probe) ** 2))
    return distances[0] if combination is Combination.NEAREST else sum(distances[:2]) / len(distances[:2])


def one_by_one(samples: Samples, setting: Setting, seed: list[int], *, fpir: float, combination: Combination) -> float:
    """The definition, spelt out with Python's own numbers; people and photographs are drawn as `open_set` draws them."""
    generator = np.random.default_rng(seed)
    gallery: dict[int, list[np.ndarray]] = {}
    probes: list[tuple[int, np.ndarray]] = []
    able = [p for p in range(samples.n_people) if sum(samples.persons == p) >= setting.g + setting.q]
    for person in generator.choice(able, setting.n, replace=False):
        rows = generator.permutation(np.flatnonzero(samples.persons == person))
        gallery[person] = list(samples.in_gallery[rows[: setting.g]].astype(float))
        others = list(samples.templates[rows[setting.g :]].astype(float))
        while len(others) >= setting.q:
            mean = np.mean(others[: setting.q], axis=0)
            probes.append((person, mean / math.sqrt(sum(mean**2))))
            others = others[setting.q :]

    def best(probe: np.ndarray) -> tuple[int, int]:
        return min((round(to_person(probe, kept, combination) / STEP), person) for person, kept in gallery.items())

    strangers = [p for p in range(samples.n_people) if samples.n_photographs[p] == 1]
    scores = sorted(best(samples.templates[samples.persons == p][0].astype(float))[0] for p in strangers)
    at = scores[math.floor(fpir * len(scores) + 1e-9)]
    right = sum(person == best(probe)[1] and best(probe)[0] < at for person, probe in probes)
    return 1 - right / len(probes)


@pytest.mark.parametrize("combination", list(Combination))
@pytest.mark.parametrize("setting", [SETTING, Setting(10, 1, 1), Setting(5, 3, 1)])
def test_fnir_is_what_the_definition_spelt_out_gives(setting: Setting, combination: Combination) -> None:
    samples = crowd([5] * 14 + [1] * 40 + [2] * 3, scatter=1.0)
    for number, draw in enumerate(draws(samples, setting, combination)[:4]):
        seed = [open_set.SEED, setting.n, setting.g, setting.q, number]
        for fpir in (0.05, 0.2):
            by_hand = one_by_one(samples, setting, seed, fpir=fpir, combination=combination)
            assert draw.fnir(fpir) == pytest.approx(by_hand, abs=1e-9)


def test_what_is_enrolled_may_be_made_otherwise_than_what_is_shown() -> None:
    samples = crowd([4] * 14 + [1] * 40, scatter=1.0)
    perfect = replace(samples, enrolled=crowd([4] * 14 + [1] * 40, scatter=0.0).templates)
    seed = [open_set.SEED, 10, 2, 2, 0]
    found = draws(perfect, SETTING)[0].fnir(0.05)
    assert found == pytest.approx(one_by_one(perfect, SETTING, seed, fpir=0.05, combination=Combination.MEAN), abs=1e-9)
    assert found < draws(samples, SETTING)[0].fnir(0.05)


def test_what_is_enrolled_must_be_of_the_same_photographs() -> None:
    samples = crowd([4] * 3)
    with pytest.raises(ValueError, match="as many enrolled"):
        replace(samples, enrolled=samples.templates[1:])


def test_every_other_photograph_is_in_one_probe_at_most() -> None:
    samples = crowd([7] * 10 + [1] * 5)
    for draw in draws(samples, SETTING):
        assert len(draw.mated) == 10 * ((7 - 2) // 2)
        assert len(draw.strangers) == 5


def test_twenty_draws_that_are_always_the_same() -> None:
    samples = crowd([4] * 20 + [1] * 30)
    once, again = draws(samples, SETTING), draws(samples, SETTING)
    assert len(once) == 20
    for a, b in zip(once, again, strict=True):
        np.testing.assert_array_equal(a.mated, b.mated)
    assert len({tuple(np.unique(draw.persons)) for draw in once}) > 1


def test_another_persons_name_is_a_miss() -> None:
    draw = Draw(np.arange(100, 200, dtype=np.int32), np.array([5, N_LEVELS, 150, 99], np.int32), np.array([0, 1, 2, 3]))
    assert draw.fnir(0.01) == 0.5, "named wrongly, and refused at 150"
    assert draw.fnir(0.6) == 0.25, "only the wrong name is left"


def test_no_more_strangers_are_named_than_the_share() -> None:
    draw = Draw(np.array([3, 3, 3, 9], np.int32), np.array([2, 3, 4], np.int32), np.array([0, 1, 2]))
    assert draw.fnir(0.25) == pytest.approx(2 / 3), "three are tied at 3: none of them may be named"


def test_a_face_that_was_not_acquired_makes_no_stranger_of_somebody() -> None:
    samples = crowd([1, 1, 2])
    assert samples.strangers.tolist() == [0, 1]
    one_failed = Samples(samples.templates[:3], samples.persons[:3], samples.n_photographs)
    assert one_failed.strangers.tolist() == [0, 1]


def test_fused_vectors_have_length_one_also_where_they_cancel() -> None:
    a = np.array([[[1, 0], [0, 1]], [[1, 0], [-1, 0]]], np.float32)
    np.testing.assert_allclose(fused(a), [[2**-0.5, 2**-0.5], [0, 0]], atol=1e-6)


@pytest.mark.parametrize(
    ("n_photographs", "fpir", "reason"),
    [
        ([4] * 9, 0.05, "10 people with 4 photographs with a face are needed; there are 9"),
        ([4] * 10, 0.05, "there is no stranger"),
        ([4] * 10 + [1] * 19, 0.05, "20 strangers (people with a single photograph) are needed; there are 19"),
        ([4] * 10 + [1] * 333, 0.003, "334 strangers (people with a single photograph) are needed"),
        ([4] * 10 + [1] * 20, 0.05, ""),
    ],
)
def test_what_cannot_be_told_has_a_reason(n_photographs: list[int], fpir: float, reason: str) -> None:
    found = obstacle(crowd(n_photographs), SETTING, fpir)
    assert reason in found
    assert bool(found) == bool(reason)


def test_the_curve_falls_from_the_first_stranger_on() -> None:
    fpir, fnir = curve(draws(crowd([4] * 20 + [1] * 50, scatter=1.0), SETTING))
    assert (fpir[0], fpir[-1]) == (1 / 50, 0.3)
    assert (np.diff(fnir) <= 0).all()
