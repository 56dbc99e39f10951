"""What the watchdog hears of the loop: of whole turns, and of nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from test_unit import ADA, LIMITS, MODEL, RULES, DiskThatFills, ReadsPixels, enrol, frame, walk

from edge.device.fakes import ManualClock, RecordingPanel, ScriptedCamera
from edge.errors import DeviceError, ModelError, MusterError
from edge.heartbeat import RETRY_S
from edge.store import FILE_NAME
from edge.types import Faces, Frame, Image, Signal
from edge.unit import Hands, Unit
from edge.vision.recogniser import Recogniser


class Watcher:
    """A watchdog that is hungry whenever a test says so, and remembers when it was fed."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.is_hungry = True
        self.fed_s: list[float] = []
        self.said: list[str] = []

    def is_due(self) -> bool:
        return self.is_hungry

    def feed(self) -> None:
        self.fed_s.append(self._clock.now_s)

    def say(self, status: str) -> None:
        self.said.append(status)

    def close(self) -> None:
        pass


class Ticking(ScriptedCamera):
    """A camera whose frames come when they were taken."""

    def __init__(self, script: Iterable[Frame | DeviceError], clock: ManualClock) -> None:
        super().__init__(script)
        self._clock = clock

    def read(self) -> Frame | None:
        found = super().read()
        if found:
            self._clock.now_s = found.at_s
        return found


class Scene:
    """A unit with a database on a disk, and whoever watches it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self.store = DiskThatFills.open(self.path, unit="door", busy_timeout_s=0.01)
        enrol(self.store, ADA, "Ada")
        self.clock, self.panel, self.eyes = ManualClock(), RecordingPanel(), ReadsPixels()
        self.watcher = Watcher(self.clock)

    def run(self, script: Iterable[Frame | DeviceError]) -> None:
        hands = Hands(Ticking(script, self.clock), self.panel, self.clock, self.store, watchdog=self.watcher)
        eyes = Recogniser(self.eyes, self.eyes, MODEL)
        Unit(hands, eyes, rules=RULES, limits=LIMITS, report=lambda _verdict: None).run()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    with closing(made.store):
        yield made


GONE = DeviceError("the camera is gone")


def test_a_door_where_nobody_comes_is_a_door_that_works(scene: Scene) -> None:
    scene.run([frame(float(second)) for second in range(4)])
    assert scene.watcher.fed_s == [0, 1, 2, 3]
    assert scene.watcher.said[-1] == "at work, 0 rows since the start"


def test_who_is_not_due_is_not_fed_and_costs_no_write(scene: Scene) -> None:
    scene.watcher.is_hungry = False
    before = scene.path.with_name(f"{FILE_NAME}-wal").stat()
    scene.run(walk(n=5))
    after = scene.path.with_name(f"{FILE_NAME}-wal").stat()
    assert (scene.watcher.fed_s, after.st_mtime_ns, after.st_size) == ([], before.st_mtime_ns, before.st_size)


def test_a_camera_that_gives_no_frames_feeds_nobody(scene: Scene) -> None:
    scene.run([frame(0.0), GONE, GONE, GONE, frame(9.0)])
    assert scene.watcher.fed_s == [0, 9]
    assert "fault: camera: the camera is gone" in scene.watcher.said
    scene.watcher.fed_s.clear()
    scene.run([GONE] * 5)
    assert scene.watcher.fed_s == []


def test_a_network_that_does_not_come_back_feeds_nobody(scene: Scene) -> None:
    class Stuck(ReadsPixels):
        def detect(self, pixels: Image) -> Faces:
            raise ModelError("stands for a call that does not return: nothing after it is done")

    scene.eyes = Stuck()
    with pytest.raises(MusterError):
        scene.run(walk(n=3))
    assert scene.watcher.fed_s == []


def test_a_network_for_templates_that_does_not_come_back_feeds_nobody(scene: Scene) -> None:
    class Stuck(ReadsPixels):
        def templates(self, _pixels: Image, faces: Faces) -> None:  # type: ignore[override]
            raise ModelError("likewise")

    scene.eyes = Stuck()
    with pytest.raises(MusterError):
        scene.run([frame(0.0), *walk((ADA, 200, 120), n=3, start_s=1.0)])
    assert scene.watcher.fed_s == [0]


def test_a_database_that_somebody_keeps_locked_feeds_nobody_and_is_shown_though_nobody_comes(scene: Scene) -> None:
    with closing(sqlite3.connect(scene.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        scene.run([frame(0.0), frame(1.0), frame(RETRY_S + 0.1), frame(RETRY_S + 0.2)])
        assert (scene.watcher.fed_s, scene.panel.signals[-1]) == ([], Signal.FAULT)
        assert scene.watcher.said[-1].startswith("fault: writing the database: ")


def test_a_database_that_can_be_written_again_ends_the_fault(scene: Scene) -> None:
    with closing(sqlite3.connect(scene.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        def script() -> Iterator[Frame]:
            yield from (frame(0.0), frame(0.1))
            assert scene.panel.signals[-1] is Signal.FAULT
            other.execute("ROLLBACK")
            yield from (frame(RETRY_S), frame(RETRY_S + 0.1))

        scene.run(script())
    assert (scene.watcher.fed_s, scene.panel.signals[-1]) == ([RETRY_S, RETRY_S + 0.1], Signal.READY)


def test_a_database_that_failed_is_not_tried_with_every_frame(scene: Scene) -> None:
    tries: list[float] = []
    pulse = scene.store.pulse
    with closing(sqlite3.connect(scene.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        def counted() -> None:
            tries.append(scene.clock.now_s)
            pulse()

        scene.store.pulse = counted  # type: ignore[method-assign]
        scene.run([frame(second / 2) for second in range(int(2 * RETRY_S) + 2)])
    assert tries == [0.0, RETRY_S]


def test_a_row_that_could_not_be_recorded_feeds_nobody_until_one_can(scene: Scene) -> None:
    scene.store.is_full = True
    scene.run([*walk((ADA, 200, 120), n=6), *walk(n=3, start_s=0.6)])
    assert scene.watcher.fed_s == [0.0, 0.1], "before she was recognised"
    assert scene.watcher.said[-1] == "fault: recording: no room left"


def test_a_database_that_cannot_be_read_feeds_nobody(scene: Scene) -> None:
    scene.run(walk(n=1))
    scene.store.is_unreadable = True
    scene.run([frame(float(second)) for second in range(10, 13)])
    assert scene.watcher.fed_s == [0.0]


def test_a_pulse_is_on_the_disk_and_changes_nothing_that_anybody_reads(scene: Scene) -> None:
    log = scene.path.with_name(f"{FILE_NAME}-wal")
    before = (scene.store.revision(), scene.store.n_written(), scene.store.events())
    n_bytes = log.stat().st_size
    with closing(sqlite3.connect(scene.path)) as other:
        version = other.execute("PRAGMA user_version").fetchone()
        scene.store.pulse()
        assert other.execute("PRAGMA user_version").fetchone() == version
    assert log.stat().st_size > n_bytes
    assert (scene.store.revision(), scene.store.n_written(), scene.store.events()) == before
