"""The loop: what it does frame by frame, on scripted faces, with a real database."""

from __future__ import annotations

import collections
import itertools
import logging
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from edge.attendance import Rules
from edge.device.fakes import ManualClock, RecordingPanel, ScriptedCamera
from edge.errors import ConfigError, DeviceError, ModelError, MusterError, StoreError
from edge.journal import Verdict
from edge.ledger import backends_text
from edge.matching.gallery import Gallery
from edge.matching.matcher import Matcher, Rule
from edge.matching.policy import Policy
from edge.store import Store
from edge.store.room import Room
from edge.types import (
    Backend,
    Decision,
    Direction,
    Draft,
    Event,
    EventKind,
    Faces,
    Floats,
    Frame,
    Image,
    Outcome,
    Person,
    Refusal,
    Signal,
    Stamp,
    Validity,
)
from edge.unit import Hands, Limits, Unit
from edge.vision.quality import Gates, Quality, assess
from edge.vision.recogniser import Recogniser

MODEL = "scripted/float32"
PHOTO = "{:064d}"
READY, LOOKING, FAULT = Signal.READY, Signal.LOOKING, Signal.FAULT
ACCEPTED, ALREADY, UNKNOWN = Signal.ACCEPTED, Signal.ALREADY, Signal.NOT_IN_DATABASE
DEGRADED = Signal.DEGRADED
CPU, EDGETPU = Backend.CPU, Backend.EDGETPU

RULES = Rules(n_least=3, n_window=5, recheck_s=1.0, duplicate_window_s=60.0, direction=None, timezone=None)
LIMITS = Limits(Policy(Rule(max_distance=0.8)), Gates(), faces_per_frame=2)

Who = tuple[int, float, float]
"""A face in a scripted frame: whose (row of the unit matrix), and x and size of its box in pixels."""


def vector(who: int) -> Floats:
    """Everybody is at squared distance 2 of everybody else."""
    return np.eye(8, dtype=np.float32)[who]


def frame(at_s: float, *people: Who) -> Frame:
    """A picture that says who is in it: one row of pixels for each face."""
    pixels = np.zeros((480, 640, 3), np.uint8)
    for row, (who, x, size) in enumerate(people):
        pixels[row, :3, 0] = (who + 1, int(x / 4), int(size / 4))
    return Frame(pixels, at_s, f"{at_s:g}")


def walk(*people: Who, n: int, start_s: float = 0.0, fps: float = 10.0) -> list[Frame]:
    """The same faces for n frames."""
    return [frame(start_s + i / fps, *people) for i in range(n)]


class ReadsPixels:
    """Detector and embedder that read what `frame` wrote, and whose networks ran where they were told."""

    def __init__(self) -> None:
        self.n_judged: list[int] = []
        self.networks = SimpleNamespace(**{name: SimpleNamespace(backend=CPU) for name in ("pnet", "rnet", "onet")})
        self.network = SimpleNamespace(backend=CPU)

    def detect(self, pixels: Image) -> Faces:
        written = [[int(value) for value in pixels[row, :3, 0]] for row in range(8) if pixels[row, 0, 0]]
        boxes = [(4 * x, 100, 4 * (x + size), 100 + 4 * size) for _, x, size in written]
        landmarks = np.zeros((len(written), 5, 2), np.float32)
        landmarks[:, 0, 0] = [who - 1 for who, _, _ in written]
        return Faces(np.array(boxes, np.float32).reshape(-1, 4), np.ones(len(written), np.float32), landmarks)

    def templates(self, _pixels: Image, faces: Faces) -> Floats:
        self.n_judged.append(len(faces))
        return np.array([vector(int(landmarks[0, 0])) for landmarks in faces.landmarks])


class DiskThatFills(Store):
    """A real database whose disk is full when a test says so."""

    is_full = is_unreadable = False
    disk = Room(used=10, free=10**12)

    def room(self) -> Room:
        return self.disk

    def revision(self) -> int:
        if self.is_unreadable:
            raise StoreError("cannot be read")
        return super().revision()

    def record(self, person: Person, decision: Decision, *, backends: str = "", stamp: Stamp | None = None) -> Event:
        if self.is_full:
            raise StoreError("no room left")
        return super().record(person, decision, backends=backends, stamp=stamp)


class MayFail:
    """An accelerator that is degraded when a test says so."""

    degraded = False
    n_asked = 0

    def is_degraded(self) -> bool:
        self.n_asked += 1
        return self.degraded


