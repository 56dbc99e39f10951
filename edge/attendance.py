"""From templates along a track to a decision: accepted, already, or not in database. No clock and no I/O.

A `Case` fuses the templates of one track and comes to an opinion; `Attendance` turns an opinion into a `Decision` with the
duplicate window and the direction. Both change only when they are told that the answer was given (`Case.settle`,
`Attendance.remember`), and that is after the row is durable: a disk that is full neither loses nor blocks anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from edge.matching.fusion import Fit, Fusion
from edge.matching.matcher import Matcher
from edge.types import Decision, Direction, Event, Floats, Match, Outcome, Refusal


@dataclass(frozen=True, slots=True)
class Rules:
    """What the office has decided; the fields are those of the configuration.

    Attributes:
        n_least: nobody is named before so many frames of a track are fused.
        n_window: the latest so many are fused; without a name after so many frames the answer is "not in database".
        recheck_s: a person whose track is settled is looked at again after so many seconds.
        duplicate_window_s: a second time within so many seconds is answered "already".
        direction: of every event, or None to alternate: in first each day.
        timezone: where a day begins; None is the system's own.
    """

    n_least: int
    n_window: int
    recheck_s: float
    duplicate_window_s: float
    direction: Direction | None
    timezone: tzinfo | None


@dataclass(frozen=True, slots=True)
class Moment:
    """A time on all clocks at once: seconds of the camera's clock, UTC as believed, and whether that can be trusted."""

    at_s: float
    at_utc: datetime
    clock_ok: bool


@dataclass(frozen=True, slots=True)
class Opinion:
    """Whom the fused template of ``n_frames`` frames is nearest to, and how near; ``person_id`` None: nobody known."""

    person_id: int | None
    distance: float
    margin: float
    n_frames: int


class Case:
    """What is known about whoever walks along one track.

    Open at first: every frame is fused with those before it, and the fused template is matched each time. Settled once a
    person was answered: looked at again every ``recheck_s``. A frame that does not fit, or a fused template that is
    somebody else's, opens it again, because somebody may have stepped in where the other left; the same person is then
    settled again without a word, and another person is answered like everybody.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._fusion = Fusion(rules.n_window)
        self._match: Match | None = None
        self._n_judged = 0
        self._judged_s: float | None = None
        self._answered: int | None = None
        self._settled = False
        self._told_unknown = False
        self._refusal: Refusal | None = None
        self._n_refused = 0

    @property
    def is_answered(self) -> bool:
        """Whether whoever is there got an answer; a stranger who got one is still judged, in case they come nearer."""
        return self._settled or self._told_unknown

    @property
    def advice(self) -> Refusal | None:
        """What keeps a face without an answer from being judged, once that has been so for ``n_window`` frames in a row."""
        is_stuck = self._n_refused >= self._rules.n_window and self._answered is None and not self._told_unknown
        return self._refusal if is_stuck else None

    def is_due(self, at_s: float) -> bool:
        """Whether this face should be judged in a frame of that time."""
        return not self._settled or self._judged_s is None or at_s - self._judged_s >= self._rules.recheck_s

    def gate(self, refusal: Refusal | None) -> None:
        """Hear whether the face is fit to be judged in this frame; None where it is. It changes nothing else."""
        self._n_refused = self._n_refused + 1 if refusal is self._refusal else 1
        self._refusal = refusal

    def hear(self, template: Floats, at_s: float, *, weight: float, matcher: Matcher) -> None:
        """Take in the face as one frame has it.

        Args:
            template: (d,) float32 unit vector.
            at_s: time of the frame.
            weight: how much it counts beside those of other frames.
            matcher: names the fused template.
        """
        self._judged_s = at_s
        fit = self._fusion.add(template, weight)
        if fit is Fit.ANOTHER:
            self._n_judged = 1
        self._n_judged += 1
        self._match = matcher.match(self._fusion.template)
        self._settled = fit is Fit.SAME and self._named is not None and self._named == self._answered

    def opinion(self) -> Opinion | None:
        """What has to be answered now; None when there is nothing, or nothing new.

        "Nobody known" is answered once a track, and never after a person: then it is far more often the same person who
        turns away than a stranger who stepped in.
        """
        if self._match is None or self._settled:
            return None
        named = self._named
        is_new = self._is_new_stranger if named is None else named != self._answered
        return Opinion(named, self._match.distance, self._match.margin, self._fusion.n_frames) if is_new else None

    @property
    def _named(self) -> int | None:
        """Whose the fused template is, once there are frames enough to say so."""
        return self._match.person_id if self._match and self._fusion.n_frames >= self._rules.n_least else None

    @property
    def _is_new_stranger(self) -> bool:
        return self._n_judged >= self._rules.n_window and not self._told_unknown and self._answered is None

    def settle(self, opinion: Opinion) -> None:
        """The opinion was answered, and what had to be recorded is durable."""
        if opinion.person_id is None:
            self._told_unknown = True
        else:
            self._answered = opinion.person_id
            self._settled = True


@dataclass(frozen=True, slots=True)
class _Seen:
    """A person's latest event. ``at_s`` is None when it was recorded before this program started."""

    at_s: float | None
    at_utc: datetime
    direction: Direction


