"""A Raspberry Pi as far as QEMU has one: an arm64 machine with pins, USB, a network and disks, and the ways into it."""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rig.inside import Inside
from rig.lines import Change, beeps, signals, spans
from rig.parts import Board, Disk, call
from rig.wire import Wire, WireError

from edge.device.patterns import Colour
from edge.types import Signal

GPIO_DATA = 0x0903_03FC
"""All eight lines at once: PL061 technical reference manual, 3.3.1, at the address that `-M virt` gives it."""

RED, GREEN, BUZZER, BUTTON = 5, 6, 7, 4
"""The lines that the rig's configuration names; 3 is the machine's own power button."""

_CHANGE = re.compile(r"@(?P<at>[0-9.]+):pl061_set_output .* setting output (?P<line>\d) to (?P<level>[01])")

COMMAND_LINE = "root=/dev/vda rw console=ttyAMA0 quiet net.ifnames=0"


@dataclass
class Machine(Inside):
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

    def start(self) -> Machine:
        """Switch it on, or wake it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("monitor", "agent"):
            (self.folder / name).unlink(missing_ok=True)
        for disk in self.disks.values():
            disk.make()
        command = ["qemu-system-aarch64", *self.board.arguments(), *self._ports()]
        for name, disk in self.disks.items():
            command += disk.arguments(name)
        command += ["-append", f"{COMMAND_LINE} {self.further}"]
        if self.state:
            command += ["-incoming", f"exec:cat {self.state}"]
        with (self.folder / "qemu.log").open("wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self._monitor = Wire(self.folder / "monitor")
        self._monitor.greet()
        if self.state:
            self.wait("the frozen machine is awake", lambda: self.monitor("query-status")["status"] == "running", limit_s=60)
        return self

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

    def lines(self) -> int:
        """The eight GPIO lines, bit by bit, read from outside the guest."""
        said = self.monitor("human-monitor-command", command_line=f"xp /1xw 0x{GPIO_DATA:x}")
        return int(said.split(":")[1], 16) & 0xFF

    def is_on(self, line: int) -> bool:
        """Whether a line is high."""
        return bool(self.lines() >> line & 1)

    def line_changes(self) -> list[Change]:
        """Every change of a line that QEMU has seen so far."""
        return [
            Change(float(found["at"]), int(found["line"]), found["level"] == "1")
            for found in _CHANGE.finditer((self.folder / "lines.log").read_text(errors="replace"))
        ]

    def signals(self, *, since_s: float = 0.0) -> list[Signal]:
        """What LED and buzzer have said, from a moment of the host's clock (`time.time()`) on."""
        seen = spans(self.line_changes(), red=RED, green=GREEN, buzzer=BUZZER, until_s=time.time())
        return [signal for at_s, signal in signals(seen) if at_s >= since_s]

    def beeps(self, *, since_s: float) -> list[tuple[Colour, int]]:
        """The answers that were heard from a moment on: the light with each, and how many beeps."""
        seen = spans(self.line_changes(), red=RED, green=GREEN, buzzer=BUZZER, until_s=time.time())
        return [(colour, n) for at_s, colour, n in beeps(seen) if at_s >= since_s]

    def wait_for(self, signal: Signal, *, since_s: float, limit_s: float) -> float:
        """Seconds from a moment until LED and buzzer have said this, pattern and all."""

        def found() -> list[float]:
            seen = spans(self.line_changes(), red=RED, green=GREEN, buzzer=BUZZER, until_s=time.time())
            return [at_s - since_s for at_s, said in signals(seen) if at_s >= since_s and said is signal]

        return float(self.wait(f"the panel says {signal.value!r}", found, limit_s=limit_s)[0])

    def plug(self, image: Path, *, name: str = "stick", read_only: bool = False, bytes_per_s: int | None = None) -> None:
        """Put a USB stick in.

        Args:
            image: what it holds, as raw bytes.
            name: of the stick; several can be in.
            read_only: as by the switch that some have.
            bytes_per_s: no faster than that.
        """
        file = {"driver": "file", "filename": str(image)}
        disk: dict[str, Any] = {"driver": "raw", "read-only": read_only, "file": file}
        if bytes_per_s:
            with contextlib.suppress(WireError):  # it is there from the last time
                self.monitor("object-add", qom_type="throttle-group", id="slow", limits={"bps-total": bytes_per_s})
            disk = {"driver": "throttle", "read-only": read_only, "throttle-group": "slow", "file": disk}
        self.monitor("blockdev-add", node_name=name, **disk)
        self.monitor(
            "device_add", driver="usb-storage", id=f"usb-{name}", bus="usb.0", drive=name, serial=f"RIG-{name}", removable=True
        )

    def carry(self, folder: Path, into: str) -> None:
        """Bring files into the guest: as a tar archive on a disk that holds no file system."""
        archive = self.folder / "carried.tar"
        call("tar", "-cf", archive, "-C", folder, ".")
        self.plug(archive, name="carried")
        self.wait(
            "the carried disk is there", lambda: self.run("test -b /dev/disk/by-id/usb-*RIG-carried*").code == 0, limit_s=60
        )
        self.must(f"mkdir -p {into} && tar -xf /dev/disk/by-id/usb-*RIG-carried* -C {into}", limit_s=180)
        self.unplug(name="carried")

    def unplug(self, *, name: str = "stick") -> None:
        """Pull it out, whatever is being written."""
        self.monitor("device_del", id=f"usb-{name}")
        self.wait(f"{name} is out", lambda: self._let_go(name), limit_s=20)

    def n_written(self, name: str) -> int:
        """How many bytes the guest has written to a stick so far."""
        of = [each["stats"] for each in self.monitor("query-blockstats") if f"usb-{name}" in each.get("qdev", "")]
        return int(of[0]["wr_bytes"]) if of else 0

    def _let_go(self, name: str) -> bool:
        try:
            self.monitor("blockdev-del", node_name=name)
        except WireError:
            return False
        return True

    def freeze(self, state: Path) -> None:
        """Write the machine's memory into a file, from which it wakes as often as one likes, and end it."""
        self.monitor("migrate", uri=f"exec:cat >{state}")
        self.wait("the machine is frozen", lambda: self.monitor("query-migrate").get("status") == "completed", limit_s=120)
        self.kill()

    def kill(self) -> None:
        """The power cut: the emulator is gone from one instruction to the next."""
        if self._process:
            self._process.kill()
            self._process.wait(timeout=30)
        for wire in (self._monitor, self._agent):
            if wire:
                wire.close()
        self._process = self._monitor = self._agent = None

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
        """
        until = time.monotonic() + limit_s
        while not (found := condition()):
            if time.monotonic() > until:
                raise TimeoutError(f"not within {limit_s:.0f} s: {what}")
            if self._process is None or self._process.poll() is not None:
                raise RuntimeError(f"the machine has ended: {(self.folder / 'qemu.log').read_text()[-800:]}")
            time.sleep(pause_s)
        return found
