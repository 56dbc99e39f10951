"""Names in folders that survive a power cut."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_CANNOT_TELL = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}


def settle(folder: Path) -> None:
    """Wait until the medium has the names of a folder, where its file system can tell (FAT and some shares cannot).

    Raises:
        OSError: the folder is not there, or the medium fails.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_TELL:
            raise
    finally:
        os.close(descriptor)
