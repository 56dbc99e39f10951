"""Writing what the build makes."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


def replace(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it: a build that is stopped leaves the old file or the new one, both whole."""
    replace_all({path: content})


def replace_all(contents: Mapping[Path, bytes]) -> None:
    """The same for files that belong together: all are written beside their places before the first is renamed.

    A full disk therefore changes none of them. They are renamed in the order in which they are given, so put the file that
    names the others last: killed in between, it names what is not there any more, and its hashes tell. Two who write into
    one folder at once do so one after the other.

    Raises:
        OSError: one of them cannot be written; nothing was changed.
    """
    beside = {path: path.with_name(f"{path.name}.part") for path in contents}
    with _alone(next(iter(contents)).parent):
        _replace(contents, beside)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else who asks in this way is in the folder meanwhile; whoever comes second waits."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(contents: Mapping[Path, bytes], beside: Mapping[Path, Path]) -> None:
    try:
        for path, content in contents.items():
            beside[path].write_bytes(content)
        for path in contents:
            if path.is_dir():  # no file can be renamed to it; asked before the first one is
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        for path, written in beside.items():
            written.replace(path)
    finally:
        for written in beside.values():
            written.unlink(missing_ok=True)
