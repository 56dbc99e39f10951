"""The `muster run` that is at work in this data folder, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge import status
from edge.device.lock import at_work
from edge.errors import DeviceError
from edge.status import Status


@dataclass(frozen=True, slots=True)
class Unit:
    """A `muster run` at work.

    Attributes:
        pid: its process; 0 where it has not yet said which.
        status: what it has left; None when it has left nothing yet, is ending, or another left what is there.
    """

    pid: int
    status: Status | None

    @property
    def is_degraded(self) -> bool:
        """Whether its Edge TPU has failed, and does not serve again yet."""
        accelerator = self.status.accelerator if self.status else None
        return accelerator is not None and accelerator.state == status.DEGRADED

    def __str__(self) -> str:
        """What the doctor calls it."""
        return f"`muster run` (process {self.pid})" if self.pid else "`muster run`"


def user_of_devices(data: Path) -> Unit | None:
    """The one of a data folder that has camera and pins; None also where nobody can say, and then these are tried."""
    try:
        return unit_at_work(data)
    except DeviceError:
        return None


def unit_at_work(data: Path) -> Unit | None:
    """The one of a data folder; None when there is none.

    Raises:
        DeviceError: nobody can say whether there is one.
    """
    pid = at_work(data)
    if pid is None:
        return None
    found = status.read(data / status.FILE_NAME)
    is_current = found is not None and found.pid == pid and found.stopped_utc is None
    return Unit(pid, found if is_current else None)
