"""Stand-ins for what can be unplugged, for tests and experiments: each does what it was told and records what it was asked.

They are part of the package so that a script of your own can use them too::

    camera = ScriptedCamera([Frame(pixels, 0.0), DeviceError("unplugged"), Frame(pixels, 1.0)])
    panel = RecordingPanel()
    ...
    assert panel.signals == [Signal.READY, Signal.FAULT, Signal.READY]

Nothing in the product uses them. Mock pins are gpiozero's own (`edge.device.panel`), and a recording is `edge.device.replay`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from edge.errors import DeviceError
from edge.ports import Gesture
from edge.types import Backend, Floats, Frame, Signal, Stamp


class ScriptedNetwork:
    """Gives prepared results, one for each call; the last one again and again.

    Attributes:
        batches: what it was called with.
        backend: where it says that it runs.
    """

    backend = Backend.CPU

    def __init__(self, results: Iterable[Mapping[str, Floats]]) -> None:
        self._results = list(results)
        self.batches: list[Floats] = []

    def __call__(self, batch: Floats) -> Mapping[str, Floats]:
        """The next result, whatever the batch."""
        self.batches.append(batch)
        return self._results[min(len(self.batches), len(self._results)) - 1]


class ScriptedCamera:
    """Hands over prepared frames, raises prepared errors, and then is over.

    Attributes:
        is_closed: whether `close` was called.
    """

    def __init__(self, script: Iterable[Frame | DeviceError]) -> None:
        self._script = iter(script)
        self.is_closed = False

    def read(self) -> Frame | None:
        """The next line of the script."""
        line = next(self._script, None)
        if isinstance(line, DeviceError):
            raise line
        return line

    def close(self) -> None:
        """Remembered."""
        self.is_closed = True


class RecordingPanel:
    """Remembers what it was to show.

    Attributes:
        signals: all of them, in order.
        is_closed: whether `close` was called.
    """

    def __init__(self) -> None:
        self.signals: list[Signal] = []
        self.is_closed = False

    def show(self, signal: Signal) -> None:
        """Remembered."""
        self.signals.append(signal)

    def close(self) -> None:
        """Remembered."""
        self.is_closed = True


class ScriptedButton:
    """A push button that was pressed as a script says.

    Attributes:
        script: what is told when it is asked next, and then not again.
    """

    def __init__(self) -> None:
        self.script: list[Gesture] = []

    def gestures(self) -> list[Gesture]:
        """The script, once."""
        told, self.script = self.script, []
        return told

    def close(self) -> None:
        """Nothing."""


class ManualClock:
    """Stands still until it is moved. Both its clocks move together; UTC alone can be set, as NTP does.

    Attributes:
        now_s: what the monotonic clock shows.
        trusted: what `is_trusted` answers.
        boot_id: of its stamps, which count with the monotonic clock.
    """

    def __init__(self, start_utc: datetime = datetime(2026, 1, 5, 8, tzinfo=UTC), *, trusted: bool = True) -> None:
        self.boot_id = "f8c4c3ba-3e2b-4c9d-9a34-0c8f0f0a0001"
        self._utc_of_zero = start_utc
        self.now_s = 0.0
        self.trusted = trusted

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now_s += seconds

    def wait(self, seconds: float) -> bool:
        """Let time pass where others would wait; nobody asks to stop meanwhile."""
        self.advance(seconds)
        return False

    def set_utc(self, utc: datetime) -> None:
        """Correct the UTC clock; the monotonic one does not notice."""
        self._utc_of_zero = utc - timedelta(seconds=self.now_s)

    def monotonic_s(self) -> float:
        """What it was moved to."""
        return self.now_s

    def utc(self, at_s: float) -> datetime:
        """``at_s`` on the scale of the UTC clock."""
        return self._utc_of_zero + timedelta(seconds=at_s)

    def is_trusted(self) -> bool:
        """As it was told."""
        return self.trusted

    def stamp(self, at_s: float) -> Stamp:
        """``at_s`` as it is."""
        return Stamp(self.boot_id, at_s)
