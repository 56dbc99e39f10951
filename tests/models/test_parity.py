"""int8 beside float32 on development faces, with the unit's own pipeline; a sample of what `models.parity` measures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.device.manifest import read_spec
from edge.device.network import TfliteNetwork
from edge.types import Faces
from edge.vision.facenet import unit
from models import HEAD, MANIFEST, compare, faces, golden
from models.head.linear import Head

N_DETECTED, N_EMBEDDED = 500, 120


def photographs() -> list[Path]:
    try:
        return faces.other_photographs()
    except faces.MissingFacesError as missing:
        pytest.skip(str(missing))


@pytest.mark.faces
def test_people_who_calibrate_do_not_measure() -> None:
    measuring = {path.parent.name for path in photographs()}
    calibrating = {path.parent.name for path in faces.calibration_photographs()}
    assert len(calibrating) == faces.N_CALIBRATION
    assert not measuring & calibrating


@pytest.mark.faces
def test_int8_mtcnn_finds_what_float32_finds() -> None:
    some = photographs()[:N_DETECTED]
    detectors = [compare.detector(compare.load_cascade(variant)) for variant in ("float32", "int8")]
    figures = compare.detection_parity(some, *detectors).figures()
    assert figures["n_faces"] >= N_DETECTED
    assert figures["found"] >= 0.985
    assert figures["n_extra"] <= 0.015 * figures["n_faces"]
    assert figures["iou_median"] >= 0.94
    assert figures["landmark_error_median"] <= 0.01


@pytest.mark.faces
def test_int8_facenet_makes_the_templates_of_float32() -> None:
    some = photographs()[:N_EMBEDDED]
    if not read_spec(MANIFEST, "facenet", variant="float32").path.exists():
        pytest.skip("FaceNet in float32 (94 MB) is not committed: `make oracle` builds it")
    facenets = [compare.load_facenet(variant) for variant in ("float32", "int8")]
    cosines = compare.cosines(some, compare.detector(compare.load_cascade("float32")), facenets)
    assert len(cosines) >= 0.98 * N_EMBEDDED
    assert float(np.median(cosines)) >= 0.998


def test_the_folded_head_is_the_head_after_the_network() -> None:
    folded, trunk = (read_spec(MANIFEST, name, variant="float32") for name in ("facenet", "facenet-trunk"))
    if not (folded.path.exists() and trunk.path.exists()):
        pytest.skip("FaceNet in float32 (94 MB) is not committed: `make oracle` builds it")
    pictures, head = golden.pictures("facenet"), Head.read(HEAD)
    after = head(TfliteNetwork(trunk)(pictures)["template"])
    assert (unit(TfliteNetwork(folded)(pictures)["template"]) * after).sum(axis=1).min() > 1 - 1e-6


def faces_at(*corners: tuple[float, float], shift: float = 0.0) -> Faces:
    boxes = np.array([(x, y, x + 100, y + 100) for x, y in corners], np.float32).reshape(-1, 4) + np.float32(shift)
    landmarks = np.repeat(boxes[:, None, :2], 5, axis=1)
    return Faces(boxes, np.ones(len(corners), np.float32), landmarks)


def test_parity_counts_what_is_missed_and_what_is_extra() -> None:
    parity = compare.DetectionParity()
    parity.add(faces_at((0, 0), (300, 0)), faces_at((0, 0), (600, 0)))
    parity.add(faces_at(), faces_at((0, 0)))
    parity.add(faces_at((0, 0)), faces_at())
    assert (parity.n_reference, parity.n_missed, parity.n_extra) == (3, 2, 2)
    assert parity.ious == [1.0]


def test_landmark_error_is_a_share_of_the_face() -> None:
    parity = compare.DetectionParity()
    parity.add(faces_at((0, 0)), faces_at((0, 0), shift=3.0))
    assert parity.landmark_errors == pytest.approx([3 * 2**0.5 / 100])


def test_one_box_answers_for_one_face_only() -> None:
    parity = compare.DetectionParity()
    parity.add(faces_at((0, 0), (10, 0)), faces_at((5, 0)))
    assert (parity.n_missed, parity.n_extra) == (1, 0)


def test_without_the_faces_the_message_names_the_set_and_the_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MUSTER_FACES", str(tmp_path))
    with pytest.raises(faces.MissingFacesError, match="lfw-dev") as caught:
        faces.calibration_photographs()
    assert str(tmp_path) in str(caught.value)
