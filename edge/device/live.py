"""A camera that is captured beside inference, hands over its newest frame, and is opened anew when it went away."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from edge.device.stop import Stop
from edge.errors import DeviceError
from edge.ports import Clock
from edge.types import Frame, Image

PAUSES_S = (1.0, 2.0, 5.0, 15.0, 60.0)
"""How long to wait before opening a camera that went away: after the first failure, the second, ...; the last one repeats."""

PATIENCE_S = 5.0
"""A camera that delivers nothing for so long is gone. Cameras need up to three seconds for their first picture."""

FAREWELL_S = 2.0
"""How long a capture thread may take to let go of its device. One that hangs in its driver is left behind."""


class Source(Protocol):
    """An open camera, used by one thread."""

    def grab(self) -> Image:
        """The next picture, (H, W, 3) uint8 RGB; waits for it.

        Raises:
            DeviceError: the camera is gone.
        """

    def close(self) -> None:
        """Release the device."""


class Backoff:
    """How long to wait before the next attempt; longer with each failure."""

    def __init__(self, pauses_s: tuple[float, ...] = PAUSES_S) -> None:
        self._pauses_s = pauses_s
        self._n_failures = 0

    def fail(self) -> None:
        """An attempt failed, or what worked broke."""
        self._n_failures += 1

    def reset(self) -> None:
        """It works."""
        self._n_failures = 0

    @property
    def pause_s(self) -> float:
        """Seconds to wait now; 0 before the first failure."""
        return self._pauses_s[min(self._n_failures, len(self._pauses_s)) - 1] if self._n_failures else 0.0


class Mailbox:
    """Room for one frame between two threads: a newer frame replaces one that nobody has taken.

    Attributes:
        n_dropped: frames that were replaced.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._error: DeviceError | None = None
        self._is_woken = False
        self.n_dropped = 0

    def put(self, frame: Frame) -> None:
        """Leave the newest frame."""
        with self._changed:
            self.n_dropped += self._frame is not None
            self._frame = frame
            self._changed.notify_all()

    def fail(self, error: DeviceError) -> None:
        """No more frames will come; whoever takes next gets the error, after a frame that is still there."""
        with self._changed:
            self._error = error
            self._changed.notify_all()

    def wake(self) -> None:
        """Let whoever waits return at once, now and from now on."""
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def take(self, timeout_s: float) -> Frame | None:
        """The frame that nobody has taken yet; None when none came in time, or when woken.

        Raises:
            DeviceError: whoever delivered has failed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._frame or self._error or self._is_woken, timeout_s)
            if self._is_woken:
                return None
            if self._frame is None and self._error:
                raise self._error
            frame, self._frame = self._frame, None
            return frame


class _Capture(threading.Thread):
    """Empties one source into one mailbox until it fails or nobody wants more, and then closes it."""

    def __init__(self, source: Source, clock: Clock) -> None:
        super().__init__(name="capture", daemon=True)
        self.mailbox = Mailbox()
        self.is_wanted = True
        self._source = source
        self._clock = clock

    def run(self) -> None:
        try:
            while self.is_wanted:
                pixels = self._source.grab()
                self.mailbox.put(Frame(pixels, self._clock.monotonic_s()))
        except DeviceError as error:
            self.mailbox.fail(error)
        finally:
            self._source.close()


class LiveCamera:
    """A camera that may go away and come back; implements `edge.ports.Camera`.

    Args:
        open_source: opens the device, or raises DeviceError.
        clock: stamps each frame.
        stop: ends each wait, and then `read` returns None.
        wait: waits so many seconds and returns whether the unit should stop; ``stop.wait`` unless a test says otherwise.
        patience_s: no frame for so long means that the camera is gone.
    """

    def __init__(
        self,
        open_source: Callable[[], Source],
        clock: Clock,
        stop: Stop,
        *,
        wait: Callable[[float], bool] | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._open_source, self._clock, self._stop = open_source, clock, stop
        self._wait = wait or stop.wait
        self._patience_s = patience_s
        self._backoff = Backoff()
        self._capture: _Capture | None = None
        self._n_dropped = 0
        stop.on_set(self._wake)

    @property
    def n_dropped(self) -> int:
        """Frames that came while nobody looked."""
        return self._n_dropped + (self._capture.mailbox.n_dropped if self._capture else 0)

    def read(self) -> Frame | None:
        """The newest frame; None when the unit was asked to stop.

        Raises:
            DeviceError: the camera is gone. The next call waits a while and then opens it anew: a note at the error says when.
        """
        if self._capture is None and self._wait(self._backoff.pause_s):
            return None
        try:
            return self._read()
        except DeviceError as error:
            self._backoff.fail()
            next_s, last_s = self._backoff.pause_s, PAUSES_S[-1]
            error.add_note(f"The camera is tried again in {next_s:g} s, then less and less often, at last every {last_s:g} s.")
            self.close()
            raise

    def _read(self) -> Frame | None:
        capture = self._capture or self._started()
        frame = None if self._stop.is_set() else capture.mailbox.take(self._patience_s)
        if self._stop.is_set():
            return None
        if frame is None:
            raise DeviceError(f"the camera has delivered nothing for {self._patience_s:g} s. Check its cable.")
        self._backoff.reset()
        return frame

    def _started(self) -> _Capture:
        self._capture = _Capture(self._open_source(), self._clock)
        self._capture.start()
        return self._capture

    def _wake(self) -> None:
        capture = self._capture
        if capture:
            capture.mailbox.wake()

    def close(self) -> None:
        """Release the device. Closing twice is allowed."""
        if self._capture:
            self._capture.is_wanted = False
            self._capture.join(FAREWELL_S)
            self._n_dropped += self._capture.mailbox.n_dropped
            self._capture = None
