"""What is measured of a found face, on drawn ones whose answer is known, and which gate says no."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import wiring
from edge.config import Config
from edge.types import Faces, Image, Refusal, Signal
from edge.vision.mtcnn import Mtcnn
from edge.vision.quality import LEAST_WEIGHT, LIMITS, Gates, Limit, Quality, assess

HEAD = np.array([(-31, -35, -20), (31, -35, -20), (0, 0, 10), (-25, 30, -15), (25, 30, -15)], float)
"""Eyes, nose and corners of the mouth of a head that looks into the camera, x y z in mm."""
BOX = (100, 100, 200, 220)
GATES = wiring.gates(Config())


def landmarks(*, yaw: float = 0, roll: float = 0, centre: tuple[float, float] = (150, 165)) -> np.ndarray:
    """(5, 2) of that head, turned by degrees, far away, one mm a pixel."""
    a, b = np.radians([yaw, roll])
    turned = HEAD @ np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]]).T
    level = turned[:, :2] @ np.array([[np.cos(b), -np.sin(b)], [np.sin(b), np.cos(b)]]).T
    return (level + centre).astype(np.float32)


def faces(*boxes: tuple[float, float, float, float], marks: np.ndarray | None = None) -> Faces:
    each = landmarks() if marks is None else marks
    return Faces(np.array(boxes, np.float32), np.ones(len(boxes), np.float32), np.repeat(each[None], len(boxes), axis=0))


def texture(size: tuple[int, int] = (400, 300), *, seed: int = 3) -> Image:
    """Something with structure of every size, as a face has, brightness about one half."""
    rng = np.random.default_rng(seed)
    whole = np.zeros((size[1], size[0]), np.float32)
    for cell in (2, 4, 8, 16, 32, 64):
        coarse = rng.normal(size=(size[1] // cell + 2, size[0] // cell + 2)).astype(np.float32) * cell**0.8
        whole += cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    grey = np.clip(128 + 30 * whole / whole.std(), 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def one(pixels: Image, box: tuple[float, float, float, float] = BOX, marks: np.ndarray | None = None) -> Quality:
    (quality,) = assess(pixels, faces(box, marks=marks))
    return quality


class TestPose:
    def test_somebody_who_looks_into_the_camera_is_not_turned(self) -> None:
        quality = one(texture())
        assert (quality.turn, quality.roll_deg) == (pytest.approx(0, abs=1e-6), pytest.approx(0, abs=1e-6))
        assert quality.nod == pytest.approx(35 / 65)

    def test_the_farther_the_head_is_turned_the_larger_it_is_to_either_side(self) -> None:
        turns = [one(texture(), marks=landmarks(yaw=yaw)).turn for yaw in (-60, -40, -20, 0, 20, 40, 60)]
        assert turns == sorted(turns)
        assert turns == pytest.approx([-turn for turn in reversed(turns)], abs=1e-5)
        # A nose that stands 27.3 mm in front of the line from eyes to mouth, eyes 62 mm apart: tan(40°) * 27.3 / 62.
        assert turns[5] == pytest.approx(0.37, abs=0.01)

    @given(st.floats(-45, 45), st.floats(-60, 60))
    def test_a_head_that_leans_is_not_turned_and_one_that_turns_does_not_lean(self, yaw: float, roll: float) -> None:
        level, leaning = one(FLAT, marks=landmarks(yaw=yaw)), one(FLAT, marks=landmarks(yaw=yaw, roll=roll))
        assert leaning.roll_deg == pytest.approx(roll, abs=1e-3)
        assert leaning.turn == pytest.approx(level.turn, abs=1e-4)
        assert leaning.nod == pytest.approx(level.nod, abs=1e-4)

    def test_landmarks_in_one_point_are_no_crash(self) -> None:
        assert np.isfinite(one(FLAT, marks=np.full((5, 2), 150, np.float32)).turn)


FLAT = np.full((300, 400, 3), 128, np.uint8)


class TestLight:
    @pytest.mark.parametrize("grey", [0, 20, 128, 255])
    def test_brightness_is_the_grey_value(self, grey: int) -> None:
        quality = one(np.full((300, 400, 3), grey, np.uint8))
        assert quality.brightness == pytest.approx(grey / 255)
        assert quality.contrast == pytest.approx(0, abs=1e-5)
        assert quality.clipped == (grey == 255)

    def test_only_the_face_counts(self) -> None:
        pixels = np.full((300, 400, 3), 255, np.uint8)
        pixels[100:220, 100:200] = 40
        assert one(pixels).brightness == pytest.approx(40 / 255)

    def test_a_face_half_white_is_half_clipped(self) -> None:
        pixels = FLAT.copy()
        pixels[:, 150:] = 255
        assert one(pixels).clipped == pytest.approx(0.5, abs=0.03)

    def test_contrast_is_a_share_so_that_less_light_is_not_less_contrast(self) -> None:
        bright = texture()
        assert one((bright * 0.5).astype(np.uint8)).contrast == pytest.approx(one(bright).contrast, rel=0.05)
        assert one((bright * 0.3 + 178).astype(np.uint8)).contrast < 0.4 * one(bright).contrast


class TestSharpness:
    @pytest.mark.parametrize("sigma", [1, 2, 4, 8])
    def test_blur_lowers_it(self, sigma: float) -> None:
        sharper = one(cv2.GaussianBlur(texture(), (0, 0), sigma / 2)).sharpness
        assert one(cv2.GaussianBlur(texture(), (0, 0), sigma)).sharpness < 0.75 * sharper

    @pytest.mark.parametrize("kernel", [np.ones((1, 15)), np.ones((15, 1)), np.eye(15)])
    def test_motion_in_any_direction_lowers_it(self, kernel: np.ndarray) -> None:
        moved = cv2.filter2D(texture(), -1, kernel / kernel.sum())
        assert one(moved).sharpness < 0.5 * one(texture()).sharpness

    def test_half_the_contrast_is_as_sharp(self) -> None:
        assert one((texture() * 0.5 + 64).astype(np.uint8)).sharpness == pytest.approx(one(texture()).sharpness, rel=0.1)

    def test_the_same_face_twice_as_near_is_about_as_sharp(self) -> None:
        soft = cv2.GaussianBlur(texture(), (0, 0), 1.5)
        near = cv2.resize(soft, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        assert one(near, tuple(2 * side for side in BOX)).sharpness == pytest.approx(one(soft).sharpness, rel=0.15)

    def test_a_wall_is_not_sharp(self) -> None:
        assert one(FLAT).sharpness < 1e-6


class TestPlace:
    def test_size_is_the_longer_side(self) -> None:
        assert one(FLAT).size_px == 120

    @pytest.mark.parametrize(("x", "share"), [(0, 1), (-50, 0.5), (-75, 0.25), (350, 0.5)])
    def test_what_lies_beyond_the_edge_is_not_inside(self, x: float, share: float) -> None:
        assert one(FLAT, (x, 100, x + 100, 200)).inside == pytest.approx(share)

    @pytest.mark.parametrize("box", [(-300, 0, -200, 100), (500, 400, 600, 500), (399, 299, 500, 400)])
    def test_a_face_outside_or_in_the_last_pixel_is_no_crash(self, box: tuple[float, float, float, float]) -> None:
        assert one(FLAT, box).inside < 0.001

    def test_another_face_counts_by_how_much_of_the_crop_it_takes(self) -> None:
        alone, beside, far = (0, 0, 100, 100), (50, 0, 150, 100), (300, 200, 350, 250)
        first, second, third = assess(FLAT, faces(alone, beside, far))
        # FaceNet is shown 120 x 120; of it the other box covers 60 x 100.
        assert first.overlap == second.overlap == pytest.approx(60 * 100 / 120**2)
        assert third.overlap == 0

    def test_nobody(self) -> None:
        assert assess(FLAT, Faces.none()) == ()


GOOD = Quality(size_px=120)
BAD = {
    Refusal.TOO_FAR: replace(GOOD, size_px=15.0),
    Refusal.TOO_DARK: replace(GOOD, brightness=0.02),
    Refusal.TOO_BRIGHT: replace(GOOD, clipped=0.95),
    Refusal.BLURRED: replace(GOOD, sharpness=0.02),
    Refusal.TURNED_AWAY: replace(GOOD, turn=-1.0),
    Refusal.CUT_OFF: replace(GOOD, inside=0.4),
    Refusal.SEVERAL_PEOPLE: replace(GOOD, overlap=0.6),
}


class TestGates:
    def test_every_reason_has_an_example_and_a_signal(self) -> None:
        assert set(BAD) == set(Refusal)
        assert {refusal.value for refusal in Refusal} <= {signal.value for signal in Signal}

    @pytest.mark.parametrize("refusal", Refusal)
    def test_each_reason_is_named(self, refusal: Refusal) -> None:
        assert GATES.refusal(BAD[refusal]) is refusal

    @pytest.mark.parametrize(
        "quality", [GOOD, replace(GOOD, roll_deg=80.0), replace(GOOD, contrast=0.01)], ids=["good", "leaning", "washed out"]
    )
    def test_a_good_face_passes_and_two_gates_have_two_sides(self, quality: Quality) -> None:
        told = {GOOD: None, replace(GOOD, roll_deg=80.0): Refusal.TURNED_AWAY}.get(quality, Refusal.TOO_BRIGHT)
        assert GATES.refusal(quality) is told

    def test_open_gates_refuse_nothing(self) -> None:
        assert [Gates().refusal(quality) for quality in BAD.values()] == [None] * len(BAD)

    def test_what_has_to_be_put_right_first_is_said_first(self) -> None:
        worst = replace(BAD[Refusal.BLURRED], inside=0.4, brightness=0.02, turn=1.0)
        assert GATES.refusal(worst) is Refusal.CUT_OFF
        assert GATES.refusal(replace(worst, inside=1.0)) is Refusal.TOO_DARK

    def test_the_configuration_has_every_limit(self) -> None:
        assert [item.name for item in fields(Gates)] == [item.name for item in fields(Config().quality)]


class TestWeight:
    def measured(self, **spoilt: float) -> float:
        """The weight that the measures of such a face give."""
        return math.prod(limit.weight(replace(GOOD, **spoilt)) for limit in LIMITS)

    def test_a_good_face_counts_fully(self) -> None:
        assert self.measured() == 1.0

    @pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.measure)
    def test_it_falls_from_fine_to_poor_and_no_farther(self, limit: Limit) -> None:
        beyond = max(limit.poor + 2 * (limit.poor - limit.fine), 0.0)
        told = [self.measured(**{limit.measure: at}) for at in (limit.fine, (limit.fine + limit.poor) / 2, limit.poor, beyond)]
        expected = [1.0] * 4 if limit.poor == limit.fine else [1.0, (1 + LEAST_WEIGHT) / 2, LEAST_WEIGHT, LEAST_WEIGHT]
        assert told == pytest.approx(expected)

    def test_two_faults_count_twice_and_nothing_counts_nothing(self) -> None:
        assert self.measured(sharpness=0.0, brightness=0.0) == pytest.approx(LEAST_WEIGHT**2)
        assert self.measured(**dict.fromkeys(("sharpness", "brightness", "contrast", "inside", "size_px"), 0.0)) > 0

    def test_it_comes_with_the_quality(self) -> None:
        sharp, blurred = one(texture()), one(cv2.GaussianBlur(texture(), (0, 0), 3))
        assert 0 < blurred.weight < sharp.weight <= 1

    @pytest.mark.parametrize("gates", [GATES, GATES.at_enrolment()], ids=["door", "enrolment"])
    @pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.measure)
    def test_what_counts_fully_is_refused_nowhere(self, gates: Gates, limit: Limit) -> None:
        assert gates.refusal(replace(GOOD, **{limit.measure: limit.fine})) is None


@pytest.mark.demo
class TestPortraits:
    """Real faces with the unit's detector: good as they are, and refused by name once they are spoilt."""

    NAMES = ("astronaut", "obama", "obama2", "biden")

    @pytest.mark.parametrize("name", NAMES)
    def test_a_good_portrait_passes(self, mtcnn: Mtcnn, portraits: dict[str, Image], name: str) -> None:
        assert GATES.refusal(assess(portraits[name], mtcnn.detect(portraits[name]))[0]) is None

    @pytest.mark.parametrize("name", NAMES)
    def test_spoilt_it_is_refused_by_name(self, mtcnn: Mtcnn, portraits: dict[str, Image], name: str) -> None:
        pixels = portraits[name]
        found = mtcnn.detect(pixels)
        blurred = cv2.GaussianBlur(pixels, (0, 0), 0.05 * float(np.ptp(found.boxes[0, 1::2])))
        assert GATES.refusal(assess(blurred, found)[0]) is Refusal.BLURRED
        assert GATES.refusal(assess((pixels * 0.05).astype(np.uint8), found)[0]) is Refusal.TOO_DARK
        assert GATES.refusal(assess(np.clip(pixels * 4.0, 200, 255).astype(np.uint8), found)[0]) is Refusal.TOO_BRIGHT
        middle = round(float(found.boxes[0, ::2].mean()))
        cut = Faces(found.boxes - np.array([middle, 0, middle, 0], np.float32), found.scores, found.landmarks - (middle, 0))
        assert GATES.refusal(assess(np.ascontiguousarray(pixels[:, middle:]), cut)[0]) is Refusal.CUT_OFF
