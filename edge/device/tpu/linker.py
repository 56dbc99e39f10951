"""Where the system would find a shared library, without loading it: what ld.so(8) says of its search."""

from __future__ import annotations

import os
import struct
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from edge.device.tpu import elf

CACHE_MAGIC = b"glibc-ld.so.cache1.1"


def _standard() -> tuple[Path, ...]:
    """Debian's own linker looks into the folders of its architecture first, also where nobody has run `ldconfig`."""
    multiarch = sysconfig.get_config_var("MULTIARCH")
    folders = (Path("/lib"), Path("/usr/lib"))
    return (*(folder / multiarch for folder in folders), *folders) if multiarch else folders


def _preferred() -> tuple[Path, ...]:
    return tuple(Path(folder) for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":") if folder)


@dataclass(frozen=True, slots=True)
class Linker:
    """The dynamic linker's places, in its order.

    Attributes:
        preferred: the folders of LD_LIBRARY_PATH.
        cache: what `ldconfig` has found.
        folders: looked into in the end.
    """

    preferred: tuple[Path, ...] = field(default_factory=_preferred)
    cache: Path = Path("/etc/ld.so.cache")
    folders: tuple[Path, ...] = field(default_factory=_standard)

    def find(self, name: str) -> Path | None:
        """The file that loading this name, or path, would open; like the linker it passes over those of another processor."""
        if is_path(name):
            return as_path(name) if _is_file(as_path(name)) else None
        candidates = [path for path in self._candidates(name) if _is_file(path)]
        fitting = (path for path in candidates if _machine(path) in {b"", own_machine()})
        return next(fitting, next(iter(candidates), None))

    def _candidates(self, name: str) -> Iterator[Path]:
        yield from (folder / name for folder in self.preferred)
        yield from _cached(name, self.cache)
        yield from (folder / name for folder in self.folders)


def is_path(name: str) -> bool:
    """Whether this is where a library lies, and not only what it is called."""
    return "/" in name


def as_path(name: str) -> Path:
    """Where that is; ``~`` is the home of whoever asks."""
    return Path(os.path.expanduser(name))  # noqa: PTH111 -- Path.expanduser raises where there is no such home


def own_machine() -> bytes:
    """The processor that this Python was built for: what it loads must be for the same.

    Asked of the process and not by `sys.executable`: that may lie in a folder that is closed to the user that it runs as.
    """
    return _machine(Path("/proc/self/exe"))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # in a folder that is closed to this user: for the linker, too, it is not there
        return False


def _machine(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return elf.machine(file.read(20))
    except OSError:
        return b""


def _cached(name: str, cache: Path) -> list[Path]:
    """What `ldconfig` has found under a name (glibc, sysdeps/generic/dl-cache.h: struct cache_file_new)."""
    try:
        content = cache.read_bytes()
        content = content[content.index(CACHE_MAGIC) :]
        (n,) = struct.unpack_from("=I", content, 20)
        entries = [struct.unpack_from("=iIIIQ", content, 48 + 24 * row) for row in range(n)]
    except (OSError, ValueError, struct.error):
        return []
    return [Path(_text(content, value)) for _, key, value, *_ in entries if _text(content, key) == name]


def _text(content: bytes, at: int) -> str:
    return content[at : content.find(b"\0", at)].decode(errors="replace")
