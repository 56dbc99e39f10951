"""How the unit is asked to stop, and how whoever waits hears of it at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self


class Stop:
    """A wish to stop; once made it stays. Any thread may ask, wish and wait."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._wakes: list[Callable[[], None]] = []

    def is_set(self) -> bool:
        """Whether somebody wants the unit to stop."""
        return self._event.is_set()

    def set(self) -> None:
        """Ask the unit to stop, and wake whoever waits."""
        self._event.set()
        for wake in self._wakes:
            wake()

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until somebody wants the unit to stop; returns whether somebody does."""
        return self._event.wait(seconds)

    def on_set(self, wake: Callable[[], None]) -> None:
        """Have something called, from the thread that asks, when the unit is asked to stop."""
        self._wakes.append(wake)


class StopOnSignal:
    """While entered, SIGTERM and SIGINT ask the unit to stop instead of ending it where it stands.

    The handler itself does nothing. It runs between two instructions of the main thread, which may be the ones that hold the
    lock of the very Event that the handler would set: `threading.Event.set` is not reentrant. So Python writes the number of
    the signal into a pipe (`signal.set_wakeup_fd`), and a thread at its other end asks. Only the main thread may enter.

    Attributes:
        received: the first signal that came, or None.
    """

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self.received: signal.Signals | None = None

    def __enter__(self) -> Self:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._listener = threading.Thread(target=self._listen, name="signals", daemon=True)
        self._listener.start()
        self._former_fd = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._former = {number: signal.signal(number, _leave_it_to_the_listener) for number in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._former_fd)
        os.write(self._writer, b"\0")
        self._listener.join()
        os.close(self._reader)
        os.close(self._writer)

    def _listen(self) -> None:
        while number := os.read(self._reader, 1)[0]:
            if number in (signal.SIGTERM, signal.SIGINT):
                self.received = self.received or signal.Signals(number)
                self._stop.set()


def _leave_it_to_the_listener(_number: int, _frame: FrameType | None) -> None:
    """Having any handler is what keeps the process alive."""
