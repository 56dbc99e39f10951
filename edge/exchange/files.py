"""Files on sticks and shares: read without being fooled, replaced as a whole or not at all, locked against each other."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from edge import folders
from edge.errors import EnrolError, MusterError, StoreError

PART = ".part"
"""How the name of a temporary file ends. One that is there when nobody writes is left over from an interrupted run."""

LOCK_NAME = ".muster.lock"

_NO_LOCKS_HERE = {errno.ENOTSUP, errno.ENOLCK, errno.ENOSYS, errno.EINVAL, errno.EBADF}
"""EBADF: on NFS whoever may only read a file cannot lock it."""

_MEDIUM_FAILS = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS}


def unwritable(shown: str, error: OSError, *, advice: str = "") -> MusterError:
    """What to say of a file or folder that cannot be written: a full or failing medium (74), or a place of no use now (65)."""
    if isinstance(error, BlockingIOError):
        return EnrolError(f"another Muster is at work in {shown}. Wait until it is done.")
    if error.errno in _MEDIUM_FAILS:
        advice = advice or "What is there stays. Make room, or name another place, and do the same again."
        return StoreError(f"{shown}: cannot be written ({error.strerror}). {advice}")
    advice = advice or "Name a folder that you may write into."
    return EnrolError(f"{shown}: cannot be written ({error.strerror or error}). {advice}")


def read_regular(path: Path, *, at_most: int) -> bytes:
    """The content of an ordinary file. Never opens a device or a pipe, never follows a link.

    Args:
        path: of the file.
        at_most: bytes; a longer file is refused.

    Raises:
        OSError: its ``strerror`` says what is there instead.
    """
    if not stat.S_ISREG(path.lstat().st_mode):
        raise OSError(errno.EINVAL, "a link, a pipe or a device, not a file", str(path))
    # Between the look above and the opening somebody may have put a pipe there: O_NONBLOCK does not wait for its other end.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "a pipe or a device, not a file", str(path))
        content = file.read(at_most + 1)
    if len(content) > at_most:
        raise OSError(errno.EFBIG, f"larger than {at_most // 1_000_000} MB", str(path))
    return content


class Files:
    """Each method below is one step that a pulled stick or a power cut can come after; tests fail them one by one."""

    mode = 0o644

    def create(self, path: Path, content: bytes) -> None:
        """Write a file that is not there yet, and wait until the medium has it."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags, self.mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def rename(self, source: Path, target: Path) -> None:
        """Put one name in the place of another."""
        source.replace(target)

    def settle(self, folder: Path) -> None:
        """Wait until the medium has the names of a folder, where its file system can tell (FAT and some shares cannot)."""
        folders.settle(folder)

    def remove(self, path: Path) -> None:
        """Delete a file, if it is there."""
        path.unlink(missing_ok=True)

    def stage(self, path: Path, content: bytes) -> Path:
        """Write the new content of a file beside it, whole.

        The temporary file is in the same folder: a rename between file systems is a copy and not atomic.
        """
        part = _part(path)
        self.remove(part)
        try:
            self.create(part, content)
        except OSError:
            with contextlib.suppress(OSError):
                self.remove(part)
            raise
        return part

    def sweep(self, path: Path) -> None:
        """Delete what an interrupted `replace` has left beside a file: FAT may keep both names."""
        self.remove(_part(path))

    def replace(self, path: Path, content: bytes) -> None:
        """After this the file has the new content. If it is interrupted, the file has the old content or the new, whole."""
        part = self.stage(path, content)
        try:
            self.rename(part, path)
        except OSError:
            with contextlib.suppress(OSError):
                self.remove(part)
            raise
        self.settle(path.parent)


class PrivateFiles(Files):
    """Files that only their owner may read: faces."""

    mode = 0o600


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}{PART}")


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other Musters out of a folder while the block runs; the lock dies with the process.

    Where the file system knows no locks the block runs without: whoever writes last then wins, and what the other one
    wrote comes back with its next delivery in that month.

    Raises:
        BlockingIOError: another Muster is in there.
        OSError: the folder cannot be written.
    """
    path = folder / LOCK_NAME
    if not _is_regular_or_free(path):
        raise OSError(errno.EINVAL, f"{LOCK_NAME} is a link, a folder, a pipe or a device; remove it", str(path))
    descriptor = _lock_file(path)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _NO_LOCKS_HERE:
                raise
        if not _is_still_there(path, descriptor):
            raise BlockingIOError(errno.EWOULDBLOCK, "another Muster has just been here", str(path))
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                path.unlink()
    finally:
        os.close(descriptor)


def _lock_file(path: Path) -> int:
    """The open file. One that another user's unit has left, as on shares that delete no open file, is opened to be read."""
    flags = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | flags, 0o644)
    except PermissionError:
        with contextlib.suppress(OSError):
            return os.open(path, os.O_RDONLY | flags)
        raise


def _is_regular_or_free(path: Path) -> bool:
    """Whether a file can be made or opened there: what else lies on a stick is not opened, for that alone may harm."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return True


def _is_still_there(path: Path, descriptor: int) -> bool:
    """Whether the file that was locked is the one that the next process will find."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
