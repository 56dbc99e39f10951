"""A folder of people on its way to `muster evaluate`: every photograph is counted, as a template, a failure or a copy."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import EnrolError
from edge.exchange.collection.collect import NO_FACE, Collection, collect, listing
from edge.exchange.collection.pair_list import Pair, judge, read_pairs
from edge.exchange.enrolment.acquisition import acquire_central
from edge.types import Faces, Floats, Image
from edge.vision.recogniser import Recogniser


class BrightSquares:
    """Stands in for MTCNN: a face is a bright square."""

    def detect(self, pixels: Image) -> Faces:
        _, _, stats, _ = cv2.connectedComponentsWithStats((pixels.max(axis=2) > 100).astype(np.uint8))
        boxes = np.array([[x, y, x + w, y + h] for x, y, w, h, _ in stats[1:]], np.float32).reshape(-1, 4)
        return Faces(boxes, np.ones(len(boxes), np.float32), np.repeat(boxes.reshape(-1, 2, 2)[:, :1], 5, axis=1))


class Colour:
    """Stands in for FaceNet: the template is the colour in the middle of the face."""

    def templates(self, pixels: Image, faces: Faces) -> Floats:
        middles = ((faces.boxes[:, :2] + faces.boxes[:, 2:]) / 2).astype(int)
        colours = np.array([pixels[y, x] for x, y in middles], np.float32)
        return colours / np.linalg.norm(colours, axis=1, keepdims=True)

    def both(self, pixels: Image, faces: Faces) -> tuple[Floats, Floats]:
        """To be enrolled: the colour with red and blue exchanged."""
        templates = self.templates(pixels, faces)
        return templates, templates[:, ::-1]


RECOGNISER = Recogniser(BrightSquares(), Colour(), "scripted/1")
RED, GREEN, BLUE = (200, 10, 10), (10, 200, 10), (10, 10, 200)


def picture(*faces: tuple[int, int, tuple[int, int, int]], size: tuple[int, int] = (200, 200)) -> Image:
    """Squares of 40 px, with their centres at x, y."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    for x, y, colour in faces:
        pixels[y - 20 : y + 20, x - 20 : x + 20] = colour
    return pixels


def put(path: Path, pixels: Image) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", pixels[:, :, ::-1])[1].tobytes())
    return path


def collected(folder: Path) -> Collection:
    return collect(listing(folder), RECOGNISER)


class TestFaces:
    def test_the_face_nearest_the_centre_is_taken(self) -> None:
        box, template, *_ = acquire_central(picture((40, 40, RED), (110, 100, GREEN), (170, 170, BLUE)), RECOGNISER)
        assert box.tolist() == [90, 80, 130, 120]
        assert template.argmax() == 1

    def test_what_enrolment_would_keep_stands_beside_it(self, tmp_path: Path) -> None:
        put(tmp_path / "Ada" / "1.png", picture((100, 100, RED)))
        samples = collected(tmp_path).samples
        assert (samples.templates[0].argmax(), samples.in_gallery[0].argmax()) == (0, 2)

    def test_no_face_is_no_template(self) -> None:
        assert acquire_central(picture(), RECOGNISER) is None

    def test_the_box_is_in_pixels_of_the_photograph(self) -> None:
        large = cv2.resize(picture((100, 100, RED)), (2000, 2000), interpolation=cv2.INTER_NEAREST)
        box, _, quality, _ = acquire_central(large, RECOGNISER)
        assert box == pytest.approx([800, 800, 1200, 1200], abs=4)
        assert quality.size_px == pytest.approx(400, abs=4)


