"""Where the doctor looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge.device.header import BOARD
from edge.device.tpu import sticks
from edge.device.tpu.library import LibraryPlaces
from edge.device.tpu.opening import TpuPlaces
from edge.doctor import update


@dataclass(frozen=True, slots=True)
class Places:
    """Where the doctor looks.

    Attributes:
        sysfs: the kernel's view of the hardware.
        board: file that names the computer.
        packages: folders of installed packages; this interpreter's own when None.
        manifest: names the networks; the one that `muster run` uses when None.
        dev: the device nodes.
        proc: the processes.
        library: where libedgetpu is looked for.
        vcgencmd: asks a Raspberry Pi's firmware.
        environment: variables of the processes that open an Edge TPU, beside those of this one.
        open_s: how long the Edge TPU may take to open.
        updates: where updates tell what became of them.
        root: a folder on the system's own disk.
    """

    sysfs: Path = sticks.SYSFS
    board: Path = BOARD
    packages: Sequence[str] | None = None
    manifest: Path | None = None
    dev: Path = sticks.DEV
    proc: Path = sticks.PROC
    library: LibraryPlaces = field(default_factory=LibraryPlaces)
    vcgencmd: Path = Path("/usr/bin/vcgencmd")
    environment: Mapping[str, str] = field(default_factory=dict)
    open_s: float = 15.0
    updates: Path = update.FOLDER
    root: Path = Path("/")

    @property
    def tpu(self) -> TpuPlaces:
        """The part of it that concerns an Edge TPU."""
        return TpuPlaces(self.sysfs, self.dev, self.proc, self.library)
