"""What a scenario works with: machines that wake or are switched on, sticks, and what the lines said."""

from __future__ import annotations

import itertools
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

IS_DONE = 'test "$(systemctl show -P ActiveState {unit})" = inactive -o "$(systemctl show -P ActiveState {unit})" = failed'


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
        is_over: there is no time left.
    """

    built: Built
    folder: Path
    say: Callable[[str], None]
    kept: dict[str, Frozen] = field(default_factory=dict)
    is_over: bool = False
    _machines: list[Machine] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def place(self) -> Path:
        """A new folder."""
        path = self.folder / str(next(self._numbers))
        path.mkdir(parents=True)
        return path

    def awake(self, frozen: str = "at work", *, log: bool = False) -> Machine:
        """A machine that goes on where it was frozen; not started yet.

        Args:
            frozen: which; "at work" is the one that was built.
            log: whether each write to the data disk is logged.

        Raises:
            Skipped: the scenario that would have left it has not.
        """
        if frozen != "at work" and frozen not in self.kept:
            raise Skipped(f"needs a machine that another scenario leaves ({frozen})")
        of = self.kept.get(frozen) or Frozen(self.built.frozen_root, self.built.frozen_data, self.built.state)
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
        self.kept[name] = Frozen(machine.disks["root"].path, machine.disks["data"].path, state)
        return self.kept[name]

    def _machine(self, root: Path, data: Path, *, state: Path | None = None, log: bool = False) -> Machine:
        place = self.place()
        disks = {
            "root": Disk(place / "root.qcow2", over=root),
            "data": Disk(place / "data.qcow2", over=data, log=place / "writes.log" if log else None),
        }
        machine = Machine(self.built.board, place, disks, state=state)
        self._machines.append(machine)
        if self.is_over:
            raise Skipped("there was no time left")
        return machine

    def end(self) -> None:
        """Whatever runs is ended, and nothing more begins."""
        self.is_over = True
        for machine in self._machines:
            machine.kill()


@dataclass(frozen=True)
class Frozen:
    """A machine that can be woken, with the disks that belong to that moment."""

    root: Path
    data: Path
    state: Path
