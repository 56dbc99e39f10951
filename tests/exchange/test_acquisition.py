"""A photograph that the gates refuse says which one and what to do; evaluation measures the same and refuses nothing."""

from __future__ import annotations

from dataclasses import fields, replace

import cv2
import numpy as np
import pytest

from edge import wiring
from edge.config import Config
from edge.exchange.enrolment.acquisition import GATED, Acquisition, Verdict, acquire, acquire_central
from edge.types import Faces, Floats, Image, Refusal
from edge.vision.quality import Gates, Quality
from edge.vision.recogniser import Recogniser

HEAD = np.array([(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)], np.float32)
"""Landmarks as shares of the box."""


class Fixed:
    """Stands in for MTCNN: faces in given boxes, as shares of the picture, that look into the camera."""

    def __init__(self, *boxes: tuple[float, float, float, float], turn: float = 0.0) -> None:
        self._boxes, self._turn = np.array(boxes, np.float32), np.float32(turn)

    def detect(self, pixels: Image) -> Faces:
        boxes = self._boxes * np.tile(np.array(pixels.shape[1::-1], np.float32), 2)
        head = HEAD + np.array([(0, 0), (0, 0), (self._turn, 0), (0, 0), (0, 0)], np.float32)
        landmarks = boxes[:, None, :2] + head * (boxes[:, None, 2:] - boxes[:, None, :2])
        return Faces(boxes, np.ones(len(boxes), np.float32), landmarks)


class One:
    """Stands in for FaceNet: the template of the door is 1, and that of enrolment 2."""

    def templates(self, pixels: Image, faces: Faces) -> Floats:
        return np.ones((len(faces), 1), np.float32)

    def both(self, pixels: Image, faces: Faces) -> tuple[Floats, Floats]:
        return self.templates(pixels, faces), 2 * self.templates(pixels, faces)


MIDDLE = (0.3, 0.2, 0.7, 0.8)
STRICT = wiring.gates(Config()).at_enrolment()


def photograph(size: tuple[int, int] = (300, 200), *, cell: int = 4) -> Image:
    """Sharp, neither dark nor bright."""
    noise = np.random.default_rng(8).integers(40, 220, (size[1] // cell, size[0] // cell, 3), np.uint8)
    return cv2.resize(noise, size, interpolation=cv2.INTER_NEAREST)


def taken(pixels: Image, *boxes: tuple[float, float, float, float], turn: float = 0.0, gates: Gates = STRICT) -> Acquisition:
    recogniser = Recogniser(Fixed(*(boxes or (MIDDLE,)), turn=turn), One(), "scripted/1")
    return acquire(pixels, recogniser, min_face_px=60, gates=gates)


def test_a_good_photograph_passes_and_says_how_good_it_is() -> None:
    acquired = taken(photograph())
    assert acquired.verdict is Verdict.ENROLLED
    assert acquired.template is not None
    assert acquired.template.tolist() == [2], "the one that enrolment makes"
    assert acquired.quality is not None
    assert acquired.quality.weight == 1.0


@pytest.mark.parametrize(
    ("spoilt", "verdict", "advice"),
    [
        ((photograph() * 0.1).astype(np.uint8), Verdict.TOO_DARK, "light on the face"),
        (np.clip(photograph() * 6.0, 0, 255).astype(np.uint8), Verdict.TOO_BRIGHT, "less light"),
        (cv2.GaussianBlur(photograph(cell=20), (0, 0), 7), Verdict.BLURRED, "hold still"),
    ],
)
def test_a_spoilt_photograph_is_refused_by_name_with_advice(spoilt: Image, verdict: Verdict, advice: str) -> None:
    acquired = taken(spoilt)
    assert acquired.template is None
    assert acquired.verdict is verdict
    assert advice in acquired.reason


def test_who_looks_away_is_cut_off_or_covered_is_told_so() -> None:
    assert taken(photograph(), turn=0.4).verdict is Verdict.TURNED_AWAY
    assert taken(photograph(), (0.75, 0.2, 1.15, 0.8)).verdict is Verdict.CUT_OFF
    covered = taken(photograph((600, 400)), MIDDLE, (0.45, 0.5, 0.64, 0.78))
    assert covered.verdict is Verdict.SEVERAL_FACES
    assert "take it again alone" in covered.reason


def test_too_small_counts_pixels_of_the_photograph() -> None:
    small = (0.45, 0.4, 0.49, 0.46)  # 120 px high in the photograph, 31 in the copy that is searched
    acquired = taken(cv2.resize(photograph(), (4000, 2000)), small, gates=replace(STRICT, min_sharpness=0, min_contrast=0))
    assert acquired.quality is not None
    assert acquired.quality.size_px == pytest.approx(160, abs=1)
    assert acquired.verdict is Verdict.ENROLLED
    assert taken(photograph(), small).verdict is Verdict.TOO_SMALL


def test_every_reason_has_a_verdict_and_says_what_to_do() -> None:
    assert set(GATED) == set(Refusal)
    assert all("take it" in advice for _, advice in GATED.values())


def test_enrolment_is_at_least_as_strict_as_the_door() -> None:
    door = wiring.gates(Config())
    for item in fields(Gates):
        at_door, at_enrolment = getattr(door, item.name), getattr(door.at_enrolment(), item.name)
        assert at_enrolment >= at_door if item.name.startswith("min") else at_enrolment <= at_door
    stricter = replace(door, min_brightness=0.5)
    assert stricter.at_enrolment().min_brightness == 0.5, "a site that asks for more gets it"


def test_evaluation_measures_the_same_and_refuses_nothing() -> None:
    dark = (photograph() * 0.1).astype(np.uint8)
    sample = acquire_central(dark, Recogniser(Fixed(MIDDLE), One(), "scripted/1"))
    assert sample is not None
    assert (sample.template.tolist(), sample.enrolled.tolist()) == ([1], [2])
    assert isinstance(sample.quality, Quality)
    assert sample.quality == taken(dark).quality
    assert STRICT.refusal(sample.quality) is Refusal.TOO_DARK
