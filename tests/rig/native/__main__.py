"""The tests that touch native code, on arm64: in a Debian 12 of the rig, with the aarch64 wheels of a unit, by qemu-user.

Other options than those below are pytest's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rig.build import NotMade
from rig.cache import Shelf, Taken, cache, held
from rig.leftovers import end_in_order
from rig.native.left_out import LEFT_OUT
from rig.native.platforms import MAX_DISTANCE, PORTRAITS, answers, apart
from rig.native.rooms import PYTHON, ROOT, Room, furnished
from rig.system import emulated_arm64

NEEDED = {
    "qemu-aarch64-static": "qemu-user-static",
    "debootstrap": "debootstrap",
    "mke2fs": "e2fsprogs",
    "setpriv": "util-linux",
}
ENVIRONMENT = (
    *("env", "-C", "/checkout", "PYTHONPATH=/checkout:/checkout/tests", "PYTHONDONTWRITEBYTECODE=1"),
    *("HYPOTHESIS_STORAGE_DIRECTORY=/tmp/hypothesis", PYTHON),
)


def main() -> int:
    """Build, run, print. 0 when nothing failed, 1 when something did, 69 when something is missing here, 75 to try again."""
    options, passed = _options()
    if os.geteuid() != 0:
        print("The tests on arm64 need root: they mount the system that they run in.", file=sys.stderr)
        return 69
    if missing := [package for program, package in NEEDED.items() if not shutil.which(program)]:
        print(f"The tests on arm64 need more programs: apt-get install {' '.join(missing)}", file=sys.stderr)
        return 69
    end_in_order()
    try:
        with held(cache()) as shelf:
            return _furnished_and_run(shelf, options, passed)
    except NotMade as error:
        print(f"There is no Debian to run the tests in. With a network, this again. {error}", file=sys.stderr)
    except Taken as error:
        print(error, file=sys.stderr)
    return 75


def _furnished_and_run(shelf: Shelf, options: argparse.Namespace, passed: list[str]) -> int:
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {text}", flush=True)

    with emulated_arm64(), tempfile.TemporaryDirectory(prefix="muster-native-") as name:
        room = furnished(shelf, say, image=options.image)
        try:
            return _all(room, Path(name), passed, say=say, limit_s=options.within)
        except subprocess.TimeoutExpired:
            say(f"FAILED: not over within {options.within} s")
            return 1


def _options() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(prog="rig.native", description=__doc__)
    parser.add_argument("--within", type=int, default=1_800, metavar="S", help="kill what is not over after so many seconds")
    parser.add_argument("--image", type=Path, metavar="FILE", help="another ext4 with an arm64 Debian 12 than the rig's own")
    return parser.parse_known_args()


def _all(room: Room, tmp: Path, passed: list[str], *, say: Callable[[str], None], limit_s: float) -> int:
    """The tests, and how far the templates are from this machine's; with options of pytest only the tests that they leave."""
    began = time.monotonic()
    wanted = _collected()
    say(f"{len(wanted)} tests touch native code")
    status = room.run(_pytest(wanted, passed), tmp, limit_s=limit_s)
    for test, reason in LEFT_OUT.items():
        print(f"left out: {test}\n    {reason}")
    ran, said = counts(tmp / "native.xml")
    say(f"on arm64: {said}, {len(LEFT_OUT)} left out, in {time.monotonic() - began:.0f} s")
    if passed:
        return status
    if stale := LEFT_OUT.keys() - set(wanted):
        say(f"FAILED: left out, and not there: {', '.join(sorted(stale))}")
    if ran != len(wanted) - len(LEFT_OUT):
        say(f"FAILED: {ran} tests ran to their end, {len(wanted) - len(LEFT_OUT)} should have")
    is_near = _templates_are_near(room, tmp, say=say, limit_s=limit_s - (time.monotonic() - began))
    return int(bool(status or stale or ran != len(wanted) - len(LEFT_OUT) or not is_near))


def _collected() -> list[str]:
    """The names of all tests that touch native code, asked here, where that is quick."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", "native", "--collect-only", "-q"]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise RuntimeError(f"the tests could not be collected: {done.stdout[-2000:]}")
    return [line for line in done.stdout.splitlines() if line.startswith("tests/") and "::" in line]


def _pytest(wanted: list[str], passed: list[str]) -> list[str]:
    files = sorted({test.partition("::")[0] for test in wanted})
    left_out = [part for test in LEFT_OUT for part in ("--deselect", test)]
    run = ("-m", "pytest", "-p", "no:cacheprovider", "-q", "-n", "2", "--dist", "worksteal", "-m", "native")
    return [*ENVIRONMENT, *run, "--junitxml=/tmp/native.xml", *left_out, *files, *passed]


def counts(results: Path) -> tuple[int, str]:
    """How many tests ran, skipped ones not among them, and how all ended, in words."""
    if not results.exists():
        return 0, "pytest did not end"
    [suite] = ET.parse(results).getroot()  # noqa: S314  pytest's own
    n, skipped, failed, errors = (int(suite.attrib[key]) for key in ("tests", "skipped", "failures", "errors"))
    reasons = sorted({skip.get("message", "") for skip in suite.iter("skipped")})
    told = f" ({'; '.join(reasons)})" if reasons else ""
    return n - skipped, f"{n - skipped - failed - errors} passed, {skipped} skipped{told}, {failed + errors} failed"


def _templates_are_near(room: Room, tmp: Path, *, say: Callable[[str], None], limit_s: float) -> bool:
    if not PORTRAITS.is_dir():
        say("templates of both platforms were not compared: the demonstration portraits are not here (make portraits)")
        return True
    if room.run([*ENVIRONMENT, "-m", "rig.native.platforms", "/tmp/there.npz"], tmp, limit_s=limit_s):  # noqa: S108
        return False
    with np.load(tmp / "there.npz") as there:
        far = apart(answers(), dict(there))
    for kind, differences in far.items():
        say(f"arm64 from x86, {kind} of {len(differences)} portraits, the farthest: {max(differences):.3g}")
    return max(far["template"] + far["template of one place"]) <= MAX_DISTANCE and max(far["crop of one place"]) == 0


if __name__ == "__main__":
    sys.exit(main())
