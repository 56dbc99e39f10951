"""What a process and its children opened, made, renamed and removed, as `opens.c` wrote it down; and what of it is wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).with_name("opens.c")
COMPILER = shutil.which("cc")
"""None: the tests that need it are skipped, and say so."""

ROOT = Path(__file__).parents[2]
PYTHON = sys.executable


def build(folder: Path) -> Path:
    """The library that is preloaded, built into a folder."""
    library = folder / "opens.so"
    command = [str(COMPILER), "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    return library


class Touch(NamedTuple):
    """One call: how, what was opened, the path that was asked for, and the one that was reached; see `opens.c`."""

    call: str
    kind: str
    asked: str
    reached: str

    @property
    def writes(self) -> bool:
        return self.call not in {"open r", "open p", "run"}

    def __str__(self) -> str:
        return f"{self.call} {self.asked!a}" + ("" if self.reached == self.asked else f", which is {self.reached!a}")


def read(content: bytes) -> Iterator[Touch]:
    """The records of a log."""
    fields = content.split(b"\0")
    for at in range(0, len(fields) - 4, 5):
        yield Touch(*map(os.fsdecode, fields[at : at + 4]))


def _program() -> tuple[str, ...]:
    """Where the program itself and what it runs on lie: read, never written."""
    pythons = (sys.prefix, sys.base_prefix, sysconfig.get_path("stdlib"), os.path.dirname(os.path.realpath(sys.executable)))  # noqa: PTH120
    packages = {os.path.realpath(each) for each in (*pythons, sysconfig.get_path("purelib"))}
    ours = {str(ROOT / name) for name in ("edge", "models", "scripts", "tests", "pyproject.toml", ".venv")}
    # The system's: libraries, time zones, what is mounted where, how many cores there are.
    system = {"/usr/lib", "/lib", "/usr/share/zoneinfo", "/etc/localtime", "/etc/ld.so.cache", "/proc", "/sys", "/dev/null"}
    return tuple(sorted(packages | ours | system | {"/dev/urandom", "/usr/lib64", "/lib64", "/etc/ssl/openssl.cnf"}))


PROGRAM = _program()


@dataclass(frozen=True)
class Places:
    """Where a process may be. All are absolute and without links.

    Attributes:
        stick: what is served.
        data: the unit's data folder.
        scratch: for temporary files.
    """

    stick: str
    data: str
    scratch: str

    def faults(self, touches: Iterable[Touch]) -> Iterator[str]:
        """What was touched that must not be."""
        for touch in touches:
            fault = self._fault(touch)
            if fault:
                yield f"{fault}: {touch}"

    def _fault(self, touch: Touch) -> str:
        reached, asked = touch.reached.removesuffix(" (deleted)"), os.path.normpath(touch.asked)
        if _within(reached, self.stick):
            if touch.kind == "other" and touch.call != "open p":
                return "a pipe or a device of the stick was opened"
            # A folder that is reached by its descriptor has its own name; else what was asked for is what was reached.
            by_descriptor = asked.startswith("/proc/")
            return "" if by_descriptor or asked == reached else "a link of the stick was followed"
        if _within(asked, self.stick):
            return "a link led out of the stick"
        if any(_within(reached, place) for place in (self.data, self.scratch)):
            return ""
        if touch.writes:
            # A process that delivers says so, so that the door is not what ends where memory is short.
            return "" if reached == "/dev/null" or asked == "/proc/self/oom_score_adj" else "written outside"
        return (
            ""
            if reached == str(ROOT) or any(_within(reached, place) for place in PROGRAM) or ":" in reached[:8]
            else "read outside"
        )


def _within(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")
