"""The soak's own parts, and a light run of all of it where the development faces are; `make soak` is the whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from soak.__main__ import FACES
from soak.cast import Casting
from soak.drawing import GAP, MIDNIGHT, drawn
from soak.judge import answers, differences, order, watchdog
from soak.oracle import Expected, Row, expected
from soak.plan import TICKS_PER_S, Plan
from soak.run import Stage

from edge.config import Config, RecognitionConfig

ADA, STRANGER = 0, 2
PLAN = Plan(
    begins=MIDNIGHT.timestamp() - 120,
    n_people=2,
    ticks=np.arange(0),
    is_lost=np.zeros(0, bool),
    shown=np.zeros((0, 2), np.int64),
    visits=np.zeros((0, 2), np.int64),
    steps=np.array([(0, 0)]),
    errands=np.zeros((0, 2), np.int64),
    everybody_by=0,
)


def seen(*visits: tuple[int, float, int], lost_s: tuple[float, ...] = (), known_s: float = 0.0) -> Plan:
    """A plan in which everybody stands on the left: (who, at how many seconds, how many frames)."""
    turns = [
        (round(at_s * TICKS_PER_S) + n, number) for number, (_, at_s, n_frames) in enumerate(visits) for n in range(n_frames)
    ]
    ticks = np.array([tick for tick, _ in turns])
    return replace(
        PLAN,
        ticks=ticks,
        is_lost=np.isin(ticks, [round(at_s * TICKS_PER_S) for at_s in lost_s]),
        shown=np.array([(number, -1) for _, number in turns]),
        visits=np.array([(who, round(at_s * TICKS_PER_S)) for who, at_s, _ in visits]),
        steps=np.array([(round(known_s * TICKS_PER_S), 0)]),
    )


def rows(plan: Plan) -> list[tuple[str, str]]:
    return [(row.at_utc[11:], row.direction) for row in expected(plan).rows]


class TestOracle:
    """Worked out by hand: tick 0 is two minutes before midnight in Berlin, 22:58 UTC."""

    def test_the_third_frame_gives_a_row(self) -> None:
        assert rows(seen((ADA, 10, 5))) == [("22:58:10.400Z", "in")]
        assert rows(seen((ADA, 10, 2))) == []

    def test_within_a_minute_there_is_no_second_row(self) -> None:
        plan = seen((ADA, 10, 3), (ADA, 69.8, 3), (ADA, 70, 3))
        assert rows(plan) == [("22:58:10.400Z", "in"), ("22:59:10.400Z", "out")]
        assert expected(plan).answers == Counter({(2, "accepted"): 1, (5, "already"): 1, (8, "accepted"): 1})

    def test_whoever_stays_for_longer_than_that_gets_no_second_row(self) -> None:
        plan = seen((ADA, 10, 400))
        assert rows(plan) == [("22:58:10.400Z", "in")]
        assert expected(plan).answers == Counter({(2, "accepted"): 1})

    def test_a_day_begins_with_in(self) -> None:
        assert rows(seen((ADA, 10, 3), (ADA, 130, 3))) == [("22:58:10.400Z", "in"), ("23:00:10.400Z", "in")]

    def test_a_lost_camera_makes_it_begin_anew(self) -> None:
        plan = seen((ADA, 10, 7), lost_s=(10.4,))
        assert rows(plan) == [("22:58:11.000Z", "in")]
        assert (expected(plan).n_losses, expected(plan).n_frames) == (1, 6)
        assert not rows(seen((ADA, 10, 5), lost_s=(10.4,)))

    def test_a_stranger_is_told_so_with_the_fifth_frame(self) -> None:
        found = expected(seen((STRANGER, 10, 6)))
        assert (found.rows, +found.answers) == ([], Counter({(4, "not in database"): 1}))

    def test_a_clock_that_nobody_has_set_gives_a_row_that_waits_for_its_time(self) -> None:
        found = expected(seen((ADA, 10, 3), (ADA, 100, 3), known_s=50))
        first, second = found.rows
        assert first == Row("00001", "1970-01-01T08:00:10.400Z", "in", False, "2026-03-27T22:58:10.400Z")
        assert second == Row("00001", "2026-03-27T22:59:40.400Z", "out", True)


class TestPlan:
    def test_everybody_comes_and_nobody_runs_into_another(self) -> None:
        plan = drawn(seed=3, hours=1, n_frames=2_000, n_people=20, n_strangers=4)
        assert set(range(20)) <= set(plan.visits[:, 0].tolist())
        assert len(plan.ticks) == 2_000
        for place in (0, 1):
            begun = [int(turn) for turn in np.flatnonzero(np.diff(plan.shown[:, place]) > 0)]
            assert all((plan.shown[max(0, turn - GAP + 1) : turn + 1, place] == -1).all() for turn in begun)
        assert ((plan.shown >= 0).all(axis=1)).any(), "nobody is there together"

    def test_some_stay_for_longer_than_the_duplicate_window(self) -> None:
        plan = drawn(seed=3, hours=2, n_frames=9_000, n_people=60, n_strangers=4)
        n_frames = Counter(visit for visit in plan.shown.ravel().tolist() if visit >= 0)
        longest = [visit for visit, n in n_frames.items() if n > 70 * TICKS_PER_S]
        assert len(longest) == 4
        assert any(plan.visits[visit, 0] < plan.n_people for visit in longest)

    def test_who_is_renamed_comes_later(self) -> None:
        plan = drawn(seed=3, hours=1, n_frames=2_000, n_people=20, n_strangers=4)
        ((tick, who),) = [errand for errand in plan.errands.tolist() if errand[1] >= 0]
        assert [errand[1] for errand in plan.errands.tolist()] == [-1, who, -1]
        assert any(visitor == who and begins > tick for visitor, begins in plan.visits.tolist())

    def test_the_same_seed_gives_the_same(self, tmp_path: Path) -> None:
        one, other = (drawn(seed=3, hours=1, n_frames=2_000, n_people=20, n_strangers=4) for _ in range(2))
        one.write(tmp_path / "plan.npz")
        read = Plan.read(tmp_path / "plan.npz")
        assert expected(one) == expected(other) == expected(read)
        assert expected(one) != expected(drawn(seed=4, hours=1, n_frames=2_000, n_people=20, n_strangers=4))

    def test_too_few_frames_are_told(self) -> None:
        with pytest.raises(ValueError, match="too few to show 100 people"):
            drawn(seed=3, hours=1, n_frames=2_000, n_people=100, n_strangers=4)


class TestJudge:
    def test_a_row_too_few_or_too_many_is_found(self) -> None:
        assert not list(differences("row", Counter("ab"), Counter("ab")))
        assert [each.split(":")[0] for each in differences("row", Counter("ab"), Counter("bcc"))] == ["missing", "not expected"]
        assert [each.split(":")[0] for each in differences("row", Counter("ab"), Counter("abb"))] == ["not expected"]

    def test_an_answer_in_another_frame_is_found(self) -> None:
        wanted = Expected(answers=Counter({(7, "accepted"): 1}))
        assert not list(answers([{"turn": 7, "signal": "accepted"}], wanted))
        assert len(list(answers([{"turn": 8, "signal": "accepted"}], wanted))) == 2
        assert list(answers([{"turn": 7, "signal": "accepted"}, {"turn": 9, "signal": "fault"}], wanted))

    def test_an_answer_before_its_row_is_found(self) -> None:
        told = [{"turn": 1, "signal": "accepted", "row": "a"}, {"turn": 2, "signal": "accepted", "row": "b"}]
        assert not list(order(told, ["a", "b"]))
        assert "before the row" in next(order([told[0], told[1] | {"row": "a"}], ["a", "b"]))
        assert "before the row" in next(order([told[0] | {"row": None}], ["a"]))

    def test_a_watchdog_that_waits_is_found(self) -> None:
        plan = replace(PLAN, ticks=np.arange(0, 1_000, 5), is_lost=np.zeros(200, bool))
        assert not list(watchdog([8.0 * n for n in range(25)], plan))
        assert list(watchdog([8.0 * n for n in range(10)], plan))
        assert list(watchdog([], plan))


@pytest.mark.faces
@pytest.mark.skipif(not FACES.is_dir(), reason="the development faces are not here: MUSTER_FACES names no folder")
def test_a_light_run(tmp_path: Path) -> None:
    """The real networks, rules and database, and nothing is wrong. Units that do wrong: `make soak OPTIONS=--controls`."""
    config = Config(recognition=RecognitionConfig(threads=1))
    stage = Stage(tmp_path, Casting(config, n_people=8, n_strangers=2).hold(FACES, seed=5, told=print))
    stage.prepare(threads=1)
    found = stage.run(drawn(seed=5, hours=0.15, n_frames=480, n_people=8, n_strangers=2))
    # So few frames say nothing of memory that is all warm.
    assert not [fault for fault in found.faults if not fault.startswith("memory")], found.table()
