"""What a scenario works with: machines that wake or are switched on, sticks, and what the lines said."""

from __future__ import annotations

import itertools
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rig.build import Built
from rig.machine import Machine
from rig.mount import mounted
from rig.parts import Disk
from rig.recording import raw

from edge.store import FILE_NAME, Store

LEFT_S = 1_800.0
"""Within which a machine must have been left that others wait for."""

NO_TIME = "there was no time left"


class Skipped(Exception):  # noqa: N818  nothing is wrong
    """A scenario cannot be played here; the text says why."""


@dataclass
class Bench:
    """Where scenarios are played.

    Attributes:
        built: the guest.
        folder: for overlays, sticks and logs; empty at first.
        say: hears what goes on.
        kept: what one scenario leaves for later ones: frozen machines, by name.
        coming: names of machines that scenarios which are still to be played, or are being played, will leave.
        is_over: there is no time left.
    """

    built: Built
    folder: Path
    say: Callable[[str], None]
    kept: dict[str, Frozen] = field(default_factory=dict)
    coming: set[str] = field(default_factory=set)
    is_over: bool = False
    _machines: list[Machine] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _news: threading.Condition = field(default_factory=threading.Condition)
    _waited_s: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))

    def place(self) -> Path:
        """A new folder."""
        path = self.folder / str(next(self._numbers))
        path.mkdir(parents=True)
        return path

    def awake(self, frozen: str = "at work", *, log: bool = False) -> Machine:
        """A machine that goes on where it was frozen; not started yet.

        Args:
            frozen: which; "at work" is the one that was built, another is waited for.
            log: whether each write to the data disk is logged.

        Raises:
            Skipped: the scenario that would have left it has not.
        """
        of = Frozen(self.built.frozen_root, self.built.frozen_data, self.built.state)
        if frozen != "at work":
            of = self.left(frozen)
        return self._machine(of.root, of.data, state=of.state, log=log)

    def off(self, *, further: str = "", data: Path | None = None) -> Machine:
        """A machine that is off, with Muster installed; not started yet.

        Args:
            further: more of the kernel's command line.
            data: another data disk, raw, that is written to itself.
        """
        machine = self._machine(self.built.root, self.built.data)
        machine.further = further
        if data:
            machine.disks["data"] = Disk(data, is_raw=True)
        return machine

    @contextmanager
    def database(self, machine: Machine) -> Iterator[Store]:
        """The unit's database as it would be found if the power were gone now: a copy of the disk, read by this machine.

        Whoever writes it is stopped meanwhile; emulation takes ten seconds to start Muster's own commands.
        """
        image = raw(machine.disks["data"].path, machine.folder / "seen.img")
        with mounted(image) as folder, Store.open(folder / FILE_NAME, unit="rig") as store:
            yield store
        image.unlink()

    def keep(self, name: str, machine: Machine) -> Frozen:
        """Freeze a machine, as it is, for what comes later."""
        state = machine.folder / "state"
        machine.freeze(state)
        frozen = Frozen(machine.disks["root"].path, machine.disks["data"].path, state)
        with self._news:
            self.kept[name] = frozen
            self._news.notify_all()
        return frozen

    def left(self, name: str, *, limit_s: float = LEFT_S) -> Frozen:
        """Wait for the machine that a scenario leaves, which may be played at the same time.

        Raises:
            Skipped: it has failed, is not played, or there is no time left.
        """
        began = time.monotonic()
        with self._news:
            self._news.wait_for(lambda: name in self.kept or name not in self.coming or self.is_over, timeout=limit_s)
            self._waited_s[threading.get_ident()] += time.monotonic() - began
            if self.is_over:
                raise Skipped(NO_TIME)
            if name not in self.kept:
                raise Skipped(f"needs a machine that another scenario leaves ({name}), which it has not")
            return self.kept[name]

    def has_ended(self, name: str, *, has_passed: bool) -> None:
        """The scenario that leaves a machine is over; what it has left counts only if it passed."""
        with self._news:
            self.coming.discard(name)
            if not has_passed:
                self.kept.pop(name, None)
            self._news.notify_all()

    def waited_s(self) -> float:
        """Seconds for which this thread has waited for others since it was asked last."""
        with self._news:
            return self._waited_s.pop(threading.get_ident(), 0.0)

    def _machine(self, root: Path, data: Path, *, state: Path | None = None, log: bool = False) -> Machine:
        place = self.place()
        disks = {
            "root": Disk(place / "root.qcow2", over=root),
            "data": Disk(place / "data.qcow2", over=data, log=place / "writes.log" if log else None),
        }
        machine = Machine(self.built.board, place, disks, state=state)
        self._machines.append(machine)
        if self.is_over:
            raise Skipped(NO_TIME)
        return machine

    def end(self) -> None:
        """Whatever runs is ended, and nothing more begins."""
        with self._news:
            self.is_over = True
            self._news.notify_all()
        for machine in list(self._machines):
            machine.end()


@dataclass(frozen=True)
class Frozen:
    """A machine that can be woken, with the disks that belong to that moment."""

    root: Path
    data: Path
    state: Path
