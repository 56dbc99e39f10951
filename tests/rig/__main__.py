"""Muster on a real kernel: builds the guest, plays the scenarios on it, and prints what came of them."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rig.bench import Bench, Skipped
from rig.build import build
from rig.report import Result, table, write_into
from rig.scenarios import SCENARIOS, Scenario

NEEDED = {
    "qemu-system-aarch64": "qemu-system-arm",
    "qemu-img": "qemu-utils",
    "qemu-aarch64-static": "qemu-user-static",
    "debootstrap": "debootstrap",
    "mke2fs": "e2fsprogs",
    "sfdisk": "fdisk",
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
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {text}", flush=True)

    with tempfile.TemporaryDirectory(prefix="muster-rig-") as name:
        built = build(say)
        if options.build_only:
            return 0
        bench = Bench(built, Path(name), say)
        until = began + options.within if options.within else float("inf")
        results = [_played(scenario, bench, until=until) for scenario in _chosen(options.only)]
    print(table(results))
    if options.write:
        write_into(DOCS, results)
    return int(any(result.has_failed for result in results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="rig", description=__doc__)
    parser.add_argument("--only", metavar="WORDS", help="play scenarios whose name has these words")
    parser.add_argument("--build-only", action="store_true", help="build the guest and play nothing")
    parser.add_argument("--within", type=float, metavar="S", help="begin no scenario after so many seconds")
    parser.add_argument("--write", action="store_true", help="write the table into docs/operate.md")
    return parser.parse_args()


def _chosen(words: str | None) -> list[Scenario]:
    return [scenario for scenario in SCENARIOS if not words or words in scenario.name or scenario.leaves]


def _played(scenario: Scenario, bench: Bench, *, until: float) -> Result:
    began = time.monotonic()
    bench.say(scenario.name)
    if began > until:
        return Result(scenario.name, "skipped", "no time was left", 0.0)
    outcome, detail = _outcome(scenario.play, bench)
    seconds = time.monotonic() - began
    bench.say(f"  {outcome} after {seconds:.0f} s: {detail}")
    return Result(scenario.name, outcome, detail, seconds)


def _outcome(play: Callable[[Bench], str], bench: Bench) -> tuple[str, str]:
    try:
        return "passed", play(bench)
    except Skipped as reason:
        return "skipped", str(reason)
    except (AssertionError, TimeoutError, RuntimeError, OSError) as error:
        return "FAILED", " ".join(f"{type(error).__name__}: {error}".split())[:600]


if __name__ == "__main__":
    sys.exit(main())
