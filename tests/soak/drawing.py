"""A plan is drawn from a seed, before anything runs, and without the product.

Wherever somebody is there, and a while after, the camera gives a frame at each tick; the frames that are left are spread over the
rest, in which nobody comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from soak.plan import TICKS_PER_S, ZONE, Ints, Plan

LONG_BEGINS = datetime(2026, 3, 27, 12, tzinfo=ZONE)
"""Of a run of a day and more: a Friday. In the night to Sunday summer time begins."""
MIDNIGHT = datetime(2026, 3, 28, 0, tzinfo=ZONE)
"""In the middle of a shorter run: a day ends."""
IDLE = (time(1), time(5))
"""Local time of every night in which nobody comes."""
FRAMES_PER_VISIT = 22
"""So many frames of the whole run for each visit: a quarter of them shows somebody."""
FRAMES_PER_PERSON = 25
"""So many are enough for everybody to come once, strangers beside them."""
GAP = 7
"""Ticks between two visits at one place: the unit follows a face that it lost over five frames."""
STRANGERS, RETURNS, TOGETHER = 0.03, 0.08, 0.15
"""Shares of the visits: by somebody unknown; with another of the same person within two minutes; begun with the next one."""
LOITERERS, LOITER = 8, 360
"""So many visits, of a small plan one in a hundred, last so many ticks and more: longer than the duplicate window."""


class Visit(NamedTuple):
    """Somebody stands at the door: ``who`` from tick ``begins`` for ``n`` ticks; the camera is lost at some of them."""

    who: int
    begins: int
    n: int
    lost_at: int = 0
    n_lost: int = 0

    @property
    def place(self) -> int:
        """0 is left, 1 is right: of each person always the same."""
        return self.who % 2


def drawn(*, seed: int, hours: float, n_frames: int, n_people: int, n_strangers: int) -> Plan:
    """A plan.

    Raises:
        ValueError: so few frames do not show everybody, or so many visits do not fit into the hours.
    """
    chance = np.random.default_rng(seed)
    n_ticks, begins = round(hours * 3600 * TICKS_PER_S), _begins(hours)
    wanted = list(_wanted(chance, _open(begins, n_ticks), n_frames // FRAMES_PER_VISIT, (n_people, n_strangers)))
    visits = _placed(wanted, n_ticks)
    _demand_everybody(visits, n_people, n_frames)
    ticks = _ticks(visits, n_ticks, n_frames)
    shown = _shown(visits, ticks)
    return Plan(
        begins.timestamp(),
        n_people,
        ticks,
        _lost(chance, visits, (ticks, shown), hours),
        shown,
        visits=np.array([(visit.who, visit.begins) for visit in visits], np.int64),
        steps=_steps(chance, hours, n_ticks),
        errands=_errands(chance, visits, (hours, n_ticks), n_people),
        everybody_by=int(np.searchsorted(ticks, _everybody_by(visits, n_people))),
    )


def _demand_everybody(visits: list[Visit], n_people: int, n_frames: int) -> None:
    if len({visit.who for visit in visits} & set(range(n_people))) < n_people:
        enough = f"take {FRAMES_PER_PERSON * n_people:,} (--frames), or fewer people (--people)"
        raise ValueError(f"{n_frames:,} frames are too few to show {n_people:,} people: {enough}.")


def _begins(hours: float) -> datetime:
    begins = LONG_BEGINS if hours >= 24 else MIDNIGHT.astimezone(UTC) - timedelta(hours=hours / 2)
    return begins.astimezone(UTC)


def _open(begins: datetime, n_ticks: int) -> Ints:
    """The ticks at which somebody may come: not at the very end, not by night; of a short run not in a tenth of it."""
    seconds = n_ticks // TICKS_PER_S
    if seconds < 86_400:
        is_open = np.ones(seconds, bool)
        is_open[int(0.62 * seconds) : int(0.72 * seconds)] = False
    else:
        walls = ((begins + timedelta(seconds=second)).astimezone(ZONE).time() for second in range(0, seconds, 60))
        is_open = np.repeat([not IDLE[0] <= wall < IDLE[1] for wall in walls], 60)
    is_open[int(0.99 * seconds) :] = False
    return np.flatnonzero(is_open) * TICKS_PER_S


def _wanted(chance: np.random.Generator, ticks: Ints, n: int, crowd: tuple[int, int]) -> Iterator[Visit]:
    """Visits at the times at which they would like to come: everybody once, then everybody again, and so on."""
    n_people, n_strangers = crowd
    rounds = iter(np.concatenate([chance.permutation(n_people) for _ in range(n // n_people + 2)]).tolist())
    begins = np.sort(chance.choice(ticks, n) + chance.integers(0, TICKS_PER_S, n))
    together = np.flatnonzero(chance.random(n - 1) < TOGETHER)
    begins[together + 1] = begins[together] + chance.integers(0, 6, len(together))
    loiter = set(chance.choice(int(0.9 * n), min(LOITERERS, n // 100), replace=False).tolist())
    for number, tick in enumerate(begins.tolist()):
        is_stranger = n_strangers and chance.random() < STRANGERS
        who = n_people + int(chance.integers(n_strangers)) if is_stranger else next(rounds)
        visit = Visit(who, tick, int(chance.integers(4, 9)) + LOITER * (number in loiter))
        if number not in loiter and chance.random() < 0.02:
            visit = visit._replace(n=visit.n + 7, lost_at=int(chance.integers(1, 5)), n_lost=int(chance.integers(1, 4)))
        yield visit
        if not is_stranger and chance.random() < RETURNS:
            yield Visit(who, tick + visit.n + int(chance.integers(50, 600)), int(chance.integers(4, 9)))


def _placed(wanted: list[Visit], n_ticks: int) -> list[Visit]:
    """The same, later where somebody is still there."""
    free, placed = [0, 0], []
    for visit in sorted(wanted, key=lambda visit: visit.begins):
        begins = max(visit.begins, free[visit.place])
        free[visit.place] = begins + visit.n + GAP
        if free[visit.place] < n_ticks:
            placed.append(visit._replace(begins=begins))
    return placed


def _ticks(visits: list[Visit], n_ticks: int, n_frames: int) -> Ints:
    """The ticks of all frames: each one where somebody is or just was, and of the others as many as are left."""
    is_busy = np.zeros(n_ticks, bool)
    for visit in visits:
        is_busy[visit.begins : visit.begins + visit.n + GAP] = True
    calm, n_calm = np.flatnonzero(~is_busy), n_frames - int(is_busy.sum())
    if n_calm < 0 or n_calm > len(calm):
        raise ValueError(f"{n_frames:,} frames do not fit into {n_ticks / TICKS_PER_S / 3600:g} hours: --frames, --hours.")
    is_busy[calm[np.linspace(0, len(calm) - 1, n_calm).astype(np.int64)]] = True
    return np.flatnonzero(is_busy)


def _shown(visits: list[Visit], ticks: Ints) -> Ints:
    shown = np.full((len(ticks), 2), -1, np.int64)
    for number, visit in enumerate(visits):
        first, last = np.searchsorted(ticks, [visit.begins, visit.begins + visit.n])
        shown[first:last, visit.place] = number
    return shown


def _lost(chance: np.random.Generator, visits: list[Visit], seen: tuple[Ints, Ints], hours: float) -> NDArray[np.bool_]:
    """When the camera is gone: during some visits, and while nobody is there."""
    ticks, shown = seen
    is_lost = np.zeros(len(ticks), bool)
    for visit in visits:
        is_lost |= (ticks >= visit.begins + visit.lost_at) & (ticks < visit.begins + visit.lost_at + visit.n_lost)
    empty = np.flatnonzero((shown < 0).all(axis=1))
    for turn in chance.choice(empty[:-4], max(2, int(hours / 2)), replace=False):
        is_lost[turn : turn + int(chance.integers(1, 4))] = True
    return is_lost


def _steps(chance: np.random.Generator, hours: float, n_ticks: int) -> Ints:
    """The clock is known after an hour at the latest, and then corrected twelve times."""
    known = min(3600 * TICKS_PER_S, n_ticks // 20)
    later = np.linspace(known, n_ticks, 14)[1:-1].astype(np.int64)
    return np.array([(known, 0), *zip(later.tolist(), chance.integers(-1500, 1500, len(later)).tolist(), strict=True)], np.int64)


def _errands(chance: np.random.Generator, visits: list[Visit], span: tuple[float, int], n_people: int) -> Ints:
    """Every three hours, in a short run three times: two deliveries, and between them one who comes again later is renamed."""
    hours, n_ticks = span
    ticks = np.linspace(0, n_ticks, max(4, int(hours / 3)) + 1)[1:-1].astype(np.int64).tolist()
    errands, renamed = [], {-1}
    for number, tick in enumerate(ticks):
        late = [visit.who for visit in visits if visit.who < n_people and visit.begins > (tick + n_ticks) // 2]
        who = int(chance.choice(late)) if late and number % 3 == 1 else -1
        errands.append((tick, -1 if who in renamed else who))
        renamed.add(who)
    return np.array(errands, np.int64)


def _everybody_by(visits: list[Visit], n_people: int) -> int:
    first: dict[int, int] = {}
    for visit in visits:
        first.setdefault(visit.who, visit.begins + visit.n)
    return max(tick for who, tick in first.items() if who < n_people)
