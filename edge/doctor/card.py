"""Whether the card that the system was put on is large enough, and used to its end."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from edge.doctor.finding import Finding, State
from edge.store.room import Room, Usage

NAME = "card"
VERSION_NEEDS = 700_000_000
"""Bytes free that another version of Muster takes while it is installed (docs/install.md, a bundle)."""

UNUSED_FROM = 500_000_000
"""Bytes behind the last partition: less is left by some who make cards."""

SECTOR = 512


def card(
    data: Path, root: Path, *, sysfs: Path, usage: Callable[[Path], Usage] = shutil.disk_usage, devices: tuple[int, ...] = ()
) -> Finding:
    """Whether there is room for another version of Muster, and whether a part of the card is used by nobody.

    Args:
        data: the data folder.
        root: a folder on the system's own disk.
        sysfs: the kernel's view of the hardware.
        usage: as `shutil.disk_usage`.
        devices: numbers of the file systems to look at; those of both folders where none is given.
    """
    try:
        room = Room.on(root, usage=usage)
        folders = [folder for folder in (data, root) if folder.is_dir()]
        numbers = devices or tuple(dict.fromkeys(folder.stat().st_dev for folder in folders))
    except OSError as error:
        return Finding(NAME, State.WARNING, f"nobody can say how full it is ({error.strerror})", "look at it with df -h")
    unused = max((_unused(sysfs / "dev/block" / f"{os.major(each)}:{os.minor(each)}") for each in numbers), default=0)
    words = f"{room} in {root}"
    if unused >= UNUSED_FROM and room.free < 2 * VERSION_NEEDS:
        wrong = f"{words}, and {unused / 1e9:.1f} GB of the card belong to no partition"
        return Finding(NAME, _badness(room), wrong, "sudo raspi-config --expand-rootfs, then start the unit again")
    if room.free < VERSION_NEEDS:
        advice = "make room, or move to a larger card; with less than 0.7 GB no other version of Muster can be installed"
        return Finding(NAME, _badness(room), f"{words}: it is too small, or full", advice)
    return Finding(NAME, State.OK, words)


def _badness(room: Room) -> State:
    return State.FAULT if room.is_none else State.WARNING


def _unused(device: Path) -> int:
    """Bytes behind the last partition of the disk that a partition is on; 0 where it is none, or nobody can say."""
    try:
        if not (device / "partition").exists():
            return 0
        disk = device.resolve().parent
        return SECTOR * (int((disk / "size").read_text()) - max(_ends(disk)))
    except (OSError, ValueError):
        return 0


def _ends(disk: Path) -> Iterator[int]:
    for each in disk.glob("*/partition"):
        yield sum(int((each.parent / name).read_text()) for name in ("start", "size"))
