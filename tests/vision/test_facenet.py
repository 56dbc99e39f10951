"""The one preprocessing, for enrolment and for the door: which pixels FaceNet sees, and what its answer becomes."""

from __future__ import annotations

import numpy as np
import pytest

from edge.device.fakes import ScriptedNetwork
from edge.types import Faces
from edge.vision.facenet import Facenet
from edge.vision.mtcnn import standardised

pytestmark = pytest.mark.native


def faces(*boxes: tuple[float, float, float, float]) -> Faces:
    n = len(boxes)
    return Faces(np.array(boxes, np.float32).reshape(n, 4), np.ones(n, np.float32), np.zeros((n, 5, 2), np.float32))


def slope() -> np.ndarray:
    """Red grows by one with each column, green by one with each row."""
    pixels = np.zeros((240, 256, 3), np.uint8)
    pixels[..., 0], pixels[..., 1] = np.arange(256), np.arange(240)[:, None]
    return pixels


def test_pixels_become_numbers_around_zero() -> None:
    np.testing.assert_array_equal(standardised(np.array([0, 127, 128, 255], np.uint8)) * 128, [-127.5, -0.5, 0.5, 127.5])


def test_facenet_sees_the_box_and_a_tenth_more_on_each_side_as_160_by_160_rgb() -> None:
    network = ScriptedNetwork([{"template": np.ones((2, 4), np.float32)}])
    Facenet(network).templates(slope(), faces((50, 60, 150, 200), (100, 40, 200, 90)))
    (batch,) = network.batches
    assert (batch.shape, batch.dtype) == ((2, 160, 160, 3), np.float32)
    seen = batch * 128 + 127.5
    for crop, (x1, y1, x2, y2) in zip(seen, [(40, 46, 160, 214), (90, 35, 210, 95)], strict=True):
        columns, rows = (low + (np.arange(160) + 0.5) * (high - low) / 160 - 0.5 for low, high in ((x1, x2), (y1, y2)))
        np.testing.assert_allclose(crop[80, :, 0], columns, atol=0.6)  # rounded to whole values
        np.testing.assert_allclose(crop[:, 80, 1], rows, atol=0.6)
        assert not crop[..., 2].any()


def test_templates_are_unit_vectors_also_of_a_network_that_says_nothing() -> None:
    network = ScriptedNetwork([{"template": np.array([[3, 4], [0, 0]], np.float32)}])
    templates = Facenet(network).templates(slope(), faces((50, 60, 150, 200), (100, 40, 200, 90)))
    np.testing.assert_allclose(templates, [[0.6, 0.8], [0, 0]])
    assert templates.dtype == np.float32


def test_without_a_face_the_network_is_not_asked() -> None:
    network = ScriptedNetwork([])
    assert len(Facenet(network).templates(slope(), Faces.none())) == 0
    assert network.batches == []


def test_what_is_enrolled_is_the_mean_with_the_mirrored_crop_and_the_other_is_the_doors() -> None:
    answers = [{"template": np.array([[3, 0], [0, 2]], np.float32)}, {"template": np.array([[0, 5], [0, 1]], np.float32)}]
    network = ScriptedNetwork(answers)
    boxes = faces((50, 60, 150, 200), (100, 40, 200, 90))
    door, enrolled = Facenet(network).both(slope(), boxes)
    np.testing.assert_allclose(door, [[1, 0], [0, 1]])
    np.testing.assert_allclose(enrolled, [[2**-0.5, 2**-0.5], [0, 1]])
    upright, mirrored = network.batches
    np.testing.assert_array_equal(mirrored, upright[:, :, ::-1])
    again = ScriptedNetwork(answers[:1])
    Facenet(again).templates(slope(), boxes)
    np.testing.assert_array_equal(again.batches[0], upright)
