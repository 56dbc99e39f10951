"""Doses that are what they say, and limits that are found where they were put."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.vision.quality import LIMITS, Quality
from models.studies import doses
from models.studies.limits import Outcome, boundary, limits, rising, table

BOX = np.array([80, 60, 160, 160], np.float32)
SHARPNESS = next(limit for limit in LIMITS if limit.name == "min_sharpness")


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(4).integers(40, 200, (220, 250, 3), np.uint8)


def generator() -> np.random.Generator:
    return np.random.default_rng(11)


class TestDoses:
    def test_far_has_as_many_pixels_as_it_says(self, pixels: np.ndarray) -> None:
        for spoil in (doses.far, doses.far_webcam):
            small, box = spoil(pixels, BOX, 50, generator())
            assert doses.size_px(box) == pytest.approx(50)
            assert small.shape == (110, 125, 3)

    def test_nobody_is_made_larger(self, pixels: np.ndarray) -> None:
        near, box = doses.far(pixels, BOX, 120, generator())
        assert near.shape == pixels.shape
        assert (box == BOX).all()

    def test_a_stop_is_half_the_light(self) -> None:
        grey = np.full((100, 100, 3), 160, np.uint8)
        for spoil, factor in ((doses.dark, 0.5), (doses.bright, 2.0)):
            told = spoil(grey, BOX, 1, generator()).pixels.mean() / 255
            assert told**doses.GAMMA == pytest.approx(factor * (160 / 255) ** doses.GAMMA, rel=0.02)

    def test_glare_leaves_its_share_of_white(self) -> None:
        black = np.zeros((50, 50, 3), np.uint8)
        assert doses.glare(black, BOX, 0.3, generator()).pixels.mean() / 255 == pytest.approx(0.3 ** (1 / doses.GAMMA), abs=0.01)

    @pytest.mark.parametrize("spoil", [doses.out_of_focus, doses.moved])
    def test_blur_takes_detail_and_no_light(self, pixels: np.ndarray, spoil: doses.Spoil) -> None:
        blurred, box = spoil(pixels, BOX, 0.1, generator())
        assert blurred.std() < 0.5 * pixels.std()
        assert blurred.mean() == pytest.approx(pixels.mean(), rel=0.01)
        assert (box == BOX).all()

    @pytest.mark.parametrize("seed", range(12))
    def test_cut_leaves_the_rest_of_the_face(self, pixels: np.ndarray, seed: int) -> None:
        cut, box = doses.cut(pixels, BOX, 0.3, np.random.default_rng(seed))
        seen = np.clip(box, 0, np.tile(cut.shape[1::-1], 2))
        assert np.prod(seen[2:] - seen[:2]) / np.prod(box[2:] - box[:2]) == pytest.approx(0.7, abs=0.01)
        x, y = np.round(seen[:2]).astype(int)
        whole = np.round(BOX[:2] - box[:2]).astype(int) + np.array([x, y])
        assert (cut[y, x] == pixels[whole[1], whole[0]]).all(), "the box is where the face is"

    def test_somebody_beside_stands_beside(self, pixels: np.ndarray) -> None:
        other = doses.Spoilt(np.full((200, 200, 3), 255, np.uint8), np.array([50, 50, 150, 150], np.float32))
        spoilt, box = doses.beside(pixels, BOX, 0.25, generator(), other=other)
        x1, y1, x2, y2 = np.round(box).astype(int)
        white = (spoilt[y1:y2, x1:x2] == 255).all(axis=2).mean(axis=0) > 0.5
        assert white.mean() == pytest.approx(0.25, abs=0.12)
        assert white[0] != white[-1]


class TestLimits:
    @given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
    def test_rising_steps_rise_keep_the_mean_and_are_no_worse_than_any_constant(self, heights: list[float]) -> None:
        given_heights = np.array(heights)
        fitted = rising(given_heights)
        assert (np.diff(fitted) >= -1e-12).all()
        assert fitted.mean() == pytest.approx(given_heights.mean())
        assert ((fitted - given_heights) ** 2).sum() <= ((given_heights.mean() - given_heights) ** 2).sum() + 1e-9
        assert rising(fitted) == pytest.approx(fitted)

    def outcomes(self, n: int = 6000) -> list[Outcome]:
        """Missed with probability one half at sharpness 0.4, and 0.1 at 0.6."""
        sharpness = np.random.default_rng(3).uniform(0.1, 1.0, n)
        chance = 1 / (1 + np.exp((sharpness - 0.4) * np.log(9) / 0.2))
        missed = np.random.default_rng(4).random(n) < chance
        return [Outcome(0, Quality(120, sharpness=s), float(m)) for s, m in zip(sharpness, missed, strict=True)]

    def test_a_limit_is_found_where_it_is(self) -> None:
        outcomes = [*self.outcomes(), Outcome(0, None, np.nan)]
        assert -boundary(SHARPNESS, outcomes, 0.5) == pytest.approx(0.4, abs=0.03)
        assert -boundary(SHARPNESS, outcomes, 0.1) == pytest.approx(0.6, abs=0.05)

    def test_a_rate_that_never_comes_has_no_limit(self) -> None:
        outcomes = [Outcome(0, Quality(120, sharpness=0.2 + i / 1000), 0.1) for i in range(100)]
        assert np.isnan(boundary(SHARPNESS, outcomes, 0.2))
        assert np.isnan(boundary(SHARPNESS, [*outcomes, Outcome(0, Quality(120, sharpness=0.1), 1.0)], 0.5)), "one face is none"

    def test_the_tables(self) -> None:
        outcomes = self.outcomes(2000)
        told = table("out of focus", [*outcomes, Outcome(1, None, np.nan)], ["min_sharpness"])
        assert "| out of focus | found | missed | sharpness, median |" in told
        assert "| 1 | 0% | – | – |" in told
        natural = [Outcome(0, Quality(120), 0.1)] * 50
        (row,) = [line for line in limits(natural, {"min_sharpness": outcomes}, 0.1).splitlines() if "min_sharpness" in line]
        assert row.endswith("| 0.00% |")
        assert "| max_turn | never | – | never | – |" in limits(natural, {}, 0.1)
