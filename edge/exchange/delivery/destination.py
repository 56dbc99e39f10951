"""What a delivery asks of a place, whichever way it is reached."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from itertools import count
from pathlib import PurePath

from edge.exchange.delivery.marker import Marker

OURS = ("attendance-", "attlog-", "frappe-", "muster-destination.")
"""How the names of the files begin that a delivery writes anew, one for each month and dialect, and of the marker."""

MAX_BYTES = 200_000_000
"""A month's file is not read beyond this: some 1.6 million rows before the chain, 600,000 since."""


class Destination(ABC):
    """A place for files, each known by its name.

    Raises:
        OSError: from every method: what is wrong there.
        SyncError: the same, as a sentence.
    """

    name: str

    @abstractmethod
    def visit(self) -> AbstractContextManager[Marker]:
        """While the block runs it has proven what it is, and other Musters keep out."""

    @abstractmethod
    def look(self) -> Marker:
        """Which destination it proves to be; nothing is written."""

    @abstractmethod
    def prepare(self, marker: Marker) -> Marker:
        """Make it a destination, once; whoever is one already stays what they are."""

    @abstractmethod
    def recover(self) -> list[str]:
        """Clear up after an interrupted delivery; names of copies that were kept of torn files."""

    @abstractmethod
    def read(self, name: str) -> bytes | None:
        """The content of a file; None where there is none."""

    @abstractmethod
    def keep(self, name: str, content: bytes) -> None:
        """Write a file that stays as it is."""

    @abstractmethod
    def replace(self, name: str, content: bytes, *, before: bytes | None) -> None:
        """Write a month's file, whole or not at all.

        Args:
            name: of the file.
            content: all of it.
            before: what is there now, if that is whole. Of anything else there is a copy already.
        """

    def is_whole(self, _name: str, _content: bytes) -> bool:
        """Whether a file is as it was delivered, as far as this place can tell."""
        return True

    def set_aside(self, name: str, content: bytes) -> str:
        """Keep a copy under the first free name; a copy, because until the new file is there the old one is all there is."""
        path = PurePath(name)
        for number in count(1):
            aside = path.with_suffix(f".set-aside-{number}{path.suffix}").name
            kept = self.read(aside)
            if kept is None:
                self.keep(aside, content)
            if kept is None or kept == content:
                return aside
        raise AssertionError("there is always a free name")
