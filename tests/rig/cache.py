"""The user's cache: what took long to make, kept from one run to the next, and who may change it meanwhile."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


def cache() -> Path:
    """Where guests are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "muster-rig"


class Taken(Exception):  # noqa: N818  nothing is wrong
    """Somebody else needs the cache as it is, or changes it now."""


@dataclass
class Shelf:
    """A cache that nobody else changes as long as we hold it.

    Attributes:
        folder: of the cache.
    """

    folder: Path
    _lock: int
    _is_alone: bool = False

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else needs what is there: it may be changed, and what is old be removed.

        Raises:
            Taken: somebody does.
        """
        if self._is_alone:
            yield
            return
        self._take(fcntl.LOCK_EX)
        self._is_alone = True
        try:
            yield
        finally:
            self._is_alone = False
            self._take(fcntl.LOCK_SH)

    def kept(self, name: str, make: Callable[[Path, Callable[[str], None]], None], say: Callable[[str], None]) -> Path:
        """A folder of the cache; of its kind (the word before the dash) only the latest stays.

        Args:
            name: tells what it is made from.
            make: fills the folder, where it is not there yet.
            say: hears what is being done.

        Raises:
            Taken: it has to be made, and another run still needs what is there.
        """
        folder, kind = self.folder / name, name.partition("-")[0]
        if folder.exists():
            return folder
        with self.alone():
            for old in (*self.folder.glob(f"{kind}-*"), *self.folder.glob(f".{kind}-*.part")):
                shutil.rmtree(old)
            work = folder.with_name(f".{name}.part")
            work.mkdir()
            began = time.monotonic()
            make(work, say)
            work.rename(folder)
            say(f"{kind}: made in {time.monotonic() - began:.0f} s")
        return folder

    def _take(self, how: int) -> None:
        try:
            fcntl.flock(self._lock, how | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Taken(
                f"{self.folder} is in use: `make rig` or `make arm64-test` runs already. Wait until it is over."
            ) from error


@contextmanager
def held(folder: Path) -> Iterator[Shelf]:
    """The cache, for as long as this lasts; others may hold it, too.

    Raises:
        Taken: somebody changes it now.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("ab") as file:
        shelf = Shelf(folder, file.fileno())
        shelf._take(fcntl.LOCK_SH)
        yield shelf


def digest(parts: list[str]) -> str:
    """A word that tells from what something was made."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
