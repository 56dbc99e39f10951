"""What the unit may ask of the system: an empty file in a folder that systemd looks into, as deploy/systemd/*.path say.

The unit has no right to shut anything down or to start a unit, and needs none.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from edge.errors import DeviceError
from edge.ports import Wish


class RequestFiles:
    """Wishes as files; implements `edge.ports.Requests`.

    Args:
        folder: in memory: a wish must not survive a start of the system.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def of_service(cls, environ: Mapping[str, str] | None = None) -> Self | None:
        """In the folder that systemd has made for this service (RuntimeDirectory=); None where it has made none."""
        named = (os.environ if environ is None else environ).get("RUNTIME_DIRECTORY", "").split(":")[0]
        return cls(Path(named)) if named else None

    def ask(self, wish: Wish) -> None:
        """Leave it there.

        Raises:
            DeviceError: it cannot be left.
        """
        try:
            self._file(wish).touch(mode=0o600)
        except OSError as error:
            raise DeviceError(f"{self._file(wish)}: cannot be written ({error.strerror}). Start the service anew.") from error

    def is_waiting(self, wish: Wish) -> bool:
        """Whether it is still there."""
        return self._file(wish).exists()

    def withdraw(self, wish: Wish) -> None:
        """Take it away."""
        with suppress(OSError):
            self._file(wish).unlink()

    def _file(self, wish: Wish) -> Path:
        return self._folder / wish.value
