"""The key that seals names and templates: where it is, how one is made, and whether it lies where the database lies."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from edge.errors import ConfigError
from edge.folders import settle
from edge.store.sealing import KEY_BYTES, Seal

CREDENTIAL = "muster-key"
"""What systemd calls the key that it gives to a service (systemd.exec(5), LoadCredential=)."""

SYSFS = Path("/sys")
_N_MOST = 1_000
_HEXADECIMAL = re.compile(rb"\s*([0-9A-Fa-f]{64})\s*")


def find_seal(configured: str, *, environ: Mapping[str, str]) -> Seal:
    """The seal of this unit: with the configured key, else with the credential that systemd gives, else none.

    Args:
        configured: ``privacy.key_file``.
        environ: of this process.

    Raises:
        ConfigError: there should be a key, and it cannot be read or is none.
    """
    path = key_file(configured, environ=environ)
    return Seal.none() if path is None else read_seal(path)


def key_file(configured: str, *, environ: Mapping[str, str]) -> Path | None:
    """Where the key is; None where there is none."""
    if configured:
        return Path(configured).expanduser()
    credential = Path(environ.get("CREDENTIALS_DIRECTORY", "")) / CREDENTIAL
    try:
        return credential if credential.is_absolute() and credential.exists() else None
    except OSError:  # it may not be looked for: whoever reads it says so in a sentence
        return credential


def read_seal(path: Path) -> Seal:
    """The seal with the key of a file: 64 hexadecimal digits, or 32 bytes.

    Raises:
        ConfigError: it cannot be read, or is no key.
    """
    try:
        content = _read(path)
    except OSError as error:
        raise ConfigError(
            f"the key {path} cannot be read ({error.strerror}). Mount what it lies on, be the user that owns it, or name another"
            " in privacy.key_file."
        ) from error
    digits = _HEXADECIMAL.fullmatch(content)
    key = bytes.fromhex(digits[1].decode()) if digits else content
    if len(key) != KEY_BYTES:
        raise ConfigError(
            f"{path} is no key: it should be {2 * KEY_BYTES} hexadecimal digits, as `muster key make FILE` writes them, and"
            f" has {len(content) if len(content) <= _N_MOST else f'more than {_N_MOST}'} bytes. Name the right file."
        )
    if len(set(key)) == 1:
        raise ConfigError(
            f"{path} is no key: all its bytes are the same, as a power cut leaves them. Put the copy of the key in its place."
        )
    return Seal.of(key)


def make_key(path: Path) -> Seal:
    """Write a new key into a new file that its owner alone may read; nothing is ever written over.

    Raises:
        ConfigError: something is there already, or it cannot be written.
    """
    key = secrets.token_bytes(KEY_BYTES)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            _write(path, descriptor, f"{key.hex()}\n".encode())
        finally:
            os.close(descriptor)
        settle(path.parent)
    except FileExistsError as error:
        raise ConfigError(f"{path} is there already, and no key is ever written over. Name a new file.") from error
    except OSError as error:
        raise ConfigError(f"{path}: no key can be written there ({error.strerror}). Name a file that you may write.") from error
    return Seal.of(key)


def doubts(key: Path, folder: Path, *, sysfs: Path = SYSFS) -> list[str]:
    """What is wrong with where a key lies, beside the folder of a database; half sentences, none where it lies well."""
    found = []
    try:
        if is_within(key, folder):
            found.append("it lies in the data folder, and is copied with it")
        elif folder.exists() and _is_beside(key, folder, sysfs):
            found.append("it lies on the disk of the database, and whoever takes that has both")
        if key.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            found.append("others than its owner may read it")
    except OSError as error:
        found.append(f"nobody can say how safe it is there ({error.strerror})")
    return found


def is_within(key: Path, folder: Path) -> bool:
    """Whether a key lies in a folder or below, under its own name or another."""
    return key.absolute().parent.resolve().is_relative_to(folder.resolve()) or key.resolve().is_relative_to(folder.resolve())


def _is_beside(key: Path, folder: Path, sysfs: Path) -> bool:
    """Whether both are on one disk, be it on two partitions."""
    first, second = (_disk(path.stat().st_dev, sysfs) for path in (key, folder))
    return first == second


def _disk(device: int, sysfs: Path) -> Path | int:
    """The whole disk of a file system, as the kernel lists it; its number where it is on none (memory, a share)."""
    block = (sysfs / "dev" / "block" / f"{os.major(device)}:{os.minor(device)}").resolve()
    if not block.exists():
        return device
    return block.parent if (block / "partition").exists() else block


def _read(path: Path) -> bytes:
    # A pipe would be waited for without end.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "a folder, a pipe or a device, not a file", str(path))
        return file.read(_N_MOST + 1) or b""


def _write(path: Path, descriptor: int, content: bytes) -> None:
    """All of it, settled; half a key is taken away."""
    try:
        if os.write(descriptor, content) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()
        raise
