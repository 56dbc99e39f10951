from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge.vision.geometry import Mipmap, iou, nms, overlap_of_smaller, squared

pytestmark = pytest.mark.native

A = np.array([0, 0, 10, 10], np.float32)


def test_iou_of_itself_of_a_half_and_of_nothing() -> None:
    others = np.array([[0, 0, 10, 10], [0, 0, 10, 5], [20, 20, 30, 30], [10, 0, 20, 10]], np.float32)
    np.testing.assert_allclose(iou(A, others), [1, 0.5, 0, 0])


def test_a_box_inside_another_overlaps_it_wholly() -> None:
    np.testing.assert_allclose(overlap_of_smaller(A, np.array([[2, 2, 4, 4], [5, 0, 15, 10]], np.float32)), [1, 0.5])


def test_squares_keep_centre_and_longer_side() -> None:
    np.testing.assert_allclose(squared(np.array([[0, 10, 20, 20]], np.float32)), [[0, 5, 20, 25]])


corners = arrays(np.float32, st.tuples(st.integers(0, 40), st.just(2)), elements=st.integers(0, 100).map(float))


@given(low=corners, seed=st.integers(0, 2**16), threshold=st.sampled_from([0.3, 0.5, 0.7]))
def test_nms_keeps_what_opencv_keeps(low: np.ndarray, seed: int, threshold: float) -> None:
    rng = np.random.default_rng(seed)
    boxes = np.concatenate([low, low + rng.integers(1, 60, low.shape)], axis=1).astype(np.float32)
    scores = rng.permutation(len(boxes)).astype(np.float32) + 1  # all different: an order of equals is nobody's promise
    as_xywh = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    expected = cv2.dnn.NMSBoxes(as_xywh.tolist(), scores.tolist(), 0.0, threshold)
    assert nms(boxes, scores, threshold).tolist() == list(expected)


def test_nms_by_the_smaller_area_drops_a_face_inside_a_face() -> None:
    boxes = np.array([[0, 0, 100, 100], [40, 40, 60, 60]], np.float32)
    scores = np.array([0.9, 0.8], np.float32)
    assert nms(boxes, scores, 0.7).tolist() == [0, 1]
    assert nms(boxes, scores, 0.7, overlap=overlap_of_smaller).tolist() == [0]


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(1).integers(1, 256, (40, 60, 3), np.uint8)


def cropped(pixels: np.ndarray, box: Sequence[float], size: tuple[int, int]) -> np.ndarray:
    (cut,) = Mipmap.of(pixels).crops(np.array([box], np.float32), size)
    return cut


def test_a_crop_at_its_own_size_is_the_picture_itself(picture: np.ndarray) -> None:
    cut = cropped(picture, [10, 5, 30, 35], (20, 30))
    np.testing.assert_array_equal(cut, picture[5:35, 10:30])


@pytest.mark.parametrize("box", [(-10, -5, 20, 15), (50, 30, 70, 50), (-5, -5, 65, 45)])
def test_what_lies_beyond_the_border_is_black(picture: np.ndarray, box: tuple[int, int, int, int]) -> None:
    x1, y1, x2, y2 = box
    cut = cropped(picture, box, (x2 - x1, y2 - y1))
    expected = np.zeros_like(cut)
    for y in range(max(y1, 0), min(y2, 40)):
        expected[y - y1, max(x1, 0) - x1 : min(x2, 60) - x1] = picture[y, max(x1, 0) : min(x2, 60)]
    np.testing.assert_array_equal(cut, expected)


@pytest.mark.parametrize("box", [(100, 100, 120, 120), (-30, 0, -10, 20), (0, -50, 20, -20), (62, 0, 72, 10)])
def test_a_crop_wholly_beyond_the_border_is_black(picture: np.ndarray, box: tuple[int, int, int, int]) -> None:
    assert not cropped(picture, box, (24, 24)).any()


@pytest.mark.parametrize("size", [(9, 7), (20, 20), (50, 40), (120, 90)])
@pytest.mark.parametrize("box", [(10, 10, 50, 50), (10.5, 3.25, 61.5, 70.75), (20, 0, 180, 80)])
def test_crops_of_a_slope_lie_where_they_should(box: tuple[float, ...], size: tuple[int, int]) -> None:
    slope = np.zeros((101, 201, 3), np.uint8)
    slope[...] = np.arange(201)[None, :, None]
    cut = cropped(slope, box, size)
    step = (box[2] - box[0]) / size[0]
    expected = box[0] + (np.arange(size[0]) + 0.5) * step - 0.5
    assert np.abs(cut[size[1] // 2, :, 0] - expected).max() <= 0.5 + 1.0  # rounded once at each halving


def test_fine_stripes_shrink_to_grey_and_not_to_other_stripes() -> None:
    stripes = np.zeros((240, 320, 3), np.uint8)
    stripes[:, ::2] = 200
    cut = cropped(stripes, [0, 0, 320, 240], (64, 48))
    assert np.abs(cut.astype(int) - 100).max() <= 2
