"""What must come of a plan, worked out from the plan alone: every row, every answer. Nothing of the product is asked.

The rules are written down here a second time, as short as they can be: who is seen in three frames in a row without the camera
being lost is recognised; who was recorded less than 60 s ago gets no second row; the first row of a local day is *in*, and then
*out* and *in* take turns. Who is unknown is told so with the fifth frame.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from soak.plan import TICKS_PER_S, ZONE, Plan

WRONG = datetime(1970, 1, 1, 8, tzinfo=UTC)
"""What the clock of the unit says at tick 0: nobody has set it."""
N_NAMED, N_UNKNOWN, WINDOW_S = 3, 5, 60.0
WATCHDOG_S = 90.0
"""As in muster.service."""
ANSWERS = {"accepted", "accepted, clock not trusted", "already", "not in database"}


class Row(NamedTuple):
    """One row that must be there; ``time`` is when it truly happened, where a second row has to say that."""

    code: str
    at_utc: str
    direction: str
    clock_ok: bool
    time: str = ""


@dataclass
class Expected:
    """Rows, and (turn, signal) of each answer; how often the camera was lost; how many turns the camera had a frame."""

    rows: list[Row] = field(default_factory=list)
    answers: Counter[tuple[int, str]] = field(default_factory=Counter)
    n_losses: int = 0
    n_frames: int = 0


class _Last(NamedTuple):
    """Somebody's latest row."""

    at_s: float
    utc: datetime
    is_in: bool
    clock_ok: bool


def code_of(who: int) -> str:
    """What the office calls somebody by."""
    return f"{who + 1:05}"


def name_of(who: int) -> str:
    """What somebody is enrolled as."""
    return f"Person {who + 1}"


def renamed(who: int) -> str:
    """What the office makes of it, where it renames somebody."""
    return f"{name_of(who)} the Second"


def text(moment: datetime) -> str:
    """As rows have it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def expected(plan: Plan) -> Expected:
    """What must come of it."""
    found, seen, last = Expected(), Counter[int](), dict[int, _Last]()
    was_lost = False
    for turn in range(len(plan.ticks)):
        is_lost = bool(plan.is_lost[turn])
        found.n_losses += is_lost and not was_lost
        found.n_frames += not is_lost
        was_lost = is_lost
        if is_lost:
            seen.clear()
            continue
        for visit in plan.shown[turn].tolist():
            if visit >= 0:
                seen[visit] += 1
                _answer(plan, turn, int(plan.visits[visit, 0]), seen[visit], (found, last))
    return found


def _answer(plan: Plan, turn: int, who: int, n_seen: int, so_far: tuple[Expected, dict[int, _Last]]) -> None:
    """What the n-th frame in a row of somebody leads to."""
    found, last = so_far
    if who >= plan.n_people:
        found.answers[turn, "not in database"] += n_seen == N_UNKNOWN
        return
    if n_seen != N_NAMED:
        return
    at_s = plan.ticks[turn] / TICKS_PER_S
    before, (now, is_known) = last.get(who), _clock(plan, turn)
    if before and at_s - before.at_s < WINDOW_S:
        found.answers[turn, "already"] += 1
        return
    is_in = not (before and before.is_in and _day(now) == _day(_put_right(plan, before) if is_known else before.utc))
    last[who] = _Last(at_s, now, is_in, is_known)
    found.answers[turn, "accepted" if is_known else "accepted, clock not trusted"] += 1
    direction, time = "in" if is_in else "out", "" if is_known else text(_put_right(plan, last[who]))
    found.rows.append(Row(code_of(who), text(now), direction, is_known, time))


def _clock(plan: Plan, turn: int) -> tuple[datetime, bool]:
    """What the unit's clock says, and whether it is known to be right."""
    tick = int(plan.ticks[turn])
    done = plan.steps[plan.steps[:, 0] <= tick]
    seconds = timedelta(seconds=tick / TICKS_PER_S)
    if not len(done):
        return WRONG + seconds, False
    return plan.begins_utc + seconds + timedelta(milliseconds=int(done[-1, 1])), True


def _put_right(plan: Plan, row: _Last) -> datetime:
    """When a row happened, as the unit knows once its clock is set; it is right in that moment."""
    return row.utc if row.clock_ok else plan.begins_utc + timedelta(seconds=row.at_s)


def _day(moment: datetime) -> date:
    return moment.astimezone(ZONE).date()
