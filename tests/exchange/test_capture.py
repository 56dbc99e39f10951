"""Somebody before the camera: what they are told, what is kept of them, and what is never lost or written over."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.device.fakes import RecordingPanel, ScriptedCamera
from edge.errors import DeviceError, StoreError
from edge.exchange.capture.album import album
from edge.exchange.capture.session import GIVE_UP_S, PATIENCE_S, Aim, Ended, Session
from edge.exchange.capture.viewfinder import REFUSED, Viewfinder
from edge.exchange.capture.views import PROMPTS, prompt
from edge.exchange.enrolment.folder import candidates
from edge.exchange.enrolment.photographs import decode
from edge.exchange.files import PrivateFiles
from edge.types import Faces, Floats, Frame, Image, Refusal, Signal
from edge.vision.quality import Gates
from edge.vision.recogniser import Recogniser

FPS = 5
NAME = "1042 Ada Lovelace"
PEOPLE = {"Ada": (200, 60, 60), "Bob": (60, 200, 60)}
EYES_Y, MOUTH_Y, EYES_APART = 0.35, 0.75, 0.4


@dataclass(frozen=True)
class Pose:
    """A drawn face: a square of the person's colour with a white nose. It survives cropping and JPEG."""

    who: str = "Ada"
    x: int = 320
    y: int = 240
    side: int = 120
    turn: float = 0.0
    nod: float = 0.5
    look: float = 0.0  # whatever else makes a template differ: glasses, light


STRAIGHT = Pose()
LEFT, RIGHT, UP, DOWN = (replace(STRAIGHT, **change) for change in ({"turn": 0.2}, {"turn": -0.2}, {"nod": 0.35}, {"nod": 0.65}))


