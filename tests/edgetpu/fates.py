"""What befalls an Edge TPU: every way in which its child process can fail, one after the other, in an order drawn by a seed."""

from __future__ import annotations

import os
import random
import resource
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from edge.device.tpu.process import Order, TpuProcess

AT_A_CALL = ("abort", "segv", "kill", "error", "hang")
"""Words of the stand-in (tests/edgetpu/stand_in.py), with the number of the call."""
WHILE_OPENING = ("abort open", "hang open", "abi", "no device", "wrong")
"""Words of the stand-in: the child never serves."""
FROM_OUTSIDE = ("killed before a call", "killed beside a call", "stopped", "pulled out")
UNSTARTED = ("no descriptor left",)
KINDS = AT_A_CALL + WHILE_OPENING + FROM_OUTSIDE + UNSTARTED
IT_LIVES = {"error", "no device", "wrong", "pulled out", *UNSTARTED}
"""In these the child says so, computes wrongly, has lost its stick or was never begun; in all others it is killed, aborts,
crashes or hangs."""
SIGNALS = {"killed before a call": signal.SIGKILL, "stopped": signal.SIGSTOP}


@dataclass(frozen=True, slots=True)
class Fate:
    """How one child ends, and after how many frames that it has served."""

    kind: str
    n_served: int


def drawn(n: int, *, seed: int, most_served: int) -> list[Fate]:
    """So many fates, every kind as often as any other, in any order."""
    lottery = random.Random(seed)  # noqa: S311 -- a schedule, no secret
    kinds = list(islice(cycle(KINDS), n))
    lottery.shuffle(kinds)
    return [Fate(kind, lottery.randint(0, most_served)) for kind in kinds]


class Port:
    """Where the stick is plugged in: begins children that meet their fates, the next one each; afterwards they live on.

    Args:
        library: the stand-in.
        manifest: names a compiled file of the network.
        fates: of the children, in turn.
        network: the one that is run.
        n_rows: of it in a frame, on average.

    Attributes:
        is_listed: whether the system lists the stick.
        process: the latest child.
        n_met: how many fates were met so far.
    """

    def __init__(
        self, library: Path, manifest: Path, fates: Iterable[Fate], *, network: str = "rnet", n_rows: float = 2.5
    ) -> None:
        self.is_listed = True
        self.process: TpuProcess | None = None
        self.n_met = 0
        self._order = Order(str(library), "", manifest, (network,))
        self._n_rows = n_rows
        self._fates = iter(fates)
        self._fate: Fate | None = None
        self._n_frames = 0  # that the latest child was asked

    @property
    def hangs_while_opening(self) -> bool:
        """Whether the latest child will never be open."""
        return self._fate is not None and self._fate.kind == "hang open"

    def start(self) -> TpuProcess:
        """Begin the next child; an argument of EdgeTpu."""
        self.n_met += self._fate is not None
        self._fate, self._n_frames = next(self._fates, None), 0
        if self._fate and self._fate.kind in UNSTARTED:
            with no_descriptors():
                return TpuProcess.start(self._order)
        self.process = TpuProcess.start(self._order, environment={"MUSTER_STAND_IN": self._told()})
        return self.process

    def _told(self) -> str:
        if self._fate is None or self._fate.kind in FROM_OUTSIDE:
            return ""
        if self._fate.kind in WHILE_OPENING:
            return self._fate.kind
        at = 2 + round(self._fate.n_served * self._n_rows)  # the first call is the self-test's, and then one a row
        return f"{self._fate.kind} {at}"

    @contextmanager
    def frame(self) -> Iterator[None]:
        """While a child that serves is asked: whatever comes from outside comes before that or meanwhile."""
        is_due = self._fate is not None and self._fate.kind in FROM_OUTSIDE and self._n_frames == self._fate.n_served
        self._n_frames += 1
        kind = self._fate.kind if is_due and self._fate else ""
        assassin = threading.Thread(target=self._signal, args=(signal.SIGKILL,))
        if kind == "killed beside a call":
            assassin.start()
        elif kind == "pulled out":
            self.is_listed = False
        elif kind:
            self._signal(SIGNALS[kind])
        yield
        if assassin.ident:
            assassin.join()

    def _signal(self, number: int) -> None:
        if self.process is not None:
            os.kill(self.process.pid, number)


@contextmanager
def no_descriptors() -> Iterator[None]:
    """As if this process had as many files open as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def ended_at_last(pid: int) -> Iterator[int]:
    """A descriptor of a process, be it another's child, that does not outlive the test, whatever the test finds."""
    pidfd = os.pidfd_open(pid)
    try:
        yield pidfd
    finally:
        with suppress(ProcessLookupError):  # it has ended, as it should
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        os.close(pidfd)


@dataclass(frozen=True, slots=True)
class Belongings:
    """What a process has that could be left behind.

    Attributes:
        children: numbers of its child processes, ended ones that nobody has reaped among them.
        descriptors: how many are open.
        memory: pieces of shared memory, mapped or open.
    """

    children: frozenset[int]
    descriptors: int
    memory: int

    @classmethod
    def now(cls) -> Belongings:
        """Of this process."""
        links = [_link(path) for path in Path("/proc/self/fd").iterdir()]
        maps = Path("/proc/self/maps").read_text().splitlines()
        shared = [text for text in (*links, *maps) if "muster-edgetpu" in text or "/dev/shm" in text]  # noqa: S108
        return cls(frozenset(children(os.getpid())), len([link for link in links if link]), len(shared))


def children(parent: int) -> list[int]:
    """The processes that a process has begun and that are still there."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # pid (name) state ppid ...; the name may hold anything.
            if int(path.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(path.parent.name))
        except OSError:  # it has ended meanwhile
            continue
    return found


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:  # that of the folder itself, which is closed again
        return ""
