"""What a process asked of the disk, call by call, as `disk_log.c` wrote it down."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).with_name("disk_log.c")
COMPILER = shutil.which("cc")
"""None: the tests that need it are skipped, and say so."""

_HEAD = struct.Struct("=IcBHHQQ")

WORDS = {
    "c": "create",
    "w": "write",
    "t": "truncate",
    "r": "rename",
    "l": "link",
    "u": "remove",
    "m": "make folder",
    "s": "sync",
    "S": "sync folder",
    "M": "map",
    "A": "say",
}


def build(folder: Path) -> Path:
    """The library that is preloaded, built into a folder."""
    library = folder / "disk_log.so"
    command = [str(COMPILER), "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    return library


class Call(NamedTuple):
    """One call. ``kind`` is a letter of `WORDS`; ``at`` is an offset, or a length for "t"."""

    kind: str
    failed: bool
    inode: int
    at: int
    path: str
    second: str
    data: bytes

    @property
    def is_point(self) -> bool:
        """Whether the process can be ended here: neither an acknowledgement nor a map is a change of the disk."""
        return self.kind not in "AM"

    def __str__(self) -> str:
        """For the report of a loss."""
        where = " -> ".join(filter(None, (self.path, self.second))) or f"inode {self.inode}"
        size = f", {len(self.data)} bytes at {self.at}" if self.kind == "w" else f" to {self.at}" if self.kind == "t" else ""
        return f"{WORDS[self.kind]} {where}{size}{' (failed)' if self.failed else ''}"


def read(path: Path, root: Path) -> list[Call]:
    """The calls of a log, with names below ``root``, which is an absolute path without links."""
    raw, calls, start = path.read_bytes(), [], 0
    while start < len(raw):
        total, kind, failed, n_path, n_second, inode, at = _HEAD.unpack_from(raw, start)
        names = start + _HEAD.size
        first, second = raw[names : names + n_path], raw[names + n_path : names + n_path + n_second]
        data = raw[names + n_path + n_second : start + total]
        calls.append(Call(kind.decode(), bool(failed), inode, at, _below(first, root), _below(second, root), data))
        start += total
    return calls


def _below(name: bytes, root: Path) -> str:
    return os.path.relpath(os.path.normpath(os.fsdecode(name)), root) if name else ""
