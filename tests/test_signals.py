"""The panel while a program works on a stick: the unit shows it if one is at work, and the program itself if not."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from edge.announced import KEPT_S, Announced
from edge.config import Config, PanelConfig, parse
from edge.device.announcements import Announcements, announce
from edge.device.fakes import ManualClock, RecordingPanel
from edge.device.header import has_pins
from edge.device.lock import FILE_NAME as LOCK
from edge.device.lock import alone
from edge.errors import DeviceError
from edge.types import Signal
from edge.wiring import panel_of
from edge.wiring.signals import AGAIN_S, LOOK_S, PATIENCE_S, SharedPanel, patient_panel

AT_WORK, SAFE, REFUSED, READY = Signal.STICK_AT_WORK, Signal.SAFE_TO_PULL, Signal.STICK_REFUSED, Signal.READY


@pytest.fixture
def announcements(tmp_path: Path) -> Iterator[Announcements]:
    with closing(Announcements(tmp_path)) as announcements:
        yield announcements


# As the unit has them


def test_what_lasts_ends_with_ready(tmp_path: Path, announcements: Announcements) -> None:
    announced = Announced(announcements)
    announce(tmp_path, AT_WORK)
    assert (announced.heed(10.0), announced.lasting) == ([], AT_WORK)
    announce(tmp_path, SAFE)
    assert (announced.heed(20.0), announced.lasting) == ([], SAFE)
    announce(tmp_path, READY)
    assert (announced.heed(21.0), announced.lasting) == ([], None)


def test_the_word_of_a_program_that_died_lasts_a_minute_after_it_was_last_said(
    tmp_path: Path, announcements: Announcements
) -> None:
    announced = Announced(announcements)
    announce(tmp_path, AT_WORK)
    announced.heed(10.0)
    announce(tmp_path, AT_WORK)
    announced.heed(10.0 + KEPT_S - 1)
    announced.heed(10.0 + 2 * KEPT_S - 2)
    assert announced.lasting is AT_WORK
    announced.heed(10.0 + 2 * KEPT_S - 1)
    assert announced.lasting is None


def test_an_answer_is_given_once_and_what_lasts_stays(tmp_path: Path, announcements: Announcements) -> None:
    announced = Announced(announcements)
    announce(tmp_path, AT_WORK)
    announce(tmp_path, REFUSED)
    assert (announced.heed(0.0), announced.lasting) == ([REFUSED], AT_WORK)
    assert (announced.heed(0.1), announced.lasting) == ([], AT_WORK)


def test_a_unit_to_which_nobody_can_say_anything_shows_nothing_of_the_kind() -> None:
    announced = Announced(None)
    assert (announced.heed(5.0), announced.lasting) == ([], None)


# As the program has it


class Pins(RecordingPanel):
    """Remembers every opening; the pins may be somebody else's."""

    def __init__(self) -> None:
        super().__init__()
        self.n_opened = 0
        self.are_busy = False

    def open(self) -> Pins:
        if self.are_busy:
            raise DeviceError("the pins are busy")
        self.n_opened += 1
        self.is_closed = False
        return self


def test_while_a_unit_is_at_work_it_shows_it_and_its_pins_are_left_alone(tmp_path: Path, announcements: Announcements) -> None:
    pins = Pins()
    panel = SharedPanel(tmp_path, pins.open)
    with alone(tmp_path):
        panel.show(AT_WORK)
        assert announcements.latest() is AT_WORK
    assert pins.n_opened == 0


def test_what_lasts_is_said_again_for_as_long_as_the_program_lives_and_an_answer_is_not(
    tmp_path: Path, announcements: Announcements
) -> None:
    clock = ManualClock()
    panel = SharedPanel(tmp_path, Pins().open, now_s=clock.monotonic_s)
    said = []
    with alone(tmp_path):
        for signal in (AT_WORK, REFUSED):
            panel.show(signal)
            for _ in range(round(KEPT_S)):
                said.append(announcements.latest())
                clock.advance(1.0)
                panel.look()
    assert AGAIN_S < KEPT_S / 2, "one may be lost"
    assert said.count(AT_WORK) == 1 + KEPT_S // AGAIN_S
    assert said.count(REFUSED) == 1


def test_without_a_unit_the_program_uses_the_pins_itself_and_gives_them_back(tmp_path: Path) -> None:
    pins = Pins()
    panel = SharedPanel(tmp_path, pins.open)
    for signal in (AT_WORK, SAFE):
        panel.show(signal)
        panel.look()
    assert (pins.signals, pins.n_opened, pins.is_closed) == ([AT_WORK, SAFE], 1, False)
    assert panel.rest_s > 1.0, "long enough to be seen"
    panel.close()
    panel.close()
    assert pins.is_closed


