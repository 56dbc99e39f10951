"""Serve 10,000 hostile sticks: `make hostile`. Prints what was wrong and a table; ends with 1 where something was."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hostile import watch
from hostile.controls import CONTROLS
from hostile.tally import Tally
from hostile.whole import is_whole

MEMORY = Path("/dev/shm")  # noqa: S108  sticks in memory: nothing here is about the disk
N_AT_ONCE = 100


def main() -> int:
    """Play and print."""
    options = _options()
    if watch.COMPILER is None:
        print("No C compiler (cc) is here to build what watches the calls.", file=sys.stderr)
        return 69
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        library = watch.build(Path(folder))
        numbers = [options.only] if options.only is not None else range(options.start, options.start + options.cases)
        tally = _all(Path(folder), library, options, list(numbers))
        n_blind = 0 if options.only is not None or options.no_controls else _controls(Path(folder), library, options)
    print(tally.table())
    print(f"{time.monotonic() - began:.0f} s with {options.processes} processes")
    return 1 if tally.n_faulty or n_blind else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m hostile", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="all chance follows from it and the number of a case")
    parser.add_argument("--cases", type=int, default=10_000, metavar="N")
    parser.add_argument("--start", type=int, default=0, metavar="K", help="the number of the first; goes on where a run ended")
    parser.add_argument("--only", type=int, metavar="K", help="this case alone")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--no-controls", action="store_true", help="do not try whether sabotage is seen")
    return parser.parse_args()


def _all(folder: Path, library: Path, options: argparse.Namespace, numbers: list[int], control: str = "") -> Tally:
    """Shared out among processes, so many at once; what is wrong is printed as it is found."""
    shares = [numbers[at : at + N_AT_ONCE] for at in range(0, len(numbers), N_AT_ONCE)]
    tally = Tally()
    with ThreadPoolExecutor(options.processes) as pool:
        for some in pool.map(lambda share: worker(folder, library, seed=options.seed, numbers=share, control=control), shares):
            tally.add(some)
            if not control:
                print("".join(f"{line}\n" for line in some.lines()), end="", flush=True)
                if sys.stderr.isatty():
                    print(f"\r{tally.n_cases:,} of {len(numbers):,}", end="", file=sys.stderr, flush=True)
    return tally


def worker(folder: Path, library: Path, *, seed: int, numbers: list[int], control: str = "", is_light: bool = False) -> Tally:
    """What came of some cases, which a process plays under the eyes of `opens.c`; of a control until it is seen."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        watched = {"LD_PRELOAD": str(library), "HOSTILE_LOG": str(Path(own) / "touches")}
        found = {"PYTHONPATH": str(watch.ROOT / "tests"), "OPENBLAS_NUM_THREADS": "1"}
        order = json.dumps({"folder": own, "seed": seed, "numbers": numbers, "control": control, "is_light": is_light})
        command = [watch.PYTHON, "-m", "hostile.worker", order]
        done = subprocess.run(command, env={**os.environ, **watched, **found}, capture_output=True, check=False, cwd=watch.ROOT)
        if done.returncode:
            raise RuntimeError(done.stderr.decode(errors="replace")[-3000:])
        return Tally.read(done.stdout)


def _controls(folder: Path, library: Path, options: argparse.Namespace) -> int:
    """Sabotage that must be seen; how much of it is not."""
    seen: Counter[bool] = Counter()
    for name in CONTROLS:
        tally = _all(folder, library, options, [k for k in range(100) if not is_whole(k)], name)
        print(f"control: {name:52} " + (f"seen after {tally.n_cases} cases" if tally.n_faulty else "NOT SEEN"), flush=True)
        seen[bool(tally.n_faulty)] += 1
    return seen[False]


if __name__ == "__main__":
    sys.exit(main())
