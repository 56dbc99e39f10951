"""A stick that is being filled with what nobody should put on one, and the place beside it that nothing may reach."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from random import Random

CANARY = b"what lies beside the stick\n"


@dataclass(frozen=True)
class Plot:
    """Where things are put. Names below the top are bytes, as a file system has them.

    Attributes:
        top: the stick.
        beside: a folder beside it with a canary in it, to which links lead.
        rng: all chance of this content.
        is_light: nothing large is made.
    """

    top: Path
    beside: Path
    rng: Random
    is_light: bool = False

    def at(self, name: bytes) -> bytes:
        """The path of a name; the folders above it are made."""
        path = os.path.join(os.fsencode(self.top), name)  # noqa: PTH118  names are bytes
        with contextlib.suppress(OSError):  # something else is there already
            os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        return path

    def put(self, name: bytes, content: bytes) -> None:
        """A file. Where something is that cannot be written, or the name cannot be had here, nothing."""
        with contextlib.suppress(OSError), open(os.open(self.at(name), _NEW, 0o644), "wb") as file:  # noqa: PTH123
            file.write(content)

    def sparse(self, name: bytes, size: int) -> None:
        """A file of so many bytes of nothing, which take no room."""
        with contextlib.suppress(OSError), open(os.open(self.at(name), _NEW, 0o644), "wb") as file:  # noqa: PTH123
            file.truncate(size)

    def link(self, name: bytes, to: str | bytes) -> None:
        """A link in the place of whatever is there, if that is no folder with something in it."""
        self._clear(name)
        with contextlib.suppress(OSError):
            os.symlink(os.fsencode(to), self.at(name))  # noqa: PTH211

    def hard(self, name: bytes, to: Path) -> None:
        """A second name of a file."""
        self._clear(name)
        with contextlib.suppress(OSError):
            os.link(os.fsencode(to), self.at(name))

    def node(self, name: bytes) -> None:
        """A pipe, a socket, or where this is root a device."""
        self._clear(name)
        path = self.at(name)
        with contextlib.suppress(OSError):
            kind = self.rng.randrange(5)
            if kind < 2 or os.geteuid():
                os.mkfifo(path)
            elif kind == 2:
                with socket.socket(socket.AF_UNIX) as bound:
                    bound.bind(path)
            else:  # zero, full, tty, random: of those that read without an end
                os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(*self.rng.choice([(1, 5), (1, 7), (5, 0), (1, 9)])))

    def folder(self, name: bytes) -> None:
        """A folder, and those above it."""
        with contextlib.suppress(OSError):
            os.makedirs(self.at(name), exist_ok=True)  # noqa: PTH103

    def read(self, name: bytes) -> bytes:
        """What an ordinary file of the stick has; nothing where there is none."""
        try:
            with open(os.open(self.at(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
                return file.read(1_000_000)
        except OSError:
            return b""

    def _clear(self, name: bytes) -> None:
        path = self.at(name)
        with contextlib.suppress(OSError):
            os.rmdir(path)  # noqa: PTH106
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108


_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK
