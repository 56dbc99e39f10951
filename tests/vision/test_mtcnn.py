from __future__ import annotations

import tomllib
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.vision.geometry import Mipmap, iou
from edge.vision.mtcnn import Mtcnn, MtcnnNetworks, PyramidLayout, standardised

pytestmark = pytest.mark.native

ORACLE = tomllib.loads((Path(__file__).parent / "golden" / "portraits.toml").read_text(encoding="utf-8"))
"""Made by make_golden.py with facenet-pytorch and mtcnn."""


def texture(*, seed: int, size: tuple[int, int] = (640, 480)) -> np.ndarray:
    """Blobs of all sizes in colour: P-Net fires on some of them."""
    rng = np.random.default_rng(seed)
    layers = [cv2.resize(rng.uniform(0, 255, (n, n, 3)), size, interpolation=cv2.INTER_CUBIC) for n in (5, 11, 23, 47)]
    return np.clip(np.mean(layers, axis=0) * 2 - 128, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", [0, 1])
def test_pnet_on_the_canvas_gives_what_it_gives_on_each_level_alone(networks: MtcnnNetworks, seed: int) -> None:
    frame = Mipmap.of(texture(seed=seed))
    layout = PyramidLayout.pack((640, 480), 60, 0.709)
    together = networks.pnet(standardised(layout.draw(frame))[None])
    for level in layout.levels:
        only = PyramidLayout(layout.frame_size, (level.width, level.height), (level._replace(x=0, y=0),))
        alone = networks.pnet(standardised(only.draw(frame))[None])
        for name in ("logit", "offsets"):
            np.testing.assert_allclose(together[name][0][layout.cells(level)], alone[name][0], atol=2e-4)


def test_nobody_is_found_where_nobody_is(mtcnn: Mtcnn) -> None:
    for picture in (np.zeros((480, 640, 3), np.uint8), np.full((480, 640, 3), 200, np.uint8), texture(seed=5)):
        assert len(mtcnn.detect(picture)) == 0


@pytest.mark.parametrize("shape", [(1, 1), (11, 300), (60, 60), (480, 3), (33, 2000)])
def test_pictures_of_any_shape_are_looked_at(mtcnn: Mtcnn, shape: tuple[int, int]) -> None:
    assert len(mtcnn.detect(np.full((*shape, 3), 90, np.uint8))) == 0


@pytest.mark.demo
@pytest.mark.parametrize("name", ORACLE)
def test_box_and_landmarks_agree_with_an_implementation_that_is_not_ours(
    mtcnn: Mtcnn, portraits: dict[str, np.ndarray], name: str
) -> None:
    face = max(mtcnn.detect(portraits[name]), key=lambda found: found.size_px)
    for oracle, limit in (("facenet_pytorch", 0.02), ("mtcnn", 0.03)):  # the two differ by up to 0.028 from each other
        box, landmarks = (np.array(ORACLE[name][oracle][key]) for key in ("box", "landmarks"))
        size_px = max(box[2:] - box[:2])
        assert np.linalg.norm(face.landmarks - landmarks, axis=1).max() <= limit * size_px, oracle
        assert iou(face.box, box) >= 0.88, oracle  # of each other they have as little as 0.85


@pytest.mark.demo
def test_a_mirrored_face_has_its_left_eye_on_the_left_again(mtcnn: Mtcnn, portraits: dict[str, np.ndarray]) -> None:
    picture = portraits["astronaut"]
    (face,) = mtcnn.detect(picture)
    (mirrored,) = mtcnn.detect(picture[:, ::-1].copy())
    swapped = mirrored.landmarks[[1, 0, 2, 4, 3]] * (-1, 1) + (picture.shape[1], 0)
    assert mirrored.landmarks[0, 0] < mirrored.landmarks[1, 0]
    assert np.linalg.norm(face.landmarks - swapped, axis=1).max() <= 0.03 * face.size_px


@pytest.mark.demo
def test_faces_are_found_wherever_they_are_and_at_every_size(mtcnn: Mtcnn, portraits: dict[str, np.ndarray]) -> None:
    head = portraits["astronaut"][30:230, 120:320]  # (200, 200, 3); the face in it is about 115 px high
    found = mtcnn.detect(portraits["astronaut"])
    height_px = found.boxes[0, 3] - found.boxes[0, 1]
    rng = np.random.default_rng(7)
    for wanted_px in (66, 90, 140, 200):
        side = round(200 * wanted_px / height_px)
        scene = texture(seed=wanted_px) // 2 + 60
        x, y = (int(rng.integers(0, limit - side)) for limit in (640, 480))
        scene[y : y + side, x : x + side] = cv2.resize(head, (side, side), interpolation=cv2.INTER_AREA)
        faces = mtcnn.detect(scene)
        assert len(faces) == 1, wanted_px
        centre = (faces.boxes[0, :2] + faces.boxes[0, 2:]) / 2
        expected = np.array([x, y]) + side * ((found.boxes[0, :2] + found.boxes[0, 2:]) / 2 - (120, 30)) / 200
        assert np.linalg.norm(centre - expected) < 0.1 * wanted_px


@pytest.mark.demo
def test_faces_smaller_than_the_smallest_are_not_found(mtcnn: Mtcnn, portraits: dict[str, np.ndarray]) -> None:
    whole = portraits["astronaut"]
    (height_px,) = [face.size_px for face in mtcnn.detect(whole)]
    for wanted_px in range(30, 80, 5):
        side = round(512 * wanted_px / height_px)
        scene = texture(seed=wanted_px) // 2 + 60
        scene[100 : 100 + side, 200 : 200 + side] = cv2.resize(whole, (side, side), interpolation=cv2.INTER_AREA)[:380, :440]
        found = mtcnn.detect(scene)
        assert all(face.size_px >= 60 for face in found)
        assert len(found) == 1 or wanted_px < 65
