"""The unit's data disk as a file: made, and looked into as the kernel of this machine finds it after a power cut."""

from __future__ import annotations

import gc
import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rig.replay import copy

MIB = 1 << 20
DATA_AT = MIB
"""Where the first partition begins, in bytes: the data."""

_LINUX = 0x83
_PARTITION = struct.Struct("<B3sB3sII")


def make_disk(path: Path, *, size_mib: int = 192, notes_mib: int = 1) -> None:
    """Make a disk with two partitions: an empty ext4 for the data, and a raw one for what `rig.recorder` notes.

    Raises:
        CalledProcessError: mke2fs fails.
    """
    n_data, n_notes = (size_mib - 1 - notes_mib) * MIB, notes_mib * MIB
    path.write_bytes(_table([(DATA_AT, n_data), (DATA_AT + n_data, n_notes)]))
    os.truncate(path, size_mib * MIB)
    features = ("-F", "-q", "-t", "ext4", "-L", "muster-data", "-m", "0", "-E", f"offset={DATA_AT},nodiscard")
    _call("mke2fs", *features, str(path), f"{n_data // 1024}k")


def _table(partitions: list[tuple[int, int]]) -> bytes:
    """A master boot record with partitions, each with its first byte and its length."""
    rows = [_PARTITION.pack(0, b"\xfe\xff\xff", _LINUX, b"\xfe\xff\xff", at // 512, length // 512) for at, length in partitions]
    return bytes(440) + b"RIG\0\0\0" + b"".join(rows).ljust(64, b"\0") + b"\x55\xaa"


@contextmanager
def mounted(image: Path, offset: int = DATA_AT) -> Iterator[Path]:
    """The folder in which a file system lies open, whose journal the kernel has replayed; afterwards it is let go of. Root.

    Raises:
        CalledProcessError: it cannot be mounted.
    """
    with TemporaryDirectory(prefix="rig-disk-") as folder:
        _call("mount", "-t", "ext4", "-o", f"loop,nosuid,nodev,noatime,offset={offset}", str(image), folder)
        try:
            yield Path(folder)
        finally:
            gc.collect()  # a database that could not be opened is let go of only now
            _call("umount", "--lazy", folder)


@contextmanager
def taken_out(image: Path, offset: int = DATA_AT) -> Iterator[Path]:
    """The same where nothing may be mounted: e2fsck replays the journal, and debugfs copies the files out of the image.

    Raises:
        CalledProcessError: there is no file system that e2fsck can mend.
    """
    with TemporaryDirectory(prefix="rig-disk-") as folder:
        part = Path(folder) / "part.img"  # e2fsck forgets an offset once it has replayed the journal
        copy(image, part, begin=offset)
        _call("e2fsck", "-fy", str(part), allowed=(0, 1))
        (Path(folder) / "files").mkdir()
        _call("debugfs", "-R", f"rdump / {folder}/files", str(part))
        yield Path(folder) / "files"


def _call(*command: str, allowed: tuple[int, ...] = (0,)) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode not in allowed:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
