"""Templates along a track: fused while they are one face's, begun anew when they are another's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge.matching.fusion import ANOTHER, Fit, Fusion

D = 4


def at(degrees: float) -> np.ndarray:
    vector = np.zeros(D, np.float32)
    vector[:2] = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return vector


def fused(*degrees: float, n_most: int = 5) -> tuple[Fusion, list[Fit]]:
    fusion = Fusion(n_most)
    return fusion, [fusion.add(at(each)) for each in degrees]


def direction(fusion: Fusion) -> float:
    assert np.linalg.norm(fusion.template) == pytest.approx(1, abs=1e-6)
    return math.degrees(math.atan2(fusion.template[1], fusion.template[0]))


def test_the_fused_template_is_the_mean_at_length_one() -> None:
    fusion, fits = fused(0, 10, 20)
    assert direction(fusion) == pytest.approx(10, abs=1e-4)
    assert (fusion.n_frames, set(fits)) == (3, {Fit.SAME})


def test_only_the_latest_are_in_it() -> None:
    fusion, _ = fused(-40, -40, -40, 0, 10, 20, n_most=3)
    assert direction(fusion) == pytest.approx(10, abs=1e-4)
    assert fusion.n_frames == 3


def test_what_weighs_more_counts_more() -> None:
    fusion = Fusion(5)
    fusion.add(at(0), 3.0)
    fusion.add(at(60), 1.0)
    assert direction(fusion) == pytest.approx(math.degrees(math.atan2(math.sqrt(3) / 2, 3.5)), abs=1e-4)


def test_one_frame_that_is_far_leaves_no_trace() -> None:
    fusion, fits = fused(0, 0, 120, 0)
    assert fits == [Fit.SAME, Fit.SAME, Fit.DOUBTFUL, Fit.SAME]
    assert (fusion.n_frames, direction(fusion)) == (3, 0)


def test_a_second_one_like_it_is_another_face_and_nothing_is_left_of_the_first() -> None:
    fusion, fits = fused(0, 0, 0, 120, 130)
    assert fits[3:] == [Fit.DOUBTFUL, Fit.ANOTHER]
    assert (fusion.n_frames, direction(fusion)) == (2, pytest.approx(125, abs=1e-4))


def test_another_face_in_poor_frames_is_another_face_too() -> None:
    fusion, _ = fused(0, 0, 0)
    assert [fusion.add(at(120), 0.05), fusion.add(at(130), 0.05)] == [Fit.DOUBTFUL, Fit.ANOTHER]
    assert (fusion.n_frames, direction(fusion)) == (2, pytest.approx(125, abs=1e-3))


def test_far_frames_that_are_also_far_from_each_other_begin_nothing() -> None:
    fusion, fits = fused(0, 0, 120, 240, 120, 240)
    assert set(fits[2:]) == {Fit.DOUBTFUL}
    assert (fusion.n_frames, direction(fusion)) == (2, 0)


def test_far_frames_with_the_first_face_between_them_begin_nothing() -> None:
    fusion, _ = fused(0, 0, 120, 0, 120, 0)
    assert (fusion.n_frames, direction(fusion)) == (4, 0)


@pytest.mark.parametrize(("step", "fit"), [(-0.2, Fit.SAME), (0.2, Fit.DOUBTFUL)])
def test_the_limit_is_where_it_says(step: float, fit: Fit) -> None:
    edge = math.degrees(math.acos(1 - ANOTHER / 2))
    assert fused(0, edge + step)[1][-1] is fit