class Slate:
    """A noticeboard that keeps what it hears, and breaks when a test says so."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.is_broken = False

    def note(self, backends: Mapping[str, Backend]) -> None:
        if self.is_broken:
            raise OSError(28, "No space left on device")
        self.heard.append(backends_text(backends))


@dataclass
class Door:
    """A unit in front of scripted frames."""

    store: DiskThatFills
    panel: RecordingPanel
    clock: ManualClock
    eyes: ReadsPixels
    verdicts: list[Verdict]
    accelerator: MayFail = field(default_factory=MayFail)
    slate: Slate = field(default_factory=Slate)

    def unit(self, script: Sequence[Frame | DeviceError], *, limits: Limits | None = None, rules: Rules = RULES) -> Unit:
        return Unit(
            Hands(ScriptedCamera(script), self.panel, self.clock, self.store, self.accelerator, self.slate),
            Recogniser(self.eyes, self.eyes, MODEL),
            rules=rules,
            limits=limits or LIMITS,
            report=self.verdicts.append,
        )

    @property
    def outcomes(self) -> list[tuple[str, Outcome]]:
        return [(verdict.person.name if verdict.person else "-", verdict.decision.outcome) for verdict in self.verdicts]


@pytest.fixture
def door() -> Iterator[Door]:
    with DiskThatFills.open(":memory:", unit="door") as store:
        for who, name in enumerate(("Ada", "Bob")):
            enrol(store, who, name)
        yield Door(store, RecordingPanel(), ManualClock(), ReadsPixels(), [])


def enrol(store: Store, who: int, name: str) -> None:
    person = store.add_person(f"P{who}", name)
    store.add_template(person.id, vector(who), model=MODEL, photo_sha256=PHOTO.format(who))


ADA, BOB, STRANGER = 0, 1, 5


def test_somebody_who_is_enrolled_walks_up_and_gets_a_row(door: Door) -> None:
    tally = door.unit([*walk(n=3), *walk((ADA, 200, 120), n=10, start_s=0.3), *walk(n=3, start_s=1.3)]).run()
    assert door.panel.signals == [READY, LOOKING, ACCEPTED, READY]
    (event,) = door.store.events()
    assert (event.person_name, event.direction, event.clock_ok) == ("Ada", Direction.IN, True)
    assert event.at_utc == door.clock.utc(0.5)
    assert (tally.n_frames, tally.n_faces, tally.n_judged, tally.n_recorded) == (16, 10, 3, 1)


def test_a_verdict_says_everything_in_one_line(door: Door) -> None:
    door.unit(walk((ADA, 200, 120), n=5)).run()
    (verdict,) = door.verdicts
    assert str(verdict) == "    0.20 s  Ada (P0): accepted, in · distance 0.00, margin 2.00, 3 frames · row 1"
    assert (verdict.frame, verdict.track_id) == ("0.2", 1)


def test_the_signal_comes_after_the_commit(door: Door) -> None:
    seen: list[int] = []
    door.panel.show = lambda signal: seen.append(len(door.store.events())) if signal is ACCEPTED else None  # type: ignore[method-assign]
    door.unit(walk((ADA, 200, 120), n=5)).run()
    assert seen == [1]


def test_a_stranger_gets_no_row_and_is_told_once(door: Door) -> None:
    door.unit(walk((STRANGER, 200, 120), n=50)).run()
    assert door.panel.signals == [READY, LOOKING, UNKNOWN, READY]
    assert door.outcomes == [("-", Outcome.NOT_IN_DATABASE)]
    assert door.store.events() == []


def test_a_stranger_in_an_empty_database_is_a_stranger(door: Door) -> None:
    for code in ("P0", "P1"):
        door.store.remove_person(code)
    door.unit(walk((ADA, 200, 120), n=5)).run()
    assert door.outcomes == [("-", Outcome.NOT_IN_DATABASE)]
    assert door.verdicts[0].decision.distance == 4.0


def test_two_people_at_once_get_a_row_each(door: Door) -> None:
    door.unit(walk((ADA, 100, 120), (BOB, 400, 120), n=6)).run()
    assert sorted(event.person_name for event in door.store.events()) == ["Ada", "Bob"]


def test_only_so_many_faces_are_judged_in_one_frame_the_largest_first(door: Door) -> None:
    limits = replace(LIMITS, faces_per_frame=1)
    door.unit(walk((ADA, 100, 80), (BOB, 400, 160), n=7), limits=limits).run()
    assert [name for name, _ in door.outcomes] == ["Bob", "Ada"]
    assert set(door.eyes.n_judged) == {1}


def test_a_stranger_who_was_told_does_not_keep_others_waiting(door: Door) -> None:
    frames = walk((STRANGER, 400, 200), n=5) + walk((STRANGER, 400, 200), (ADA, 100, 80), n=5, start_s=0.5)
    door.unit(frames, limits=replace(LIMITS, faces_per_frame=1)).run()
    assert door.outcomes == [("-", Outcome.NOT_IN_DATABASE), ("Ada", Outcome.ACCEPTED)]


def test_who_stays_is_looked_at_again_once_a_second_and_not_answered_again(door: Door) -> None:
    door.unit(walk((ADA, 200, 120), n=101)).run()
    assert door.outcomes == [("Ada", Outcome.ACCEPTED)]
    assert len(door.eyes.n_judged) == 3 + 9


def test_who_comes_back_within_the_window_is_told_already_and_later_goes_out(door: Door) -> None:
    visits = [walk((ADA, 200, 120), n=5, start_s=start_s) + walk(n=7, start_s=start_s + 0.5) for start_s in (0, 20, 70)]
    door.unit([picture for visit in visits for picture in visit]).run()
    assert [signal for signal in door.panel.signals if signal not in (READY, LOOKING)] == [ACCEPTED, ALREADY, ACCEPTED]
    assert [event.direction for event in door.store.events()] == [Direction.IN, Direction.OUT]


def test_somebody_who_slips_into_the_track_of_another_is_recorded_and_the_other_not_twice(door: Door) -> None:
    door.unit(walk((ADA, 200, 120), n=20) + walk((BOB, 205, 120), n=20, start_s=2.0)).run()
    assert door.outcomes == [("Ada", Outcome.ACCEPTED), ("Bob", Outcome.ACCEPTED)]
    assert {verdict.track_id for verdict in door.verdicts} == {1}


# Several frames


def test_a_frame_counts_as_much_as_its_quality_says(door: Door) -> None:
    """Small faces are drawn towards somebody else's template; the large one counts more."""

    class Blends(ReadsPixels):
        def templates(self, pixels: Image, faces: Faces) -> Floats:
            drawn = super().templates(pixels, faces) + np.where(faces.boxes[0, 3] - faces.boxes[0, 1] < 100, 1, 0) * vector(7)
            return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)

    door.eyes = Blends()
    frames = [frame(i / 10, (ADA, 200, size)) for i, size in enumerate((64, 80, 160))]
    door.unit(frames).run()
    found = [(each.pixels, door.eyes.detect(each.pixels)) for each in frames]
    weights = [assess(pixels, faces)[0].weight for pixels, faces in found]
    assert weights[0] < weights[2]
    mean = sum(weight * door.eyes.templates(pixels, faces)[0] for weight, (pixels, faces) in zip(weights, found, strict=True))
    (verdict,) = door.verdicts
    assert verdict.decision.distance == pytest.approx(2 - 2 * mean[ADA] / np.linalg.norm(mean), abs=1e-5)
    assert verdict.decision.n_frames == 3


