"""Run every cut: `make faults`. Prints a table; ends with 1 where something was lost, or where a control lost nothing."""

from __future__ import annotations

import argparse
import sys

from faults import log
from faults.harness import Harness, Tally, cut, kill, timed
from faults.scenarios import SCENARIOS, Scenario


def main() -> int:
    """Cut and print."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--only", default="", metavar="WORDS", help="scenarios with these words in their names")
    chosen = [each for each in SCENARIOS if parser.parse_args().only in each.name]
    if log.COMPILER is None:
        print("No C compiler (cc) is here to build what watches the calls.", file=sys.stderr)
        return 69
    print(f"{'scenario':40} {'points':>6} {'kills':>6} {'cuts':>7} {'folders':>8} {'losses':>7} {'seconds':>8}")
    n_lost, kinds = 0, Tally("")
    with Harness.begun() as harness:
        for scenario in chosen:
            tally = _all_points(harness, scenario)
            n_lost += tally.n_lost
            kinds.kinds += tally.kinds
        n_blind = _controls(harness)
    print("\nways of cutting the power, and how often: " + ", ".join(f"{kind} {n}" for kind, n in kinds.kinds.items()))
    return 1 if n_lost or n_blind else 0


def _all_points(harness: Harness, scenario: Scenario) -> Tally:
    with timed(Tally(scenario.name)) as tally:
        kill(harness, scenario, tally)
        cut(harness, scenario, tally)
    _print(tally)
    return tally


def _controls(harness: Harness) -> int:
    """What must lose something: a database that does not wait, and disks that do not. How many of them lose nothing."""
    by_name = {scenario.name: scenario for scenario in SCENARIOS}
    record, deliver = by_name["record, from no database on"], by_name["delivery into files that are there"]
    controls = {
        "control: synchronous = OFF": (record, {"synchronous": "OFF"}),
        "control: files are never synced": (deliver, {"ignoring": "s"}),
        "control: folders are never synced": (deliver, {"ignoring": "S"}),
    }
    n_blind = 0
    for name, (scenario, how) in controls.items():
        with timed(Tally(name)) as tally:
            cut(harness, scenario, tally, **how)
        _print(tally, n_told=1)
        n_blind += not tally.n_lost
    return n_blind


def _print(tally: Tally, *, n_told: int | None = None) -> None:
    n_cuts = tally.kinds.total()
    figures = f"{tally.n_points:6} {tally.n_kills:6} {n_cuts:7} {tally.n_folders:8} {tally.n_lost:7} {tally.seconds:8.1f}"
    print(f"{tally.scenario:40} {figures}", flush=True)
    for loss in tally.losses[:n_told]:
        print(f"    {loss}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
