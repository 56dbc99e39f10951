"""Guided capture: somebody stands before the camera, is told what to change, and good, different photographs of them are kept.

Each is written as soon as it is kept: whatever ends the session, it stays, and the next session goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from edge.errors import EnrolError
from edge.exchange.capture.album import Album
from edge.exchange.capture.viewfinder import Advice, Viewfinder
from edge.exchange.capture.views import MIN_DISTANCE, View, answers, nearest, prompt
from edge.exchange.enrolment.photographs import read_bytes
from edge.exchange.names import printable
from edge.ports import Camera, Panel
from edge.types import Frame, Signal

SETTLE_S, MOVING_S = 0.5, 1.5
"""An advice is given once it has been the same for so long; "hold still" only after the longer time: a head that turns moves."""

PATIENCE_S = 4.0
"""After so long, whatever is different from the views that are there is taken in place of the one that was asked for."""

GIVE_UP_S = 8.0
"""After so long without any, the next view is asked for: not everybody can do everything."""


class Ended(Enum):
    """Why a session ended."""

    COMPLETE = "complete"
    TIME = "the time was up"
    CAMERA = "the camera had no more to give"


@dataclass(frozen=True, slots=True)
class Aim:
    """What a session is to come to.

    Attributes:
        n: so many views, those that are there counted.
        seconds: not longer than this, on the camera's clock.
        max_distance: squared L2; who is farther from every view is somebody else.
    """

    n: int
    seconds: float
    max_distance: float


@dataclass(frozen=True, slots=True)
class Line:
    """Something to say, and to show."""

    words: str
    signal: Signal
    settle_s: float = SETTLE_S


class Session:
    """One person before the camera.

    Args:
        album: where the person's photographs go.
        viewfinder: looks at the frames.
        aim: when it is enough.
        panel: shows the same as is said.
        tell: hears a line of words when there is something new to say.

    Attributes:
        kept: the views that are there and those that were added.
        n_added: how many were added.
        n_seen: frames with a face.
    """

    def __init__(self, album: Album, viewfinder: Viewfinder, aim: Aim, *, panel: Panel, tell: Callable[[str], None]) -> None:
        self._album, self._viewfinder, self._aim, self._panel, self._tell = album, viewfinder, aim, panel, tell
        self.kept: list[View] = []
        self.n_added = self.n_seen = self._n_asked = 0
        self._asked_s: float | None = None
        self._said: Line | None = None
        self._pending: tuple[Line, float] | None = None

    def resume(self) -> None:
        """Count the photographs that are there, as far as enrolment takes them."""
        for path in self._album.there:
            try:
                found = self._viewfinder.view(read_bytes(path))
                reason = "" if isinstance(found, View) else found.verdict.value
            except EnrolError as error:
                found, reason = None, str(error)
            if isinstance(found, View):
                self.kept.append(found)
            else:
                self._tell(f"{printable(path.name)} is there and does not count: {reason}.")
        self._n_asked = len(self.kept)

    @property
    def is_complete(self) -> bool:
        """Whether there are as many views as were asked for."""
        return len(self.kept) >= self._aim.n

    @property
    def missing(self) -> str:
        """What was wrong last, in words; empty where nothing was."""
        return self._said.words if self._said else ""

    def run(self, camera: Camera) -> Ended:
        """Go on until there are enough views, the time is up, or the camera ends.

        Raises:
            DeviceError: the camera or the panel is gone.
            StoreError: the medium is full or fails.
            EnrolError: the folder cannot be written any more.
        """
        begun_s: float | None = None
        while not self.is_complete:
            frame = camera.read()
            if frame is None:
                return Ended.CAMERA
            begun_s = frame.at_s if begun_s is None else begun_s
            if frame.at_s - begun_s >= self._aim.seconds:
                return Ended.TIME
            self._step(frame)
        return Ended.COMPLETE

    def _step(self, frame: Frame) -> None:
        if self._said is None:
            self._say(self._request())
        found = self._viewfinder.look(frame)
        self.n_seen += found is not Advice.NOBODY
        if isinstance(found, Advice):
            settle_s = MOVING_S if found is Advice.HOLD_STILL else SETTLE_S
            self._advise(Line(found.words, found.signal, settle_s), frame.at_s)
        elif nearest(found, self.kept) > self._aim.max_distance and self.kept:
            self._advise(Line(Advice.SOMEBODY_ELSE.words, Advice.SOMEBODY_ELSE.signal), frame.at_s)
        elif self._is_wanted(found, frame.at_s):
            self._keep(found)
        else:
            self._advise(self._request(), frame.at_s)

    def _is_wanted(self, view: View, at_s: float) -> bool:
        """Whether it is what was asked for; after a while, whether it is new; later something else is asked for."""
        if self._asked_s is None:
            self._asked_s = at_s
        waited_s = at_s - self._asked_s
        if answers(view, prompt(self._n_asked), self.kept):
            return True
        if waited_s >= GIVE_UP_S:
            self._n_asked, self._asked_s = self._n_asked + 1, at_s
        return waited_s >= PATIENCE_S and nearest(view, self.kept) >= MIN_DISTANCE

    def _keep(self, view: View) -> None:
        """Write first, then say so."""
        path = self._album.add(view.content)
        self.kept.append(view)
        self.n_added += 1
        self._n_asked += 1
        self._asked_s = self._pending = None
        self._tell(f"Kept {path.name}.")
        self._panel.show(Signal.ACCEPTED)
        if not self.is_complete:
            self._say(self._request())

    def _request(self) -> Line:
        return Line(f"{len(self.kept) + 1} of {self._aim.n}: {prompt(self._n_asked).words}.", Signal.LOOKING)

    def _advise(self, line: Line, at_s: float) -> None:
        """Say it when it is new and has been so for a while: a single odd frame is not worth a word."""
        if line == self._said:
            self._pending = None
        elif self._pending is None or self._pending[0] != line:
            self._pending = (line, at_s)
        elif at_s - self._pending[1] >= line.settle_s:
            self._say(line)

    def _say(self, line: Line) -> None:
        self._said, self._pending = line, None
        self._tell(line.words)
        self._panel.show(line.signal)
