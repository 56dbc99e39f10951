"""Being asked to stop, by a signal or otherwise."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from edge.device.stop import Stop, StopOnSignal

LONG_S = 30.0


def test_a_wish_to_stop_stays_and_wakes_whoever_asked_for_it() -> None:
    stop, woken = Stop(), []
    stop.on_set(lambda: woken.append(1))
    assert not stop.is_set()
    assert not stop.wait(0)
    stop.set()
    assert stop.is_set()
    assert stop.wait(LONG_S)
    assert woken == [1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_to_stop_and_the_handlers_of_before_come_back(number: signal.Signals) -> None:
    before = {known: signal.getsignal(known) for known in (signal.SIGTERM, signal.SIGINT)}
    stop = Stop()
    with StopOnSignal(stop) as signals:
        os.kill(os.getpid(), number)
        assert stop.wait(LONG_S)
    assert signals.received is number
    assert {known: signal.getsignal(known) for known in before} == before
    assert not [thread for thread in threading.enumerate() if thread.name == "signals"]


def test_the_first_signal_counts() -> None:
    stop = Stop()
    with StopOnSignal(stop) as signals:
        os.kill(os.getpid(), signal.SIGTERM)
        stop.wait(LONG_S)
        os.kill(os.getpid(), signal.SIGINT)
    assert signals.received is signal.SIGTERM


def test_a_flood_of_signals_while_the_main_thread_waits_does_no_harm() -> None:
    stop = Stop()
    with StopOnSignal(stop):
        flood = threading.Thread(target=lambda: [os.kill(os.getpid(), signal.SIGTERM) for _ in range(2000)])
        flood.start()
        for _ in range(2000):
            stop.wait(0.0)
            stop.is_set()
        flood.join()
    assert stop.is_set()


def test_without_a_signal_nothing_is_asked() -> None:
    stop = Stop()
    with StopOnSignal(stop) as signals:
        pass
    assert signals.received is None
    assert not stop.is_set()
