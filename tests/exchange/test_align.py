"""A tree of photographs becomes the same tree of faces: nothing lost, nothing written over, nothing done twice."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import EnrolError, StoreError
from edge.exchange.collection.align import Aligner, Alignment, align, stamp_of
from edge.exchange.collection.tree import target_names
from edge.exchange.enrolment.photographs import decode
from edge.exchange.files import LOCK_NAME, PrivateFiles
from edge.types import Faces, Floats, Image
from edge.vision.facenet import Facenet

COLOURS = {"red": (200, 10, 10), "green": (10, 200, 10), "blue": (10, 10, 200)}


class BrightSquares:
    """Stands in for MTCNN: a face is a bright square."""

    def __init__(self) -> None:
        self.n_calls = 0

    def detect(self, pixels: Image) -> Faces:
        self.n_calls += 1
        _, _, stats, _ = cv2.connectedComponentsWithStats((pixels.max(axis=2) > 100).astype(np.uint8))
        boxes = np.array([[x, y, x + w, y + h] for x, y, w, h, _ in stats[1:]], np.float32).reshape(-1, 4)
        return Faces(boxes, np.ones(len(boxes), np.float32), np.repeat(boxes.reshape(-1, 2, 2)[:, :1], 5, axis=1))


class FullDisk(PrivateFiles):
    def create(self, path: Path, content: bytes) -> None:
        path.write_bytes(content[:10])
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def detector() -> BrightSquares:
    return BrightSquares()


def picture(*faces: tuple[int, int, str], side: int = 40) -> Image:
    pixels = np.zeros((200, 200, 3), np.uint8)
    for x, y, colour in faces:
        pixels[y - side // 2 : y + side // 2, x - side // 2 : x + side // 2] = COLOURS[colour]
    return pixels


def put(path: Path, pixels: Image) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", pixels[:, :, ::-1])[1].tobytes())
    return path


def aligned(tmp_path: Path, detector: BrightSquares, **settings: object) -> Alignment:
    return align(tmp_path / "in", tmp_path / "out", Aligner(detector, **{"made_by": "test/1", **settings}))


def tree(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


class TestTheSameTree:
    def test_each_photograph_becomes_a_face_in_the_same_place(self, tmp_path: Path, detector: BrightSquares) -> None:
        put(tmp_path / "in" / "Ann" / "1.png", picture((100, 100, "red")))
        put(tmp_path / "in" / "Ann" / "older" / "2.webp", picture((100, 100, "green")))
        put(tmp_path / "in" / "Bob.jpg", picture((100, 100, "blue")))
        result = aligned(tmp_path, detector)
        assert (result.n_aligned, result.failures) == (3, [])
        assert tree(tmp_path / "out") == ["Ann/1.png", "Ann/older/2.png", "Bob.png"]
        crop = decode((tmp_path / "out" / "Bob.png").read_bytes())
        assert crop.shape == (160, 160, 3)
        assert crop[80, 80].tolist() == list(COLOURS["blue"])

    def test_the_face_is_what_the_network_would_be_shown(self, tmp_path: Path, detector: BrightSquares) -> None:
        shown: list[Floats] = []

        def network(batch: Floats) -> dict[str, Floats]:
            shown.append(batch)
            return {"template": np.ones((1, 4), np.float32)}

        photograph = cv2.resize(picture((90, 110, "red"), side=60), (1600, 1600), interpolation=cv2.INTER_LINEAR)
        put(tmp_path / "in" / "a.png", photograph)
        aligned(tmp_path, detector)
        crop = decode((tmp_path / "out" / "a.png").read_bytes())
        copy = cv2.resize(photograph, (1024, 1024), interpolation=cv2.INTER_AREA)
        Facenet(network).templates(copy, detector.detect(copy))
        assert np.array_equal((crop.astype(np.float32) - 127.5) / 128, shown[0][0])

    def test_the_face_nearest_the_centre_is_taken_and_a_crowd_is_said(self, tmp_path: Path, detector: BrightSquares) -> None:
        put(tmp_path / "in" / "a.png", picture((40, 40, "red"), (110, 100, "green"), (170, 170, "blue")))
        result = aligned(tmp_path, detector)
        assert decode((tmp_path / "out" / "a.png").read_bytes())[80, 80].argmax() == 1
        assert result.crowded == ["a.png"]

    def test_another_size(self, tmp_path: Path, detector: BrightSquares) -> None:
        put(tmp_path / "in" / "a.png", picture((100, 100, "red")))
        aligned(tmp_path, detector, side_px=96)
        assert decode((tmp_path / "out" / "a.png").read_bytes()).shape == (96, 96, 3)

    def test_names_that_would_become_one_stay_apart(self, tmp_path: Path, detector: BrightSquares) -> None:
        for name, colour in (("a.jpg", "red"), ("a.png", "green"), ("A.webp", "blue"), ("a.jpg.tif", "red"), ("b.jpg", "blue")):
            put(tmp_path / "in" / name, picture((100, 100, colour)))
        assert aligned(tmp_path, detector).n_aligned == 5
        assert tree(tmp_path / "out") == ["A.webp.png", "a.jpg.png", "a.jpg.tif.png", "a.png.png", "b.png"]
        assert decode((tmp_path / "out" / "a.png.png").read_bytes())[80, 80].argmax() == 1

    def test_names_that_differ_in_capitals_only_do_not_go_round_for_ever(self) -> None:
        assert target_names(["a.jpg", "A.jpg", "b.jpg"]) == ["a.jpg.png", "A.jpg.png", "b.png"]

    def test_odd_names_and_a_deep_tree(self, tmp_path: Path, detector: BrightSquares) -> None:
        odd = Path(os.fsdecode(b"\xff Andr\xe9 \n\x1b[2J"))
        put(tmp_path / "in" / odd / ".hidden" / "a.png", picture((100, 100, "red")))
        put(tmp_path / "in" / odd / "ü ß.jpg", picture((100, 100, "red")))
        deep = Path(*"d" * 300)
        put(tmp_path / "in" / deep / "a.png", picture((100, 100, "red")))
        result = aligned(tmp_path, detector)
        assert (result.n_aligned, result.failures) == (2, [])
        assert (tmp_path / "out" / deep / "a.png").is_file()
        assert (tmp_path / "out" / odd / "ü ß.png").is_file()

    def test_faces_are_for_their_owner_alone(self, tmp_path: Path, detector: BrightSquares) -> None:
        put(tmp_path / "in" / "Ann" / "a.png", picture((100, 100, "red")))
        aligned(tmp_path, detector)
        made = [tmp_path / "out", tmp_path / "out" / "Ann", tmp_path / "out" / "Ann" / "a.png"]
        assert [stat.S_IMODE(path.stat().st_mode) for path in made] == [0o700, 0o700, 0o600]


class TestWhatCannotBeAligned:
    def test_each_has_its_reason_and_the_others_are_done(self, tmp_path: Path, detector: BrightSquares) -> None:
        good = put(tmp_path / "in" / "a.png", picture((100, 100, "red")))
        put(tmp_path / "in" / "nobody.png", picture())
        (tmp_path / "in" / "notes.txt").write_text("hello")
        (tmp_path / "in" / "Thumbs.db").write_text("not meant")
        (tmp_path / "in" / "link.png").symlink_to(good)
        (tmp_path / "in" / "folder").symlink_to(tmp_path)
        os.mkfifo(tmp_path / "in" / "pipe.png")
        result = aligned(tmp_path, detector)
        assert result.n_aligned == 1
        assert [(place, reason.split(" (")[0]) for place, reason in result.failures] == [
            ("folder", "a link to a folder; copy the folder itself"),
            ("link.png", "a link, a pipe or a device, not a file"),
            ("nobody.png", "no face"),
            ("notes.txt", "not a picture that Muster reads"),
            ("pipe.png", "a link, a pipe or a device, not a file"),
        ]

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_what_may_not_be_read_is_named(self, tmp_path: Path, detector: BrightSquares) -> None:
        put(tmp_path / "in" / "a.png", picture((100, 100, "red")))
        put(tmp_path / "in" / "b.png", picture((100, 100, "red"))).chmod(0)
        put(tmp_path / "in" / "secret" / "c.png", picture((100, 100, "red"))).parent.chmod(0)
        result = aligned(tmp_path, detector)
        assert result.n_aligned == 1
        assert [place for place, _ in result.failures] == ["b.png", "secret"]

    @pytest.mark.parametrize(
        ("folder", "out"), [("in", "in"), ("in", "in/out"), ("out/in", "out"), ("in", "link"), ("in", "in/../in/x")]
    )
    def test_one_inside_the_other_is_refused(self, tmp_path: Path, detector: BrightSquares, folder: str, out: str) -> None:
        put(tmp_path / folder / "a.png", picture((100, 100, "red")))
        (tmp_path / "link").symlink_to(tmp_path / "in")
        before = tree(tmp_path)
        with pytest.raises(EnrolError, match="inside the other"):
            align(tmp_path / folder, tmp_path / out, Aligner(detector, "test/1"))
        assert tree(tmp_path) == before

    def test_a_link_among_the_crops_leads_nowhere(self, tmp_path: Path, detector: BrightSquares) -> None:
        put(tmp_path / "in" / "Ann" / "a.jpg", picture((100, 100, "red")))
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "Ann").symlink_to(tmp_path / "in" / "Ann")
        result = aligned(tmp_path, detector)
        assert "is a link" in result.failures[0][1]
        assert tree(tmp_path / "in") == ["Ann/a.jpg"]

    def test_what_is_not_there_and_what_is_empty_is_said(self, tmp_path: Path, detector: BrightSquares) -> None:
        with pytest.raises(EnrolError, match=r"in: No such file or directory\. Name the folder"):
            aligned(tmp_path, detector)
        (tmp_path / "in").mkdir()
        with pytest.raises(EnrolError, match="holds no photographs"):
            aligned(tmp_path, detector)
        put(tmp_path / "in" / "a.png", picture((100, 100, "red")))
        (tmp_path / "out").write_text("a file")
        with pytest.raises(EnrolError, match="out: cannot be written"):
            aligned(tmp_path, detector)
        with pytest.raises(EnrolError, match="cannot be written"):
            align(tmp_path / "in", tmp_path / "no" / "such" / "out", Aligner(detector, "test/1"))


class TestAgain:
    def test_what_is_current_is_not_made_anew(self, tmp_path: Path, detector: BrightSquares) -> None:
        put(tmp_path / "in" / "a.png", picture((100, 100, "red")))
        put(tmp_path / "in" / "b.png", picture((100, 100, "red")))
        aligned(tmp_path, detector)
        before = (tmp_path / "out" / "a.png").stat().st_mtime_ns
        put(tmp_path / "in" / "b.png", picture((100, 100, "green")))
        put(tmp_path / "in" / "c.png", picture((100, 100, "blue")))
        detector.n_calls = 0
        result = aligned(tmp_path, detector)
        assert (result.n_current, result.n_aligned, detector.n_calls) == (1, 2, 2)
        assert (tmp_path / "out" / "a.png").stat().st_mtime_ns == before
        assert decode((tmp_path / "out" / "b.png").read_bytes())[80, 80].argmax() == 1

    @pytest.mark.parametrize("settings", [{"side_px": 96}, {"made_by": "test/2"}])
    def test_other_settings_make_everything_anew(self, tmp_path: Path, detector: BrightSquares, settings: dict) -> None:
        put(tmp_path / "in" / "a.png", picture((100, 100, "red")))
        aligned(tmp_path, detector)
        assert aligned(tmp_path, detector, **settings).n_aligned == 1

    def test_what_somebody_else_put_there_is_left_alone(self, tmp_path: Path, detector: BrightSquares) -> None:
        put(tmp_path / "in" / "a.jpg", picture((100, 100, "red")))
        other = put(tmp_path / "out" / "a.png", picture()).read_bytes()
        result = aligned(tmp_path, detector)
        assert result.failures == [("a.jpg", "a.png is there already and is no crop of ours; move it away")]
        assert (tmp_path / "out" / "a.png").read_bytes() == other

    def test_crops_whose_photographs_are_gone_are_named(self, tmp_path: Path, detector: BrightSquares) -> None:
        gone = put(tmp_path / "in" / "Ann" / "gone.jpg", picture((100, 100, "red")))
        put(tmp_path / "in" / "b.jpg", picture((100, 100, "red")))
        assert aligned(tmp_path, detector).left_over == []
        gone.unlink()
        put(tmp_path / "in" / "b.jpg", picture())
        result = aligned(tmp_path, detector)
        assert (result.left_over, result.failures) == (["b.png", "Ann/gone.png"], [("b.jpg", "no face")])
        assert tree(tmp_path / "out") == ["Ann/gone.png", "b.png"]

    def test_an_interrupted_run_leaves_whole_crops_and_the_next_does_the_rest(
        self, tmp_path: Path, detector: BrightSquares
    ) -> None:
        for number in range(3):
            put(tmp_path / "in" / f"{number}.png", picture((100, 100, "red")))

        def pull_the_plug(leaves: list) -> object:
            yield from leaves[:2]
            raise KeyboardInterrupt

        aligner = Aligner(detector, "test/1")
        with pytest.raises(KeyboardInterrupt):
            align(tmp_path / "in", tmp_path / "out", aligner, progress=pull_the_plug)
        (tmp_path / "out" / ".2.png.part").write_bytes(b"half")
        result = align(tmp_path / "in", tmp_path / "out", aligner)
        assert (result.n_current, result.n_aligned) == (2, 1)
        assert tree(tmp_path / "out") == ["0.png", "1.png", "2.png"]

    def test_two_musters_do_not_make_the_same_crops_at_once(self, tmp_path: Path, detector: BrightSquares) -> None:
        put(tmp_path / "in" / "a.png", picture((100, 100, "red")))
        (tmp_path / "out").mkdir()
        with (tmp_path / "out" / LOCK_NAME).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with pytest.raises(EnrolError, match=r"another Muster is at work in .*out\. Wait"):
                aligned(tmp_path, detector)

    def test_a_full_disk_ends_it_and_is_said(self, tmp_path: Path, detector: BrightSquares) -> None:
        put(tmp_path / "in" / "a.png", picture((100, 100, "red")))
        with pytest.raises(StoreError, match=r"a\.png: cannot be written \(No space left on device\)\. What is there stays"):
            align(tmp_path / "in", tmp_path / "out", Aligner(detector, "test/1"), files=FullDisk())
        assert tree(tmp_path / "out") == []

    def test_a_crop_says_what_it_was_made_of(self, tmp_path: Path, detector: BrightSquares) -> None:
        path = put(tmp_path / "in" / "a.png", picture((100, 100, "red")))
        aligned(tmp_path, detector)
        assert stamp_of(tmp_path / "out" / "a.png") == Aligner(detector, "test/1").stamp(path.read_bytes())
        assert stamp_of(path) == ""
        assert stamp_of(tmp_path / "nowhere.png") is None
