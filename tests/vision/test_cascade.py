"""Each stage of MTCNN by hand, on networks that say what the test wants: which box is suppressed, and what is regressed."""

from __future__ import annotations

import numpy as np
import pytest

from edge.device.fakes import ScriptedNetwork
from edge.vision.geometry import Mipmap
from edge.vision.mtcnn import N_CANDIDATES, Mtcnn, MtcnnNetworks, PyramidLayout

pytestmark = pytest.mark.native

FRAME = Mipmap.of(np.full((100, 120, 3), 90, np.uint8))
SURE, UNSURE, NO = 4.0, 3.0, -4.0
"""Logits; all thresholds are 0.7, whose logit is 0.85."""


def cascade(**results: np.ndarray) -> Mtcnn:
    """MTCNN all of whose networks answer the same, once."""
    network = ScriptedNetwork([results])
    return Mtcnn(MtcnnNetworks(network, network, network), 60, 0.709, (0.7, 0.7, 0.7))


def column(*logits: float) -> np.ndarray:
    return np.array(logits, np.float32)[:, None]


def boxes(*rows: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(rows, np.float32)


def pnet_maps() -> tuple[np.ndarray, np.ndarray]:
    """P-Net's answer to the canvas of FRAME: nothing anywhere. The first level is the frame at a fifth, at (0, 0)."""
    layout = PyramidLayout.pack((120, 100), 60, 0.709)
    assert layout.levels[0] == (0, 0, 24, 20)
    width, height = (side // 2 - 5 for side in layout.canvas_size)
    return np.full((1, height, width, 1), NO, np.float32), np.zeros((1, height, width, 4), np.float32)


def test_a_window_of_pnet_is_twelve_pixels_of_its_level_and_moves_by_shares_of_its_side() -> None:
    logits, offsets = pnet_maps()
    logits[0, 1, 2], offsets[0, 1, 2] = SURE, (0.1, 0.2, 0.3, 0.4)  # the window (4, 2, 16, 14), five times as large in the frame
    found = cascade(logit=logits, offsets=offsets).propose(FRAME)
    np.testing.assert_allclose(found, [(20 + 6, 10 + 12, 80 + 18, 70 + 24)], rtol=1e-6)


def test_windows_of_one_level_are_suppressed_where_they_were_not_where_they_move_to() -> None:
    logits, offsets = pnet_maps()
    logits[0, 1, 2], logits[0, 2, 3] = SURE, UNSURE  # one cell down and right: an IoU of 0.53
    offsets[0, 2, 3] = 5.0
    found = cascade(logit=logits, offsets=offsets).propose(FRAME)
    np.testing.assert_allclose(found, [(20, 10, 80, 70)])


def test_windows_of_neighbouring_levels_are_suppressed_where_the_levels_are_close() -> None:
    layout = PyramidLayout.pack((120, 100), 60, 0.95)
    width, height = (side // 2 - 5 for side in layout.canvas_size)
    logits, offsets = np.full((1, height, width, 1), NO, np.float32), np.zeros((1, height, width, 4), np.float32)
    for level, logit in zip(layout.levels[:2], (UNSURE, SURE), strict=True):
        logits[0, level.y // 2, level.x // 2] = logit
    network = ScriptedNetwork([{"logit": logits, "offsets": offsets}])
    (found,) = Mtcnn(MtcnnNetworks(network, network, network), 60, 0.95, (0.7, 0.7, 0.7)).propose(FRAME)
    np.testing.assert_allclose(found, 12 * np.array(layout.to_frame(layout.levels[1])) * (0, 0, 1, 1), rtol=1e-6)


def test_of_too_many_windows_the_best_are_looked_at() -> None:
    frame = Mipmap.of(np.full((480, 640, 3), 90, np.uint8))
    layout = PyramidLayout.pack((640, 480), 60, 0.709)
    width, height = (side // 2 - 5 for side in layout.canvas_size)
    logits = np.full((1, height, width, 1), UNSURE, np.float32)
    logits[0, 40, 50] = SURE
    found = cascade(logit=logits, offsets=np.zeros((1, height, width, 4), np.float32)).propose(frame)
    np.testing.assert_allclose(found[0], (500, 400, 560, 460))
    assert len(found) <= N_CANDIDATES


def test_rnet_sees_squares_and_suppresses_before_it_regresses() -> None:
    offsets = boxes((0.9, 0.9, 0.9, 0.9), (0.1, 0.2, -0.1, -0.3), (0, 0, 0, 0))
    mtcnn = cascade(logit=column(UNSURE, SURE, NO), offsets=offsets)
    found = mtcnn.refine(FRAME, boxes((0, 0, 100, 100), (10, 20, 110, 80), (60, 60, 90, 90)))  # the first two: an IoU of 0.82
    np.testing.assert_allclose(found, [(10 + 10, 0 + 20, 110 - 10, 100 - 30)], rtol=1e-6)


def test_onet_regresses_before_it_suppresses_and_a_face_mostly_inside_a_face_goes() -> None:
    inside = (-1.64, 0.1, -1.84, -0.1)  # (200, 0, 300, 100) -> (36, 10, 116, 90): four fifths in the other, an IoU of 0.45
    mtcnn = cascade(logit=column(SURE, UNSURE), offsets=boxes((0, 0, 0, 0), inside), landmarks=np.zeros((2, 5, 2), np.float32))
    (face,) = mtcnn.output(FRAME, boxes((0, 0, 100, 100), (200, 0, 300, 100)))
    np.testing.assert_allclose(face.box, (0, 0, 100, 100))
    assert face.score == pytest.approx(1 / (1 + np.exp(-SURE)))


def test_landmarks_are_shares_of_the_square_that_onet_saw_not_of_the_box_that_comes_out() -> None:
    landmarks = np.array([[(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.85)]], np.float32)
    mtcnn = cascade(logit=column(SURE), offsets=boxes((0.1, 0.1, 0, 0)), landmarks=landmarks)
    (face,) = mtcnn.output(FRAME, boxes((10, 20, 90, 60)))  # its square is (10, 0, 90, 80)
    np.testing.assert_allclose(face.box, (18, 8, 90, 80), rtol=1e-6)
    np.testing.assert_allclose(face.landmarks, [(34, 32), (66, 32), (50, 48), (38, 64), (62, 68)], rtol=1e-6)


def test_a_face_that_regression_made_too_small_is_not_found() -> None:
    nothing = np.zeros((1, 5, 2), np.float32)
    mtcnn = cascade(logit=column(SURE), offsets=boxes((0.2, 0.2, -0.3, -0.3)), landmarks=nothing)
    assert len(mtcnn.output(FRAME, boxes((0, 0, 100, 100)))) == 0