def test_who_leaves_after_two_frames_gets_no_row_through_whoever_steps_in(door: Door) -> None:
    door.unit(walk((ADA, 200, 120), n=2) + walk((STRANGER, 205, 120), n=10, start_s=0.2)).run()
    assert door.outcomes == [("-", Outcome.NOT_IN_DATABASE)]
    assert {verdict.track_id for verdict in door.verdicts} == {1}


def test_two_who_pass_each_other_get_a_row_each_and_no_more(door: Door) -> None:
    """Bob walks behind Ada and comes out at the other side; the tracks may take one for the other."""
    steps = [frame(i / 10, (ADA, 60 + 16 * i, 120), (BOB, 444 - 16 * i, 120)) for i in range(24)]
    door.unit(steps).run()
    assert sorted(event.person_name for event in door.store.events()) == ["Ada", "Bob"]


# Faces that are not fit to be judged


@dataclass(frozen=True)
class ReadsSize:
    """Gates that go by the size of the face alone: size in pixels -> reason."""

    reasons: dict[float, Refusal]

    def refusal(self, quality: Quality) -> Refusal | None:
        return self.reasons.get(quality.size_px)


FAR, DARK = 40, 48
GATED = replace(LIMITS, gates=ReadsSize({FAR: Refusal.TOO_FAR, DARK: Refusal.TOO_DARK}))


def test_a_face_that_is_not_fit_costs_no_template_and_the_panel_says_what_to_do_until_it_is(door: Door) -> None:
    tally = door.unit(walk((ADA, 200, FAR), n=20) + walk((ADA, 200, 120), n=5, start_s=2.0), limits=GATED).run()
    assert door.panel.signals == [READY, LOOKING, Signal.TOO_FAR, LOOKING, ACCEPTED, READY]
    assert door.eyes.n_judged == [1, 1, 1]
    assert str(tally) == "25 frames, 25 faces, 3 of them judged, 1 row recorded; not fit to be judged: 20 too far"


def test_the_advice_changes_with_the_reason(door: Door) -> None:
    unit = door.unit(walk((ADA, 200, FAR), n=7) + walk((ADA, 200, DARK), n=7, start_s=0.7), limits=GATED)
    tally = unit.run()
    assert door.panel.signals == [READY, LOOKING, Signal.TOO_FAR, LOOKING, Signal.TOO_DARK]
    assert tally.n_refused == {Refusal.TOO_FAR: 7, Refusal.TOO_DARK: 7}


def test_a_frame_or_two_that_are_not_fit_say_nothing_and_are_not_missed(door: Door) -> None:
    frames = [frame(i / 10, (ADA, 200, size)) for i, size in enumerate((120, FAR, 120, FAR, 120))]
    door.unit(frames, limits=GATED).run()
    assert door.panel.signals == [READY, LOOKING, ACCEPTED, READY]
    assert door.verdicts[0].decision.n_frames == 3


def test_the_largest_face_without_an_answer_gets_the_advice(door: Door) -> None:
    door.unit(walk((ADA, 100, FAR), (BOB, 400, DARK), n=10), limits=GATED).run()
    assert door.panel.signals == [READY, LOOKING, Signal.TOO_DARK]


def test_somebody_far_behind_the_person_who_is_answered_is_told_when_that_one_is_done(door: Door) -> None:
    door.unit(walk((ADA, 100, 120), (BOB, 400, FAR), n=10), limits=GATED).run()
    assert door.panel.signals == [READY, LOOKING, ACCEPTED, Signal.TOO_FAR]


@pytest.mark.parametrize("who", [ADA, STRANGER])
def test_who_was_answered_is_not_nagged(door: Door, who: int) -> None:
    shrinking = [frame(0.5 + i / 10, (who, 200, size)) for i, size in enumerate((100, 80, 64))]
    door.unit(walk((who, 200, 120), n=5) + shrinking + walk((who, 200, DARK), n=60, start_s=0.8), limits=GATED).run()
    assert door.panel.signals == [READY, LOOKING, ACCEPTED if who == ADA else UNKNOWN, READY]


