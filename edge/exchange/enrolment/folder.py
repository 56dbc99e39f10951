"""What lies in a folder that somebody brought: which photographs there are, and whose each one is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.errors import EnrolError
from edge.exchange.names import Label, parse_label, printable

_NOT_MEANT = {"thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "system volume information", "lost+found", "found.000"}
"""What operating systems leave on a stick, in small letters. Names that begin with a dot or a dollar sign are left out too."""

LINKED = (
    "a link to a folder, and links are not followed; copy the folder itself here, or name the folder that holds the real ones"
)
"""Why a person's folder is not read."""

_OURS = ("attendance-", "muster-receipt", "receipt")
"""Begin the names of what Muster itself writes onto a stick; such CSV files are no photographs."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing in the folder that somebody may want enrolled.

    Attributes:
        path: where it is.
        shown: its place below the folder, fit for a terminal.
        label: whose it is; None where that cannot be told.
        fault: why it cannot be enrolled, as far as names and places tell; empty when it can be tried.
    """

    path: Path
    shown: str
    label: Label | None
    fault: str = ""


def candidates(folder: Path) -> list[Candidate]:
    """All photographs of a folder: one sub-folder for each person, or one photograph for each person, or both mixed.

    Raises:
        EnrolError: the folder is not there, cannot be read, or holds nothing to enrol.
    """
    try:
        found = listed(folder)
    except OSError as error:
        raise EnrolError(f"{printable(str(folder))}: {error.strerror}. Name the folder with the photographs.") from error
    if not found:
        raise EnrolError(
            f"{printable(str(folder))} holds no photographs. "
            "Make one folder for each person in it, or name each photograph after its person."
        )
    return found


def listed(folder: Path) -> list[Candidate]:
    """What `candidates` says, be it nothing.

    Raises:
        OSError: the folder is not there or cannot be read.
    """
    return [candidate for entry in _entries(folder) for candidate in _candidates(entry, folder)]


def _entries(folder: Path) -> list[Path]:
    """What somebody put into a folder on purpose, by name."""
    paths = [folder / entry for entry in sorted(os.listdir(folder))]  # noqa: PTH208  iterdir() hides the error until used
    return [path for path in paths if not is_left_behind(path.name.lower())]


def is_left_behind(name: str) -> bool:
    """Whether a file or folder of this name, in small letters, is passed over: nobody put it there to be enrolled."""
    return name in _NOT_MEANT or name.startswith((".", "$")) or (name.startswith(_OURS) and name.endswith(".csv"))


def _candidates(entry: Path, top: Path) -> Iterator[Candidate]:
    """One photograph at the top, or all of one person's folder."""
    shown = printable(str(entry.relative_to(top)))
    is_folder = entry.is_dir()
    try:
        label = parse_label(entry.name if is_folder else entry.stem)
    except ValueError as error:
        yield Candidate(entry, shown, None, str(error))
        return
    if not is_folder:
        yield Candidate(entry, shown, label)
    elif entry.is_symlink():
        yield Candidate(entry, shown, label, LINKED)
    else:
        yield from _of_one_person(entry, label, top)


def _of_one_person(folder: Path, label: Label, top: Path) -> Iterator[Candidate]:
    shown = printable(str(folder.relative_to(top)))
    try:
        entries = _entries(folder)
    except OSError as error:
        yield Candidate(folder, shown, label, error.strerror or "cannot be read")
        return
    for entry in entries:
        # Reading deeper would make one person of a folder that somebody copied one level too deep.
        fault = "a folder inside a person's folder is not read; put each person's folder at the top" if entry.is_dir() else ""
        yield Candidate(entry, printable(str(entry.relative_to(top))), label, fault)
    if not entries:
        yield Candidate(folder, shown, label, "the folder is empty")
