"""What a folder really lies on: a stick, a share, or the unit's own disk."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

MOUNTINFO = Path("/proc/self/mountinfo")

FAT = {"vfat", "msdos", "exfat", "fuseblk"}
"""Kinds of file system that know no journal. `fuseblk` is what exfat-fuse and ntfs-3g call themselves."""

_ESCAPE = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """One line of mountinfo (proc_pid_mountinfo(5)).

    Attributes:
        point: where it is mounted.
        kind: of file system, as in ``vfat``.
        device: major:minor; the same for two mounts of one file system.
    """

    point: Path
    kind: str
    device: str


def mount_of(folder: Path, mountinfo: Path = MOUNTINFO) -> Mount:
    """The mount that a folder is in. Where the system has no mountinfo everything is one disk."""
    mounts = _mounts(mountinfo)
    where = folder.resolve()
    around = [mount for mount in mounts if where.is_relative_to(mount.point)]
    # Of two at one point the later covers the earlier: the share that an automounter has put over itself.
    return max(reversed(around), key=lambda mount: len(mount.point.parts), default=Mount(Path("/"), "", ""))


def is_mounted(folder: Path, mountinfo: Path = MOUNTINFO) -> bool:
    """Whether a folder is, or is below, something that was mounted, and not a part of the unit's own disk.

    A folder of the unit's disk that is mounted elsewhere (`mount --bind`) counts at its mount point only: below it nothing
    tells it from the disk. An automounter (autofs) that has mounted nothing yet is no mount.
    """
    mount, root = mount_of(folder, mountinfo), mount_of(Path("/"), mountinfo)
    if mount.point == root.point or mount.kind == "autofs":
        return False
    return mount.device != root.device or mount.point == folder.resolve()


def _mounts(mountinfo: Path) -> list[Mount]:
    try:
        lines = mountinfo.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return []
    return [_mount(line) for line in lines]


def _mount(line: str) -> Mount:
    """``36 35 98:0 /root /point options [optional ...] - kind source options``; blanks in the point are octal."""
    before, _, after = line.partition(" - ")
    fields = before.split(" ")
    point = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), fields[4])
    return Mount(Path(point), after.split(" ")[0], fields[2])
