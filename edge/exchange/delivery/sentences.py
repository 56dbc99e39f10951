"""What is wrong at a destination, said so that it can be put right."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from edge.errors import SyncError

_REASONS = {
    errno.ENOENT: "it is not there. Plug in the stick or mount the share; muster does not make the folder",
    errno.ENOTDIR: "it is not a folder",
    errno.EACCES: "it may not be written. Give the folder to the user that runs muster",
    errno.EPERM: "it may not be written. Give the folder to the user that runs muster",
    errno.EROFS: "it is read-only. Move the stick's switch, or check it for errors",
    errno.ENOSPC: "it is full. Make room",
    errno.EDQUOT: "it is full. Make room",
    errno.EIO: "it fails, or was pulled. Plug it in again; of a share, see that its server is up",
    errno.EBUSY: "somebody has a file open there, in a spreadsheet perhaps. Close it",
    errno.ETXTBSY: "somebody has a file open there, in a spreadsheet perhaps. Close it",
    errno.EWOULDBLOCK: "another Muster is writing there. Try again in a moment",
}

_REASONS |= dict.fromkeys(
    [errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT, errno.ENOTCONN, errno.ESTALE, errno.ECONNABORTED],
    "its server is not reached. See that it is up, and mount the share again",
)

STILL_HERE = "Nothing is lost; the rows go out the next time."

_STAYS_SO = {errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EINVAL, errno.EFBIG}
"""What does not go away by itself."""


@contextmanager
def sentences(name: str, promise: str = "") -> Iterator[None]:
    """What is wrong at a destination as a sentence that names it."""
    try:
        yield
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
        raise _said(f"{name}: {reason}.{promise}", is_retryable=error.errno not in _STAYS_SO) from error
    except SyncError as error:
        raise _said(f"{name}: {error}.{promise}", is_retryable=error.retryable) from error


def _said(text: str, *, is_retryable: bool) -> SyncError:
    error = SyncError(text)
    error.retryable = is_retryable
    return error
