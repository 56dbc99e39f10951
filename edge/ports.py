"""What can be unplugged, as Protocols. Only `edge.wiring` knows which implementation is behind one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol

from edge.types import Backend, Floats, Frame, Signal, Stamp


class Camera(Protocol):
    """Hands over frames, always the newest."""

    def read(self) -> Frame | None:
        """The newest frame that was not handed over yet; waits for one.

        Returns:
            The frame, or None when a recording is over. A live camera never ends.

        Raises:
            DeviceError: the camera is gone. Calling again tries to open it anew.
        """

    def close(self) -> None:
        """Release the device. Closing twice is allowed."""


class Network(Protocol):
    """A trained model as a function from one batch to named results."""

    @property
    def backend(self) -> Backend:
        """Where the latest batch really ran; before the first, where the next one should."""

    def __call__(self, batch: Floats) -> Mapping[str, Floats]:
        """Run the model.

        Args:
            batch: (n, h, w, 3) float32, standardised by (x - 127.5) / 128.

        Returns:
            Output name of the manifest -> float32 array whose first axis is n.
        """


class Accelerator(Protocol):
    """What computes networks beside the CPU, and may fail."""

    def is_degraded(self) -> bool:
        """Whether the CPU does at the moment what belongs there.

        Asked with every frame in which nobody waits for an answer, and only then: it may do what is due and takes time.
        """


class Noticeboard(Protocol):
    """Where everybody who may look at this unit reads how it is."""

    def note(self, backends: Mapping[str, Backend]) -> None:
        """Hear where each network ran in the latest frame; called after each, and cheap when nothing has changed."""


class Watchdog(Protocol):
    """Who begins the unit anew when it hangs, and shows others how it is."""

    def is_due(self) -> bool:
        """Whether it waits for a word; asked with every frame, and cheap."""

    def feed(self) -> None:
        """Hear that the unit works; the first time, that it is ready."""

    def say(self, status: str) -> None:
        """Hear how the unit is, in one line; cheap when it is the same."""

    def close(self) -> None:
        """Hear that the unit is ending. Closing twice is allowed."""


class Panel(Protocol):
    """The LEDs and the buzzer."""

    def show(self, signal: Signal) -> None:
        """Begin the pattern of a signal and return at once.

        A new signal replaces the running one, except that an answer (accepted, already, not in database) plays to its end
        before ready or looking follows; ready or looking comes back by itself after it.
        """

    def close(self) -> None:
        """Everything off, pins released. Closing twice is allowed."""


ANNOUNCED_ANSWERS = frozenset({Signal.STICK_REFUSED})
"""What another program may have the panel say once."""

ANNOUNCEABLE = ANNOUNCED_ANSWERS | {
    *(Signal.STICK_AT_WORK, Signal.SAFE_TO_PULL, Signal.STICK_FAILED),
    *(Signal.SHUTTING_DOWN, Signal.READY),
}
"""What another program may have it say at all; ready takes back what it said before."""


class Announcements(Protocol):
    """Where other programs of this computer say what the panel shall show, while this unit has the pins."""

    def latest(self) -> Signal | None:
        """The latest of what was announced since it was last asked, an answer first; None for nothing. Returns at once."""

    def close(self) -> None:
        """Nobody is heard any more. Closing twice is allowed."""


class Gesture(Enum):
    """What somebody means who presses the push button; `edge.device.gestures` says when it is which."""

    PRESS = "press"
    TWO_PRESSES = "two presses"
    """Told after the press that was the first of them."""

    HOLD = "hold"


class Button(Protocol):
    """The push button."""

    def gestures(self) -> Sequence[Gesture]:
        """What was meant since this was last asked, in order. Returns at once."""

    def close(self) -> None:
        """Pin released. Closing twice is allowed."""


class Wish(Enum):
    """What the unit may ask of the computer that it runs on, and may not do itself."""

    SHUT_DOWN = "shutdown"
    ENROL = "enrol"
    """That the stick which is plugged in is served again."""


class Requests(Protocol):
    """Where the unit leaves a wish, and whoever may grant it takes it away."""

    def ask(self, wish: Wish) -> None:
        """Leave it there; returns at once.

        Raises:
            DeviceError: it cannot be left.
        """

    def is_waiting(self, wish: Wish) -> bool:
        """Whether nobody has taken it yet."""

    def withdraw(self, wish: Wish) -> None:
        """It is not wished any more; allowed also where it was taken."""


class Clock(Protocol):
    """Where time comes from."""

    def monotonic_s(self) -> float:
        """Seconds that never jump, on the scale of ``Frame.at_s``."""

    def utc(self, at_s: float) -> datetime:
        """The UTC moment of ``at_s``, as believed (timezone-aware)."""

    def is_trusted(self) -> bool:
        """Whether something outside (NTP, RTC) has set the clock."""

    def stamp(self, at_s: float) -> Stamp | None:
        """``at_s`` on the clock that counts from the start of the machine; None where there is none, as in a recording."""
