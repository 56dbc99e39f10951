"""How scenarios are played: what is tried again, who waits for whom, what is forgiven."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from rig.__main__ import main
from rig.bench import NO_TIME, Bench, Frozen, Skipped
from rig.build import Built
from rig.machine import Ended
from rig.parts import Board
from rig.play import chosen, play, played
from rig.scenarios import SCENARIOS
from rig.scenarios.scenario import Scenario
from rig.wire import WireError

SOON_S = 20.0


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """With a guest that nobody switches on."""
    nothing = tmp_path / "nothing"
    built = Built(
        board=Board(nothing, nothing),
        **dict.fromkeys(("root", "data", "frozen_root", "frozen_data", "state", "bundle", "key", "listing"), nothing),
    )
    return Bench(built, tmp_path / "bench", lambda _: None)


def raising(*errors: Exception | None) -> tuple[Callable[[Bench], str], list[int]]:
    """A scenario that ends with these, one after the other (``None``: as it should), and the list of its tries."""
    tries: list[int] = []

    def play(_: Bench) -> str:
        tries.append(len(tries))
        if error := errors[tries[-1]]:
            raise error
        return "seen"

    return play, tries


@pytest.mark.parametrize("error", [TimeoutError("slow"), WireError("gone"), Ended("the machine has ended")])
def test_what_emulation_may_be_to_blame_for_is_played_once_more_and_both_are_told(bench: Bench, error: Exception) -> None:
    scenario, tries = raising(error, None)
    result = played(Scenario("slow", scenario), bench)
    assert (result.outcome, len(tries)) == ("passed", 2)
    assert str(error) in result.detail
    assert "seen" in result.detail


@pytest.mark.parametrize("error", [AssertionError("a row is lost"), RuntimeError("mkfs"), ValueError("x"), OSError("y")])
def test_anything_else_fails_at_once_for_it_may_be_gone_the_next_time(bench: Bench, error: Exception) -> None:
    scenario, tries = raising(error, None)
    result = played(Scenario("lossy", scenario), bench)
    assert (result.outcome, len(tries)) == ("FAILED", 1)
    assert str(error) in result.detail


@pytest.mark.parametrize("second", [TimeoutError("again"), AssertionError("lost"), Skipped(NO_TIME)])
def test_two_failures_are_a_failure_and_so_is_one_that_there_was_no_time_to_refute(bench: Bench, second: Exception) -> None:
    scenario, _ = raising(TimeoutError("not within 60 s"), second)
    result = played(Scenario("bad", scenario), bench)
    assert result.outcome == "FAILED"
    assert "not within 60 s" in result.detail
    assert str(second) in result.detail


def test_what_fails_because_the_time_is_over_is_skipped(bench: Bench) -> None:
    def cut_short(bench: Bench) -> str:
        bench.end()
        raise TimeoutError("not within 60 s")

    assert played(Scenario("late", cut_short), bench).outcome == "skipped"


def test_a_machine_that_another_scenario_leaves_is_waited_for(bench: Bench) -> None:
    waits = threading.Event()

    def leaves(bench: Bench) -> str:
        assert waits.wait(SOON_S)
        bench.kept["paired"] = Frozen(Path("root"), Path("data"), Path("state"))
        return "left"

    def needs(bench: Bench) -> str:
        waits.set()
        return str(bench.awake("paired").state)

    results = play([Scenario("needs", needs), Scenario("leaves", leaves, leaves="paired")], bench)
    assert [(result.outcome, result.detail) for result in results] == [("passed", "state"), ("passed", "left")]


def test_the_time_that_is_waited_for_others_is_not_the_scenario_s_own(bench: Bench) -> None:
    bench.coming = {"never"}

    def needs(bench: Bench) -> str:
        with pytest.raises(Skipped):
            bench.left("never", limit_s=0.5)
        return "seen"

    assert played(Scenario("needs", needs), bench).seconds < 0.4


def test_of_a_scenario_that_fails_nobody_takes_what_it_left(bench: Bench) -> None:
    def leaves(bench: Bench) -> str:
        bench.kept["paired"] = Frozen(Path("root"), Path("data"), Path("state"))
        raise AssertionError("nobody was enrolled")

    scenarios = [Scenario("leaves", leaves, leaves="paired"), Scenario("needs", lambda bench: str(bench.awake("paired")))]
    results = play(scenarios, bench, at_once=1)
    assert [result.outcome for result in results] == ["FAILED", "skipped"]
    assert "paired" in results[1].detail


def test_a_machine_that_nobody_is_going_to_leave_is_not_waited_for(bench: Bench) -> None:
    [result] = play([Scenario("needs", lambda bench: str(bench.awake("paired")))], bench)
    assert result.outcome == "skipped"
    assert result.seconds < 5


def test_who_waits_is_told_that_the_time_is_over(bench: Bench) -> None:
    waits = threading.Event()
    bench.coming = {"paired"}

    def needs(bench: Bench) -> str:
        waits.set()
        return str(bench.awake("paired"))

    ender = threading.Thread(target=lambda: waits.wait(SOON_S) and bench.end())
    ender.start()
    result = played(Scenario("needs", needs), bench)
    ender.join()
    assert (result.outcome, result.detail) == ("skipped", NO_TIME)


def test_a_machine_that_was_made_in_time_is_not_started_when_it_is_over(bench: Bench) -> None:
    machine = bench.awake()
    machine.disks.clear()
    bench.end()
    with pytest.raises(Ended, match="before it was started"):
        machine.start()


def test_words_choose_scenarios_and_those_that_leave_something() -> None:
    scenarios = [Scenario("a stick", str), Scenario("a camera", str), Scenario("pairs", str, leaves="paired")]
    assert [scenario.name for scenario in chosen(scenarios, "camera")] == ["a camera", "pairs"]
    assert chosen(scenarios, None) == scenarios


def test_words_that_no_scenario_has_are_refused_with_the_names_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "camrea"]) == 64
    said = capsys.readouterr().err
    assert "'camrea'" in said
    assert all(scenario.name in said for scenario in SCENARIOS)


@pytest.mark.parametrize("seconds", ["0", "-5", "soon"])
def test_no_time_at_all_is_not_taken_for_no_limit(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--within", seconds])
    assert ended.value.code == 2
    assert "--within" in capsys.readouterr().err
