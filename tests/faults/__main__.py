"""Run every cut: `make faults`. Prints a table; ends with 1 where something was lost, or where a control lost nothing."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Iterator

from faults import log
from faults.harness import Tally
from faults.jobs import CONTROLS, Job, do
from faults.scenarios import SCENARIOS


def main() -> int:
    """Cut and print."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--only", default="", metavar="WORDS", help="scenarios with these words in their names")
    parser.add_argument("--jobs", default=2, type=int, metavar="N", help="so many at a time (default: 2)")
    options = parser.parse_args()
    if log.COMPILER is None:
        print("No C compiler (cc) is here to build what watches the calls.", file=sys.stderr)
        return 69
    names = [each.name for each in SCENARIOS if options.only in each.name]
    rows = [[Job(name, kills=True), Job(name)] for name in names] + [[each] for each in CONTROLS if each.scenario in names]
    print(f"{'scenario':42} {'points':>6} {'kills':>6} {'cuts':>7} {'folders':>8} {'losses':>7} {'seconds':>8}")
    n_wrong, kinds = 0, Tally("")
    for jobs, tallies in _done(rows, options.jobs):
        _print(tallies, control=jobs[0].control)
        n_lost = sum(tally.n_lost for tally in tallies)
        n_wrong += (not n_lost) if jobs[0].control else n_lost
        kinds.kinds += tallies[-1].kinds if not jobs[0].control else {}
    print("\nways of cutting the power, and how often: " + ", ".join(f"{kind} {n}" for kind, n in kinds.kinds.items()))
    return 1 if n_wrong else 0


def _done(rows: list[list[Job]], n_at_once: int) -> Iterator[tuple[list[Job], list[Tally]]]:
    """What came of each row, in their order; the long ones are begun first."""
    with multiprocessing.get_context("spawn").Pool(n_at_once) as pool:
        jobs = sorted((job for row in rows for job in row), key=lambda job: not job.is_long)
        under_way = {job: pool.apply_async(do, [job]) for job in jobs}
        for row in rows:
            yield row, [under_way[job].get() for job in row]


def _print(tallies: list[Tally], *, control: str) -> None:
    """A line of the table, and some losses in words: of a control the first."""
    n_points, n_kills = tallies[0].n_points, sum(tally.n_kills for tally in tallies)
    n_cuts, n_folders = tallies[-1].kinds.total(), tallies[-1].n_folders
    n_lost, seconds = sum(tally.n_lost for tally in tallies), sum(tally.seconds for tally in tallies)
    name = f"control: {control}" if control else tallies[0].scenario
    print(f"{name:42} {n_points:6} {n_kills:6} {n_cuts:7} {n_folders:8} {n_lost:7} {seconds:8.1f}", flush=True)
    losses = [loss for tally in tallies for loss in tally.losses]
    for loss in losses[: 1 if control else None]:
        print(f"    {loss[:1_000]}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
