"""How full the disk under the ledger is: nothing is ever overwritten, so what is short of room has to be said in time."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

FULL_FROM, SHORT_BELOW, SCARCE_BELOW, NONE_BELOW = 0.9, 500_000_000, 100_000_000, 20_000_000
"""Share in use, and bytes free. A year of a hundred people is about 50 MB: 100,000 rows of 455 bytes with their indexes."""


class Usage(Protocol):
    """What `shutil.disk_usage` answers, in bytes."""

    @property
    def used(self) -> int:
        """In use."""

    @property
    def free(self) -> int:
        """Free for whoever is not root."""


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes in use on a disk, and bytes free."""

    used: int
    free: int

    ADVICE: ClassVar = (
        "make room, or move the data folder to a larger disk: nothing is overwritten, and once it is full no row is written"
    )

    @classmethod
    def on(cls, folder: Path, *, usage: Callable[[Path], Usage] = shutil.disk_usage) -> Room:
        """What there is on the disk of a folder.

        Raises:
            OSError: the disk does not say.
        """
        found = usage(folder)
        return cls(found.used, found.free)

    @property
    def is_short(self) -> bool:
        """Whether somebody should see to it."""
        return self.free < SHORT_BELOW or self.used >= FULL_FROM * (self.used + self.free)

    @property
    def is_scarce(self) -> bool:
        """Whether that is to be seen at the door, too."""
        return self.free < SCARCE_BELOW

    @property
    def is_none(self) -> bool:
        """Whether the next row may be the last."""
        return self.free < NONE_BELOW

    def __str__(self) -> str:
        """As in "91 % full, 3.1 GB free"."""
        return f"{int(100 * self.used / max(self.used + self.free, 1))} % full, {self.free / 1e9:.1f} GB free"
