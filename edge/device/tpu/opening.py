"""What must be right before the Edge TPU is opened: the library, the stick, this user's rights, and nobody else at work on it.

Each time it is to be opened all of that is looked at anew, so whoever installs the library, mends the rights or ends the other
process need not start Muster again.
"""

from __future__ import annotations

import hashlib
import math
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge.device.tpu import sticks
from edge.device.tpu.edgetpu import NOT_PLUGGED_IN
from edge.device.tpu.last_words import printable
from edge.device.tpu.library import Library, LibraryPlaces, require
from edge.device.tpu.process import Order, TpuFailure, TpuProcess
from edge.device.tpu.spawn import dying
from edge.device.tpu.sticks import Holder, Stick
from edge.errors import DeviceError

UNPLUG = "Unplug it and plug it in again if that stays so"

N_SHOWN = 100
"""Characters of another process's command line."""

RIGHTS_S = 1.0
"""So long a stick that was plugged in is given for udev to see to its rights; the kernel lists it before. On an emulated computer
0.17 s were the most (docs/install.md, "On a real kernel, without the stick")."""


@dataclass(frozen=True, slots=True)
class TpuPlaces:
    """Where an Edge TPU and its library are looked for; of this computer where nothing else is said."""

    sysfs: Path = sticks.SYSFS
    dev: Path = sticks.DEV
    proc: Path = sticks.PROC
    library: LibraryPlaces | None = None


class Opening:
    """Begins the process that opens the Edge TPU, when nothing stands in its way.

    Args:
        order: what it is to open; the library as the configuration names it.
        places: where to look.
        start: begins the process.
        now_s: seconds of a clock that never jumps.

    Attributes:
        library: the one that was found last, or None.
    """

    def __init__(
        self,
        order: Order,
        places: TpuPlaces | None = None,
        *,
        start: Callable[[Order], TpuProcess] = TpuProcess.start,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._order, self._places, self._start, self._now_s = order, places or TpuPlaces(), start, now_s
        self._claim = Claim()
        self._absence = NOT_PLUGGED_IN
        self._seen: tuple[Path | None, float] | None = None  # the stick's node at the latest look, and since when
        self.library: Library | None = None

    def is_listed(self) -> bool:
        """Whether the system lists the Edge TPU that is ordered; not yet while one that has just come waits for its rights."""
        stick = self._stick()
        node, now_s = stick.node if stick else None, self._now_s()
        if self._seen is None:
            self._seen = node, -math.inf  # it has been there, for all that is known
        elif self._seen[0] != node:
            self._seen = node, now_s
        return node is not None and (now_s - self._seen[1] >= RIGHTS_S or sticks.is_writable(node))

    def absence(self) -> str:
        """What is to be said when it was not there at the latest look, a clause: which one is meant, where there are others."""
        return self._absence

    def speed_mbps(self) -> float | None:
        """Of the link to it; None on PCIe, and while it is not there."""
        found = self._stick()
        return found.speed_mbps if found else None

    def check(self) -> Library:
        """See whether it could be opened now, and claim it for this process.

        Raises:
            TpuFailure: what stands in its way, and what to do.
        """
        try:
            self.library = require(self._order.library, self._places.library)
        except DeviceError as error:
            raise TpuFailure(str(error)) from error
        stick = self._stick()
        if stick is None:
            raise TpuFailure(self._absence)
        self._check_rights(stick)
        return self.library

    def start(self) -> TpuProcess:
        """Begin the process, with the very library that was looked at.

        Raises:
            TpuFailure: what stands in its way, and what to do.
            OSError: the system has no room for another process.
        """
        return self._start(replace(self._order, library=str(self.check().path)))

    def close(self) -> None:
        """Let others have it. Closing twice is allowed."""
        self._claim.release()

    def _stick(self) -> Stick | None:
        all_there = sticks.sticks(self._places.sysfs, self._places.dev)
        found = sticks.chosen(self._order.device, all_there)
        self._absence = NOT_PLUGGED_IN if found else _absence(self._order.device, all_there)
        return found[0] if found else None

    def _check_rights(self, stick: Stick) -> None:
        if not stick.node.exists():
            raise TpuFailure(f"{stick.node} is not there, though the system lists it. A container has to be given the device")
        if not sticks.is_writable(stick.node):
            raise TpuFailure(f"this user may not open {stick.node}. Install the udev rules for it: docs/install.md says how")
        is_ours = self._claim.take(f"{self._places.sysfs.absolute()} {stick.place}")
        others = sticks.holders(stick.node, self._places.proc)  # never this process: its child opens it, and none is at work now
        if is_ours and others and {holder.pid for holder in others} <= dying():
            raise TpuFailure(f"its former process ({others[0].pid}) has not ended yet: it waits for the device. {UNPLUG}")
        if others or not is_ours:
            raise TpuFailure(f"it is busy: {_who(others, is_ours=is_ours)}. End that one, or name another: accelerator.device")


def _absence(device: str, there: Sequence[Stick]) -> str:
    """That the one that is meant is not there."""
    if not there:
        return NOT_PLUGGED_IN
    others = ", ".join(f"{stick.device} ({stick.place})" for stick in there)
    return f'accelerator.device = "{device}" is not plugged in; there is {others}'


def _who(others: Sequence[Holder], *, is_ours: bool) -> str:
    """Who has it. The processes of another user are hidden from all but root."""
    if not is_ours:
        child = f" (a `muster run`, say; the library is in its child {others[0].pid})" if others else ""
        return f"another process of Muster has it{child}"
    return f"process {others[0].pid} ({_short(others[0].command)}) has it"


def _short(command: str) -> str:
    """What another process is called, which may hold anything, as a part of one line in the journal."""
    return printable(" ".join(command.split())[:N_SHOWN])


class Claim:
    """The right to use one thing of this computer, which one process has at a time; for whoever asks, not against malice.

    libedgetpu may reset a USB stick before it finds out that somebody uses it (google-coral/libedgetpu, driver/usb/usb_driver.cc,
    PrepareUsbDevice: the port is reset, and only afterwards the interface claimed, unless Usb.AlwaysDfu is on). So whoever only
    tried whether it is free could take it from the door. The right is a name that a socket is bound to: it needs no folder that
    several users may write to, and the kernel takes it back when the process ends, however it ends.
    """

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._name = ""

    def take(self, name: str) -> bool:
        """Have the thing of this name, in place of any other; False when another process has it."""
        if self._socket and self._name == name:
            return True
        self.release()
        # In Linux's abstract namespace, which is what the zero byte says; it takes 107 bytes: unix(7).
        address = "\0muster-" + hashlib.sha256(name.encode()).hexdigest()
        self._socket, self._name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), name
        try:
            self._socket.bind(address)
        except OSError:
            self.release()
            return False
        return True

    def release(self) -> None:
        """Let others have it."""
        if self._socket:
            self._socket.close()
        self._socket = None
