"""Which libedgetpu is there, whether it is one, and whether it is new enough. It is never loaded here.

Loading is what the child process is for: the library of Google's package server ends the process that loads it (SIGSEGV).
"""

from __future__ import annotations

import hashlib
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

from edge.device.tpu import elf
from edge.device.tpu.linker import Linker, as_path, is_path, own_machine
from edge.errors import DeviceError

ENTRIES = {b"tflite_plugin_create_delegate", b"tflite_plugin_destroy_delegate"}
"""What the runtime looks for in a delegate's library (tensorflow/lite/delegates/external)."""

LEAST = "16.0tf2.17.1"
"""The oldest version that is taken. One built against TensorFlow 2.5, as the plain 16.0 is, is handed a structure that has since
grown, by value, and crashes (google-coral/edgetpu#812, #821, #841). Of those between, from 16.0tf2.11.1 on, nobody has reported
that they go with today's runtimes (feranick/libedgetpu, debian/changelog)."""

HOW = (
    f"Install libedgetpu1-std {LEAST} or newer: `sudo deploy/edgetpu/install PACKAGE`; docs/install.md says where the package"
    " comes from"
)

SONAME = "libedgetpu.so.1"
"""What the system knows it by, and what the configuration names where nobody has named another."""

CORRECT = (
    f'Set accelerator.library to the path of a {SONAME}, or to "{SONAME}" alone: that the system finds once it is installed, as'
    " docs/install.md says"
)

MAXIMUM_CLOCK = "libedgetpu1-max"
"""The package whose clock is allowed up to 25 °C around the stick, against 35 °C (Coral USB accelerator, datasheet)."""


@dataclass(frozen=True, slots=True)
class LibraryPlaces:
    """Where a library is looked for.

    Attributes:
        linker: where the system looks for libraries.
        dpkg: what Debian's package manager knows.
    """

    linker: Linker = field(default_factory=Linker)
    dpkg: Path = Path("/var/lib/dpkg")


@dataclass(frozen=True, slots=True)
class Package:
    """The Debian package that a file belongs to."""

    name: str
    version: str

    @property
    def is_too_old(self) -> bool:
        """Whether it is known to crash with the runtimes of today, or not known to go with them."""
        numbers, least = _numbers(self.version), _numbers(LEAST)
        return numbers is not None and least is not None and numbers < least

    @property
    def is_plain(self) -> bool:
        """Whether it names no TensorFlow that it was built against: the vendor's own, or one that is as old."""
        numbers = _numbers(self.version)
        return numbers is not None and not any(numbers[2:])


@dataclass(frozen=True, slots=True)
class Library:
    """A libedgetpu that may be loaded in the child.

    Attributes:
        path: the file.
        identity: SHA-256 of its content, hexadecimal: what was measured with another library is not this one's.
        package: what brought it; None when no package did, and then nobody knows its version before it is tried.
    """

    path: Path
    identity: str
    package: Package | None

    @property
    def is_at_maximum_clock(self) -> bool:
        """Whether the stick gets hotter with it than an enclosure allows."""
        return self.package is not None and self.package.name == MAXIMUM_CLOCK

    def __str__(self) -> str:
        return f"{self.package.name} {self.package.version}" if self.package else f"{self.path} (of no Debian package)"


def require(name: str, places: LibraryPlaces | None = None) -> Library:
    """The library that the configuration names.

    Args:
        name: as the system finds it, "libedgetpu.so.1", or a path.
        places: where to look; this computer when None.

    Raises:
        DeviceError: it is not there, is something else, or is known to crash.
    """
    places = places or LibraryPlaces()
    path = places.linker.find(name)
    what, how = (str(path or name), HOW) if name == SONAME else (f'accelerator.library = "{name}"', CORRECT)
    if path is None:
        raise DeviceError(f"{what} {_why_none(name)}. {how}.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DeviceError(f"{what} cannot be read ({error.strerror}). {how}.") from error
    wrong = _wrong_with(content)
    if wrong:
        raise DeviceError(f"{what} {wrong}. {how}.")
    package = _owner(path, places.dpkg)
    if package and package.is_too_old:
        raise DeviceError(f"{package.name} {package.version} {_why_too_old(package)}. {HOW}.")
    return Library(path, hashlib.sha256(content).hexdigest(), package)


def _why_none(name: str) -> str:
    """What is wrong with a name, or a path, at which there is no file."""
    if not is_path(name):
        return "is not installed"
    try:
        found = as_path(name).stat()
    except FileNotFoundError:
        return "is not there"
    except OSError as error:
        return f"cannot be reached ({error.strerror})"
    return "is a folder" if stat.S_ISDIR(found.st_mode) else "is no file"


def _why_too_old(package: Package) -> str:
    if package.is_plain:
        return "crashes when it is loaded: it was built against a TensorFlow older than 2.12, whose structures have grown since"
    return f"is older than {LEAST}, the first that is known to go with today's TFLite runtimes"


def _wrong_with(content: bytes) -> str:
    """Why this cannot be it; empty when it can."""
    if not elf.machine(content):
        return "is no shared library"
    if elf.machine(content) != own_machine():
        return "is built for another processor"
    try:
        missing = ENTRIES - elf.exports(content)
    except ValueError:
        return "is damaged: it ends before its tables do"
    return "is not libedgetpu: TFLite finds no delegate in it" if missing else ""


def _owner(path: Path, dpkg: Path) -> Package | None:
    """The package that the file came with: ``info/NAME.list`` names its files, ``status`` its version."""
    real = path.resolve()
    for listing in sorted((dpkg / "info").glob("libedgetpu*.list")):
        files = listing.read_text(errors="replace").splitlines()
        if any(Path(file).resolve() == real for file in files if "libedgetpu" in file):
            name = listing.stem.partition(":")[0]
            return next((Package(name, version) for version in _versions(name, dpkg / "status")), None)
    return None


def _versions(name: str, status: Path) -> list[str]:
    """The installed version of a package, by dpkg's own record; of an architecture each."""
    try:
        paragraphs = status.read_text(errors="replace").split("\n\n")
    except OSError:
        return []
    fields = [
        dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line)
        for paragraph in paragraphs
        if name in paragraph
    ]
    return [found["Version"] for found in fields if found.get("Package") == name and "Version" in found]


def _numbers(version: str) -> tuple[int, ...] | None:
    """Release, then the TensorFlow that it was built against, 0 where it says none: "16.0tf2.17.1-1" -> (16, 0, 2, 17, 1).

    Debian's own order is not asked: to that 1:16.0 and 16.0ubuntu1, plain builds, are newer than 16.0tf2.17.1.
    deploy/edgetpu/install reads versions in the same way.
    """
    found = re.match(r"(?:\d+:)?(\d+)(?:\.(\d+))?(?:tf(\d+)\.(\d+)(?:\.(\d+))?)?", version, re.IGNORECASE)
    return tuple(int(digits or 0) for digits in found.groups()) if found else None
