"""A model of a disk that keeps nothing it was not told to: what a folder can be after a power cut.

The bytes of a file are safe when the file was synced after they were written, a name when its folder was. Of everything else
any part may be there: `Disk.pending` lists it, and `Disk.folder` gives the folder in which some of it has survived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path, PurePosixPath

from faults.log import Call

Folder = dict[str, bytes | None]
"""Names below the root -> content; None is a folder."""

MAPPED = "-shm"
"""SQLite maps this file into memory and builds it anew after a crash: what the disk has of it counts for nothing."""


class Kept(Enum):
    """What has become of a change that nobody waited for."""

    WHOLE = "whole"
    HALF = "half of it is there"
    GARBAGE = "half of it is there, then nonsense"
    ZEROS = "the length is there, the bytes are not"
    NO_TARGET = "of a rename: the old name is there, the new one is gone"
    BOTH = "of a rename: both names are there"
    NEITHER = "of a rename: neither name is there"


class Node:
    """A file or a folder, whatever its names."""

    def __init__(self, *, is_folder: bool, content: bytes = b"") -> None:
        self.is_folder = is_folder
        self.content = content  # what is safe of a file
        self.names: dict[str, Node] = {}  # what is safe of a folder
        self.now: dict[str, Node] = {}  # what the processes see of a folder


@dataclass(eq=False)
class Change:
    """Something that was done and is not safe.

    Attributes:
        node: the file that was written, or the folder whose names changed.
        at: where bytes were written; the length for a truncation, which has no data.
        data: bytes that were written; None for a truncation.
        names: for a folder: name -> what it stands for from now on; None is nothing any more.
        place: name of the folder or file, below the root, when it was changed.
    """

    node: Node
    place: str
    at: int = 0
    data: bytes | None = None
    names: dict[str, Node | None] = field(default_factory=dict)

    @property
    def is_rename(self) -> bool:
        return len(self.names) == 2


class Disk:
    """The disk below a folder, from the state in which it lies there: all of that counts as safe."""

    def __init__(self, root: Path) -> None:
        self._inodes: dict[int, Node] = {}
        self.root = self._scan(root)
        self.pending: list[Change] = []

    def _scan(self, path: Path) -> Node:
        node = Node(is_folder=path.is_dir(), content=b"" if path.is_dir() else path.read_bytes())
        self._inodes[path.stat().st_ino] = node
        if node.is_folder:
            node.names = {each.name: self._scan(each) for each in path.iterdir()}
            node.now = dict(node.names)
        return node

    def apply(self, call: Call) -> None:
        """One more call was made."""
        if call.failed:
            return
        if call.kind in "wt":
            data = call.data if call.kind == "w" else None
            self.pending.append(Change(self._inodes[call.inode], self._place(call.inode), call.at, data))
        elif call.kind in "sS":
            self._settle(self._inodes[call.inode] if call.kind == "s" else self._find(call.path))
        elif call.kind == "M":
            assert call.path.endswith(MAPPED), f"{call.path} is mapped for writing, and nobody sees what is written"
        else:
            self._apply_to_names(call)

    def _apply_to_names(self, call: Call) -> None:
        match call.kind:
            case "c":
                node = self._inodes[call.inode] = Node(is_folder=False)
                self._rename({call.path: node})
            case "m":
                self._rename({call.path: Node(is_folder=True)})
            case "u":
                self._rename({call.path: None})
            case "l":
                self._rename({call.second: self._find(call.path)})
            case "r":
                self._rename({call.second: self._find(call.path), call.path: None})

    def _find(self, path: str) -> Node:
        node = self.root
        for part in PurePosixPath(path).parts:
            node = node.now[part]
        return node

    def _place(self, inode: int) -> str:
        """Where a file is now, for the report and to tell one disk from the other."""
        return next((path for path, node in self._walk(self.root, "") if node is self._inodes[inode]), "a removed file")

    def _walk(self, node: Node, before: str) -> Iterable[tuple[str, Node]]:
        for name, below in node.now.items():
            yield before + name, below
            yield from self._walk(below, f"{before}{name}/")

    def _rename(self, names: Mapping[str, Node | None]) -> None:
        folders = {str(PurePosixPath(path).parent) for path in names}
        if len(folders) > 1:
            raise AssertionError("a rename from one folder to another is not modelled")
        (place,) = folders
        folder = self._find(place)
        change = Change(folder, place, names={PurePosixPath(path).name: node for path, node in names.items()})
        _set(folder.now, change.names)
        self.pending.append(change)

    def _settle(self, node: Node) -> None:
        """Everything that was done to a file, or to the names in a folder, is safe."""
        for change in self.pending:
            if change.node is node and node.is_folder:
                _set(node.names, change.names)
            elif change.node is node:
                node.content = _written(node.content, change, Kept.WHOLE)
        self.pending = [change for change in self.pending if change.node is not node]

    def now(self) -> Folder:
        """The folder as the processes see it, without what is mapped."""
        return self.folder(dict.fromkeys(self.pending, Kept.WHOLE))

    def folder(self, survived: Mapping[Change, Kept]) -> Folder:
        """The folder that is found after a cut in which these changes have survived beside what was safe."""
        by_node: dict[Node, list[Change]] = {}
        for change in self.pending:
            if change in survived:
                by_node.setdefault(change.node, []).append(change)
        found: Folder = {}
        _fill(found, self.root, "", by_node, survived)
        return found


def _fill(found: Folder, node: Node, before: str, by_node: Mapping[Node, list[Change]], survived: Mapping[Change, Kept]) -> None:
    names = dict(node.names)
    for change in by_node.get(node, ()):
        _set(names, _names(change, survived[change]))
    for name, below in names.items():
        if below.is_folder:
            found[before + name] = None
            _fill(found, below, f"{before}{name}/", by_node, survived)
        elif not name.endswith(MAPPED):
            content = below.content
            for change in by_node.get(below, ()):
                content = _written(content, change, survived[change])
            found[before + name] = content


def _set(names: dict[str, Node], changes: Mapping[str, Node | None]) -> None:
    for name, node in changes.items():
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node


def _names(change: Change, kept: Kept) -> dict[str, Node | None]:
    """What is there of a change of names. A file system that writes a rename in two steps can be cut between them."""
    if kept is Kept.WHOLE or not change.is_rename:
        return change.names
    target, source = change.names
    if kept is Kept.BOTH:
        return {target: change.names[target]}
    return {target: None, source: None} if kept is Kept.NEITHER else {target: None}


def _written(content: bytes, change: Change, kept: Kept) -> bytes:
    """A file's bytes after a write or a truncation."""
    if change.data is None:
        return content[: change.at].ljust(change.at, b"\0")
    data = change.data
    half = len(data) // 2
    if kept is Kept.HALF:
        data = data[:half]
    elif kept is Kept.GARBAGE:
        data = data[:half] + b"\xa5" * (len(data) - half)
    elif kept is Kept.ZEROS:
        data = bytes(len(data))
    if not data:
        return content
    return content[: change.at].ljust(change.at, b"\0") + data + content[change.at + len(data) :]
