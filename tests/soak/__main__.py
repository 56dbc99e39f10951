"""72 hours at a door, in minutes: `make soak`. Prints how far it is, then a table; ends with 1 where anything was wrong.

Needs photographs of people to stand at the door: MUSTER_FACES, or ../shared/faces/lfw-dev. None of them is kept.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from soak.cast import Casting
from soak.controls import CONTROLS
from soak.plan import drawn
from soak.run import ROOT, Stage

from edge.config import Config, RecognitionConfig

FACES = Path(os.environ.get("MUSTER_FACES") or ROOT.parent / "shared" / "faces" / "lfw-dev")
N_STRANGERS = 40
SHORT_HOURS, SHORT_FRAMES, SHORT_PEOPLE = 1.5, 3_000, 60
"""Of the runs in which sabotage must be found."""


def main() -> int:
    """Cast, try the controls, and run."""
    options = _options()
    if not FACES.is_dir():
        print(f"{FACES} is not there. Name a folder of people, one folder of photographs each: MUSTER_FACES.", file=sys.stderr)
        return 69
    with tempfile.TemporaryDirectory(prefix="muster-soak-", dir=options.folder) as folder:
        config = Config(recognition=RecognitionConfig(threads=options.threads))
        casting = Casting(config, n_people=options.people, n_strangers=N_STRANGERS)
        cast = casting.hold(FACES, seed=options.seed, told=lambda line: print(line, flush=True))
        print(cast, flush=True)
        stage = Stage(Path(folder), cast)
        stage.prepare(threads=options.threads)
        n_wrong = 0 if options.no_controls else controls(stage, options.seed)
        if options.controls:
            return 1 if n_wrong else 0
        shape = {"seed": options.seed, "hours": options.hours, "n_frames": options.frames}
        plan = drawn(**shape, n_people=options.people, n_strangers=N_STRANGERS)
        print(f"{options.hours:g} hours, {len(plan.ticks):,} frames, {len(plan.visits):,} visits", flush=True)
        found = stage.run(plan, told="soak")
    print(found.table())
    return 1 if n_wrong or found.faults else 0


def controls(stage: Stage, seed: int) -> int:
    """A short run in which nothing is wrong, and one of each sabotage, which must be found; how often it was otherwise."""
    n_people = min(SHORT_PEOPLE, stage.cast.n_people)
    shape = {"n_frames": SHORT_FRAMES, "n_people": n_people, "n_strangers": N_STRANGERS}
    plan, n_wrong = drawn(seed=seed, hours=SHORT_HOURS, **shape), 0
    for name in ["", *CONTROLS]:
        found = stage.run(plan, control=name)
        told = next((each for each in found.faults if not name or CONTROLS[name].fault in each), "")
        is_right = bool(told) == bool(name)
        n_wrong += not is_right
        said = told or ("NOT FOUND" if name else "nothing wrong")
        print(f"control: {name or 'a unit as it is':42} {said[:150]} ({found.figures.get('seconds')} s)", flush=True)
        if not name:
            print(found.table(), flush=True)
    return n_wrong


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=72.0, metavar="H", help="simulated (default: 72)")
    parser.add_argument("--frames", type=int, default=250_000, metavar="N")
    parser.add_argument("--people", type=int, default=5_000, metavar="N", help="enrolled, and at the door; an even number")
    parser.add_argument("--seed", type=int, default=1, help="all chance follows from it")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="of the networks")
    parser.add_argument("--folder", type=Path, metavar="FOLDER", help="for what is written meanwhile, on a real disk")
    parser.add_argument("--controls", action="store_true", help="only try whether sabotage is found")
    parser.add_argument("--no-controls", action="store_true", help="do not try that")
    options = parser.parse_args()
    options.people += options.people % 2
    return options


if __name__ == "__main__":
    sys.exit(main())
