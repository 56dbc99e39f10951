"""What a machine is made of: its board and its disks."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEMORY_MIB = 1024

WITH_US = ("setpriv", "--pdeathsig", "KILL")
"""Before a command: it is killed when the thread ends that has started it, and with our process, however that ends."""


@dataclass(frozen=True)
class Board:
    """What the machine is started with, and what does not change from start to start.

    Attributes:
        folder: with vmlinuz and initrd.img.
        tree: the device tree.
    """

    folder: Path
    tree: Path

    def arguments(self) -> list[str]:
        """Of QEMU; the same each time, for a frozen machine wakes only in the same body."""
        return [
            *("-M", "virt,gic-version=2", "-cpu", "cortex-a72", "-accel", "tcg,thread=multi", "-smp", "2", "-m", str(MEMORY_MIB)),
            *("-display", "none", "-no-reboot", "-nodefaults", "-dtb", str(self.tree)),
            *("-kernel", str(self.folder / "vmlinuz"), "-initrd", str(self.folder / "initrd.img")),
            *("-device", "virtio-serial-pci,id=ports", "-device", "qemu-xhci,id=usb"),
        ]


@dataclass
class Disk:
    """A disk of the machine: an overlay, so that what it lies over stays as it is.

    Attributes:
        over: what is below; ``None``: `path` itself is written.
        is_raw: of `over`, or of `path` where there is none.
        log: where each write is logged (QEMU's blklogwrites), for cuts afterwards.
    """

    path: Path
    over: Path | None = None
    is_raw: bool = False
    log: Path | None = None

    def make(self) -> None:
        """Make the overlay, empty, and the log."""
        if self.log:
            self.log.write_bytes(b"")
        if self.over:
            self.path.unlink(missing_ok=True)
            below = os.path.relpath(self.over, self.path.parent)  # folders of the cache are renamed once they are whole
            call("qemu-img", "create", "-q", "-f", "qcow2", "-b", below, "-F", "raw" if self.is_raw else "qcow2", self.path)

    def arguments(self, name: str) -> list[str]:
        """Of QEMU. The guest's flushes do not reach this machine's disk; they are logged all the same (`rig.writelog`)."""
        driver = "raw" if self.is_raw and not self.over else "qcow2"
        blocks = ["-blockdev", f"file,node-name={name}-file,filename={self.path},cache.no-flush=on"]
        blocks += ["-blockdev", f"{driver},node-name={name}-disk,file={name}-file"]
        node = f"{name}-disk"
        if self.log:
            blocks += ["-blockdev", f"file,node-name={name}-log,filename={self.log},cache.no-flush=on"]
            blocks += ["-blockdev", f"blklogwrites,node-name={name}-logged,file={node},log={name}-log,log-sector-size=512"]
            node = f"{name}-logged"
        return [*blocks, "-device", f"virtio-blk-pci,drive={node},serial={name}"]


def call(*command: Any, limit_s: float = 120.0, allowed: tuple[int, ...] = (0,)) -> str:
    """What a program of this machine said; it must succeed."""
    done = subprocess.run(
        [str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit_s, check=False
    )
    if done.returncode not in allowed:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}: {done.stderr.strip()[-800:]}")
    return done.stdout