class Attendance:
    """Knows when each person came last, and decides what an opinion means.

    Args:
        rules: what the office has decided.
        last_events: the latest event of each person as the database has it, for the time before this program started.
    """

    def __init__(self, rules: Rules, last_events: Mapping[int, Event]) -> None:
        self._rules = rules
        self._seen = {person: _Seen(None, event.at_utc, event.direction) for person, event in last_events.items()}

    def decide(self, opinion: Opinion, moment: Moment) -> Decision:
        """What the opinion means now. Nothing is remembered yet."""
        outcome, direction = self._outcome(opinion.person_id, moment)
        return Decision(
            outcome=outcome,
            person_id=opinion.person_id,
            direction=direction,
            distance=opinion.distance,
            n_frames=opinion.n_frames,
            at_s=moment.at_s,
            at_utc=moment.at_utc,
            clock_ok=moment.clock_ok,
        )

    def remember(self, decision: Decision) -> None:
        """An accepted decision has become a durable row."""
        if decision.person_id is not None and decision.direction is not None:
            self._seen[decision.person_id] = _Seen(decision.at_s, decision.at_utc, decision.direction)

    def _outcome(self, person_id: int | None, moment: Moment) -> tuple[Outcome, Direction | None]:
        if person_id is None:
            return Outcome.NOT_IN_DATABASE, None
        seen = self._seen.get(person_id)
        if seen and self._is_duplicate(seen, moment):
            return Outcome.ALREADY, None
        return Outcome.ACCEPTED, self._rules.direction or self._alternated(seen, moment)

    def _is_duplicate(self, seen: _Seen, moment: Moment) -> bool:
        """Within the window: by the clock that never jumps where both times are on it, else by UTC.

        A UTC clock that was set back makes the last event lie in the future. That counts as no duplicate: a row too many
        can be seen and removed, a person who is locked out for hours cannot be helped.
        """
        if seen.at_s is not None:
            return moment.at_s - seen.at_s < self._rules.duplicate_window_s
        elapsed = moment.at_utc - seen.at_utc
        return timedelta(0) <= elapsed < timedelta(seconds=self._rules.duplicate_window_s)

    def _alternated(self, seen: _Seen | None, moment: Moment) -> Direction:
        """Out when the person's last event of the same local day was in, else in."""
        if seen is None or seen.direction is Direction.OUT:
            return Direction.IN
        zone = self._rules.timezone
        today = moment.at_utc.astimezone(zone).date()
        return Direction.OUT if seen.at_utc.astimezone(zone).date() == today else Direction.IN
