"""Growth is found, whatever its shape, and nothing else is taken for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from soak.measure import growth, late, sample
from soak.plan import Plan
from soak.resources import FEWEST, resources
from soak.test_soak import PLAN

FEW, MUCH = {"pss": 1, "descriptors": 14, "threads": 1}, {"rss": 15_000, "uss": 10_000, "heap": 9_000, "blocks": 190_000}
LONG = replace(PLAN, ticks=np.arange(100_000), everybody_by=44_000)


def samples(change: Callable[[float], float] = lambda _: 1.0, *, kind: str = "", plan: Plan = LONG) -> list[dict[str, int]]:
    """400 of a run; one kind times what comes of the share of the run that is over. All else is steady."""
    turns = np.linspace(0, len(plan.ticks) - 1, 400).astype(int).tolist()
    usual = FEW | MUCH
    changed = [{kind: round(usual[kind] * change(turn / len(plan.ticks)))} if kind else {} for turn in turns]
    return [{"turn": turn} | usual | other for turn, other in zip(turns, changed, strict=True)]


def faults(found: list[dict[str, int]], plan: Plan = LONG) -> list[str]:
    return list(resources(found, plan, {}))


class TestMemory:
    def test_a_slope_is_found_beside_outliers(self) -> None:
        turns = list(range(0, 1_000, 10))
        values = [100 + 0.02 * turn + (30 if turn % 50 == 0 else 0) for turn in turns]
        assert growth(turns, values, n_turns=1_000) == pytest.approx(0.18, abs=0.02)
        assert growth(turns, values, n_turns=3_000) == pytest.approx(0.54, abs=0.06)
        steady = [100 + (30 if turn % 50 == 0 else 0) for turn in turns]
        assert growth(turns, steady, n_turns=1_000) == pytest.approx(0, abs=1e-9)
        assert late(steady) == 0

    def test_this_process_has_what_proc_says(self) -> None:
        now = sample()
        assert 0 < now["uss"] <= now["pss"] <= now["rss"]
        with Path("/dev/null").open():
            assert sample()["descriptors"] == now["descriptors"] + 1

    @pytest.mark.parametrize("kind", list(MUCH))
    @pytest.mark.parametrize(
        "change",
        [
            lambda share: 1 + 0.012 * share,
            lambda share: 1.5 if share > 0.9 else 1,
            lambda share: 1.02 if share > 0.9 else 1,
            lambda share: 1 + max(0, share - 0.85),
        ],
        ids=["slowly", "a late step", "a small late step", "a late ramp"],
    )
    def test_more_of_it_is_found(self, kind: str, change: Callable[[float], float]) -> None:
        assert not faults(samples())
        assert len(faults(samples(change, kind=kind))) == 1

    def test_what_is_there_before_everybody_came_does_not_count(self) -> None:
        assert not faults(samples(lambda share: 1.0 if share < 0.4 else 1.2, kind="rss"))
        figures: dict[str, str] = {}
        assert not list(resources(samples(), LONG, figures))
        assert figures["counted"].startswith("from frame 44,000 of 100,000, hour 2.4 of 5.6")

    def test_a_cache_may_fill_in_a_short_run_alone(self) -> None:
        short = replace(PLAN, ticks=np.arange(5_000))
        assert not faults(samples(lambda share: 1 + 0.015 * share, kind="blocks", plan=short), short)
        assert faults(samples(lambda share: 1 + 0.05 * share, kind="blocks", plan=short), short)
        assert faults(samples(lambda share: 1 + 0.015 * share, kind="rss", plan=short), short)

    def test_too_few_samples_judge_nothing(self) -> None:
        counted = [each for each in samples() if each["turn"] >= 44_000]
        assert not faults(counted[:FEWEST])
        assert ["looked at only 49 times" in each for each in faults(counted[: FEWEST - 1])] == [True]

    def test_no_number_is_a_fault(self) -> None:
        assert len(faults([each | {"rss": float("nan")} for each in samples()])) == 1  # type: ignore[operator]

    def test_a_glibc_that_says_nothing_is_told(self) -> None:
        silent, figures = [{kind: n for kind, n in each.items() if kind != "heap"} for each in samples()], dict[str, str]()
        assert not list(resources(silent, LONG, figures))
        assert "not judged" in figures["memory, handed out by malloc, MB"]


@pytest.mark.parametrize("kind", ["descriptors", "threads"])
def test_one_more_at_any_time_is_found(kind: str) -> None:
    more = samples()
    more[300] |= {kind: 15}
    assert faults(more) == [f"not always as many {kind}: {FEW[kind]} to 15"]
