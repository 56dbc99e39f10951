"""What the door shows of what other programs announce, over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from test_unit import ADA, LIMITS, MODEL, RULES, ReadsPixels, enrol, frame, walk

from edge.announced import KEPT_S
from edge.device.announcements import Announcements, announce
from edge.device.fakes import ManualClock, RecordingPanel, ScriptedCamera
from edge.errors import DeviceError
from edge.store import Store
from edge.types import Frame, Signal
from edge.unit import Hands, Unit
from edge.vision.recogniser import Recogniser

READY, LOOKING, ACCEPTED, FAULT = Signal.READY, Signal.LOOKING, Signal.ACCEPTED, Signal.FAULT
AT_WORK, SAFE, REFUSED = Signal.STICK_AT_WORK, Signal.SAFE_TO_PULL, Signal.STICK_REFUSED


@pytest.fixture
def panel() -> RecordingPanel:
    return RecordingPanel()


@pytest.fixture
def hands(tmp_path: Path, panel: RecordingPanel) -> Iterator[Hands]:
    with Store.open(tmp_path / "muster.db", unit="door") as store, closing(Announcements(tmp_path)) as announcements:
        enrol(store, ADA, "Ada")
        yield Hands(ScriptedCamera([]), panel, ManualClock(), store, announcements=announcements)


def unit(hands: Hands) -> Unit:
    eyes = ReadsPixels()
    return Unit(hands, Recogniser(eyes, eyes, MODEL), rules=RULES, limits=LIMITS, report=lambda _verdict: None)


def test_a_stick_is_shown_while_nobody_waits_and_people_are_answered_as_ever(
    tmp_path: Path, hands: Hands, panel: RecordingPanel
) -> None:
    door = unit(hands)
    announce(tmp_path, AT_WORK)
    for picture in [*walk(n=2), *walk((ADA, 200, 120), n=5, start_s=0.2)]:
        door.step(picture)
    assert panel.signals == [AT_WORK, LOOKING, ACCEPTED, AT_WORK]
    assert len(hands.store.events()) == 1
    announce(tmp_path, SAFE)
    door.step(frame(1.0))
    announce(tmp_path, READY)
    door.step(frame(1.1))
    assert panel.signals[4:] == [SAFE, READY]


def test_a_program_that_died_does_not_freeze_the_panel(tmp_path: Path, hands: Hands, panel: RecordingPanel) -> None:
    door = unit(hands)
    announce(tmp_path, AT_WORK)
    for at_s in (0.0, KEPT_S - 1, KEPT_S):
        door.step(frame(at_s))
    assert panel.signals == [AT_WORK, READY]


def test_what_was_announced_ends_where_the_cameras_clock_begins_anew(tmp_path: Path, hands: Hands, panel: RecordingPanel) -> None:
    door = unit(hands)
    announce(tmp_path, AT_WORK)
    for at_s in (10 * KEPT_S, 0.0):
        door.step(frame(at_s))
    assert panel.signals == [AT_WORK, READY]


def test_a_strange_stick_is_answered_once(tmp_path: Path, hands: Hands, panel: RecordingPanel) -> None:
    door = unit(hands)
    door.step(frame(0.0))
    announce(tmp_path, REFUSED)
    for picture in walk(n=3, start_s=0.1):
        door.step(picture)
    assert panel.signals == [READY, REFUSED]


def test_while_the_camera_is_gone_the_fault_stays_and_what_was_announced_is_shown_when_it_is_back(
    tmp_path: Path, panel: RecordingPanel, hands: Hands
) -> None:
    class Announcing(ScriptedCamera):
        def read(self) -> Frame | None:
            try:
                return super().read()
            except DeviceError:
                announce(tmp_path, SAFE)
                announce(tmp_path, REFUSED)
                raise

    camera = Announcing([DeviceError("unplugged"), frame(1.0)])
    unit(Hands(camera, panel, hands.clock, hands.store, announcements=hands.announcements)).run()
    assert panel.signals == [READY, FAULT, REFUSED, SAFE]