def test_a_face_that_is_not_fit_keeps_no_other_from_being_judged(door: Door) -> None:
    limits = replace(GATED, faces_per_frame=1, gates=ReadsSize({160: Refusal.CUT_OFF}))
    door.unit(walk((ADA, 100, 80), (BOB, 400, 160), n=5), limits=limits).run()
    assert door.outcomes == [("Ada", Outcome.ACCEPTED)]


@pytest.mark.parametrize("refusal", list(Refusal))
def test_every_reason_has_its_signal(door: Door, refusal: Refusal) -> None:
    door.unit(walk((ADA, 200, FAR), n=6), limits=replace(LIMITS, gates=ReadsSize({FAR: refusal}))).run()
    assert door.panel.signals[-1].value == refusal.value


# Faults


def test_while_nothing_can_be_recorded_the_panel_shows_a_fault_and_afterwards_the_row_is_written_once(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    unit = door.unit([])
    door.store.is_full = True
    for picture in walk((ADA, 200, 120), n=8):
        unit.step(picture)
    assert door.panel.signals == [LOOKING, FAULT]
    assert door.verdicts == []
    door.store.is_full = False
    for picture in walk((ADA, 200, 120), n=8, start_s=0.8):
        unit.step(picture)
    assert door.panel.signals == [LOOKING, FAULT, ACCEPTED, READY]
    assert [event.direction for event in door.store.events()] == [Direction.IN]
    assert [record.getMessage() for record in caplog.records if "record" in record.getMessage()] == [
        "recording: no room left",
        "recording: works again",
    ]


def test_a_database_that_is_really_full_is_a_fault_and_no_row(door: Door) -> None:
    database = door.store._database
    database.execute("PRAGMA max_page_count = 1")  # SQLite takes the present size where that is larger
    bob = next(person for person in door.store.people() if person.name == "Bob")
    decision = Decision(Outcome.ACCEPTED, bob.id, Direction.IN, 0.5, 3, 0.0, door.clock.utc(0), clock_ok=True)
    with pytest.raises(StoreError):
        collections.deque((door.store.record(bob, decision) for _ in itertools.count()), maxlen=0)
    n_rows = len(door.store.events())
    unit = door.unit([])
    for picture in walk((ADA, 200, 120), n=5):
        unit.step(picture)
    assert door.panel.signals == [LOOKING, FAULT]
    assert len(door.store.events()) == n_rows
    database.execute("PRAGMA max_page_count = 1000000")
    unit.step(frame(0.5, (ADA, 200, 120)))
    assert door.panel.signals == [LOOKING, FAULT, ACCEPTED, READY]


def test_a_disk_that_gets_full_is_said_in_the_log_before_it_is_and_keeps_nobody_at_the_door(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    unit, start_s = door.unit([]), 0.0
    for used in (89, 90, 95, 50):
        door.store.disk = Room(used * 10**9, (100 - used) * 10**9)
        for picture in walk((ADA, 200, 120), n=5, start_s=start_s) + walk(n=8, start_s=start_s + 300.0):
            unit.step(picture)
        start_s += 601.0
    said = [record.getMessage() for record in caplog.records if "disk" in record.getMessage()]
    assert said == [f"the disk: 90 % full, 10.0 GB free; {Room.ADVICE}", "the disk: works again"]
    assert len(door.store.events()) == 4


def test_a_database_that_another_process_locks_is_a_fault_until_it_lets_go(door: Door, tmp_path: Path) -> None:
    path = tmp_path / "muster.db"
    with DiskThatFills.open(path, unit="door", busy_timeout_s=0.01) as door.store:
        enrol(door.store, ADA, "Ada")
        unit = door.unit([])
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for picture in walk((ADA, 200, 120), n=5):
                unit.step(picture)
            assert door.panel.signals == [LOOKING, FAULT]
        unit.step(frame(0.5, (ADA, 200, 120)))
        assert door.panel.signals == [LOOKING, FAULT, ACCEPTED, READY]
        assert len(door.store.events()) == 1


def test_while_the_database_cannot_be_read_the_known_faces_stay_known_and_the_panel_says_so(door: Door) -> None:
    unit = door.unit([])
    unit.step(frame(0.0))
    door.store.is_unreadable = True
    for picture in walk((ADA, 200, 120), n=5, start_s=1.0):
        unit.step(picture)
    assert door.panel.signals == [READY, FAULT, ACCEPTED]
    door.store.is_unreadable = False
    unit.step(frame(2.5))
    assert door.panel.signals == [READY, FAULT, ACCEPTED, READY]


def test_who_leaves_before_it_could_be_recorded_is_named_in_the_log_and_welcome_later(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    unit = door.unit([])
    door.store.is_full = True
    for picture in walk((ADA, 200, 120), n=5) + walk(n=8, start_s=0.5):
        unit.step(picture)
    assert "'P0' was recognised and left before it could be recorded" in caplog.text
    door.store.is_full = False
    for picture in walk((ADA, 200, 120), n=5, start_s=3.0):
        unit.step(picture)
    assert door.outcomes == [("Ada", Outcome.ACCEPTED)]


def test_a_camera_that_goes_away_is_a_fault_said_once_and_the_loop_goes_on(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    gone = [DeviceError("unplugged")] * 4
    gone[0].add_note("It is tried again.")
    tally = door.unit([*walk(n=2), *gone, *walk((ADA, 200, 120), n=5, start_s=60.0)]).run()
    assert door.panel.signals == [READY, FAULT, LOOKING, ACCEPTED, READY]
    assert tally.n_recorded == 1
    said = [record.getMessage() for record in caplog.records if record.getMessage().startswith("camera")]
    assert said == ["camera: unplugged It is tried again.", "camera: works again"]


def test_after_the_camera_was_away_whoever_is_there_is_looked_at_afresh(door: Door) -> None:
    door.unit([*walk((ADA, 200, 120), n=5), DeviceError("unplugged"), *walk((BOB, 200, 120), n=5, start_s=0.6)]).run()
    assert door.outcomes == [("Ada", Outcome.ACCEPTED), ("Bob", Outcome.ACCEPTED)]
    assert [verdict.track_id for verdict in door.verdicts] == [1, 2]


def test_what_nobody_foresaw_shows_a_fault_is_logged_once_with_its_trace_and_ends_the_loop(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    def explode(_pixels: Image) -> Faces:
        raise ZeroDivisionError

    door.eyes.detect = explode  # type: ignore[method-assign]
    with pytest.raises(MusterError, match="ZeroDivisionError") as caught:
        door.unit(walk(n=3)).run()
    assert caught.value.exit_code == 70
    assert door.panel.signals == [READY, FAULT]
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.exc_info is not None


def test_a_reader_of_the_output_who_has_gone_ends_the_loop_without_a_word(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    def hang_up(_verdict: Verdict) -> None:
        raise BrokenPipeError

    door.verdicts = SimpleNamespace(append=hang_up)  # type: ignore[assignment]
    with pytest.raises(BrokenPipeError):
        door.unit(walk((ADA, 200, 120), n=5)).run()
    assert len(door.store.events()) == 1
    assert door.panel.signals == [READY, LOOKING, ACCEPTED]
    assert caplog.records == []


# People who come and go in the database


def test_who_is_enrolled_while_the_unit_runs_is_known_a_second_later(door: Door) -> None:
    unit = door.unit([])
    unit.step(frame(0.0))
    enrol(door.store, 3, "Cyd")
    for picture in walk((3, 200, 120), n=30, start_s=0.1):
        unit.step(picture)
    assert door.outcomes[-1] == ("Cyd", Outcome.ACCEPTED)
    assert door.verdicts[-1].decision.at_s <= 1.3


def test_who_is_removed_while_their_frames_are_judged_gets_no_row(door: Door) -> None:
    unit = door.unit([])
    for picture in walk((ADA, 200, 120), n=2, start_s=0.0):
        unit.step(picture)
    door.store.remove_person("P0")
    for picture in walk((ADA, 200, 120), n=10, start_s=1.1):
        unit.step(picture)
    assert door.outcomes == [("-", Outcome.NOT_IN_DATABASE)]
    assert door.store.events() == []


def test_who_was_removed_a_moment_ago_gets_no_row_and_is_no_fault(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    unit = door.unit([])
    for picture in walk((ADA, 200, 120), n=2):
        unit.step(picture)
    door.store.remove_person("P0")
    for picture in walk((ADA, 200, 120), n=8, start_s=0.2):
        unit.step(picture)
    assert door.store.events() == []
    assert door.panel.signals == [LOOKING]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_where_the_method_cannot_learn_so_many_the_others_stay_known_and_the_panel_says_so(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    class OfTwo(Policy):
        def matcher(self, gallery: Gallery) -> Matcher:
            if len(np.unique(gallery.person_ids)) > 2:
                raise ConfigError("one too many")
            return super().matcher(gallery)

    unit = door.unit([], limits=replace(LIMITS, policy=OfTwo(Rule(max_distance=0.8))))
    unit.step(frame(0.0))
    enrol(door.store, 3, "Cyd")
    for picture in walk((ADA, 100, 120), (3, 400, 120), n=25, start_s=1.0):
        unit.step(picture)
    assert door.outcomes == [("Ada", Outcome.ACCEPTED), ("-", Outcome.NOT_IN_DATABASE)]
    assert door.panel.signals[1:3] == [FAULT, ACCEPTED]
    assert caplog.text.count("one too many") == 1
    door.store.remove_person("P3")
    unit.step(frame(4.0))
    assert door.panel.signals[-1] is READY


def of_another_model(door: Door, who: int) -> None:
    person = door.store.find_person(f"P{who}")
    door.store.add_template(person.id, vector(who), model="another/int8", photo_sha256=PHOTO.format(99 + who))


def test_templates_of_another_model_are_not_compared_and_it_is_said(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    of_another_model(door, ADA)
    door.unit(walk((ADA, 200, 120), n=5)).run()
    assert door.outcomes == [("-", Outcome.NOT_IN_DATABASE)]
    assert "1 person cannot be recognised" in caplog.text
    assert "muster enrol FOLDER" in caplog.text


def test_where_every_template_is_of_another_model_the_unit_does_not_begin(door: Door) -> None:
    for who in (ADA, BOB):
        of_another_model(door, who)
    with pytest.raises(ModelError, match=r"nobody can be recognised: .*2 by another/int8.*muster enrol FOLDER") as caught:
        door.unit(walk((ADA, 200, 120), n=5))
    assert caught.value.exit_code == 65


# People who are enrolled and not valid


SUNDAY, TODAY = date(2026, 1, 4), date(2026, 1, 5)  # where the clock stands
SWITCHED_OFF, ENDED = Validity(active=False), Validity(valid_until=SUNDAY)
NOT_VALID = [SWITCHED_OFF, ENDED, Validity(valid_from=date(2026, 1, 6))]


def by_utc(unit_rules: Rules = RULES) -> Rules:
    return replace(unit_rules, timezone=UTC)


@pytest.mark.parametrize("validity", NOT_VALID, ids=str)
def test_who_is_not_valid_is_answered_exactly_as_a_stranger(door: Door, validity: Validity) -> None:
    door.store.set_validity("P0", validity)
    door.unit(walk((ADA, 200, 120), n=50) + walk(n=7, start_s=5.0) + walk((STRANGER, 200, 120), n=50, start_s=5.7)).run()
    ada, stranger = door.verdicts
    assert door.panel.signals == [READY, LOOKING, UNKNOWN, READY, LOOKING, UNKNOWN, READY]
    assert door.eyes.n_judged == [1] * 100, "each is looked at in each frame"
    assert (ada.person, ada.event, ada.decision.person_id, ada.decision.outcome) == (None, None, None, Outcome.NOT_IN_DATABASE)
    assert round(stranger.decision.at_s - ada.decision.at_s, 3) == 5.7
    assert "Ada" not in str(ada) + ada.to_json()
    assert door.store.events() == []


@pytest.mark.parametrize("validity", [Validity(), Validity(valid_from=TODAY, valid_until=TODAY)], ids=["no limit", "today"])
def test_who_is_valid_today_gets_a_row(door: Door, validity: Validity) -> None:
    door.store.set_validity("P0", validity)
    door.unit(walk((ADA, 200, 120), n=5)).run()
    assert door.outcomes == [("Ada", Outcome.ACCEPTED)]


def test_in_place_of_who_is_not_valid_nobody_else_is_named(door: Door) -> None:
    """Two sisters; the one without a job there walks up."""
    enrol(door.store, 3, "Dee")
    sister = door.store.add_person("P4", "Cyd")
    alike = 0.75 * vector(3) + np.float32(np.sqrt(1 - 0.75**2)) * vector(4)  # at squared distance 0.5 of Dee
    door.store.add_template(sister.id, alike, model=MODEL, photo_sha256=PHOTO.format(4))
    door.store.set_validity("P3", SWITCHED_OFF)
    door.unit(walk((3, 200, 120), n=20)).run()
    assert door.outcomes == [("-", Outcome.NOT_IN_DATABASE)]
    door.store.remove_person("P3")
    door.unit(walk((3, 200, 120), n=20)).run()
    assert door.outcomes[1:] == [("Cyd", Outcome.ACCEPTED)], "which is what would have become of her"


def test_the_log_names_the_code_once_a_day(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    door.store.set_validity("P0", replace(ENDED, active=False))
    unit = door.unit([])
    day_s = 86400.0
    for start_s in (0.0, 100.0, day_s, day_s + 100.0):
        for picture in walk((ADA, 200, 120), n=20, start_s=start_s) + walk(n=8, start_s=start_s + 2.0):
            unit.step(picture)
    said = [record.getMessage() for record in caplog.records]
    assert said == ["'P0' came and was answered as a stranger: not active, until 2026-01-04"] * 2
    assert len(door.outcomes) == 4


def test_who_passes_too_quickly_for_an_answer_is_not_named_in_the_log(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    door.store.set_validity("P0", SWITCHED_OFF)
    door.unit(walk((ADA, 200, 120), n=4) + walk(n=8, start_s=0.4)).run()
    assert (door.outcomes, caplog.records) == ([], [])


def test_the_last_day_ends_and_the_first_begins_at_midnight_without_a_change_in_the_database(door: Door) -> None:
    door.store.set_validity("P0", Validity(valid_until=TODAY))
    door.store.set_validity("P1", Validity(valid_from=date(2026, 1, 6)))
    unit, midnight_s = door.unit([], rules=by_utc()), 16 * 3600.0
    for start_s in (midnight_s - 120.0, midnight_s + 120.0):
        for picture in walk((ADA, 100, 120), (BOB, 400, 120), n=20, start_s=start_s) + walk(n=8, start_s=start_s + 2.0):
            unit.step(picture)
    assert sorted(door.outcomes[:2]) == [("-", Outcome.NOT_IN_DATABASE), ("Ada", Outcome.ACCEPTED)]
    assert sorted(door.outcomes[2:]) == [("-", Outcome.NOT_IN_DATABASE), ("Bob", Outcome.ACCEPTED)]


def test_midnight_comes_also_while_the_database_cannot_be_read(door: Door) -> None:
    door.store.set_validity("P0", Validity(valid_until=TODAY))
    unit, midnight_s = door.unit([], rules=by_utc()), 16 * 3600.0
    unit.step(frame(0.0))
    door.store.is_unreadable = True
    for picture in walk((ADA, 200, 120), n=10, start_s=midnight_s):
        unit.step(picture)
    assert door.outcomes == [("-", Outcome.NOT_IN_DATABASE)]


def test_the_day_is_the_one_that_ends_when_the_office_says(door: Door) -> None:
    door.store.set_validity("P0", Validity(valid_until=SUNDAY))
    rules = replace(by_utc(), day_ends=time(8, 30))
    door.unit(walk((ADA, 200, 120), n=5), rules=rules).run()
    assert door.outcomes == [("Ada", Outcome.ACCEPTED)], "the night shift of Sunday goes home"


def test_who_becomes_valid_while_they_stand_there_is_recorded_after_all(door: Door) -> None:
    door.store.set_validity("P0", SWITCHED_OFF)
    unit = door.unit([])
    for picture in walk((ADA, 200, 120), n=10):
        unit.step(picture)
    door.store.set_validity("P0", Validity())
    for picture in walk((ADA, 200, 120), n=15, start_s=1.0):
        unit.step(picture)
    assert door.outcomes == [("-", Outcome.NOT_IN_DATABASE), ("Ada", Outcome.ACCEPTED)]


def test_who_is_switched_off_while_nothing_can_be_recorded_gets_no_row_afterwards(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    unit = door.unit([], limits=replace(LIMITS, gates=ReadsSize({112: Refusal.BLURRED})))
    door.store.is_full = True
    for picture in walk((ADA, 200, 120), n=5):
        unit.step(picture)
    door.store.set_validity("P0", SWITCHED_OFF)
    door.store.is_full = False
    unit.step(frame(1.1, (ADA, 200, 112)))  # not judged anew: what was found before still names her
    assert door.store.events() == []
    for picture in walk((ADA, 200, 120), n=8, start_s=1.2) + walk(n=8, start_s=2.0):
        unit.step(picture)
    assert door.outcomes == [("-", Outcome.NOT_IN_DATABASE)]
    assert "left before it could be recorded" not in caplog.text


@pytest.mark.parametrize(("validity", "outcome"), [(ENDED, Outcome.ACCEPTED), (SWITCHED_OFF, Outcome.NOT_IN_DATABASE)])
def test_a_clock_that_nobody_set_keeps_nobody_out_by_a_date(
    door: Door, validity: Validity, outcome: Outcome, caplog: pytest.LogCaptureFixture
) -> None:
    door.store.set_validity("P0", validity)
    door.clock.trusted = False
    door.unit(walk((ADA, 200, 120), n=5)).run()
    assert [found for _, found in door.outcomes] == [outcome]
    assert [event.clock_ok for event in door.store.events()] == [False] * (outcome is Outcome.ACCEPTED)
    said = "nothing has set the clock, so the dates of 1 person keep nobody out"
    assert [record.getMessage() == said for record in caplog.records] == [validity is ENDED]


# Where it was computed


def test_the_row_the_report_and_the_noticeboard_say_where_each_network_ran_in_the_frame_that_decided(door: Door) -> None:
    door.eyes.network.backend = EDGETPU
    unit = door.unit([])
    for picture in walk((ADA, 200, 120), n=2):
        unit.step(picture)
    door.eyes.network.backend = CPU
    unit.step(frame(0.2, (ADA, 200, 120)))
    door.eyes.networks.pnet.backend = EDGETPU
    unit.step(frame(0.3, (ADA, 200, 120)))
    on_the_cpu = "pnet=cpu rnet=cpu onet=cpu facenet=cpu"
    assert [event.backends for event in door.store.events()] == [on_the_cpu]
    assert [verdict.backends for verdict in door.verdicts] == [on_the_cpu]
    mostly = "pnet=cpu rnet=cpu onet=cpu facenet=edgetpu"
    assert door.slate.heard == [mostly, mostly, on_the_cpu, "pnet=edgetpu rnet=cpu onet=cpu facenet=cpu"]


def test_a_row_that_had_to_wait_says_where_its_own_face_was_computed_and_not_the_next_ones(door: Door) -> None:
    door.eyes.network.backend = EDGETPU
    unit = door.unit([], limits=replace(LIMITS, faces_per_frame=1))
    door.store.is_full = True
    for picture in walk((ADA, 200, 100), n=3):
        unit.step(picture)
    door.store.is_full = False
    door.eyes.network.backend = CPU
    unit.step(frame(0.3, (ADA, 200, 100), (BOB, 400, 200)))
    assert [(event.person_name, event.backends) for event in door.store.events()] == [
        ("Ada", "pnet=cpu rnet=cpu onet=cpu facenet=edgetpu")
    ]


def test_a_stranger_gets_no_row_but_the_report_says_where_it_was_computed(door: Door) -> None:
    door.unit(walk((STRANGER, 200, 120), n=5)).run()
    assert [verdict.backends for verdict in door.verdicts] == ["pnet=cpu rnet=cpu onet=cpu facenet=cpu"]


def test_while_the_accelerator_is_degraded_an_idle_door_says_so_and_people_are_served_as_ever(door: Door) -> None:
    unit = door.unit([])
    steps = [*walk(n=2), *walk((ADA, 200, 120), n=5, start_s=0.2), *walk(n=2, start_s=0.7)]
    door.accelerator.degraded = True
    for picture in steps:
        unit.step(picture)
    assert door.panel.signals == [DEGRADED, LOOKING, ACCEPTED, DEGRADED]
    assert len(door.store.events()) == 1
    door.accelerator.degraded = False
    unit.step(frame(1.0))
    assert door.panel.signals[-1] is READY
    door.accelerator.degraded = True
    unit.step(frame(1.1))
    assert door.panel.signals[-2:] == [READY, DEGRADED]


def test_the_accelerator_may_use_every_moment_in_which_nobody_waits_and_no_other(door: Door) -> None:
    unit = door.unit([])
    for n, picture in enumerate(walk(n=4), start=1):
        unit.step(picture)
        assert door.accelerator.n_asked == n
    for picture in walk((ADA, 200, 120), n=2, start_s=0.4):
        unit.step(picture)
    assert door.accelerator.n_asked == 4
    for picture in walk((ADA, 200, 120), n=3, start_s=0.6):
        unit.step(picture)
    assert door.accelerator.n_asked == 7, "she has her answer"


def test_a_unit_that_starts_degraded_is_never_ready(door: Door) -> None:
    door.accelerator.degraded = True
    door.unit(walk(n=3)).run()
    assert door.panel.signals == [DEGRADED]


def test_a_fault_is_more_than_degraded(door: Door) -> None:
    door.accelerator.degraded = True
    door.unit([frame(0.0), DeviceError("unplugged"), frame(0.1)]).run()
    assert door.panel.signals == [DEGRADED, FAULT, DEGRADED]
    door.store.is_unreadable = True
    door.unit([frame(2.0)]).step(frame(2.0))
    assert door.panel.signals[-1] is FAULT


def test_without_an_accelerator_nothing_is_degraded(door: Door) -> None:
    door.accelerator = door.slate = None
    door.unit(walk((ADA, 200, 120), n=5)).run()
    assert door.panel.signals == [READY, LOOKING, ACCEPTED, READY]


def test_a_noticeboard_that_breaks_is_said_once_and_keeps_nobody_at_the_door(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    door.slate.is_broken = True
    unit = door.unit([])
    for picture in walk((ADA, 200, 120), n=5):
        unit.step(picture)
    assert door.outcomes == [("Ada", Outcome.ACCEPTED)]
    assert door.panel.signals == [LOOKING, ACCEPTED, READY]
    door.slate.is_broken = False
    for picture in walk(n=2, start_s=0.5):
        unit.step(picture)
    said = [record.getMessage() for record in caplog.records if "status" in record.getMessage()]
    assert said == ["writing the status: No space left on device", "writing the status: works again"]


# What the office enters and takes back meanwhile


def entered(door: Door, at_utc: datetime, direction: Direction, kind: EventKind = EventKind.ENTRY, corrects: str = "") -> None:
    door.store.append(Draft("P0", "Ada", at_utc, direction, kind, corrects=corrects, by="Eve", why="forgot"))


def come(door: Door, unit: Unit, start_s: float) -> tuple[Outcome, Direction | None]:
    for picture in walk((ADA, 200, 120), n=5, start_s=start_s) + walk(n=9, start_s=start_s + 5.0):
        unit.step(picture)
    decision = door.verdicts[-1].decision
    return decision.outcome, decision.direction


def test_in_and_out_go_on_from_what_the_office_has_entered(door: Door) -> None:
    unit = door.unit([])
    assert come(door, unit, 0.0) == (Outcome.ACCEPTED, Direction.IN)
    entered(door, door.clock.utc(1800.0), Direction.BREAK_OUT)
    assert come(door, unit, 3600.0) == (Outcome.ACCEPTED, Direction.IN)
    entered(door, door.clock.utc(-86400.0), Direction.OUT)
    assert come(door, unit, 7200.0) == (Outcome.ACCEPTED, Direction.OUT), "what she forgot yesterday says nothing of today"


def test_who_is_taken_back_was_not_there(door: Door) -> None:
    unit = door.unit([])
    come(door, unit, 0.0)
    (event,) = door.store.events()
    entered(door, event.at_utc, event.direction, EventKind.VOID, corrects=event.event_id)
    assert come(door, unit, 30.0) == (Outcome.ACCEPTED, Direction.IN), "not already, and not out"


def test_an_entry_for_somebody_else_changes_nothing_of_the_duplicate_window(door: Door) -> None:
    unit = door.unit([])
    come(door, unit, 0.0)
    door.store.append(Draft("P1", "Bob", door.clock.utc(0.0), Direction.IN, EventKind.ENTRY))
    door.clock.set_utc(door.clock.utc(86400.0))
    assert come(door, unit, 30.0) == (Outcome.ALREADY, None), "by the clock that never jumps, as before"


# Restarts


def test_after_a_restart_the_duplicate_window_and_the_direction_continue(door: Door) -> None:
    door.unit(walk((ADA, 200, 120), n=5)).run()
    door.clock.set_utc(door.clock.utc(30))
    door.unit(walk((ADA, 200, 120), n=5)).run()
    door.clock.set_utc(door.clock.utc(0) + timedelta(hours=1))
    door.unit(walk((ADA, 200, 120), n=5)).run()
    assert [outcome for _, outcome in door.outcomes] == [Outcome.ACCEPTED, Outcome.ALREADY, Outcome.ACCEPTED]
    assert [event.direction for event in door.store.events()] == [Direction.IN, Direction.OUT]


def test_a_clock_that_nobody_set_is_written_into_the_row(door: Door) -> None:
    door.clock.trusted = False
    door.clock.set_utc(datetime(1970, 1, 1, tzinfo=UTC))
    door.unit(walk((ADA, 200, 120), n=5)).run()
    assert [event.clock_ok for event in door.store.events()] == [False]
