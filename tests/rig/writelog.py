"""What a disk was asked to write, in which order: the log of QEMU's blklogwrites, in the form of the kernel's dm-log-writes.

QEMU 7.2 writes it with these arguments (``data.log`` must be there before, and empty; ``data.img`` may be a qcow2)::

    -blockdev driver=file,node-name=data-file,filename=data.img,cache.no-flush=on
    -blockdev driver=raw,node-name=data-disk,file=data-file
    -blockdev driver=file,node-name=data-log,filename=data.log,cache.no-flush=on
    -blockdev driver=blklogwrites,node-name=data-logged,file=data-disk,log=data-log,log-sector-size=512
    -device virtio-blk-pci,drive=data-logged,serial=data

``cache.no-flush`` spares this machine's disk the guest's flushes. It must not stand at data-logged, where it would keep them out
of the log. Without ``discard=unmap`` at data-logged a discard is not passed on, and none is logged. A flush behind which nothing
was written is not passed on either. The base of a replay is the content of the disk when the log began, as raw bytes:
``qemu-img convert -O raw`` of what was there before.

An entry is logged once the file has it, and the guest is told after that: what the guest was told is in the log, before all that
it asked for later. The superblock counts the entries only up to the last flush, so here they are read until there is none.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
MAGIC, VERSION = 0x6A736677736872, 1
SUPER = struct.Struct("<QQQI")
"""Magic, version, entries, bytes of a sector; the first sector of the log."""

ENTRY = struct.Struct("<QQQQ")
"""Sector, sectors, flags, bytes of a mark; a sector of its own, with the data in the sectors behind it."""

MOST_UNDER_WAY = 64
"""Of the entries that are counted so many may not be written when QEMU ends: a disk has no more requests at once."""

ACKNOWLEDGED = b"muster-rig-ack: "
"""How a sector begins in which `rig.recorder` has noted what the store had acknowledged; a line follows."""


class Entry(NamedTuple):
    """One request.

    Attributes:
        at: where on the disk, in bytes.
        length: how many bytes of the disk.
        flags: of `FLUSH`, `FUA`, `DISCARD`, `MARK`.
        data_at: where the bytes are in the log; a discard has none.
    """

    at: int
    length: int
    flags: int
    data_at: int


class Noted(NamedTuple):
    """Something that had been acknowledged when an entry was written, in the recorder's words."""

    entry: int
    text: str


@dataclass(frozen=True)
class WriteLog:
    """A log, of which only the heads of the entries are kept in memory. A context manager.

    Attributes:
        entries: in the order in which the disk was done with them.
    """

    path: Path
    entries: list[Entry]
    _file: int

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the heads.

        Raises:
            ValueError: it is no such log, or it has a hole, or no flush was logged, without which it has no superblock.
        """
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            n_counted, step = _superblock(file)
            entries = list(_entries(file, step))
            if len(entries) < n_counted - MOST_UNDER_WAY:
                raise ValueError(f"{path} has {n_counted} entries, and {len(entries)} can be read: there is a hole in it")
            return cls(path, entries, file)
        except BaseException:
            os.close(file)
            raise

    def bytes_of(self, data_at: int, length: int) -> bytes:
        """Data out of the log."""
        return os.pread(self._file, length, data_at)

    def acknowledged(self) -> Iterator[Noted]:
        """What the recorder has noted, and where."""
        for index, entry in enumerate(self.entries):
            if entry.length and not entry.flags & DISCARD:
                head = self.bytes_of(entry.data_at, min(entry.length, 512))
                if head.startswith(ACKNOWLEDGED):
                    yield Noted(index, head[len(ACKNOWLEDGED) :].split(b"\n")[0].decode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self._file)


def _entries(file: int, step: int) -> Iterator[Entry]:
    """Until the file ends, a head has no content, or the bytes that belong to it are not all there: there the power failed."""
    size, at = os.fstat(file).st_size, step
    while at + ENTRY.size <= size:
        sector, n_sectors, flags, n_mark = ENTRY.unpack(os.pread(file, ENTRY.size, at))
        if not (n_sectors or flags or n_mark):
            return
        if flags & ~(FLUSH | FUA | DISCARD | MARK):
            raise ValueError(f"the log has an entry with the flags {flags:#x} at byte {at}; it is torn, or of another format")
        length, data_at = n_sectors * step, at + step
        at = data_at if flags & DISCARD else data_at + length
        if at > size and length:
            return
        yield Entry(sector * step, length, flags, data_at)


def _superblock(file: int) -> tuple[int, int]:
    """How many entries were counted at the last flush, and how many bytes a sector has."""
    head = os.pread(file, SUPER.size, 0)
    if len(head) < SUPER.size:
        raise ValueError("the log is empty: nothing was flushed while it was written")
    magic, version, n_entries, step = SUPER.unpack(head)
    if (magic, version) != (MAGIC, VERSION) or step < 512 or step & (step - 1):
        raise ValueError("this is no log of blklogwrites, or nothing was flushed while it was written")
    return int(n_entries), int(step)
