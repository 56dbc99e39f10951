"""72 hours at a door, in minutes: `make soak`. Prints how far it is, then a table; ends with 1 where anything was wrong.

Needs photographs of people to stand at the door: MUSTER_FACES, or ../shared/faces/lfw-dev. None of them is kept.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from soak.cast import Casting
from soak.controls import CONTROLS
from soak.drawing import drawn
from soak.plan import Plan
from soak.run import ROOT, Stage

from edge.config import Config, RecognitionConfig
from edge.exchange.delivery.mounts import mount_of

FACES = Path(os.environ.get("MUSTER_FACES") or ROOT.parent / "shared" / "faces" / "lfw-dev")
N_STRANGERS = 40
SHORT_HOURS, SHORT_FRAMES, SHORT_PEOPLE = 1.5, 3_000, 60
"""Of the runs in which sabotage must be found."""


def main(arguments: list[str]) -> int:
    """Cast, try the controls, and run."""
    options = _options(arguments)
    if not FACES.is_dir():
        print(f"{FACES} is not there. Name a folder of people, one folder of photographs each: MUSTER_FACES.", file=sys.stderr)
        return 69
    plan, short = _plans(options)
    with _folder(options.folder) as folder:
        config = Config(recognition=RecognitionConfig(threads=options.threads))
        casting = Casting(config, n_people=options.people, n_strangers=N_STRANGERS)
        cast = casting.hold(FACES, seed=options.seed, told=lambda line: print(line, flush=True))
        print(cast, flush=True)
        stage = Stage(folder, cast)
        stage.prepare(threads=options.threads)
        n_wrong = 0 if options.no_controls else controls(stage, short)
        if options.controls:
            return 1 if n_wrong else 0
        print(f"{options.hours:g} hours, {len(plan.ticks):,} frames, {len(plan.visits):,} visits", flush=True)
        found = stage.run(plan, told="soak")
    print(found.table())
    return 1 if n_wrong or found.faults else 0


def controls(stage: Stage, plan: Plan) -> int:
    """A short run in which nothing is wrong, and one of each sabotage, which must be found; how often it was otherwise."""
    n_wrong = 0
    for name in ["", *CONTROLS]:
        found = stage.run(plan, control=name)
        told = CONTROLS[name].found(found.faults) if name else next(iter(found.faults), "")
        is_right = bool(told) == bool(name)
        n_wrong += not is_right
        said = told or (f"NOT FOUND; {found.faults[:3]}" if name else "nothing wrong")
        print(f"control: {name or 'a unit as it is':46} {said[:150]} ({found.figures.get('seconds')} s)", flush=True)
        if not name:
            print(found.table(), flush=True)
    return n_wrong


def _plans(options: argparse.Namespace) -> tuple[Plan, Plan]:
    """What is asked for, and a short one for the controls; drawn first, so that nobody is cast in vain."""
    short = {"n_people": min(SHORT_PEOPLE, options.people), "hours": SHORT_HOURS, "n_frames": SHORT_FRAMES}
    full = {"n_people": options.people, "hours": options.hours, "n_frames": options.frames}
    try:
        plan, other = (drawn(seed=options.seed, n_strangers=N_STRANGERS, **shape) for shape in (full, short))
    except ValueError as error:
        raise SystemExit(f"{error}") from error
    return plan, other


@contextmanager
def _folder(wanted: Path | None) -> Iterator[Path]:
    """For what is written meanwhile, on a disk, where a commit means something; removed at the end.

    Raises:
        SystemExit: it is in memory.
    """
    place = wanted or ROOT / "var" / "soak"
    place.mkdir(parents=True, exist_ok=True)
    if (kind := mount_of(place).kind) in {"tmpfs", "ramfs"}:
        raise SystemExit(f"{place} is in memory ({kind}), and this is about a disk. Name a folder on one: --folder.")
    try:
        with tempfile.TemporaryDirectory(prefix="muster-soak-", dir=place) as folder:
            yield Path(folder)
    finally:
        if not wanted and not any(place.iterdir()):
            place.rmdir()


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=72.0, metavar="H", help="simulated (default: 72)")
    parser.add_argument("--frames", type=int, default=250_000, metavar="N")
    parser.add_argument("--people", type=int, default=5_000, metavar="N", help="enrolled, and at the door; an even number")
    parser.add_argument("--seed", type=int, default=1, help="all chance follows from it")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="of the networks")
    parser.add_argument(
        "--folder", type=Path, metavar="FOLDER", help="for what is written meanwhile, on a disk (default: var/soak)"
    )
    parser.add_argument("--controls", action="store_true", help="only try whether sabotage is found")
    parser.add_argument("--no-controls", action="store_true", help="do not try that")
    options = parser.parse_args(arguments)
    options.people += options.people % 2
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
