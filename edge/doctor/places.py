"""Where the doctor looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.device.panel import BOARD
from edge.device.tpu import sticks


@dataclass(frozen=True, slots=True)
class Places:
    """Where the doctor looks.

    Attributes:
        sysfs: the kernel's view of the hardware.
        board: file that names the computer.
        packages: folders of installed packages; this interpreter's own when None.
        manifest: names the networks; the one that `muster run` uses when None.
    """

    sysfs: Path = sticks.SYSFS
    board: Path = BOARD
    packages: Sequence[str] | None = None
    manifest: Path | None = None
