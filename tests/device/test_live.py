"""A live camera: the newest frame, going away, coming back. Threads meet at events; nothing waits for time to pass."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from edge.device.fakes import ManualClock
from edge.device.live import Backoff, LiveCamera, Mailbox
from edge.device.stop import Stop
from edge.errors import DeviceError
from edge.types import Frame, Image

LONG_S = 30.0
"""Longer than any of these tests may take; reached only when one fails."""


def picture(value: int) -> Image:
    return np.full((2, 2, 3), value, np.uint8)


class ScriptedSource:
    """Gives its pictures, and then waits until it is let go, or fails if it was told to."""

    def __init__(self, *values: int, error: DeviceError | None = None) -> None:
        self._values = list(values)
        self._error = error
        self.is_empty, self.let_go, self.is_closed = threading.Event(), threading.Event(), threading.Event()

    def grab(self) -> Image:
        if self._values:
            return picture(self._values.pop(0))
        self.is_empty.set()
        if self._error:
            raise self._error
        self.let_go.wait(LONG_S)
        raise DeviceError("let go")

    def close(self) -> None:
        self.is_closed.set()


class Waits:
    """Remembers how long it was asked to wait, and does not."""

    def __init__(self) -> None:
        self.asked_s: list[float] = []

    def __call__(self, seconds: float) -> bool:
        self.asked_s.append(seconds)
        return False


def test_pauses_grow_to_a_minute_and_start_again_after_success() -> None:
    backoff = Backoff()
    pauses = []
    for _ in range(8):
        pauses.append(backoff.pause_s)
        backoff.fail()
    assert pauses == [0, 1, 2, 5, 15, 60, 60, 60]
    backoff.reset()
    assert backoff.pause_s == 0


def test_the_mailbox_keeps_the_newest_frame_and_counts_the_others() -> None:
    mailbox = Mailbox()
    for at_s in (0.0, 1.0, 2.0):
        mailbox.put(Frame(picture(0), at_s))
    frame = mailbox.take(0)
    assert frame is not None
    assert frame.at_s == 2.0
    assert mailbox.n_dropped == 2
    assert mailbox.take(0) is None, "no frame is handed over twice"


def test_whoever_waits_at_the_mailbox_gets_the_next_frame() -> None:
    mailbox, taken = Mailbox(), []
    reader = threading.Thread(target=lambda: taken.append(mailbox.take(LONG_S)))
    reader.start()
    mailbox.put(Frame(picture(7), 1.0))
    reader.join()
    assert taken[0].at_s == 1.0


def test_an_error_comes_after_the_frame_that_was_still_there() -> None:
    mailbox = Mailbox()
    mailbox.put(Frame(picture(0), 0.0))
    mailbox.fail(DeviceError("unplugged"))
    assert mailbox.take(LONG_S) is not None
    with pytest.raises(DeviceError, match="unplugged"):
        mailbox.take(LONG_S)


def test_the_newest_frame_is_handed_over_and_the_rest_is_counted() -> None:
    source, stop = ScriptedSource(1, 2, 3), Stop()
    camera = LiveCamera(lambda: source, ManualClock(), stop)
    first = camera.read()
    source.is_empty.wait(LONG_S)
    n_taken = 1
    if first is not None and first.pixels[0, 0, 0] != 3:
        newest = camera.read()
        n_taken = 2
        assert newest is not None
        assert newest.pixels[0, 0, 0] == 3
    assert camera.n_dropped == 3 - n_taken
    source.let_go.set()
    camera.close()
    assert source.is_closed.is_set()
    assert camera.n_dropped == 3 - n_taken


def test_a_frame_is_stamped_when_it_was_taken() -> None:
    clock, source = ManualClock(), ScriptedSource(1)
    clock.advance(12.5)
    camera = LiveCamera(lambda: source, clock, Stop())
    frame = camera.read()
    assert frame is not None
    assert frame.at_s == 12.5
    source.let_go.set()
    camera.close()


def test_a_camera_that_goes_away_is_opened_anew_after_growing_pauses() -> None:
    waits = Waits()
    gone, never_there = DeviceError("unplugged"), DeviceError("no camera")
    openings = iter([never_there, ScriptedSource(1, error=gone), gone, gone, ScriptedSource(2, error=gone), ScriptedSource(3)])

    def open_source() -> ScriptedSource:
        found = next(openings)
        if isinstance(found, DeviceError):
            raise found
        return found

    camera = LiveCamera(open_source, ManualClock(), Stop(), wait=waits)
    seen: list[int | str] = []
    for _ in range(8):
        try:
            frame = camera.read()
            seen.append(int(frame.pixels[0, 0, 0]) if frame else "over")
        except DeviceError:
            seen.append("gone")
    assert seen == ["gone", 1, "gone", "gone", "gone", 2, "gone", 3]
    assert never_there.__notes__ == ["The camera is tried again in 1 s, then less and less often, at last every 60 s."]
    assert waits.asked_s == [0, 1, 1, 2, 5, 1], "a pause before each opening; shorter again after it worked"
    camera.close()


def test_a_camera_that_hangs_is_gone_and_is_left_behind_until_its_driver_lets_go() -> None:
    source = ScriptedSource()
    camera = LiveCamera(lambda: source, ManualClock(), Stop(), patience_s=0.0)
    with pytest.raises(DeviceError, match="delivered nothing for 0 s"):
        camera.read()
    assert not source.is_closed.is_set()
    source.let_go.set()
    assert source.is_closed.wait(LONG_S)


def test_a_wish_to_stop_ends_the_wait_for_a_frame_at_once() -> None:
    source, stop = ScriptedSource(), Stop()
    camera = LiveCamera(lambda: source, ManualClock(), stop, patience_s=LONG_S)
    results: list[Frame | None] = []
    reader = threading.Thread(target=lambda: results.append(camera.read()))
    reader.start()
    assert source.is_empty.wait(LONG_S)
    stop.set()
    reader.join(LONG_S)
    assert results == [None]
    source.let_go.set()
    camera.close()
    camera.close()


def test_a_wish_to_stop_ends_the_pause_before_the_next_attempt() -> None:
    def refuse() -> ScriptedSource:
        raise DeviceError("nothing there")

    stop = Stop()
    camera = LiveCamera(refuse, ManualClock(), stop)
    with pytest.raises(DeviceError):
        camera.read()
    stop.set()
    assert camera.read() is None