class TestFolders:
    def test_every_photograph_is_counted_once(self, tmp_path: Path) -> None:
        put(tmp_path / "Ann" / "1.png", picture((100, 100, RED)))
        put(tmp_path / "Ann" / "2.png", picture((90, 100, RED)))
        put(tmp_path / "Bob" / "1.png", picture((100, 100, BLUE)))
        put(tmp_path / "Bob" / "2.png", picture())
        (tmp_path / "Bob" / "3.jpg").write_text("no picture")
        found = collected(tmp_path)
        assert found.people == ("Ann", "Bob")
        assert found.samples.persons.tolist() == [0, 0, 1]
        assert found.samples.n_photographs.tolist() == [2, 3]
        assert found.n_photos == 5
        assert found.failures["Bob/2.png"] == NO_FACE
        assert "not a picture" in found.failures["Bob/3.jpg"]
        assert found.rows == {"Ann/1.png": 0, "Ann/2.png": 1, "Bob/1.png": 2}

    def test_a_thousand_copies_of_one_picture_are_one_photograph(self, tmp_path: Path) -> None:
        original = put(tmp_path / "Ann" / "0000.png", picture((100, 100, RED))).read_bytes()
        for number in range(1, 1000):
            (tmp_path / "Ann" / f"{number:04}.png").write_bytes(original)
        found = collected(tmp_path)
        assert (len(found.samples.persons), len(found.copies), found.n_photos) == (1, 999, 1000)
        assert found.samples.strangers.tolist() == [0], "one photograph only, however often"
        assert found.rows["Ann/0777.png"] == 0
        assert found.notes == ("Copies of another photograph of the same person, left out: 999.",)

    def test_one_photograph_in_two_folders_is_said(self, tmp_path: Path) -> None:
        original = put(tmp_path / "Ann" / "a.png", picture((100, 100, RED))).read_bytes()
        put(tmp_path / "Bob" / "b.png", picture()).write_bytes(original)
        found = collected(tmp_path)
        assert found.samples.persons.tolist() == [0, 1]
        assert found.notes == ("The same photograph is in several people's folders: Ann/a.png, Bob/b.png.",)

    def test_what_is_no_persons_photograph_is_left_out_and_said(self, tmp_path: Path) -> None:
        put(tmp_path / "Ann" / "1.png", picture((100, 100, RED)))
        put(tmp_path / "Ann" / "older" / "1.png", picture((100, 100, RED)))
        put(tmp_path / "Bob.png", picture((100, 100, RED)))
        (tmp_path / "Eve").mkdir()
        found = collected(tmp_path)
        assert found.n_photos == 1
        assert [note.split(":")[0] for note in found.notes] == [
            "Ann/older is left out",
            "Bob.png is left out",
            "Eve is left out",
        ]

    def test_people_are_told_apart_by_their_folders_not_by_the_codes_in_them(self, tmp_path: Path) -> None:
        for name in ("2026 Ann", "2026 Bob"):
            put(tmp_path / name / "1.png", picture((100, 100, RED)))
        assert collected(tmp_path).people == ("2026 Ann", "2026 Bob")

    @pytest.mark.parametrize("content", [None, "", "Ann.png"])
    def test_without_people_it_says_what_is_needed(self, tmp_path: Path, content: str | None) -> None:
        folder = tmp_path / "people"
        if content is not None:
            folder.mkdir()
        if content:
            put(folder / content, picture((100, 100, RED)))
        with pytest.raises(EnrolError, match=r"people.*(Name|Make|make) "):
            listing(folder)

    def test_people_who_are_links_only_are_named_as_such(self, tmp_path: Path) -> None:
        put(tmp_path / "real" / "Ann" / "1.png", picture((100, 100, RED)))
        (tmp_path / "people" / "Zed").mkdir(parents=True)
        for name in ("Ann", "Bob"):
            (tmp_path / "people" / name).symlink_to(tmp_path / "real" / "Ann")
        with pytest.raises(EnrolError, match=r"Ann \(and 1 more like it\): a link to a folder.*copy the folder itself"):
            listing(tmp_path / "people")

    def test_without_a_single_face_there_is_nothing_to_measure(self, tmp_path: Path) -> None:
        put(tmp_path / "Ann" / "1.png", picture())
        with pytest.raises(EnrolError, match=r"no face is found in any of its photographs \(1\)"):
            collected(tmp_path)


class TestPairs:
    PLACES = ("Ann/1.jpg", "Ann/2.jpg", "Bob/1.jpg")

    def read(self, tmp_path: Path, text: str) -> list[Pair]:
        path = tmp_path / "pairs.csv"
        path.write_text(text, encoding="utf-8")
        return read_pairs(path, self.PLACES)

    def test_they_are_read(self, tmp_path: Path) -> None:
        text = "same,fold,a,b,remark\n1,0,Ann/1.jpg,Ann/2.jpg,x\n0,1,Ann/1.jpg,Bob/1.jpg,\n"
        assert self.read(tmp_path, text) == [Pair(0, "Ann/1.jpg", "Ann/2.jpg", True), Pair(1, "Ann/1.jpg", "Bob/1.jpg", False)]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "the column fold is missing; its first line must be fold,a,b,same"),
            ("fold,a,b\n", "the column same is missing"),
            ("fold,a,b,same\nx,Ann/1.jpg,Ann/2.jpg,1\n", "line 2: fold must be a whole number, not 'x'"),
            ("fold,a,b,same\n0,Ann/1.jpg,Ann/2.jpg,yes\n", "line 2: same must be 1 or 0, not 'yes'"),
            ("fold,a,b,same\n0,Ann/1.jpg\n", "line 2: same must be 1 or 0, not ''"),
            ("fold,a,b,same\n0,Ann/1.jpg,Eve/1.jpg,0\n", "1 of its photographs are not in the folder, the first is 'Eve/1.jpg'"),
            ("fold,a,b,same\n0,Ann/1.jpg,Ann/2.jpg,1\n", "at least two folds are needed"),
            ("fold,a,b,same\n", "at least two folds are needed"),
        ],
    )
    def test_what_is_wrong_with_the_list_is_said(self, tmp_path: Path, text: str, said: str) -> None:
        with pytest.raises(EnrolError, match=r"pairs\.csv") as caught:
            self.read(tmp_path, text)
        assert said in str(caught.value)

    def test_a_list_that_cannot_be_read_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(EnrolError, match=r"pairs\.csv: No such file"):
            read_pairs(tmp_path / "pairs.csv", self.PLACES)
        (tmp_path / "pairs.csv").write_bytes(b"fold,a,b,same\n0,Andr\xe9/1.jpg,Ann/1.jpg,0\n")
        with pytest.raises(EnrolError, match="not a CSV file in UTF-8"):
            read_pairs(tmp_path / "pairs.csv", self.PLACES)

    def test_a_pair_with_a_failure_to_acquire_is_left_out_and_counted(self) -> None:
        pairs = [Pair(fold, "a", "b", True) for fold in (0, 1)] + [Pair(fold, "a", "c", False) for fold in (0, 1)]
        templates = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
        found = judge([*pairs, Pair(0, "a", "nobody", False)], {"a": 0, "b": 1, "c": 2}, templates)
        assert (found.mean, found.n_pairs, found.n_left_out) == (1.0, 4, 1)
        assert judge(pairs, {}, templates) is None
