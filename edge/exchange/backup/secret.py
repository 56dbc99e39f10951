"""Secrets that lie in files: a passphrase, the text of an identity."""

from __future__ import annotations

from pathlib import Path

from edge.errors import BackupError

MAX_BYTES = 100_000


def passphrase(path: Path) -> str:
    """The first line of a file.

    Raises:
        BackupError: it cannot be read, or is empty.
    """
    first, *_ = [*secret(path).splitlines(), ""]
    if not first.strip():
        raise BackupError(f"{path}: its first line is empty. Write the passphrase there.")
    return first


def secret(path: Path) -> str:
    """The text of a small file.

    Raises:
        BackupError: it cannot be read, or is no such text.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise BackupError(f"{path} is too large for a key or a passphrase. Name the right file.")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise BackupError(f"{path} cannot be read ({error.strerror}). Name a file that you may read.") from error
    except UnicodeDecodeError as error:
        raise BackupError(f"{path} is no text. Name the right file.") from error
