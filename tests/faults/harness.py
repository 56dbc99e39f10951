"""Cuts a scenario at every call that changes or settles a folder, and asks what is left."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Self

from faults import check, log
from faults.cuts import Cut, cuts
from faults.disk import MAPPED, Disk, Folder, Kept
from faults.driver import NEVER
from faults.log import WORDS, Call
from faults.promises import Before, Promised, before
from faults.scene import Scenario

HERE = Path(__file__).resolve()
IN_MEMORY = Path("/dev/shm")  # noqa: S108  where it is there: the model is of a disk, and none is needed for it
N_TOLD = 5
"""So many losses of a scenario are told in words."""


class Run(NamedTuple):
    """One run of the driver: how it ended (as `subprocess` has it), what was said, which calls it made."""

    ended: int
    said: list[dict[str, Any]]
    calls: list[Call]


@dataclass
class Tally:
    """What came of one scenario.

    Attributes:
        scenario: its name.
        n_points: calls at which it was cut.
        n_kills: processes that were killed.
        kinds: in which ways the power was cut -> how often.
        n_folders: how many different folders that left, together with what had been promised.
        losses: what did not hold, with the point.
        n_lost: how often something did not hold.
        n_enough: after so many losses there is no need to go on; 0 is all of them.
    """

    scenario: str
    n_enough: int = 0
    n_points: int = 0
    n_kills: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    n_folders: int = 0
    losses: list[str] = field(default_factory=list)
    n_lost: int = 0
    seconds: float = 0.0

    @property
    def is_enough(self) -> bool:
        """Whether the question is answered."""
        return 0 < self.n_enough <= self.n_lost

    def add(self, where: str, problems: list[str]) -> None:
        """Something did not hold."""
        self.n_lost += bool(problems)
        if problems and len(self.losses) < N_TOLD:
            self.losses.append(f"{where}: {'; '.join(problems)}")


class Harness:
    """The driver and the folder in which it works; a context manager."""

    def __init__(self, folder: Path) -> None:
        self.work, self._log = folder / "work", folder / "log"
        paths = [str(HERE.parent.parent), str(HERE.parent.parent.parent)]
        environment = os.environ | {"LD_PRELOAD": str(log.build(folder)), "PYTHONPATH": os.pathsep.join(paths)}
        command = [sys.executable, "-m", "faults.driver"]
        self._driver = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)

    @classmethod
    @contextlib.contextmanager
    def begun(cls) -> Iterator[Self]:
        """With a temporary folder, in memory where the machine has that."""
        parent = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
        with tempfile.TemporaryDirectory(prefix="muster-faults-", dir=parent) as folder, cls(Path(folder).resolve()) as harness:
            yield harness

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._driver.stdin.close()
        self._driver.stdout.close()
        self._driver.wait()

    def prepared(self, scenario: Scenario) -> Folder:
        """The folder in which a scenario begins."""
        self.lay_out({})
        run = self.run(scenario, acts=False)
        assert run.ended == 0, f"{scenario.name} could not be prepared"
        return self.found()

    def lay_out(self, folder: Folder) -> None:
        """Make the working folder exactly this."""
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()
        for name, content in folder.items():
            if content is None:
                (self.work / name).mkdir()
            else:
                (self.work / name).write_bytes(content)

    def found(self) -> Folder:
        """The working folder as it is, without what SQLite maps."""
        paths = [path for path in sorted(self.work.rglob("*")) if not path.name.endswith(MAPPED)]
        return {str(path.relative_to(self.work)): None if path.is_dir() else path.read_bytes() for path in paths}

    def run(self, scenario: Scenario, *, acts: bool = True, kill_at: int = NEVER, tears: bool = False, sabotage: str = "") -> Run:
        """Let the driver do a scenario, or prepare it, in the working folder."""
        order = {"scenario": scenario.name, "acts": acts, "kill_at": kill_at, "tears": tears, "sabotage": sabotage}
        order |= {"folder": str(self.work), "log": str(self._log)}
        self._driver.stdin.write(f"{json.dumps(order)}\n".encode())
        self._driver.stdin.flush()
        said = []
        for line in self._driver.stdout:
            what = json.loads(line)
            if "ended" in what:
                return Run(what["ended"], said, log.read(self._log, self.work))
            said.append(what)
        raise AssertionError("the driver has ended")

    def ask(self, promised: Promised, known: Before, *, torn: Kept | None = None) -> list[str]:
        """What does not hold in the working folder."""
        with contextlib.chdir(self.work):
            return check.problems(promised, known, torn=torn)

    def known(self, folder: Folder) -> Before:
        """What is there before a scenario begins."""
        self.lay_out(folder)
        with contextlib.chdir(self.work):
            return before()


def whole(harness: Harness, scenario: Scenario, start: Folder) -> Run:
    """A run that nobody cuts; its calls, replayed, give the folder that it left."""
    harness.lay_out(start)
    disk = Disk(harness.work)
    run = harness.run(scenario)
    assert run.ended == 0, f"{scenario.name} fails without a cut"
    seen_through(disk, run, harness)
    return run


def seen_through(disk: Disk, run: Run, harness: Harness) -> None:
    """Make sure that nothing was done to the folder past the log: the model has every byte that is there.

    Raises:
        AssertionError: the log is not the whole truth, so nothing that follows from it would be.
    """
    for call in run.calls:
        disk.apply(call)
    replayed, found = disk.now(), harness.found()
    different = {name for name in replayed.keys() | found.keys() if replayed.get(name, 0) != found.get(name, 0)}
    assert not different, f"not as the log says: {sorted(different)}"


def kill(harness: Harness, scenario: Scenario, tally: Tally, *, kinds: str = "".join(WORDS)) -> None:
    """End the process by SIGKILL at every point, and in the middle of every write.

    Args:
        harness: does it.
        scenario: whose process it is.
        tally: what came of it.
        kinds: of the calls (`faults.log.WORDS`) at which it is ended, where there is no time for all.
    """
    start = harness.prepared(scenario)
    known = harness.known(start)
    points = [call for call in whole(harness, scenario, start).calls if call.is_point]
    tally.n_points = len(points)
    for number, call in ((number, call) for number, call in enumerate(points) if call.kind in kinds):
        for tears in (False, True) if call.kind == "w" else (False,):
            harness.lay_out(start)
            disk = Disk(harness.work)
            run = harness.run(scenario, kill_at=number, tears=tears)
            assert run.ended == -signal.SIGKILL, f"{scenario.name} did not come to call {number}"
            seen_through(disk, run, harness)
            tally.n_kills += 1
            tally.add(f"killed {'in' if tears else 'before'} call {number}, {call}", harness.ask(_promised(run, known), known))


def _promised(run: Run, known: Before) -> Promised:
    promised = Promised.at_first(known)
    for said in run.said:
        promised.hear(said)
    return promised


def cut(harness: Harness, scenario: Scenario, tally: Tally, *, sabotage: str = "", ignoring: str = "") -> None:
    """Cut the power at every point, in every way of `faults.cuts`.

    Args:
        harness: does it.
        scenario: what is cut.
        tally: what came of it.
        sabotage: what is done worse than the product does it (`faults.scene`), for a control that must fail.
        ignoring: kinds of calls that this disk does not heed, "s" or "S"; for a control that must fail.
    """
    start = harness.prepared(scenario)
    known = harness.known(start)
    harness.lay_out(start)
    disk = Disk(harness.work)
    calls = whole_calls(harness, scenario, sabotage)
    promised, seen, n_points = Promised.at_first(known), set(), 0
    for call in [*calls, None]:
        if call is None or call.is_point:
            n_points += 1
            for each in cuts(disk):
                tally.kinds[each.kind] += 1
                tally.n_points, tally.n_folders = n_points, len(seen)
                if tally.is_enough:
                    return
                if _is_new(each, promised, seen):
                    harness.lay_out(each.folder)
                    where = f"{each.kind}, cut before call {n_points - 1}, {call or 'the end'}"
                    tally.add(where, harness.ask(promised, known, torn=each.torn))
        if call is not None and call.kind == "A":
            promised.hear(json.loads(call.data))
        elif call is not None and call.kind not in ignoring:
            disk.apply(call)
    tally.n_points, tally.n_folders = n_points - 1, len(seen)  # the end is no call


def whole_calls(harness: Harness, scenario: Scenario, sabotage: str) -> list[Call]:
    """What a run asks of the disk that nobody cuts, in the folder as it lies there."""
    run = harness.run(scenario, sabotage=sabotage)
    assert run.ended == 0, f"{scenario.name} fails without a cut"
    return run.calls


def _is_new(each: Cut, promised: Promised, seen: set[bytes]) -> bool:
    """Whether this folder has not been looked at yet after these promises."""
    digest = hashlib.blake2b(repr((promised, each.torn)).encode())
    for name, content in sorted(each.folder.items()):
        digest.update(f"{name} {content is None} {len(content or b'')} ".encode())
        digest.update(content or b"")
    is_new = digest.digest() not in seen
    seen.add(digest.digest())
    return is_new


@contextlib.contextmanager
def timed(tally: Tally) -> Iterator[Tally]:
    """Adds the seconds of the block."""
    start = time.perf_counter()
    yield tally
    tally.seconds += time.perf_counter() - start