def drawn(*faces: Pose) -> Image:
    pixels = np.full((480, 640, 3), 20, np.uint8)
    for face in faces:
        left, top = face.x - face.side // 2, face.y - face.side // 2
        colour = np.add(PEOPLE[face.who], (0, 0, int(60 * face.look)))
        pixels[top : top + face.side, left : left + face.side] = colour
        nose = (round(face.x + face.turn * EYES_APART * face.side), round(top + (EYES_Y + face.nod * EYES_APART) * face.side))
        cv2.circle(pixels, nose, max(2, face.side // 12), (255, 255, 255), -1)
    return pixels


class Eyes:
    """Detector and embedder that read what `drawn` drew, out of a photograph as well."""

    def detect(self, pixels: Image) -> Faces:
        count, _, stats, _ = cv2.connectedComponentsWithStats(
            (np.maximum(pixels[:, :, 0], pixels[:, :, 1]) > 110).astype(np.uint8)
        )
        order = sorted(range(1, count), key=lambda row: -stats[row][4])
        boxes = np.array([[x, y, x + w, y + h] for x, y, w, h, _ in stats[order]], np.float32).reshape(-1, 4)
        landmarks = [self._landmarks(pixels, box) for box in boxes]
        return Faces(boxes, np.ones(len(boxes), np.float32), np.array(landmarks, np.float32).reshape(-1, 5, 2))

    def _landmarks(self, pixels: Image, box: Floats) -> Floats:
        x1, y1, x2, y2 = box.astype(int)
        rows, columns = np.nonzero(pixels[y1:y2, x1:x2].min(axis=2) > 190)
        side, half = box[2] - box[0], EYES_APART / 2
        at = [(0.5 - half, EYES_Y), (0.5 + half, EYES_Y), (0.5 - half, MOUTH_Y), (0.5 + half, MOUTH_Y)]
        left, right, *mouth = (box[:2] + side * np.array(point) for point in at)
        return np.array([left, right, (x1 + columns.mean(), y1 + rows.mean()), *mouth], np.float32)

    def templates(self, pixels: Image, faces: Faces) -> Floats:
        found = []
        for face in faces:
            x, y = (face.box[:2] + 5).astype(int)
            red, green, blue = pixels[y, x].astype(float)
            turn = (face.landmarks[2] - face.landmarks[:2].mean(axis=0)) / (face.box[2] - face.box[0])
            found.append([red > green, green > red, *(2 * turn), (blue - 60) / 60])
        vectors = np.array(found, np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def both(self, pixels: Image, faces: Faces) -> tuple[Floats, Floats]:
        return (self.templates(pixels, faces),) * 2


RECOGNISER = Recogniser(Eyes(), Eyes(), "scripted/1")  # type: ignore[arg-type]


def stand(pose: Pose | Sequence[Pose], seconds: float = 1.0) -> list[Image]:
    """Frames of one or more people who stand still."""
    faces = [pose] if isinstance(pose, Pose) else pose
    return [drawn(*faces)] * round(seconds * FPS)


NOBODY: list[Pose] = []


@dataclass
class Studio:
    """A folder of people, and sessions of Ada in front of scripted frames."""

    into: Path
    panel: RecordingPanel = field(default_factory=RecordingPanel)
    said: list[str] = field(default_factory=list)

    def session(
        self,
        *shown: Iterable[Image | DeviceError],
        aim: Aim = Aim(5, 60.0, 1.0),  # noqa: B008  it is frozen
        gates: Gates = Gates(),  # noqa: B008
        files: PrivateFiles | None = None,
    ) -> tuple[Session, Ended]:
        script = [frame for part in shown for frame in part]
        frames = [each if isinstance(each, DeviceError) else Frame(each, i / FPS) for i, each in enumerate(script)]
        with album(self.into, NAME, files=files) as person:
            viewfinder = Viewfinder(RECOGNISER, gates, min_face_px=60)
            session = Session(person, viewfinder, aim, panel=self.panel, tell=self.said.append)
            session.resume()
            return session, session.run(ScriptedCamera(frames))

    @property
    def files(self) -> list[str]:
        return sorted(path.relative_to(self.into).as_posix() for path in self.into.rglob("*") if path.is_file())


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "people")


ALL_FIVE = [*stand(STRAIGHT), *stand(LEFT), *stand(RIGHT), *stand(UP), *stand(DOWN)]
FIVE_FILES = [f"{NAME}/0{number}.jpg" for number in range(1, 6)]


class TestFiveViews:
    def test_who_does_what_is_asked_has_five_photographs(self, studio: Studio) -> None:
        session, ended = studio.session(ALL_FIVE)
        assert (ended, session.n_added, studio.files) == (Ended.COMPLETE, 5, FIVE_FILES)
        asked = [f"{number} of 5: {each.words}." for number, each in enumerate(PROMPTS, start=1)]
        assert studio.said == [
            line for pair in zip(asked, [f"Kept 0{n}.jpg." for n in range(1, 6)], strict=True) for line in pair
        ]
        assert studio.panel.signals == [Signal.LOOKING, Signal.ACCEPTED] * 5

    def test_enrolment_takes_every_one_of_them(self, studio: Studio) -> None:
        studio.session(ALL_FIVE)
        found = candidates(studio.into)
        assert [(each.label.code, each.label.name, each.fault) for each in found] == [("1042", "Ada Lovelace", "")] * 5
        again, ended = studio.session([])
        assert (ended, len(again.kept), again.n_added) == (Ended.COMPLETE, 5, 0), "each is a view as enrolment would see it"

    def test_a_photograph_is_a_generous_crop_without_a_word_about_it(self, studio: Studio) -> None:
        studio.session(ALL_FIVE)
        content = (studio.into / FIVE_FILES[0]).read_bytes()
        assert decode(content).shape == (240, 240, 3)
        assert b"Exif" not in content

    def test_they_are_for_their_owner_alone(self, studio: Studio) -> None:
        studio.session(ALL_FIVE)
        made = [studio.into, studio.into / NAME, studio.into / FIVE_FILES[0]]
        assert [stat.S_IMODE(path.stat().st_mode) for path in made] == [0o700, 0o700, 0o600]

    def test_a_camera_that_mirrors_its_picture_does_as_well(self, studio: Studio) -> None:
        assert studio.session([frame[:, ::-1] for frame in ALL_FIVE])[1] is Ended.COMPLETE

    def test_beyond_five_the_views_are_asked_for_again_but_for_the_straight_one(self) -> None:
        assert [prompt(number).words for number in (4, 5, 8, 9)] == [PROMPTS[row].words for row in (4, 1, 4, 1)]


class TestDifferent:
    def test_who_does_not_move_is_kept_once(self, studio: Studio) -> None:
        session, ended = studio.session(stand(STRAIGHT, 12), aim=Aim(5, 10.0, 1.0))
        assert (ended, session.n_added, studio.files) == (Ended.TIME, 1, FIVE_FILES[:1])
        assert studio.said[2] == "2 of 5: turn your head a little to the left."

    def test_what_is_different_in_another_way_is_taken_when_the_view_does_not_come(self, studio: Studio) -> None:
        glasses = replace(STRAIGHT, look=0.9)
        assert studio.session(stand(STRAIGHT), stand(glasses, PATIENCE_S - 1))[0].n_added == 1
        assert studio.session(stand(glasses, PATIENCE_S + 1))[0].n_added == 1

    def test_somebody_who_looks_aside_from_the_start_is_taken_so_after_a_while(self, studio: Studio) -> None:
        assert studio.session(stand(LEFT, PATIENCE_S / 2))[0].n_added == 0
        assert studio.session(stand(LEFT, PATIENCE_S + 1))[0].n_added == 1

    def test_who_cannot_do_what_is_asked_is_asked_for_something_else(self, studio: Studio) -> None:
        studio.session(stand(STRAIGHT, 2 * GIVE_UP_S + 3), stand(UP), stand(DOWN))
        assert [line for line in studio.said if line.startswith("2 of 5")] == [
            f"2 of 5: {PROMPTS[row].words}." for row in (1, 2, 3)
        ]
        assert studio.files == FIVE_FILES[:3]

    def test_a_face_that_moves_is_not_kept(self, studio: Studio) -> None:
        walk = [drawn(replace(STRAIGHT, x=150 + 24 * step)) for step in range(15)]
        session, _ = studio.session(walk)
        assert session.n_added == 0
        assert studio.said[1:] == ["Hold still."]


class TestAdvice:
    def test_each_refusal_has_words_and_its_own_signal(self) -> None:
        assert set(REFUSED) == set(Refusal)
        assert all(advice.signal == Signal(refusal.value) and advice.words for refusal, advice in REFUSED.items())

    def test_it_is_given_when_it_changes_and_not_with_each_frame(self, studio: Studio) -> None:
        far = replace(STRAIGHT, side=40)
        studio.session(stand(NOBODY, 5), stand(far, 5), stand(STRAIGHT, 2), gates=Gates(min_face_px=60))
        assert studio.said[:4] == [
            "1 of 5: look straight into the camera.",
            "Stand in front of the camera, in good light.",
            "Come nearer.",
            "Kept 01.jpg.",
        ]
        assert studio.panel.signals[:4] == [Signal.LOOKING, Signal.READY, Signal.TOO_FAR, Signal.ACCEPTED]

    def test_a_single_odd_frame_is_not_worth_a_word(self, studio: Studio) -> None:
        studio.session(stand(STRAIGHT), *[[drawn(), *[drawn(STRAIGHT)] * 3] for _ in range(5)])
        assert studio.said[2:] == ["2 of 5: turn your head a little to the left."]

    def test_a_face_that_enrolment_would_find_too_small_is_not_kept(self, studio: Studio) -> None:
        session, _ = studio.session(stand(replace(STRAIGHT, side=50), 3))
        assert (session.n_added, session.missing) == (0, "Come nearer.")

    @pytest.mark.parametrize(
        "other", [Pose("Bob", x=120, side=100), Pose("Bob", x=410, y=200, side=40)], ids=["as large", "in the picture"]
    )
    def test_two_people_are_told_that_one_is_wanted(self, studio: Studio, other: Pose) -> None:
        session, _ = studio.session(stand([STRAIGHT, other], 5))
        assert (session.n_added, session.missing) == (0, "One person only, please.")

    def test_somebody_small_in_the_background_is_not_in_the_photograph(self, studio: Studio) -> None:
        studio.session(stand([STRAIGHT, Pose("Bob", x=560, y=100, side=40)]))
        pixels = decode((studio.into / FIVE_FILES[0]).read_bytes())
        assert len(Eyes().detect(pixels)) == 1

    def test_somebody_else_is_ignored_and_told_so(self, studio: Studio) -> None:
        session, _ = studio.session(stand(STRAIGHT), stand(replace(LEFT, who="Bob"), 10))
        assert (session.n_added, session.missing) == (1, "That is somebody else; ignored.")
        assert Signal.NOT_IN_DATABASE in studio.panel.signals

    def test_the_time_begins_with_the_first_frame(self, studio: Studio) -> None:
        """A camera's clock may say anything: it is its up-time, say."""
        with album(studio.into, NAME) as person:
            viewfinder = Viewfinder(RECOGNISER, Gates(), min_face_px=60)
            session = Session(person, viewfinder, Aim(5, 60.0, 1.0), panel=studio.panel, tell=studio.said.append)
            frames = [Frame(pixels, 100_000 + i / FPS) for i, pixels in enumerate(ALL_FIVE)]
            assert session.run(ScriptedCamera(frames)) is Ended.COMPLETE

    def test_nobody_for_the_whole_time_leaves_nothing_behind(self, studio: Studio) -> None:
        session, ended = studio.session(stand(NOBODY, 12), aim=Aim(5, 10.0, 1.0))
        assert (ended, session.n_seen) == (Ended.TIME, 0)
        assert not studio.into.exists()


class TestWhatIsThereStays:
    def test_a_second_session_goes_on_where_the_first_ended(self, studio: Studio) -> None:
        first, ended = studio.session(stand(STRAIGHT), stand(LEFT))
        assert (ended, first.n_added) == (Ended.CAMERA, 2)
        before = [(studio.into / path).read_bytes() for path in FIVE_FILES[:2]]
        studio.said.clear()
        second, ended = studio.session(stand(STRAIGHT), stand(LEFT), stand(RIGHT), stand(UP), stand(DOWN))
        assert (ended, second.n_added, studio.files) == (Ended.COMPLETE, 3, FIVE_FILES)
        assert [(studio.into / path).read_bytes() for path in FIVE_FILES[:2]] == before
        assert studio.said[0] == "3 of 5: turn your head a little to the right."

    def test_somebody_else_cannot_go_on(self, studio: Studio) -> None:
        studio.session(stand(STRAIGHT))
        assert studio.session(stand(replace(LEFT, who="Bob"), 10))[0].n_added == 0

    def test_files_that_are_no_views_are_named_and_keep_their_place(self, studio: Studio) -> None:
        (studio.into / NAME).mkdir(parents=True)
        (studio.into / NAME / "07.jpg").write_bytes(b"torn")
        (studio.into / NAME / "portrait.png").write_bytes(cv2.imencode(".png", drawn(STRAIGHT)[:, :, ::-1])[1].tobytes())
        studio.session(stand(LEFT))
        assert "07.jpg is there and does not count" in studio.said[0]
        assert studio.said[1].startswith("2 of 5:")
        assert studio.files == [f"{NAME}/{name}" for name in ("07.jpg", "08.jpg", "portrait.png")]
        assert (studio.into / NAME / "07.jpg").read_bytes() == b"torn"

    def test_a_photograph_beside_the_folders_counts_too(self, studio: Studio) -> None:
        studio.into.mkdir()
        (studio.into / f"{NAME}.png").write_bytes(cv2.imencode(".png", drawn(STRAIGHT)[:, :, ::-1])[1].tobytes())
        studio.session(stand(LEFT))
        assert studio.said[0].startswith("2 of 5:")
        assert set(studio.files) == {f"{NAME}.png", FIVE_FILES[0]}

    def test_a_camera_that_goes_away_leaves_what_was_kept(self, studio: Studio) -> None:
        with pytest.raises(DeviceError, match="unplugged"):
            studio.session(stand(STRAIGHT), [DeviceError("unplugged")])
        assert studio.files == FIVE_FILES[:1]

    def test_a_camera_that_is_not_there_leaves_nothing_behind(self, studio: Studio) -> None:
        with pytest.raises(DeviceError):
            studio.session([DeviceError("there is no camera")])
        assert not studio.into.exists()

    def test_a_full_disk_is_said_and_what_was_kept_is_whole(self, studio: Studio) -> None:
        files = DiskThatFills()
        with pytest.raises(StoreError, match="No space left on device"):
            studio.session(ALL_FIVE, files=files)
        assert studio.files == FIVE_FILES[:2]
        assert all(decode((studio.into / path).read_bytes()).shape for path in studio.files)


class DiskThatFills(PrivateFiles):
    """Has room for two photographs."""

    n_left = 2

    def create(self, path: Path, content: bytes) -> None:
        self.n_left -= 1
        super().create(path, content if self.n_left >= 0 else content[:100])
        if self.n_left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
