"""Destinations that are folders: on a stick, on a mounted share, on a disk."""

from __future__ import annotations

import errno
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edge.errors import SyncError
from edge.exchange.delivery.destination import MAX_BYTES, OURS, Destination
from edge.exchange.delivery.marker import MARKER, Marker, read_marker
from edge.exchange.delivery.marker import MAX_BYTES as MARKER_BYTES
from edge.exchange.delivery.mounts import FAT, MOUNTINFO, is_mounted, mount_of
from edge.exchange.delivery.sidefile import MAX_BYTES as SUM_BYTES
from edge.exchange.delivery.sidefile import SUM, SideFile, Sum
from edge.exchange.files import PART, Files, locked, read_regular

_NOT_MOUNTED = (
    "nothing is mounted there: it is a folder of this unit's own disk. Mount the share or plug in the stick; if the folder"
    " belongs on this disk, set sync.must_be_mounted = false"
)


class Folder(Destination):
    """A folder on a file system that puts one file in another's place in one step."""

    def __init__(self, name: str, *, files: Files, must_be_mounted: bool = False, mountinfo: Path = MOUNTINFO) -> None:
        """A folder, which is not looked at yet.

        Args:
            name: its path.
            files: writes into it.
            must_be_mounted: refuse it while it is a part of the unit's own disk.
            mountinfo: what is mounted where.
        """
        self.name = name
        self._path = Path(name)
        self._files = files
        self._must_be_mounted = must_be_mounted
        self._mountinfo = mountinfo

    @contextmanager
    def visit(self) -> Iterator[Marker]:
        """The marker is read before anything is written, and again behind the lock.

        The lock is an open file: from then on what is mounted there cannot be unmounted in favour of the folder beneath.
        """
        self.look()
        with locked(self._path):
            yield self.look()

    def look(self) -> Marker:
        """Which destination it proves to be; nothing is written."""
        self._demand_mount()
        return read_marker(self._marker(), self.name)

    def prepare(self, marker: Marker) -> Marker:
        """Write the marker where there is none, or a damaged one."""
        self._demand_mount()
        with locked(self._path):
            found = self._marker()
            with suppress(SyncError):
                return read_marker(found, self.name)
            self._files.replace(self._path / MARKER, marker.content())
        return marker

    def recover(self) -> list[str]:
        """Temporary files of interrupted runs; nobody else writes while the folder is locked."""
        for part in self._parts():
            self._files.remove(part)
        return []

    def read(self, name: str) -> bytes | None:
        """A regular file; no link is followed and no pipe waited for."""
        return self._read(name, at_most=MAX_BYTES)

    def keep(self, name: str, content: bytes) -> None:
        """Write a file that stays as it is."""
        self._files.replace(self._path / name, content)

    def replace(self, name: str, content: bytes, *, before: bytes | None) -> None:  # noqa: ARG002  FAT asks for it
        """Write a month's file."""
        self._files.replace(self._path / name, content)

    def _parts(self) -> list[Path]:
        """Temporary files of a delivery, ours or another unit's."""
        begins = tuple(f".{prefix}" for prefix in OURS)
        return sorted(part for part in self._path.iterdir() if part.name.startswith(begins) and part.name.endswith(PART))

    def _demand_mount(self) -> None:
        self._path.stat()
        if self._must_be_mounted and not is_mounted(self._path, self._mountinfo):
            raise SyncError(_NOT_MOUNTED)

    def _marker(self) -> bytes | None:
        if not self._path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "not a folder", self.name)
        return self._read(MARKER, at_most=MARKER_BYTES)

    def _read(self, name: str, *, at_most: int) -> bytes | None:
        try:
            return read_regular(self._path / name, at_most=at_most)
        except FileNotFoundError:
            return None


class FatFolder(Folder):
    """A folder on FAT, where nothing happens in one step: beside each month's file a side file tells what it must be."""

    def recover(self) -> list[str]:
        """What was whole and about to take a place that is torn or empty takes it; other temporary files go."""
        aside = []
        for part in self._parts():
            name = part.name.removeprefix(".").removesuffix(PART)
            side, found = self._side(name), self.read(name)
            is_whole = found is not None and (side is None or side.names(found))
            if is_whole or side is None or not self._is_of_use(part, side, is_alone=found is None):
                self._files.remove(part)
                continue
            if found is not None:
                aside.append(self.set_aside(name, found))
            self._take_place(part, name)
        return aside

    def replace(self, name: str, content: bytes, *, before: bytes | None) -> None:
        """The three steps of `edge.exchange.delivery.sidefile`, each durable before the next."""
        part = self._files.stage(self._path / name, content)
        if before is None:
            self._files.remove(self._path / name)  # what was torn has a copy by now, and no side file may name it
        self._files.settle(self._path)
        side = SideFile(Sum.of(content), None if before is None else Sum.of(before))
        self._files.replace(self._path / f"{name}{SUM}", side.content(name))
        self._take_place(part, name)

    def is_whole(self, name: str, content: bytes) -> bool:
        """Whether the side file, where there is one, names this content."""
        side = self._side(name)
        return side is None or side.names(content)

    def _is_of_use(self, part: Path, side: SideFile, *, is_alone: bool) -> bool:
        """Whether a temporary file is better than what is in its place.

        Where a torn month was taken away and nothing names the new one yet, that one alone has the others' rows. It comes back as
        a file that the side file does not name: whoever reads it is warned, and it is written anew.
        """
        return stat.S_ISREG(part.lstat().st_mode) and (is_alone or side.names(self.read(part.name)))

    def _take_place(self, part: Path, name: str) -> None:
        """If this fails the temporary file stays: it may be the only whole one."""
        self._files.rename(part, self._path / name)
        self._files.settle(self._path)

    def _side(self, name: str) -> SideFile | None:
        return SideFile.parse(self._read(f"{name}{SUM}", at_most=SUM_BYTES))


def folder_at(name: str, *, files: Files, must_be_mounted: bool, mountinfo: Path = MOUNTINFO) -> Folder:
    """The folder of this path, as the file system that it is on wants it."""
    kind = FatFolder if mount_of(Path(name), mountinfo).kind in FAT else Folder
    return kind(name, files=files, must_be_mounted=must_be_mounted, mountinfo=mountinfo)
