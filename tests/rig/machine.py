"""A Raspberry Pi as far as QEMU has one: an arm64 machine with pins, USB, a network and disks, and the ways into it."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rig.panel import BUZZER, GREEN, RED, Panel
from rig.parts import WITH_US, Board, Disk
from rig.usb import Usb
from rig.wire import Wire

__all__ = ["BUZZER", "GREEN", "RED", "Ended", "Machine"]

COMMAND_LINE = "root=/dev/vda rw console=ttyAMA0 quiet net.ifnames=0"


class Ended(RuntimeError):  # noqa: N818  that is what a power cut does
    """The machine has ended before its time."""


@dataclass
class Machine(Usb, Panel):
    """One that runs.

    Attributes:
        board: what it is made of.
        folder: its sockets, logs and overlays; its own.
        disks: root first, then data, then what is carried in.
        state: a frozen machine that wakes; without one it is switched on.
        network: further parts of QEMU's user network, such as a share.
        further: more of the kernel's command line.
    """

    board: Board
    folder: Path
    disks: dict[str, Disk]
    state: Path | None = None
    network: Sequence[str] = ()
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _monitor: Wire | None = field(default=None, repr=False)
    _agent: Wire | None = field(default=None, repr=False)
    further: str = ""
    _turn: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _is_over: bool = field(default=False, repr=False)

    def start(self) -> Machine:
        """Switch it on, or wake it. Not by a thread that ends before the machine does: the machine would end with it.

        Raises:
            Ended: nothing is to begin any more.
            WireError: QEMU does not answer.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("monitor", "agent"):
            (self.folder / name).unlink(missing_ok=True)
        for disk in self.disks.values():
            disk.make()
        command = [*WITH_US, *self.command()]
        with (self.folder / "qemu.log").open("wb") as log, self._turn:
            if self._is_over:
                raise Ended("the machine has ended before it was started")
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            self._greet()
        except BaseException:
            self.kill()
            raise
        return self

    def _greet(self) -> None:
        self._monitor = Wire(self.folder / "monitor")
        self._monitor.greet()
        if self.state:
            self.wait("the frozen machine is awake", lambda: self.monitor("query-status")["status"] == "running", limit_s=60)

    def command(self) -> list[str]:
        """QEMU, as it is called."""
        command = ["qemu-system-aarch64", *self.board.arguments(), *self._ports()]
        for name, disk in self.disks.items():
            command += disk.arguments(name)
        command += ["-append", f"{COMMAND_LINE} {self.further}"]
        if self.state:
            command += ["-incoming", f"exec:cat {self.state}"]
        return command

    def _ports(self) -> list[str]:
        agent, monitor, console, lines, said = (
            self.folder / name for name in ("agent", "monitor", "console.log", "lines.log", "said.log")
        )
        network = ",".join(["user,id=net,restrict=on", *self.network])
        return [
            *("-chardev", f"socket,id=agent,path={agent},server=on,wait=off"),
            *("-device", "virtserialport,bus=ports.0,nr=1,chardev=agent,name=org.qemu.guest_agent.0"),
            *("-chardev", f"file,id=said,path={said}"),
            *("-device", "virtserialport,bus=ports.0,nr=2,chardev=said,name=rig.said"),
            *("-netdev", network, "-device", "virtio-net-pci,netdev=net,romfile="),
            *("-qmp", f"unix:{monitor},server=on,wait=off"),
            *("-chardev", f"file,id=console,path={console}", "-serial", "chardev:console"),
            *("-trace", "pl061_set_output", "-msg", "timestamp=on", "-D", str(lines)),
        ]

    def monitor(self, command: str, **arguments: Any) -> Any:
        """Ask QEMU.

        Raises:
            WireError: it refused, or is not there.
        """
        assert self._monitor is not None
        return self._monitor.ask(command, **arguments)

    def freeze(self, state: Path) -> None:
        """Write the machine's memory into a file, from which it wakes as often as one likes, and end it."""
        self.monitor("migrate", uri=f"exec:cat >{state}")
        self.wait("the machine is frozen", lambda: self.monitor("query-migrate").get("status") == "completed", limit_s=120)
        self.kill()

    def kill(self) -> None:
        """The power cut: the emulator is gone from one instruction to the next."""
        with self._turn:
            process, self._process = self._process, None
            wires, self._monitor, self._agent = (self._monitor, self._agent), None, None
            if process:
                process.kill()
                process.wait(timeout=30)
        for wire in wires:
            if wire:
                wire.close()

    def end(self) -> None:
        """Whatever it does: it is killed, and never started again. For any thread."""
        self._is_over = True
        self.kill()

    def power_off(self, *, limit_s: float = 120.0) -> None:
        """Let the guest shut down by itself."""
        assert self._process is not None
        self.run("systemctl poweroff --no-block")
        self._process.wait(timeout=limit_s)
        self.kill()

    def __enter__(self) -> Machine:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()

    def said(self) -> list[str]:
        """Whole lines that a program in the guest has written to the port ``/dev/virtio-ports/rig.said``."""
        return (self.folder / "said.log").read_bytes().decode(errors="replace").rpartition("\n")[0].splitlines()

    def wait(self, what: str, condition: Callable[[], Any], *, limit_s: float, pause_s: float = 0.2) -> Any:
        """What a condition gives as soon as that is true.

        Raises:
            TimeoutError: it was not, in time.
            Ended: it cannot be any more.
        """
        until = time.monotonic() + limit_s
        while not (found := condition()):
            if time.monotonic() > until:
                raise TimeoutError(f"not within {limit_s:.0f} s: {what}")
            process = self._process  # another thread may end it
            if process is None or process.poll() is not None:
                raise Ended(f"the machine has ended: {(self.folder / 'qemu.log').read_text()[-800:]}")
            time.sleep(pause_s)
        return found
