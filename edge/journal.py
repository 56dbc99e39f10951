"""What the loop tells those who watch: each verdict, a tally at the end, and faults that begin and end."""

from __future__ import annotations

import json
import logging
from collections import Counter
from dataclasses import dataclass, field

from edge.errors import MusterError
from edge.types import Decision, Event, Person, Refusal, utc_text
from edge.words import counted

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer that was given, for whoever watches.

    Attributes:
        decision: what was decided.
        person: who it is; None when not in database.
        margin: how much farther the nearest other person was, squared L2.
        track_id: along which track.
        frame: name of the frame that decided it; empty for a live camera.
        event: the row that is durable; None when there is none to record.
        backends: where each network ran in that frame, as `edge.ledger.backends_text` writes it.
    """

    decision: Decision
    person: Person | None
    margin: float
    track_id: int
    frame: str
    event: Event | None
    backends: str = ""

    def __str__(self) -> str:
        """One line for a terminal."""
        decision = self.decision
        who = f"{self.person.name} ({self.person.code})" if self.person else "-"
        what = f"{decision.outcome.value}, {decision.direction.value}" if decision.direction else decision.outcome.value
        numbers = f"distance {decision.distance:.2f}, margin {self.margin:.2f}, {counted(decision.n_frames, 'frame')}"
        recorded = f" · row {self.event.seq}" if self.event else ""
        return f"{decision.at_s:8.2f} s  {who}: {what} · {numbers}{recorded}"

    def to_json(self) -> str:
        """One line for a program: what `muster run --report` writes."""
        decision = self.decision
        return json.dumps(
            {
                "frame": self.frame,
                "at_s": round(decision.at_s, 3),
                "at_utc": utc_text(decision.at_utc),
                "outcome": decision.outcome.value,
                "person_code": self.person and self.person.code,
                "distance": round(decision.distance, 4),
                "margin": round(self.margin, 4),
                "n_frames": decision.n_frames,
                "direction": decision.direction and decision.direction.value,
                "event_id": self.event and self.event.event_id,
                "backends": self.backends,
            }
        )


@dataclass(slots=True)
class Tally:
    """What a run came to: frames read, faces found in them, faces judged, rows recorded; faces not fit for it, by reason."""

    n_frames: int = 0
    n_faces: int = 0
    n_judged: int = 0
    n_recorded: int = 0
    n_refused: Counter[Refusal] = field(default_factory=Counter)

    def __str__(self) -> str:
        """One line for a terminal."""
        seen = f"{counted(self.n_frames, 'frame')}, {counted(self.n_faces, 'face')}"
        told = f"{seen}, {self.n_judged:,} of them judged, {counted(self.n_recorded, 'row')} recorded"
        refused = ", ".join(f"{n} {refusal.value}" for refusal, n in self.n_refused.most_common())
        return f"{told}; not fit to be judged: {refused}" if refused else told


class Fault:
    """Something that is out of order for a while: one line in the log when it begins and one when it ends."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._why = ""
        self.is_on = False

    def __str__(self) -> str:
        """What is out of order, and why."""
        return f"{self._name}: {self._why}"

    def begin(self, error: MusterError) -> None:
        """It is out of order; said once, with the notes at the error: whoever raised it says there what comes next."""
        if not self.is_on:
            self._why = " ".join([str(error), *getattr(error, "__notes__", ())])
            log.error("%s", self)
        self.is_on = True

    def end(self) -> None:
        """It works; said once after it did not."""
        if self.is_on:
            log.info("%s: works again", self._name)
        self.is_on = False
