"""From an opinion to a decision: accepted, already, or not in database. No clock and no I/O.

An `edge.case.Case` comes to an opinion on whoever is in one track; `Attendance` turns it into a `Decision` with the duplicate
window and the direction. Both change only when they are told that the answer was given (`Case.settle`, `Attendance.remember`),
and that is after the row is durable: a disk that is full neither loses nor blocks anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from edge.types import Decision, Direction, Event, Outcome, Validity, utc_text

_PRESENT = {Direction.IN, Direction.BREAK_IN, Direction.OVERTIME_IN}
"""After one of these somebody is there, and goes out next."""

_OTHER_WAY = {
    Direction.IN: Direction.OUT,
    Direction.BREAK_OUT: Direction.BREAK_IN,
    Direction.OVERTIME_IN: Direction.OVERTIME_OUT,
}
_OTHER_WAY |= {back: there for there, back in _OTHER_WAY.items()}


@dataclass(frozen=True, slots=True)
class Schedule:
    """The punch state by the time of day. It goes by the clock on the wall, over a change of summer time too.

    Attributes:
        turns: from which local time on which state holds, until the next; the latest of a day holds until the first of the next.
    """

    turns: tuple[tuple[time, Direction], ...]

    def state(self, local: time) -> Direction:
        """The state whose period a local time of day lies in."""
        begun = [turn for turn in self.turns if turn[0] <= local]
        return max(begun or self.turns, key=lambda turn: turn[0])[1]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the office has decided; the fields are those of the configuration.

    Attributes:
        n_least: nobody is named before so many frames of a track are fused.
        n_window: the latest so many are fused; without a name after so many frames the answer is "not in database".
        recheck_s: a person whose track is settled is looked at again after so many seconds.
        duplicate_window_s: a second time within so many seconds is answered "already".
        direction: of every event, or by the time of day, or None to alternate: in first each day.
        timezone: of local times; None is the system's own.
        day_ends: local time at which one day ends and the next begins.
    """

    n_least: int
    n_window: int
    recheck_s: float
    duplicate_window_s: float
    direction: Direction | Schedule | None
    timezone: tzinfo | None
    day_ends: time = time(0)

    def day(self, at_utc: datetime) -> date:
        """The day that a moment belongs to, named after the date on which it began.

        A day begins when the clock on the wall first shows ``day_ends``, or a later time where it leaps over it, and so it has
        begun for good: when that hour comes a second time, as at the end of summer time, no day comes again.
        """
        wall = at_utc.astimezone(self.timezone).replace(tzinfo=None)
        begun = datetime.combine(wall.date(), self.day_ends)
        day = wall.date() if wall >= begun else wall.date() - timedelta(days=1)
        next_begins = datetime.combine(day + timedelta(days=1), self.day_ends, tzinfo=self.timezone)
        return day + timedelta(days=1) if at_utc >= next_begins.astimezone(UTC) else day


@dataclass(frozen=True, slots=True)
class Moment:
    """A time on all clocks at once: seconds of the camera's clock, UTC as believed, and whether that can be trusted."""

    at_s: float
    at_utc: datetime
    clock_ok: bool


@dataclass(frozen=True, slots=True)
class Opinion:
    """Whom the fused template of ``n_frames`` frames is nearest to, and how near; ``person_id`` None: nobody known.

    ``outside`` is for the log alone: who it would have been, had that person been valid.
    """

    person_id: int | None
    distance: float
    margin: float
    n_frames: int
    outside: int | None = None


def is_valid(validity: Validity, day: date | None) -> bool:
    """Whether somebody may be recognised on a day; None is a day that nobody knows, and then dates limit nothing."""
    begun = day is None or validity.valid_from is None or validity.valid_from <= day
    over = day is not None and validity.valid_until is not None and validity.valid_until < day
    return validity.active and begun and not over


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

    def decide(self, opinion: Opinion, moment: Moment, *, is_switched: bool = False) -> Decision:
        """What the opinion means now. Nothing is remembered yet.

        Args:
            opinion: who it is.
            moment: now.
            is_switched: somebody says that they go the other way than the rules would have it.
        """
        outcome, direction = self._outcome(opinion.person_id, moment)
        if is_switched and direction:
            direction = _OTHER_WAY[direction]
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

    def learn(self, last_events: Mapping[int, Event]) -> None:
        """The office has made entries or taken rows back: who was last seen when may be another matter now."""
        self._seen = {person: self._known_as(person, event) for person, event in last_events.items()}

    def _known_as(self, person: int, event: Event) -> _Seen:
        """What is remembered of this very event, with its time on the clock that never jumps; else the event as it stands."""
        seen = self._seen.get(person)
        is_same = seen and seen.direction is event.direction and utc_text(seen.at_utc) == utc_text(event.at_utc)
        return seen if seen and is_same else _Seen(None, event.at_utc, event.direction)

    def _outcome(self, person_id: int | None, moment: Moment) -> tuple[Outcome, Direction | None]:
        if person_id is None:
            return Outcome.NOT_IN_DATABASE, None
        seen = self._seen.get(person_id)
        if seen and self._is_duplicate(seen, moment):
            return Outcome.ALREADY, None
        return Outcome.ACCEPTED, self._direction(seen, moment)

    def _is_duplicate(self, seen: _Seen, moment: Moment) -> bool:
        """Within the window: by the clock that never jumps where both times are on it, else by UTC.

        A UTC clock that was set back makes the last event lie in the future. That counts as no duplicate: a row too many
        can be seen and removed, a person who is locked out for hours cannot be helped.
        """
        if seen.at_s is not None:
            return moment.at_s - seen.at_s < self._rules.duplicate_window_s
        elapsed = moment.at_utc - seen.at_utc
        return timedelta(0) <= elapsed < timedelta(seconds=self._rules.duplicate_window_s)

    def _direction(self, seen: _Seen | None, moment: Moment) -> Direction:
        """Fixed, by the time of day, or alternating: out when the person came in as their last event of the same day, else in."""
        rules = self._rules
        if isinstance(rules.direction, Direction):
            return rules.direction
        if rules.direction is not None:
            return rules.direction.state(moment.at_utc.astimezone(rules.timezone).time())
        is_there = seen is not None and seen.direction in _PRESENT and rules.day(seen.at_utc) == rules.day(moment.at_utc)
        return Direction.OUT if is_there else Direction.IN
