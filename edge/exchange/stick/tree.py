"""A stick's folders and files, reached from its top step by step: no link is followed, only files and folders are opened.

The top is opened once. What is mounted, linked or renamed over its place afterwards is another place, and while it is open the
stick cannot be unmounted in favour of another.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

MAX_DEPTH = 8
"""Folders are not entered below this, whatever a damaged file system says is in them."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC


class OtherSizeError(OSError):
    """A file has not the size that it must have."""


class Tree:
    """The top folder of a stick, open; a context manager. Names below it have slashes, and else the bytes as they are listed."""

    def __init__(self, top: Path) -> None:
        """Open the folder.

        Raises:
            OSError: it is not there, is no folder, or cannot be read.
        """
        self.top = top
        self._descriptor = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Let go of it, so that it can be unmounted. Closing twice is allowed."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def is_in_place(self) -> bool:
        """Whether what can be reached under its path is still this one: to be asked before others write there by path."""
        try:
            return os.path.samestat(self.top.stat(), os.fstat(self._descriptor))
        except OSError:
            return False

    def read(self, name: str, *, at_most: int, size: int | None = None) -> bytes:
        """The content of an ordinary file.

        Args:
            name: below the top, as in ``enrol/1042 Ada/1.jpg``.
            at_most: bytes; a longer file is refused.
            size: what it must have, where that is known; nothing is read of a file of another.

        Raises:
            OtherSizeError: it has not that size.
            OSError: its ``strerror`` says what is there instead.
        """
        with self._folder_of(name) as (folder, last):
            if not stat.S_ISREG(os.stat(last, dir_fd=folder, follow_symlinks=False).st_mode):
                raise OSError(errno.EINVAL, "a link, a folder, a pipe or a device, not a file", name)
            # Should a pipe have come into its place since: O_NONBLOCK does not wait for its other end.
            with open(os.open(last, _FILE, dir_fd=folder), "rb", buffering=0) as file:  # noqa: PTH123  a descriptor
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode):
                    raise OSError(errno.EINVAL, "a pipe or a device, not a file", name)
                if found.st_size > at_most:
                    raise OSError(errno.EFBIG, f"larger than {_shown(at_most)}", name)
                if size is not None and found.st_size != size:
                    raise OtherSizeError(errno.EINVAL, f"{found.st_size:,} bytes, not {size:,} as listed", name)
                return _all_of(file.fileno(), found.st_size)

    def has(self, name: str) -> bool:
        """Whether something of this name is there, be it what it may.

        Raises:
            OSError: it cannot be told.
        """
        try:
            self.size(name)
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        """How many bytes something of this name has, be it what it may.

        Raises:
            OSError: it is not there, or it cannot be told.
        """
        with self._folder_of(name) as (folder, last):
            return os.stat(last, dir_fd=folder, follow_symlinks=False).st_size

    def is_folder(self, name: str) -> bool:
        """Whether a folder of this name is there, and no link to one.

        Raises:
            OSError: it cannot be told.
        """
        try:
            with self._folder_of(name) as (folder, last):
                return stat.S_ISDIR(os.stat(last, dir_fd=folder, follow_symlinks=False).st_mode)
        except FileNotFoundError:
            return False

    def walk(self, name: str, *, at_most: int) -> Iterator[str]:
        """Everything below a folder that is no folder itself, in no order; links, pipes and devices too, which `read` refuses.

        Args:
            name: of the folder; nothing comes where it is not there or no folder.
            at_most: so many names are looked at, folders among them, and no more.

        Raises:
            OSError: a folder cannot be read; or, after the last of them, that there are more.
        """
        waiting, n_seen = [name], 0
        while waiting:
            folder = waiting.pop()
            for below, is_folder in self._entries(folder):
                n_seen += 1
                if n_seen > at_most:
                    raise OSError(errno.EFBIG, f"more than {at_most:,} files and folders; the others are not looked at", name)
                if is_folder and below.count("/") < MAX_DEPTH:
                    waiting.append(below)
                else:
                    yield below

    def _entries(self, name: str) -> Iterator[tuple[str, bool]]:
        """What is in a folder, and whether it is a folder itself; nothing where there is no such folder."""
        with contextlib.ExitStack() as stack:
            try:
                folder, last = stack.enter_context(self._folder_of(name))
                descriptor = os.open(last, _FOLDER, dir_fd=folder)
            except (FileNotFoundError, NotADirectoryError):
                return
            except OSError as error:
                if error.errno == errno.ELOOP:
                    return
                raise
            stack.callback(os.close, descriptor)
            with os.scandir(descriptor) as entries:
                for entry in entries:
                    yield f"{name}/{entry.name}", entry.is_dir(follow_symlinks=False)

    @contextlib.contextmanager
    def _folder_of(self, name: str) -> Iterator[tuple[int, str]]:
        """The folder that a name is in, open, and the last part of the name."""
        *above, last = _parts(name)
        descriptor = os.dup(self._descriptor)
        try:
            for part in above:
                below = os.open(part, _FOLDER, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = below
            yield descriptor, last
        finally:
            os.close(descriptor)


def _parts(name: str) -> list[str]:
    """The parts of a name below the top.

    Raises:
        OSError: it leads elsewhere, or can be nobody's name here.
    """
    parts = name.split("/")
    try:
        os.fsencode(name)
    except UnicodeEncodeError as error:
        raise OSError(errno.EILSEQ, "no name that a file can have here", name) from error
    if "\0" in name or not set(parts).isdisjoint({"", ".", ".."}):
        raise OSError(errno.EINVAL, "no name below the top of the stick", name)
    return parts


def _all_of(descriptor: int, size: int) -> bytes:
    """So many bytes, or fewer where the file got shorter meanwhile."""
    content = bytearray()
    while len(content) < size:
        some = os.read(descriptor, min(size - len(content), 1 << 20))
        if not some:
            break
        content += some
    return bytes(content)


def _shown(n_bytes: int) -> str:
    return f"{n_bytes // 1_000_000} MB" if n_bytes >= 1_000_000 else f"{n_bytes:,} bytes"
