"""What travels between the rooms of the house: plain data, no behaviour beyond indexing.

Conventions, fixed once for the whole project:

* Images are ``(H, W, 3)`` uint8 **RGB**.
* Boxes are ``xyxy`` pixels of the full frame, half open: ``x2 - x1`` is the width.
* ``size`` is (width, height), ``shape`` is (h, w, c).
* Landmarks are ``(5, 2)`` x, y: left eye, right eye, nose, left and right corner of the mouth,
  *as seen in the image* (the left eye is the one nearer the left border).
* Scores lie in [0, 1]. Distances are squared L2 between unit vectors, in [0, 4] (Schroff et al. 2015, section 3).
* ``_s`` are seconds on the monotonic clock, stored times are UTC (`utc_text`). ``_px`` are pixels, ``n_`` counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""(H, W, 3) uint8 RGB."""

Floats = NDArray[np.float32]
"""float32 array; each use names its shape."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of the camera and when it was taken.

    Attributes:
        pixels: (H, W, 3) uint8 RGB.
        at_s: seconds on the camera's clock (monotonic for a live camera, the frame clock for a replay).
        name: where a replay took it from; empty for a live camera.
    """

    pixels: Image
    at_s: float
    name: str = ""


@dataclass(frozen=True, slots=True)
class Face:
    """One found face: box (4,) xyxy px, score in [0, 1], landmarks (5, 2) px."""

    box: Floats
    score: float
    landmarks: Floats

    @property
    def size_px(self) -> float:
        """The longer side of the box, in pixels of the frame."""
        return float(max(self.box[2] - self.box[0], self.box[3] - self.box[1]))


@dataclass(frozen=True, slots=True)
class Faces:
    """All faces of one frame as parallel arrays that are always filtered together.

    Attributes:
        boxes: (n, 4) float32 xyxy px.
        scores: (n,) float32 in [0, 1].
        landmarks: (n, 5, 2) float32 px.

    Raises:
        ValueError: the arrays' shapes do not belong together.
    """

    boxes: Floats
    scores: Floats
    landmarks: Floats

    def __post_init__(self) -> None:
        n = len(self.scores)
        actual = (self.boxes.shape, self.scores.shape, self.landmarks.shape)
        expected = ((n, 4), (n,), (n, 5, 2))
        if actual != expected:
            raise ValueError(f"boxes, scores, landmarks: expected shapes {expected}, got {actual}")

    @classmethod
    def none(cls) -> Faces:
        """No face at all."""
        return cls(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty((0, 5, 2), np.float32))

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, rows: slice | NDArray[Any]) -> Faces:
        """Rows by slice, boolean mask or index array: ``faces[faces.scores > 0.9]``."""
        return Faces(self.boxes[rows], self.scores[rows], self.landmarks[rows])

    def __iter__(self) -> Iterator[Face]:
        for box, score, landmarks in zip(self.boxes, self.scores, self.landmarks, strict=True):
            yield Face(box, float(score), landmarks)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is enrolled. ``code`` is unique and what the office calls them by; ``id`` is the database's."""

    id: int
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Validity:
    """When somebody who is enrolled may be recognised: both days are included, and None sets no limit on its side."""

    active: bool = True
    valid_from: date | None = None
    valid_until: date | None = None

    def __str__(self) -> str:
        """As in "not active, from 2026-01-01, until 2026-12-31"; empty where nothing is limited."""
        limits = {"from": self.valid_from, "until": self.valid_until}
        dates = [f"{word} {day}" for word, day in limits.items() if day]
        return ", ".join([*(() if self.active else ("not active",)), *dates])


@dataclass(frozen=True, slots=True)
class Match:
    """The answer of the gallery to one probe template.

    Attributes:
        person_id: the nearest person, or None when nobody is near enough ("not in database").
        distance: squared L2 to the nearest person whoever it is; 4.0, the largest there is, for an empty gallery.
        margin: how much farther the nearest *other* person is; 4.0 where there is no other.
        outside: who it would have been, had that person been valid (`Validity`); then ``person_id`` is None.
    """

    person_id: int | None
    distance: float
    margin: float
    outside: int | None = None


class Direction(Enum):
    """Which way an attendance event goes: the punch state, as terminals call it."""

    IN = "in"
    OUT = "out"
    BREAK_OUT = "break out"
    BREAK_IN = "break in"
    OVERTIME_IN = "overtime in"
    OVERTIME_OUT = "overtime out"


class EventKind(Enum):
    """What a row of the ledger is. A correction of who it was is a void and an entry, written together; both name the old row."""

    PUNCH = "punch"
    """A face at the door."""

    ENTRY = "entry"
    """Made by somebody who answers for it: a forgotten punch, or one without a face."""

    VOID = "void"
    """Takes back the row that it names."""

    TIME = "time"
    """The row that it names happened at this time: the clock became known later."""


class Outcome(Enum):
    """What was decided about the face along one track."""

    ACCEPTED = "accepted"
    ALREADY = "already"
    NOT_IN_DATABASE = "not in database"


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on one track: made from several frames, acted on once.

    Attributes:
        outcome: accepted, already, or not in database.
        person_id: None exactly when the outcome is NOT_IN_DATABASE.
        direction: None unless ACCEPTED.
        distance: squared L2 of the template that the frames were fused into.
        n_frames: how many frames those were.
        at_s: time of the frame that decided it, on the camera's clock.
        at_utc: the same moment in UTC, as believed.
        clock_ok: whether the UTC clock was known to be right.
    """

    outcome: Outcome
    person_id: int | None
    direction: Direction | None
    distance: float
    n_frames: int
    at_s: float
    at_utc: datetime
    clock_ok: bool


@dataclass(frozen=True, slots=True)
class Stamp:
    """A moment on a clock that nobody sets: it counts from a start of the machine.

    Attributes:
        boot_id: which start that was.
        monotonic_s: seconds since then, those included in which the machine slept.
    """

    boot_id: str
    monotonic_s: float


@dataclass(frozen=True, slots=True)
class Draft:
    """A row of the ledger before it is written: without its number, its id and its link.

    Attributes:
        person_code: whose; they need not be enrolled any more.
        person_name: as it is now.
        at_utc: when it happened, as believed.
        direction: the punch state.
        kind: what the row is.
        distance: squared L2 of the template; None where no face was looked at.
        clock_ok: whether the UTC clock was known to be right.
        backends: where each network ran in the frame that decided, by `edge.ledger.backends_text`; empty where nobody wrote it.
        boot_id: which start of the machine ``monotonic_s`` counts from; empty where nobody wrote it.
        monotonic_s: the same moment on the clock that never jumps; None where nobody wrote it.
        corrects: the event_id of the row that this one corrects, or empty.
        by: who made it, where somebody did.
        why: for what reason.
    """

    person_code: str
    person_name: str
    at_utc: datetime
    direction: Direction
    kind: EventKind = EventKind.PUNCH
    distance: float | None = None
    clock_ok: bool = True
    backends: str = ""
    boot_id: str = ""
    monotonic_s: float | None = None
    corrects: str = ""
    by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the attendance ledger, exactly as it is stored; what `Draft` does not explain is explained here.

    Attributes:
        seq: grows by one with each row of this unit.
        event_id: unique over all units; makes a second delivery harmless.
        unit: the door.
        ledger: the id of the ledger that the row is chained in; one for each database.
        salt: 32 hexadecimal digits that go with the name; empty when the name was erased.
        name_digest: what the chain has in place of the name (`edge.ledger.name_digest`).
        previous: the hash of the row before.
        chain: the hash of this row and of ``previous`` (`edge.ledger.link`).
    """

    seq: int
    event_id: str
    unit: str
    person_code: str
    person_name: str
    at_utc: datetime
    direction: Direction
    distance: float | None
    clock_ok: bool
    backends: str = ""
    kind: EventKind = EventKind.PUNCH
    corrects: str = ""
    by: str = ""
    why: str = ""
    boot_id: str = ""
    monotonic_s: float | None = None
    ledger: str = ""
    salt: str = ""
    name_digest: str = ""
    previous: str = ""
    chain: str = ""


def utc_text(moment: datetime) -> str:
    """The one form in which UTC is written: 2026-11-22T08:00:01.250Z. Of fixed width, so that text order is time order.

    Raises:
        ValueError: the moment has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment}: a time without a zone is no moment")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


class Backend(Enum):
    """Where a network runs."""

    CPU = "cpu"
    EDGETPU = "edgetpu"


NETWORKS = ("pnet", "rnet", "onet", "facenet")
"""The networks in the order in which a frame meets them."""


class Refusal(Enum):
    """Why a face is not fit to be judged; `edge.vision.quality` says when. Each has a `Signal` of the same value."""

    TOO_FAR = "too far"
    TOO_DARK = "too dark"
    TOO_BRIGHT = "too bright"
    BLURRED = "blurred"
    TURNED_AWAY = "turned away"
    CUT_OFF = "cut off"
    SEVERAL_PEOPLE = "several people"


class Signal(Enum):
    """What LED and buzzer can say; `edge.device.panel` turns each into a pattern."""

    READY = "ready"
    LOOKING = "looking"
    ACCEPTED = "accepted"
    ACCEPTED_WITHOUT_TIME = "accepted, clock not trusted"
    ALREADY = "already"
    NOT_IN_DATABASE = "not in database"
    STICK_REFUSED = "stick refused"
    STICK_AT_WORK = "stick at work"
    SAFE_TO_PULL = "safe to pull"
    STICK_FAILED = "stick failed"
    TOO_FAR = "too far"
    TOO_DARK = "too dark"
    TOO_BRIGHT = "too bright"
    BLURRED = "blurred"
    TURNED_AWAY = "turned away"
    CUT_OFF = "cut off"
    SEVERAL_PEOPLE = "several people"
    BUTTON = "button"
    OTHER_WAY = "other way"
    SHUTTING_DOWN = "shutting down"
    DEGRADED = "degraded"
    ATTENTION = "attention"
    FAULT = "fault"
