"""From matches along a track to a decision: accepted, already, or not in database. No clock and no I/O.

A `Case` collects the votes of one track and comes to an opinion; `Attendance` turns an opinion into a `Decision` with the
duplicate window and the direction. Both change only when they are told that the answer was given (`Case.settle`,
`Attendance.remember`), and that is after the row is durable: a disk that is full neither loses nor blocks anybody.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from edge.types import Decision, Direction, Event, Match, Outcome


@dataclass(frozen=True, slots=True)
class Rules:
    """What the office has decided; the fields are those of the configuration.

    Attributes:
        n_agree: so many votes must name the same person ...
        n_window: ... among so many of the latest.
        recheck_s: a person whose track is settled is looked at again after so many seconds.
        duplicate_window_s: a second time within so many seconds is answered "already".
        direction: of every event, or None to alternate: in first each day.
        timezone: where a day begins; None is the system's own.
    """

    n_agree: int
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
    """What enough votes agree on; distance and margin are medians over these votes. ``person_id`` None: nobody known."""

    person_id: int | None
    distance: float
    margin: float
    n_frames: int


def count(votes: Iterable[Match], n_agree: int) -> Opinion | None:
    """What at least ``n_agree`` of the votes say, or None while they do not agree.

    A person goes before "nobody known"; of two persons the one with more votes, then the one named last.
    """
    ballots: dict[int | None, list[Match]] = {}
    for vote in votes:
        ballots[vote.person_id] = [*ballots.pop(vote.person_id, []), vote]  # popped and put back: the last named is last
    enough = [
        (person is not None, len(ballot), row) for row, (person, ballot) in enumerate(ballots.items()) if len(ballot) >= n_agree
    ]
    if not enough:
        return None
    person, ballot = list(ballots.items())[max(enough)[2]]
    distances, margins = sorted(vote.distance for vote in ballot), sorted(vote.margin for vote in ballot)
    return Opinion(person, distances[len(ballot) // 2], margins[len(ballot) // 2], len(ballot))


class Case:
    """What is known about whoever walks along one track.

    Open at first: every vote counts. Settled once a person was answered: looked at again every ``recheck_s``. One vote for
    anybody else opens it again with empty votes, because somebody may have stepped in where the other left; the same
    person is then settled again without a word, and another person is answered like everybody.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._votes: deque[Match] = deque(maxlen=rules.n_window)
        self._judged_s: float | None = None
        self._answered: int | None = None
        self._settled = False
        self._refused = False

    @property
    def is_answered(self) -> bool:
        """Whether whoever is there got an answer; a stranger who got one is still judged, in case they come nearer."""
        return self._settled or self._refused

    def is_due(self, at_s: float) -> bool:
        """Whether this face should be judged in a frame of that time."""
        return not self._settled or self._judged_s is None or at_s - self._judged_s >= self._rules.recheck_s

    def hear(self, match: Match, at_s: float) -> None:
        """Take in the vote of one frame."""
        self._judged_s = at_s
        if self._settled and match.person_id != self._answered:
            self._settled = False
            self._votes.clear()
        self._votes.append(match)
        opinion = count(self._votes, self._rules.n_agree)
        if opinion and opinion.person_id is not None and opinion.person_id == self._answered:
            self._settled = True

    def opinion(self) -> Opinion | None:
        """What has to be answered now; None when there is nothing, or nothing new.

        "Nobody known" is answered once a track, and never after a person: then it is far more often the same person who
        turns away than a stranger who stepped in.
        """
        opinion = count(self._votes, self._rules.n_agree)
        if opinion is None or opinion.person_id is not None:
            return None if self._settled else opinion
        return None if self._refused or self._answered is not None else opinion

    def settle(self, opinion: Opinion) -> None:
        """The opinion was answered, and what had to be recorded is durable."""
        if opinion.person_id is None:
            self._refused = True
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
