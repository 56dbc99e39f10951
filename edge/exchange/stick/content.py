"""What a stick brings: its tables and its photographs, each read once, and only what may be read."""

from __future__ import annotations

import errno
import unicodedata
from collections import Counter
from dataclasses import replace
from pathlib import Path, PurePosixPath

from edge.errors import DeviceError, EnrolError
from edge.exchange.enrolment.folder import Candidate, is_left_behind
from edge.exchange.enrolment.photographs import MAX_BYTES
from edge.exchange.names import Label, parse_label, printable
from edge.exchange.stick.bounds import Bounds
from edge.exchange.stick.manifest import CHANGED, NOT_LISTED, PHOTOGRAPHS, TABLES, Manifest, read_listed
from edge.exchange.stick.tree import Tree

TOP = Path(PHOTOGRAPHS)

TOO_DEEP = "a folder inside a person's folder is not read; put each person's folder at the top"
TOO_LATE = "not looked at: the time for one stick is over; plug it in again"

_GONE = {errno.ENODEV, errno.ENXIO, errno.ENOTCONN, errno.ESTALE, errno.EBADF}


class Content:
    """What a stick brings.

    Args:
        tree: the stick.
        manifest: names what may be read, and what it must be; None where everything may.
        bounds: how much of it is looked at.

    Attributes:
        is_whole: whether all was looked at so far; what was not is worth another visit.
    """

    def __init__(self, tree: Tree, manifest: Manifest | None, bounds: Bounds) -> None:
        self._tree = tree
        self._manifest = manifest
        self._bounds = bounds
        self._until_s = bounds.now_s() + bounds.limit_s
        self._begun: PurePosixPath | None = None
        self.is_whole = True

    def is_over(self) -> bool:
        """Whether no further person shall be begun."""
        if self._bounds.now_s() < self._until_s:
            return False
        self.is_whole = False
        return True

    def table(self, name: str) -> bytes | None:
        """A table; None where there is none.

        Raises:
            EnrolError: it may not be read, or cannot.
            DeviceError: the stick was pulled.
        """
        try:
            if self._manifest is None:
                return self._tree.read(name, at_most=self._bounds.table_bytes)
            if self._manifest.digest(name) is None and not self._tree.has(name):
                return None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failed(error) from error
        return self._listed(name, at_most=self._bounds.table_bytes)

    def stray_table(self, name: str) -> str:
        """Why a table that lies there is not the one that the manifest names; empty where it is, or where none lies there.

        Raises:
            DeviceError: the stick was pulled.
        """
        try:
            if self._tree.has(name):
                self._listed(name, at_most=self._bounds.table_bytes)
        except OSError:
            return ""
        except EnrolError as error:
            return str(error)
        return ""

    def strays(self) -> list[Candidate]:
        """Photographs that the manifest does not name, or names with another size; nothing of them is read.

        Raises:
            DeviceError: the stick was pulled.
        """
        found = (replace(each, fault=each.fault or self._change(each.path)) for each in self.candidates())
        return [each for each in found if each.fault in {CHANGED, NOT_LISTED} or each.path == TOP]

    def _change(self, path: Path) -> str:
        """That something is there and not as long as listed, or nothing; who took photographs away that are in has done well."""
        digest = self._manifest.digest(path.as_posix()) if self._manifest else None
        try:
            return CHANGED if digest is not None and self._tree.size(path.as_posix()) != digest.size else ""
        except OSError:
            return ""

    def photograph(self, path: Path) -> bytes:
        """The file of a candidate.

        Raises:
            EnrolError: it is not what the manifest says, cannot be read, or the time is over.
            DeviceError: the stick was pulled.
        """
        name = path.as_posix()
        folder = PurePosixPath(name).parent if path.parent != TOP else PurePosixPath(name)
        if folder != self._begun and self.is_over():
            raise EnrolError(TOO_LATE)
        self._begun = folder
        if change := self._change(path):  # asked first: whatever else is wrong, the next visit says this, and the same
            raise EnrolError(change)
        if self._manifest is not None:
            return self._listed(name, at_most=MAX_BYTES)
        try:
            return self._tree.read(name, at_most=MAX_BYTES)
        except OSError as error:
            raise self._failed(error) from error

    def candidates(self) -> list[Candidate]:
        """All that lies below ``enrol/`` or that the manifest says lies there, by name; without what systems leave behind.

        Raises:
            DeviceError: the stick was pulled.
        """
        found, faults = list[str](), list[Candidate]()
        try:
            if self._tree.has(PHOTOGRAPHS) and not self._tree.is_folder(PHOTOGRAPHS):
                raise OSError(errno.ENOTDIR, "a link or a file, not a folder")
            found.extend(self._tree.walk(PHOTOGRAPHS, at_most=self._bounds.n_files + self._bounds.n_people))
        except OSError as error:
            faults = [Candidate(TOP, PHOTOGRAPHS, None, str(self._failed(error)))]
        limits = _Limits(self._bounds)
        names = sorted(set(found) | self._missing(found))
        return faults + [self._candidate(name, limits) for name in names if not _is_passed_over(name)]

    def _missing(self, found: list[str]) -> set[str]:
        """What the manifest names and is not there; it has letters and accents together, whatever the stick has."""
        listed = self._manifest.files if self._manifest else {}
        return set(listed) - set(TABLES) - {unicodedata.normalize("NFC", name) for name in found}

    def _candidate(self, name: str, limits: _Limits) -> Candidate:
        """A photograph with what can be told of it by its name and place."""
        inside = PurePosixPath(name).relative_to(PHOTOGRAPHS)
        label, fault = _label(inside)
        if self._manifest is not None and self._manifest.digest(name) is None:
            fault = NOT_LISTED
        elif not fault and len(inside.parts) > 2:
            fault = TOO_DEEP
        return Candidate(Path(name), printable(str(inside)), label, fault or limits.fault(inside.parts[0]))

    def _listed(self, name: str, *, at_most: int) -> bytes:
        try:
            return read_listed(self._tree, self._manifest, name, at_most=at_most) if self._manifest else b""
        except EnrolError as error:
            if isinstance(error.__cause__, OSError):
                self._failed(error.__cause__)
            raise

    def _failed(self, error: OSError) -> EnrolError:
        """What to say of a file that cannot be read; one that the medium fails to give may come the next time.

        Raises:
            DeviceError: it is the whole stick that fails.
        """
        if error.errno in _GONE or not self._tree.is_in_place():
            raise DeviceError("the stick was pulled while it was read. Plug it in again: it goes on where it was.") from error
        if error.errno == errno.EIO:
            self.is_whole = False
        return EnrolError(error.strerror or "it cannot be read")


class _Limits:
    """Counts photographs and people."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._people: Counter[str] = Counter()

    def fault(self, who: str) -> str:
        """Why one more photograph of somebody is too many; empty where it is not."""
        if who not in self._people and len(self._people) >= self._bounds.n_people:
            return f"more than {self._bounds.n_people:,} people; bring them in on two occasions"
        self._people[who] += 1
        if self._people[who] > self._bounds.n_of_one:
            return f"more than {self._bounds.n_of_one} photographs of one person; the first are looked at"
        return ""


def _label(inside: PurePosixPath) -> tuple[Label | None, str]:
    """Whose a photograph is, or why that cannot be told."""
    try:
        return parse_label(inside.parts[0] if len(inside.parts) > 1 else inside.stem), ""
    except ValueError as error:
        return None, str(error)


def _is_passed_over(name: str) -> bool:
    return any(is_left_behind(part.lower()) for part in name.split("/")[1:])
