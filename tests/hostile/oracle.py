"""What must hold after a stick was served, whatever was on it."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hostile.contents import Content
from hostile.subject import UNIT

from edge.exchange.cells import unguard
from edge.exchange.enrolment.folder import is_left_behind
from edge.exchange.names import has_unseen, printable
from edge.ledger import verify
from edge.store import FILE_NAME, Store

MAX_SECONDS = 60.0
"""Of work; a machine that others keep busy takes longer over it."""

HANGS = 3
"""Whoever takes so many times as long by the clock is ended: that is waiting, and not work."""

MAX_RSS_MB = 1_000
MAX_RECEIPT_BYTES = 8_000_000
MAX_OUTPUT_BYTES = 2_000_000
MOST_FILES, MAX_DEPTH = 20_000, 8
LONGEST_PATH = 3_800
"""What lies deeper is not looked at: a path has at most 4,096 bytes."""

_OUTPUT = re.compile(
    r"receipts(/.*)?|muster-destination\.toml|attendance-\d{4}-\d\d(\.set-aside-\d+)?\.csv(\.sum)?|\.muster\.lock"
    r"|\.(attendance|attlog|frappe)-.*\.part|\.muster-destination\.toml\.part"
)
"""What may be made, changed or removed on a stick."""

_RECEIPT = re.compile(r"receipts/[0-9A-Za-z._-]{1,120}\.csv")

Snapshot = Mapping[str, tuple[Any, ...]]


@dataclass
class Ending:
    """How a process ended that served a stick.

    Attributes:
        status: as `os.waitpid` tells it: the exit code, or the signal as a negative number.
        seconds: of work that it took, with all that it has started.
        rss_mb: at most, of real memory.
        is_late: it was ended because its time was over.
        told: what it said of itself; see `hostile.case`.
    """

    status: int
    seconds: float
    rss_mb: float
    is_late: bool = False
    told: dict[str, Any] = field(default_factory=dict)

    def faults(self, limit_s: float) -> Iterator[str]:
        """What is wrong with that."""
        if self.is_late or self.seconds > limit_s:
            yield f"it took {self.seconds:.1f} s of work" + (" and did not end" if self.is_late else "")
        if self.rss_mb > MAX_RSS_MB:
            yield f"it took {self.rss_mb:.0f} MB"
        if self.told.get("crash"):
            yield f"it broke down: {self.told['crash']}"
        elif not self.told or self.status:
            yield f"it ended with {self.status} and said nothing"


def snapshot(top: Path) -> Snapshot:
    """Everything below a folder, without following or opening links, pipes and devices; small files with what is in them."""
    found: dict[str, tuple[Any, ...]] = {}
    waiting = [os.fspath(top)]
    while waiting:
        folder = waiting.pop()
        entries = list(os.scandir(folder)) if len(folder) < LONGEST_PATH else ()
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                waiting.append(entry.path)
            found[os.path.relpath(entry.path, top)] = _seen(entry.path, status)
    return found


def _seen(path: str, status: os.stat_result) -> tuple[Any, ...]:
    if stat.S_ISLNK(status.st_mode):
        return ("link", os.readlink(path))  # noqa: PTH115
    if stat.S_ISREG(status.st_mode):
        return ("file", status.st_size, status.st_mtime_ns, status.st_ino)
    return (stat.S_IFMT(status.st_mode), 0 if stat.S_ISDIR(status.st_mode) else status.st_mtime_ns)


def changed(before: Snapshot, after: Snapshot) -> list[str]:
    """Names that came, went or are something else; a folder's own time is not looked at."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def spoilt(before: Snapshot, after: Snapshot) -> Iterator[str]:
    """What was changed on a stick that is not for a unit to change."""
    for name in changed(before, after):
        if not _OUTPUT.fullmatch(name.replace("\n", "?")):
            yield f"changed on the stick: {name!a}"
        if name not in before and name.startswith("receipts/") and not _RECEIPT.fullmatch(name):
            yield f"a receipt of a strange name: {name!a}"


def receipts(top: Path, before: Snapshot, after: Snapshot) -> dict[str, bytes]:
    """The receipts that were written."""
    names = [name for name in changed(before, after) if name.startswith("receipts/") and after.get(name, ("",))[0] == "file"]
    return {name: (top / name).read_bytes() for name in names}


def bad_receipts(found: Mapping[str, bytes]) -> Iterator[str]:
    """Receipts that are too large, or that no spreadsheet should open."""
    if sum(map(len, found.values())) > MAX_RECEIPT_BYTES or len(found) > 4:
        yield f"{len(found)} receipts of {sum(map(len, found.values())):,} bytes"
    for name, content in found.items():
        text = content.decode("utf-8-sig")
        for row in csv.reader(io.StringIO(text, newline=""), strict=True):
            for cell in row:
                if cell[:1] in {"=", "+", "-", "@", "\t", "\r", "\n"} or has_unseen(cell):
                    yield f"{name}: the cell {cell[:60]!a}"


