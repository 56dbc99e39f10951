"""Muster on a real kernel: builds the guest, plays the scenarios on it, and prints what came of them."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from rig.bench import Bench, Skipped
from rig.build import NotMade, build
from rig.report import Result, table, write_into
from rig.scenarios import LANES, Scenario

NEEDED = {
    "qemu-system-aarch64": "qemu-system-arm",
    "qemu-img": "qemu-utils",
    "qemu-aarch64-static": "qemu-user-static",
    "debootstrap": "debootstrap",
    "mke2fs": "e2fsprogs",
    "fdtput": "device-tree-compiler",
    "mkfs.vfat": "dosfstools",
    "mcopy": "mtools",
    "ssh-keygen": "openssh-client",
    "smbd": "samba",
}
DOCS = Path(__file__).parents[2] / "docs/operate.md"


def main() -> int:
    """Build, play, print. 0 when nothing failed, 1 when something did, 69 when something is missing here."""
    options = _options()
    if missing := [package for program, package in NEEDED.items() if not shutil.which(program)]:
        print(f"The rig needs more programs: apt-get install {' '.join(missing)}", file=sys.stderr)
        return 69
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # machines end with whoever has started them
    signal.signal(signal.SIGALRM, _too_late)
    signal.alarm(options.within)
    say = _teller(time.monotonic())
    with tempfile.TemporaryDirectory(prefix="muster-rig-") as name:
        try:
            built = build(say)
        except TooLate:
            print(f"The guest was not built within {options.within} s, so no scenario was played.")
            return 0
        except NotMade as error:
            print(f"There is no Debian to install into, so no scenario was played: {error}")
            return 0 if options.within else 75
        if options.build_only:
            return 0
        results = _all([_chosen(lane, options.only) for lane in LANES], Bench(built, Path(name), say))
    print(table(results))
    if options.write:
        write_into(DOCS, results)
    return int(any(result.has_failed and not (options.within and result.was_slow) for result in results))


class TooLate(Exception):  # noqa: N818  nothing is wrong
    """The time that was given is over."""


def _too_late(*_: object) -> None:
    raise TooLate


def _teller(began: float) -> Callable[[str], None]:
    def say(text: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {text}", flush=True)

    return say


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="rig", description=__doc__)
    parser.add_argument("--only", metavar="WORDS", help="play scenarios whose name has these words")
    parser.add_argument("--build-only", action="store_true", help="build the guest and play nothing")
    parser.add_argument(
        "--within",
        type=int,
        default=0,
        metavar="S",
        help="as in CI: skip what is not over after so many seconds, and forgive what is only too slow",
    )
    parser.add_argument("--write", action="store_true", help="write the table into docs/operate.md")
    return parser.parse_args()


def _chosen(lane: Sequence[Scenario], words: str | None) -> list[Scenario]:
    return [scenario for scenario in lane if not words or words in scenario.name or scenario.leaves]


def _all(lanes: Sequence[Sequence[Scenario]], bench: Bench) -> list[Result]:
    """Each lane at the same time as the others; once there is no time left, everything that runs is ended."""
    with ThreadPoolExecutor(len(lanes)) as pool:
        played = [pool.submit(lambda lane=lane: [_played(scenario, bench) for scenario in lane]) for lane in lanes]
        try:
            wait(played)
        except TooLate:
            bench.end()
        except BaseException:
            bench.end()
            raise
    return [result for lane in played for result in lane.result()]


def _played(scenario: Scenario, bench: Bench) -> Result:
    """Twice, where the first time fails: other programs keep an emulated machine from what it is timed by. Both are told."""
    began = time.monotonic()
    outcome, detail = _outcome(scenario.play, bench)
    if outcome == "FAILED":
        bench.say(f"{scenario.name}: {outcome}, once more: {detail}")
        first = detail
        outcome, detail = _outcome(scenario.play, bench)
        detail += f" (the first time: {first[:200]})"
    seconds = time.monotonic() - began
    bench.say(f"{scenario.name}: {outcome} after {seconds:.0f} s: {detail}")
    return Result(scenario.name, outcome, detail, seconds)


def _outcome(play: Callable[[Bench], str], bench: Bench) -> tuple[str, str]:
    try:
        return "passed", play(bench)
    except Skipped as reason:
        return "skipped", str(reason)
    except Exception as error:  # noqa: BLE001  whatever it is, the others are played
        if bench.is_over:
            return "skipped", "there was no time left"
        return "FAILED", " ".join(f"{type(error).__name__}: {error}".split())[:600]


if __name__ == "__main__":
    sys.exit(main())