def test_where_no_unit_is_at_work_ready_gives_the_pins_back(tmp_path: Path) -> None:
    """Nobody is looked for there: a door that says it is ready would lie."""
    pins = Pins()
    panel = SharedPanel(tmp_path, pins.open)
    for signal in (AT_WORK, Signal.READY):
        panel.show(signal)
    assert (pins.signals, pins.is_closed) == ([AT_WORK], True)


def test_where_nobody_can_say_whether_a_unit_is_at_work_the_pins_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / LOCK).mkdir()
    pins = Pins()
    SharedPanel(tmp_path, pins.open).show(AT_WORK)
    assert pins.n_opened == 0


def test_a_program_that_has_said_nothing_yet_takes_nothing_back_that_another_said(
    tmp_path: Path, announcements: Announcements
) -> None:
    SharedPanel(tmp_path, Pins().open).look()
    assert announcements.latest() is None


def test_a_unit_that_starts_gets_the_pins_at_once_and_is_told_as_soon_as_it_listens(tmp_path: Path) -> None:
    pins = Pins()
    panel = SharedPanel(tmp_path, pins.open)
    panel.show(AT_WORK)
    with ExitStack() as unit:
        unit.enter_context(alone(tmp_path))
        panel.look()
        assert pins.is_closed, "it is about to open them"
        panel.look()
        assert pins.n_opened == 1
        announcements = unit.enter_context(closing(Announcements(tmp_path)))
        panel.look()
        assert announcements.latest() is AT_WORK
        panel.show(SAFE)
        assert announcements.latest() is SAFE
    assert pins.signals == [AT_WORK]


def test_what_was_said_while_a_unit_started_reaches_it(tmp_path: Path) -> None:
    pins = Pins()
    panel = SharedPanel(tmp_path, pins.open)
    with alone(tmp_path):
        panel.show(REFUSED)
        with closing(Announcements(tmp_path)) as announcements:
            panel.look()
            panel.look()
            assert [announcements.latest() for _ in range(2)] == [REFUSED, None]
    assert pins.n_opened == 0


def test_when_the_unit_stops_the_program_goes_on_by_itself_at_once(tmp_path: Path) -> None:
    """Whoever waits for the light to go out must not see it go out with the unit, which is not the last to end."""
    pins = Pins()
    panel = SharedPanel(tmp_path, pins.open, now_s=ManualClock().monotonic_s)
    with alone(tmp_path), closing(Announcements(tmp_path)):
        panel.show(Signal.SHUTTING_DOWN)
        panel.look()
        assert pins.signals == []
    panel.look()
    assert pins.signals == [Signal.SHUTTING_DOWN]


def test_pins_that_cannot_be_used_stop_nobody_and_are_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pins = Pins()
    pins.are_busy = True
    panel = SharedPanel(tmp_path, pins.open)
    with caplog.at_level(logging.WARNING):
        for signal in (AT_WORK, SAFE):
            panel.show(signal)
            panel.look()
    assert [record.getMessage() for record in caplog.records] == [
        "the panel does not show what is done with the stick: the pins are busy"
    ]
    assert panel.rest_s == 0


def test_the_panel_of_a_program_reaches_the_unit_and_keeps_nobody_waiting(tmp_path: Path, announcements: Announcements) -> None:
    with panel_of(Config(), tmp_path) as panel:
        panel.show(SAFE)
        assert announcements.latest() is SAFE
    assert announcements.latest() is None, "safe to pull stays for its minute"


def test_on_a_computer_without_pins_the_panel_of_a_program_says_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with panel_of(parse({"panel": {"kind": "mock"}}, origin="test"), tmp_path) as panel:
        for signal in (AT_WORK, REFUSED, SAFE, READY):
            panel.show(signal)
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(has_pins(), reason="here the pins can be used")
def test_a_unit_that_starts_waits_for_pins_longer_than_a_program_takes_to_give_them_back_and_then_says_why() -> None:
    waited: list[float] = []
    with pytest.raises(DeviceError, match=r"pins"):
        patient_panel(PanelConfig(kind="gpio"), pause=waited.append)
    assert sum(waited) == pytest.approx(PATIENCE_S)
    assert PATIENCE_S > 5 * LOOK_S
    patient_panel(PanelConfig(kind="none"), pause=waited.append).close()
    assert sum(waited) == pytest.approx(PATIENCE_S), "who gets them at once does not wait"
