"""The folder with the photographs of one person, to which photographs are added one by one and never lost."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from edge.errors import EnrolError
from edge.exchange.enrolment.folder import Candidate, is_left_behind, listed
from edge.exchange.files import Files, PrivateFiles, locked, unwritable
from edge.exchange.names import Label, parse_label, printable


@dataclass(frozen=True, slots=True)
class Album:
    """One person's photographs.

    Attributes:
        label: whose.
        folder: where they are; a name such as enrolment reads.
        there: photographs of this person that were there already, wherever enrolment would find them.
        files: writes them.
    """

    label: Label
    folder: Path
    there: tuple[Path, ...]
    files: Files

    def add(self, content: bytes) -> Path:
        """Write a photograph under the next number; no other file is touched.

        Raises:
            StoreError: the medium is full or fails.
            EnrolError: the folder cannot be written any more.
        """
        try:
            numbers = [int(path.stem) for path in self.folder.iterdir() if path.stem.isdecimal()]
            path = self.folder / f"{max(numbers, default=0) + 1:02}.jpg"
            self.files.replace(path, content)
        except OSError as error:
            raise unwritable(printable(str(self.folder)), error) from error
        return path


@contextmanager
def album(into: Path, name: str, *, files: Files | None = None) -> Iterator[Album]:
    """The photographs of a person, kept from other Musters while the block runs.

    Both folders are made where they are not there yet, for their owner alone, and go again if they stay empty.

    Args:
        into: a folder with one folder for each person.
        name: ``Name`` or ``code Name``.
        files: writes photographs.

    Raises:
        EnrolError: this is nobody's name, the code is another's there, or nothing can be written there.
        StoreError: the medium is full or fails.
    """
    label = _label(name)
    with ExitStack() as stack:
        try:
            _make(into, stack)
            there = _of_the_code(into, label)
            folder = _home(there, into) or into / _folder_name(name)
            _make(folder, stack)
            stack.enter_context(locked(folder))
        except OSError as error:
            raise unwritable(printable(str(into)), error) from error
        photographs = tuple(each.path for each in there if not each.fault)
        yield Album(label, folder, photographs, files or PrivateFiles())


def _make(folder: Path, stack: ExitStack) -> None:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not folder.is_dir():
            raise
        return

    def remove_if_empty() -> None:
        with suppress(OSError):
            folder.rmdir()

    stack.callback(remove_if_empty)


def _label(name: str) -> Label:
    """Whose photographs they are to be.

    Raises:
        EnrolError: enrolment would read a folder of this name otherwise, or not at all.
    """
    try:
        label = parse_label(name)
    except ValueError as error:
        raise EnrolError(f"{printable(name)!r}: {error}. Say it as in: muster capture '1042 Ada Lovelace'") from error
    folder_name = _folder_name(name)
    if "/" in folder_name or not folder_name.isprintable() or is_left_behind(folder_name.lower()):
        raise EnrolError(f"{printable(name)!r} cannot be the name of a person's folder. Leave out what is not part of the name.")
    return label


def _folder_name(name: str) -> str:
    """The name as `parse_label` understands it."""
    return " ".join(unicodedata.normalize("NFC", name).replace("_", " ").split())


def _of_the_code(into: Path, label: Label) -> list[Candidate]:
    """What is there of a person already, their empty folder too.

    Raises:
        EnrolError: the code is somebody else's.
    """
    found = [each for each in listed(into) if each.label and each.label.code == label.code]
    for each in found:
        if each.label and each.label.name.casefold() != label.name.casefold():
            raise EnrolError(
                f"the code {label.code} is {each.label.name}'s in {printable(str(into))}: {each.shown}. Another person needs"
                " another code."
            )
    return found


def _home(there: list[Candidate], into: Path) -> Path | None:
    """The folder that a person has already.

    Raises:
        EnrolError: it is a link, which enrolment does not follow.
    """
    folders = (into / each.path.relative_to(into).parts[0] for each in there)
    folder = next((folder for folder in folders if folder.is_dir()), None)
    if folder and folder.is_symlink():
        raise EnrolError(f"{printable(str(folder))} is a link to a folder. Name the folder that it leads to, or remove it.")
    return folder
