"""Plays scenarios, some at the same time, and says how each went."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

from rig.bench import NO_TIME, Bench, Skipped
from rig.machine import Ended
from rig.report import Result
from rig.scenarios.scenario import Scenario
from rig.wire import WireError

OF_EMULATION = (TimeoutError, WireError, Ended)
"""How a scenario fails, too, when other programs keep an emulated machine from what it is timed by: it is played once more.
Whatever else it fails of, such as a row that is missing, may come by chance, and would be gone the next time."""


AT_ONCE = 3
"""A guest mostly keeps one of two processors busy, and some wait a lot."""


def chosen(scenarios: Sequence[Scenario], words: str | None) -> list[Scenario]:
    """The scenarios whose name has these words, and those that leave a machine, which the others may need."""
    return [scenario for scenario in scenarios if not words or words in scenario.name or scenario.leaves]


def play(scenarios: Sequence[Scenario], bench: Bench, *, at_once: int = AT_ONCE) -> list[Result]:
    """Play all, begun in their order. Whatever comes, no machine is left that runs."""
    bench.coming |= {scenario.leaves for scenario in scenarios if scenario.leaves}
    with ThreadPoolExecutor(at_once) as pool:
        try:
            playing = [pool.submit(played, scenario, bench) for scenario in scenarios]
            wait(playing)
        finally:
            bench.end()
    return [each.result() for each in playing]


def played(scenario: Scenario, bench: Bench) -> Result:
    """Play one; once more where the first time may have failed of emulation alone. Both times are told."""
    began = time.monotonic()
    outcome, detail, is_of_emulation = _outcome(scenario.play, bench)
    if is_of_emulation:
        bench.say(f"{scenario.name}: {outcome}, once more: {detail}")
        again, seen, _ = _outcome(scenario.play, bench)
        outcome = "passed" if again == "passed" else "FAILED"
        detail = f"{seen} (the first time: {detail[:200]})"
    if scenario.leaves:
        bench.has_ended(scenario.leaves, has_passed=outcome == "passed")
    seconds = time.monotonic() - began - bench.waited_s()
    bench.say(f"{scenario.name}: {outcome} after {seconds:.0f} s: {detail}")
    return Result(scenario.name, outcome, detail, seconds)


def _outcome(play: Callable[[Bench], str], bench: Bench) -> tuple[str, str, bool]:
    """How it went, what was seen, and whether it is worth another try."""
    try:
        return "passed", play(bench), False
    except Skipped as reason:
        return "skipped", str(reason), False
    except Exception as error:  # noqa: BLE001  whatever it is, the others are played
        if bench.is_over:
            return "skipped", NO_TIME, False
        return "FAILED", " ".join(f"{type(error).__name__}: {error}".split())[:600], isinstance(error, OF_EMULATION)
