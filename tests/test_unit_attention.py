"""A door at rest that works, and where somebody should see to something."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from test_unit import ADA, LIMITS, MODEL, RULES, DiskThatFills, MayFail, ReadsPixels, enrol, walk

from edge.device.fakes import ManualClock, RecordingPanel, ScriptedCamera
from edge.headroom import ROOM_CHECK_S
from edge.store.room import Room
from edge.types import Signal
from edge.unit import Hands, Unit
from edge.vision.recogniser import Recogniser

READY, ATTENTION, LOOKING, ACCEPTED = Signal.READY, Signal.ATTENTION, Signal.LOOKING, Signal.ACCEPTED


@pytest.fixture
def hands() -> Iterator[Hands]:
    with DiskThatFills.open(":memory:", unit="door") as store:
        enrol(store, ADA, "Ada")
        yield Hands(ScriptedCamera([]), RecordingPanel(), ManualClock(), store)


def shown(hands: Hands, *, start_s: float = 0.0) -> list[Signal]:
    """While nobody is there, somebody comes and leaves."""
    assert isinstance(hands.panel, RecordingPanel)
    eyes = ReadsPixels()
    unit = Unit(hands, Recogniser(eyes, eyes, MODEL), rules=RULES, limits=LIMITS, report=lambda _verdict: None)
    for picture in [
        *walk(n=2, start_s=start_s),
        *walk((ADA, 200, 120), n=5, start_s=start_s + 0.2),
        *walk(n=9, start_s=start_s + 9),
    ]:
        unit.step(picture)
    return hands.panel.signals


def test_what_was_found_at_the_start_is_shown_while_nobody_waits_and_everybody_is_answered(hands: Hands) -> None:
    assert shown(replace(hands, at_rest=ATTENTION)) == [ATTENTION, LOOKING, ACCEPTED, ATTENTION]


@pytest.mark.parametrize(("free", "rests"), [(99_999_999, ATTENTION), (100_000_000, READY)])
def test_a_disk_on_which_rows_have_little_room_is_shown(hands: Hands, free: int, rests: Signal) -> None:
    assert isinstance(hands.store, DiskThatFills)
    hands.store.disk = Room(used=10**10, free=free)
    assert shown(hands) == [rests, LOOKING, ACCEPTED, rests]


def test_once_there_is_room_again_all_is_well(hands: Hands) -> None:
    assert isinstance(hands.store, DiskThatFills)
    assert isinstance(hands.panel, RecordingPanel)
    hands.store.disk = Room(used=10**10, free=5)
    eyes = ReadsPixels()
    unit = Unit(hands, Recogniser(eyes, eyes, MODEL), rules=RULES, limits=LIMITS, report=lambda _verdict: None)
    for picture in walk(n=2):
        unit.step(picture)
    hands.store.disk = Room(used=10, free=10**10)
    for picture in walk(n=2, start_s=ROOM_CHECK_S + 1):
        unit.step(picture)
    assert hands.panel.signals == [ATTENTION, READY]


def test_degraded_is_said_first(hands: Hands) -> None:
    accelerator = MayFail()
    accelerator.degraded = True
    assert shown(replace(hands, at_rest=ATTENTION, accelerator=accelerator))[0] is Signal.DEGRADED