@dataclass(frozen=True)
class Memory:
    """What a unit has in mind."""

    people: dict[str, list[Any]]
    rows: list[Any]
    sticks: list[Any]

    @classmethod
    def of(cls, data: Path) -> Memory:
        """Read off the file itself."""
        with sqlite3.connect(data / FILE_NAME) as db:
            people = {row[1]: list(row) for row in db.execute("SELECT * FROM person ORDER BY id")}
            for code, vector, photograph in db.execute(
                "SELECT code, vector, photo_sha256 FROM template JOIN person ON person.id = person_id ORDER BY template.id"
            ):
                people[code].append((photograph, hashlib.sha256(vector).hexdigest()))
            rows = list(db.execute("SELECT * FROM event ORDER BY 1"))
            sticks = list(db.execute("SELECT * FROM stick"))
        db.close()
        return cls(people, rows, sticks)


def broken_database(data: Path, before: Memory) -> Iterator[str]:
    """A ledger that does not verify, or has lost rows."""
    with Store.open(data / FILE_NAME, unit=UNIT) as store:
        yield from (f"ledger: {finding}" for finding in verify(store.entries(), n_written=store.n_written()))
        if store.n_rows() < len(before.rows):
            yield f"{len(before.rows) - store.n_rows()} rows of the ledger are lost"


def candidates(top: Path) -> Iterator[str]:
    """Everything below ``enrol/`` that is no folder and that no system left behind; of a very deep place the first folders."""
    waiting = [""] if (top / "enrol").is_dir() and not (top / "enrol").is_symlink() else []
    while waiting:
        folder = waiting.pop()
        for entry in os.scandir(top / "enrol" / folder):
            name = f"{folder}{entry.name}"
            if is_left_behind(entry.name.lower()):
                continue
            if entry.is_dir(follow_symlinks=False) and name.count("/") < MAX_DEPTH - 1:
                waiting.append(f"{name}/")
            else:
                yield name


def unmentioned(top: Path, told: Mapping[str, Any]) -> Iterator[str]:
    """Candidates, and lines of tables, of which no line of the receipt tells, though it does not say that there were more."""
    lines = {line for line, _ in told["photographs"]}
    names = sorted(candidates(top))
    is_cut = len(names) > MOST_FILES and any("more than" in reason for _, reason in told["photographs"])
    if not is_cut and "enrol" not in lines and not told["errors"]:
        yield from (f"nothing tells of {name!a}" for name in names if printable(name) not in lines)
    for name in ("people.csv", "remove.csv"):
        yield from _untold_lines(top / name, [(number, reason) for file, number, reason in told["tables"] if file == name])


def unwritten(told: Mapping[str, Any], found: Mapping[str, bytes]) -> Iterator[str]:
    """Refusals that the receipts on the stick do not have, though they could be written and do not say that there are more."""
    if told["errors"] or not (told["refused"] or told["refused_lines"]):
        return
    rows = [row for content in found.values() for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))]
    if any(cell.startswith("and ") and cell.endswith("refused") for row in rows for cell in row):
        return
    photographs, lines = {unguard(row[0]) for row in rows if row}, {(row[0], row[1]) for row in rows if len(row) > 1}
    yield from (f"not in a receipt: {name!a}" for name in told["refused"] if name not in photographs)
    yield from (f"not in a receipt: {file}, line {n}" for file, n in told["refused_lines"] if (file, str(n or "")) not in lines)


def _untold_lines(path: Path, told: list[tuple[int, str]]) -> Iterator[str]:
    numbers = {number for number, _ in told}
    if not os.path.lexists(path) or (0 in numbers and len(numbers) == 1):
        return
    if not told and not (stat.S_ISREG(path.lstat().st_mode) and path.stat().st_size < 5_000_000):
        yield f"nothing tells of {path.name}"
        return
    last = min((number for number, reason in told if reason.startswith("more than")), default=10**9)
    for number, line in enumerate(re.split(r"\r\n|\r|\n", _text(path.read_bytes())), 1):
        if 1 < number < last and number not in numbers and re.search(r"[0-9A-Za-z]", line):
            yield f"nothing tells of line {number} of {path.name}: {line[:60]!a}"


def _text(content: bytes) -> str:
    kind = "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8"
    return content.decode(kind, "surrogateescape" if kind == "utf-8" else "replace")


def is_trusted(content: Content) -> bool:
    """Whether a stick may bring anything in at all."""
    return content.policy == "open" or content.paper in {"prepared", "careless"}
