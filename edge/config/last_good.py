"""The last configuration with which the unit was ready: what it goes on with when the present one has a fault."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edge.config.sections import Config
from edge.config.toml import of_text, read
from edge.errors import ConfigError
from edge.folders import settle

FILE_NAME = "muster.last-good.toml"
"""In the data folder, word for word as its author wrote it."""


@dataclass(frozen=True, slots=True)
class LastGood:
    """A configuration that has worked.

    Attributes:
        config: what it says.
        path: where it is kept.
        text: as it was written.
        kept_utc: since when it is kept.
    """

    config: Config
    path: Path
    text: str
    kept_utc: datetime

    def __str__(self) -> str:
        """What it is called in a sentence."""
        return f"the last configuration that worked ({self.path}, of {self.kept_utc:%Y-%m-%d %H:%M} UTC)"


def digest(text: str) -> str:
    """Tells one text from another, and nothing about it."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def keep(text: str, data: Path) -> None:
    """Keep a configuration with which the unit is ready, for its owner alone; nothing is written where it is the same.

    Args:
        text: as its author wrote it.
        data: the data folder.

    Raises:
        OSError: it cannot be written; the one before is as it was.
    """
    kept = last_good(data)
    if kept is not None and kept.text == text:
        return
    path = data / FILE_NAME
    part = path.with_name(f".{FILE_NAME}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            os.fchmod(file.fileno(), 0o600)  # what is copied may have been so, too
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise
    settle(data)


def last_good(data: Path) -> LastGood | None:
    """The one that is kept; None where there is none, or none that this version of Muster can use.

    Args:
        data: the data folder.
    """
    path = data / FILE_NAME
    try:
        text = read(path)
        kept_utc = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return LastGood(of_text(text, origin=str(path)), path, text, kept_utc)
    except (ConfigError, OSError):
        return None
