"""What a configuration names and can be looked at without a device, a network or another place: for ``muster config --check``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

from edge.config import Config
from edge.errors import BackupError, ConfigError, SyncError
from edge.exchange.backup.envelope import Lock
from edge.exchange.delivery.address import SCHEME, Address
from edge.matching.classifiers import require
from edge.store.key import read_seal

_OF_SSH = re.compile(r"%|\$\{")
"""What ssh itself puts something in place of, in the name of a file."""


def faults(config: Config) -> Iterator[str]:
    """A sentence for each thing that would stop a unit, a delivery or a backup, though each value is right by itself."""
    yield from _key(config.privacy.key_file)
    yield from _accelerator(config)
    yield from _method(config.matching.method)
    for name in config.sync.destinations:
        yield from _destination(name)
    for key, name in (("ssh_key", config.sync.ssh_key), ("ssh_known_hosts", config.sync.ssh_known_hosts)):
        if not _OF_SSH.search(name):
            yield from _file(f"sync.{key}", name)
    yield from _recipient(config.backup.recipient)


def _key(name: str) -> Iterator[str]:
    if not name:
        return
    try:
        read_seal(_path(name))
    except (ConfigError, ValueError) as error:  # the latter of a name with a zero byte in it
        yield f"'privacy.key_file' is {name!r}: {error}"


def _accelerator(config: Config) -> Iterator[str]:
    kind, library = config.accelerator.kind, config.accelerator.library
    if kind == "edgetpu" and set(astuple(config.placement)) == {"cpu"}:
        yield "'accelerator.kind' is 'edgetpu', and 'placement' puts every network on the CPU; change one of the two."
    if kind != "cpu" and "/" in library:
        yield from _file("accelerator.library", library)


def _method(method: str) -> Iterator[str]:
    if method == "nearest":
        return
    try:
        require(f"'matching.method' is {method!r}, which", ', or set method = "nearest"')
    except ConfigError as error:
        yield str(error)


def _destination(name: str) -> Iterator[str]:
    if name.startswith(SCHEME):
        try:
            Address.parse(name)
        except SyncError as error:
            yield f"'sync.destinations' holds {name!r}: {error}."
    elif not Path(name).is_absolute():
        yield (
            f"'sync.destinations' holds {name!r}, which is neither the whole path of a folder, such as /mnt/share, nor"
            " sftp://user@host/folder. A share is mounted first, and then named by its folder."
        )


def _recipient(text: str) -> Iterator[str]:
    if not text:
        return
    try:
        Lock.for_recipient(text)
    except BackupError as error:
        yield f"'backup.recipient': {error}"


def _file(key: str, name: str) -> Iterator[str]:
    """Whether it is a file that this user may read; nothing for one that is not named."""
    why = _unreadable(_path(name)) if name else ""
    if why:
        yield f"'{key}' is {name!r}, which cannot be read ({why}). Name a file that is there and that the unit's user may read."


def _unreadable(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            return "a folder, a pipe or a device, not a file"
        with path.open("rb"):
            return ""
    except (OSError, ValueError) as error:  # the latter of a name with a zero byte in it
        return getattr(error, "strerror", None) or str(error)


def _path(name: str) -> Path:
    return Path(os.path.expanduser(name))  # noqa: PTH111 -- Path.expanduser raises where there is no such home
