"""A tree of photographs, and the same tree of files that are made of them: what becomes of which."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.errors import EnrolError
from edge.exchange.enrolment.folder import is_left_behind
from edge.exchange.names import printable

SUFFIX = ".png"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One photograph of a tree.

    Attributes:
        source: the photograph.
        target: the file that is to be made of it, in the other tree.
        shown: its place below the tree's root, fit for a terminal.
        fault: why it cannot be read, as far as can be told without opening it.
    """

    source: Path
    target: Path
    shown: str
    fault: str = ""


def leaves(root: Path, other_root: Path) -> list[Leaf]:
    """All photographs below a folder, however deep, folder by folder in the order of their names. Links are not followed.

    Raises:
        EnrolError: the folder is not there or cannot be read.
    """
    try:
        os.scandir(root).close()
    except OSError as error:
        raise EnrolError(f"{printable(str(root))}: {error.strerror}. Name the folder with the photographs.") from error
    found: list[Leaf] = []
    waiting = [Path()]
    while waiting:  # a stack and no recursion: a tree may be deeper than Python's
        place = waiting.pop()
        folders, files, fault = _entries(root / place)
        if fault:
            found.append(Leaf(root / place, other_root / place, printable(str(place)), fault))
        waiting += [place / name for name in reversed(folders)]
        for name, target in zip(files, target_names(files), strict=True):
            link = "a link to a folder; copy the folder itself" if (root / place / name).is_dir() else ""
            found.append(Leaf(root / place / name, other_root / place / target, printable(str(place / name)), link))
    return found


def _entries(folder: Path) -> tuple[list[str], list[str], str]:
    """Names of the folders and of everything else in a folder, or why it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            wanted = sorted((entry for entry in entries if not is_left_behind(entry.name.lower())), key=lambda entry: entry.name)
            folders = [entry.name for entry in wanted if entry.is_dir(follow_symlinks=False)]
            return folders, [entry.name for entry in wanted if not entry.is_dir(follow_symlinks=False)], ""
    except OSError as error:
        return [], [], f"the folder cannot be read ({error.strerror})"


def target_names(names: Sequence[str]) -> list[str]:
    """What each file of one folder becomes: ``a.jpg`` becomes ``a.png``.

    Where two would become the same, on any file system, both keep their whole name: ``a.jpg.png`` and ``a.tif.png``.
    """
    targets = [Path(name).stem + SUFFIX for name in names]
    while clashes := {key for key, n in Counter(map(str.casefold, targets)).items() if n > 1}:
        longer = [name + SUFFIX if target.casefold() in clashes else target for name, target in zip(names, targets, strict=True)]
        if longer == targets:
            break  # they differ in capitals only, as their photographs do
        targets = longer
    return targets


def left_over(root: Path, made: set[Path]) -> Iterator[str]:
    """The places of such files below a folder as `leaves` would make, but for those that are named."""
    for leaf in leaves(root, root):
        if leaf.source.suffix == SUFFIX and leaf.source not in made:
            yield leaf.shown
