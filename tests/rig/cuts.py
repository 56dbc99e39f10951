"""Cuts the power behind a hundred requests of a log, and looks at each disk that may be left: is anything acknowledged lost?

PYTHONPATH=tests python -m rig.cuts --log data.log --base base.img
It prints each cut with a finding, and ends with 1 where there is one.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rig.ledger_check import Acknowledged, findings
from rig.mount import mounted, taken_out
from rig.replay import Cut, Replay, points
from rig.writelog import Noted, WriteLog

Way = Callable[[Path], AbstractContextManager[Path]]
"""Into an image: `mounted` or `taken_out`."""


@dataclass(frozen=True)
class Verdict:
    """One cut, and what was found after it.

    Attributes:
        cut: how the power failed.
        n_acknowledged: rows that had been acknowledged by then.
        found: what is wrong.
    """

    cut: Cut
    n_acknowledged: int
    found: list[str]

    def __str__(self) -> str:
        return f"{self.cut}; {self.n_acknowledged} rows acknowledged: {'; '.join(self.found) or 'all is well'}"


def judged(log: WriteLog, base: Path, *, n: int = 100, seed: int = 1, way: Way = mounted) -> Iterator[Verdict]:
    """Cut after cut, from the first thing on that was noted.

    Args:
        log: what was written.
        base: what the disk held when the log began, as raw bytes.
        n: how many cuts.
        seed: of the chance.
        way: how the image is looked into.

    Raises:
        ValueError: nothing was noted, so nothing could be lost.
    """
    noted = list(log.acknowledged())
    if not noted:
        raise ValueError(f"in {log.path} nothing is noted that was acknowledged; did the recorder run with --notes?")
    with (
        TemporaryDirectory(prefix="rig-cuts-", dir=base.parent) as folder,
        Replay(log, base, Path(folder) / "flushed.img") as disk,
    ):
        for index in points(log, n=n, seed=seed, first=noted[0].entry):
            disk.forward(index)
            cut = disk.cut(Path(folder) / "cut.img", seed=seed)
            known = known_at(noted, index)
            yield Verdict(cut, len(known.rows), found_in(Path(folder) / "cut.img", known, way))


def known_at(noted: list[Noted], entry: int) -> Acknowledged:
    """What had been acknowledged when an entry was logged. A note that was under way counts: it was made after the fact."""
    return Acknowledged.of(note.text for note in noted if note.entry <= entry)


def found_in(image: Path, known: Acknowledged, way: Way = mounted) -> list[str]:
    """What is wrong on a disk, whose file system is opened for it and may change; nothing where all is well."""
    try:
        with way(image) as folder:
            return findings(folder, known)
    except subprocess.CalledProcessError as error:
        return [f"the file system cannot be opened: {error.stderr.strip()}"]


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", type=Path, required=True, help="of blklogwrites")
    parser.add_argument("--base", type=Path, required=True, help="the disk when the log began, raw; its folder must have room")
    parser.add_argument("--cuts", type=int, default=100, help="how many")
    parser.add_argument("--seed", type=int, default=1, help="of the chance")
    parser.add_argument("--take-out", action="store_true", help="mount nothing: e2fsck and debugfs")
    wanted = parser.parse_args()
    began, way = time.monotonic(), taken_out if wanted.take_out else mounted
    with WriteLog.open(wanted.log) as log:
        verdicts = list(judged(log, wanted.base, n=wanted.cuts, seed=wanted.seed, way=way))
    bad = [verdict for verdict in verdicts if verdict.found]
    print(*bad, sep="\n", end="\n" if bad else "")
    print(f"{len(verdicts)} cuts, {len(bad)} with a loss, {verdicts[-1].n_acknowledged} rows, {time.monotonic() - began:.1f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
