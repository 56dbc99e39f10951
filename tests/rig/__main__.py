"""Muster on a real kernel: builds the guest, plays the scenarios on it, and prints what came of them."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rig.bench import Bench
from rig.build import NotMade, build
from rig.cache import Shelf, Taken, cache, held
from rig.leftovers import end_in_order, own_folder
from rig.play import chosen, play
from rig.report import summary, table, write_into
from rig.scenarios import SCENARIOS

NEEDED = {
    "qemu-system-aarch64": "qemu-system-arm",
    "qemu-img": "qemu-utils",
    "qemu-aarch64-static": "qemu-user-static",
    "debootstrap": "debootstrap",
    "mke2fs": "e2fsprogs",
    "fdtput": "device-tree-compiler",
    "mkfs.vfat": "dosfstools",
    "mcopy": "mtools",
    "setpriv": "util-linux",
    "ssh-keygen": "openssh-client",
    "smbd": "samba",
}
DOCS = Path(__file__).parents[2] / "docs/operate.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, play, print.

    Returns:
        0 when nothing failed, 1 when something did, 64 when there is no such scenario, 69 when something is missing here, 75 when
        it can be tried again later.
    """
    options = _options(arguments)
    names = [scenario.name for scenario in SCENARIOS]
    if options.only and not any(options.only in name for name in names):
        print(f"No scenario has {options.only!r} in its name. There are:", *names, sep="\n  ", file=sys.stderr)
        return 64
    if lacking := _lacking():
        print(lacking, file=sys.stderr)
        return 69
    end_in_order()
    try:
        with held(cache()) as shelf, own_folder(Path(tempfile.gettempdir())) as folder:
            return _built_and_played(options, shelf, folder)
    except Taken as error:
        print(error, file=sys.stderr)
        return 75


class TooLate(Exception):  # noqa: N818  nothing is wrong
    """The time that was given is over."""


def _too_late(*_: object) -> None:
    raise TooLate


def _built_and_played(options: argparse.Namespace, shelf: Shelf, folder: Path) -> int:
    say = _teller(time.monotonic())
    signal.signal(signal.SIGALRM, _too_late)
    signal.alarm(options.within)
    try:
        bench = Bench(build(shelf, say), folder, say)
        signal.signal(signal.SIGALRM, lambda *_: bench.end())
    except TooLate:
        print(f"The guest was not built within {options.within} s, so no scenario was played.")
        return 0
    except NotMade as error:
        print(f"There is no Debian to install into, so no scenario was played: {error}")
        return 0 if options.within else 75
    if options.build_only:
        return 0
    began = time.monotonic()
    results = play(chosen(SCENARIOS, options.only), bench)
    told = summary(results, seconds=time.monotonic() - began, day=datetime.now(UTC).date())
    print(table(results), told, sep="\n\n")
    if options.write:
        write_into(DOCS, results, told="" if options.only else told, others_stay=bool(options.only))
    return int(any(result.has_failed for result in results))


def _lacking() -> str:
    """What the rig cannot do without and is not here, in words."""
    if os.geteuid() != 0:
        return "The rig needs root: it mounts the disks of its machines."
    missing = sorted({package for program, package in NEEDED.items() if not shutil.which(program)})
    return f"The rig needs more programs: apt-get install {' '.join(missing)}" if missing else ""


def _teller(began: float) -> Callable[[str], None]:
    def say(text: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {text}", flush=True)

    return say


def _seconds(text: str) -> int:
    if (seconds := int(text)) <= 0:
        raise argparse.ArgumentTypeError(f"{text} s are over already")
    return seconds


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="rig", description=__doc__)
    parser.add_argument("--only", metavar="WORDS", help="play scenarios whose name has these words")
    parser.add_argument("--build-only", action="store_true", help="build the guest and play nothing")
    parser.add_argument(
        "--within", type=_seconds, default=0, metavar="S", help="as in CI: skip what is not over after so many seconds"
    )
    parser.add_argument(
        "--write", action="store_true", help="write the table into docs/operate.md; with --only, the rows that were played"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
