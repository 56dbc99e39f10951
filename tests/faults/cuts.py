"""Which of the things that nobody waited for are there after a power cut. They are many, so these are the telling ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from faults.disk import Change, Disk, Folder, Kept

N_SINGLE = 24
"""Where more changes than this wait, the first and the last dozen are left out, and are left over, one by one."""


class Cut(NamedTuple):
    """One way in which the power can fail at a point.

    Attributes:
        kind: in words, for the table.
        folder: what is there then.
        torn: what has become of a rename that was no single step, as on FAT.
    """

    kind: str
    folder: Folder
    torn: Kept | None = None


def cuts(disk: Disk) -> Iterator[Cut]:
    """The cuts that are tried at this point."""
    changes = disk.pending
    data = [change for change in changes if not change.node.is_folder]
    names = [change for change in changes if change.node.is_folder]
    yield Cut("all there", disk.folder(_all(changes)))
    yield Cut("only what was synced", disk.folder({}))
    yield Cut("bytes without names", disk.folder(_all(data)))
    yield Cut("names without bytes", disk.folder(_all(names)))
    yield Cut("names, lengths without bytes", disk.folder(_all(names) | dict.fromkeys(data, Kept.ZEROS)))
    for place in sorted({_medium(change) for change in changes}):
        on = _chosen(changes, lambda change, place=place: _medium(change) == place)
        yield Cut("one of two disks", disk.folder(_all(on)))
    yield from _torn(disk, data)
    yield from _singly(disk, changes)
    yield from _in_parts(disk)


def _torn(disk: Disk, data: Sequence[Change]) -> Iterator[Cut]:
    """The last write that was under way when the power failed; the last of each file."""
    last = {change.node: change for change in data if change.data}
    for change in last.values():
        for kept in (Kept.HALF, Kept.GARBAGE):
            yield Cut("last write torn", disk.folder(_all(disk.pending) | {change: kept}))
            yield Cut(
                "last write torn", disk.folder(_all([each for each in disk.pending if each.node is change.node]) | {change: kept})
            )


def _singly(disk: Disk, changes: Sequence[Change]) -> Iterator[Cut]:
    few = changes if len(changes) <= N_SINGLE else [*changes[: N_SINGLE // 2], *changes[-N_SINGLE // 2 :]]
    for left_out in few:
        yield Cut("all but one", disk.folder(_all(_chosen(changes, lambda change, it=left_out: change is not it))))
        yield Cut("one alone", disk.folder(_all([left_out])))


def _in_parts(disk: Disk) -> Iterator[Cut]:
    """A rename that is no single step, as on FAT. SQLite renames nothing."""
    for change in disk.pending:
        if change.is_rename:
            for kept in (Kept.NO_TARGET, Kept.BOTH, Kept.NEITHER):
                yield Cut("rename in parts", disk.folder(_all(disk.pending) | {change: kept}), torn=kept)


def _all(changes: Sequence[Change]) -> dict[Change, Kept]:
    return dict.fromkeys(changes, Kept.WHOLE)


def _chosen(changes: Sequence[Change], is_meant: Callable[[Change], bool]) -> list[Change]:
    return [change for change in changes if is_meant(change)]


def _medium(change: Change) -> str:
    """The folder right below the root stands for a disk of its own."""
    return change.place.split("/")[0]
