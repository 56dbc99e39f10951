"""What a search of the raw bytes finds of somebody who was removed: the proof that they are gone.

The database is read as any other file, not through SQLite. A name may be somebody else's, too: its letters are then in a row
that stays. Where they lie in a page's free space they belong to nobody who is there (sqlite.org/fileformat.html).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

N_CHUNK = 1 << 20
"""Bytes that are read at a time."""

N_LEAST = 4
"""Bytes, and different ones in what is a number. Less than that is everywhere."""

_LOGS = ("-wal", "-shm")
_LOG_HEADER, _FRAME_HEADER = 32, 24

_LEAF, _WITH_CHILDREN = {10, 13}, {2, 5}
"""The first byte of a page of a b-tree."""


class Traces(NamedTuple):
    """What to look for.

    Attributes:
        names: as in the file; sealed and opened.
        templates: likewise.
        photographs: fingerprints, as 64 hexadecimal digits.
    """

    names: frozenset[bytes]
    templates: frozenset[bytes]
    photographs: frozenset[bytes]

    @classmethod
    def of_all(cls, traces: Iterable[Traces]) -> Traces:
        """Of several people at once: the file is read once for all."""
        each = tuple(traces)
        return cls(*(frozenset().union(*(one[n] for one in each)) for n in range(3)))


@dataclass(frozen=True, slots=True)
class Remains:
    """What is still there.

    Attributes:
        n_bytes: so many were searched, in all files together.
        n_files: and so many files.
        n_templates: places with a template, or a half of one.
        n_photographs: places with a fingerprint, or a half of one.
        n_names: places with the name that no row holds.
        n_kept: places with the letters of the name, in what stays: of somebody of the same name, in a note, or in the code.
    """

    n_bytes: int
    n_files: int
    n_templates: int
    n_photographs: int
    n_names: int
    n_kept: int

    @property
    def is_nothing(self) -> bool:
        """Whether all is gone."""
        return not (self.n_templates or self.n_photographs or self.n_names)


def remains(database: Path, traces: Traces) -> Remains:
    """Search a database and the files that SQLite keeps beside it.

    Raises:
        OSError: one of them cannot be read.
    """
    files = [file for suffix in ("", *_LOGS) if (file := database.with_name(database.name + suffix)).exists()]
    n_bytes, places = 0, Counter[str]()
    for file in files:
        for word, at in _places(file, traces):
            if word in traces.names:
                places["lost" if _is_in_free_space(file, at) else "kept"] += 1
            else:
                places["template" if any(word in each for each in traces.templates) else "photograph"] += 1
        n_bytes += file.stat().st_size
    return Remains(n_bytes, len(files), places["template"], places["photograph"], places["lost"], places["kept"])


def _places(file: Path, traces: Traces) -> Iterator[tuple[bytes, int]]:
    """Each trace that is found, or its half: a part that was overwritten must not hide the rest; and where it is."""
    halves = {half for each in traces.templates | traces.photographs for half in _halves(each) if len(set(half)) >= N_LEAST}
    words = [word for word in traces.names | halves if len(word) >= N_LEAST]
    overlap = max(map(len, words), default=1) - 1
    with file.open("rb") as opened:
        begin, before = 0, b""
        while chunk := opened.read(N_CHUNK):
            content = before + chunk
            for word in words:
                at = content.find(word)
                while at >= 0:
                    if at + len(word) > len(before):
                        yield word, begin + at
                    at = content.find(word, at + 1)
            before = content[max(0, len(content) - overlap) :] if overlap else b""
            begin += len(content) - len(before)


def _halves(content: bytes) -> tuple[bytes, bytes]:
    return content[: len(content) // 2], content[len(content) // 2 :]


def _is_in_free_space(file: Path, at: int) -> bool:
    """Whether an offset lies where a page has no row; -shm has pages of numbers alone."""
    if file.name.endswith("-shm"):
        return True
    with file.open("rb") as opened:
        header = opened.read(_LOG_HEADER)
        in_log = file.name.endswith("-wal")
        size = int.from_bytes(header[8:12] if in_log else header[16:18])
        before, between = (_LOG_HEADER, _FRAME_HEADER) if in_log else (0, 0)
        number, offset = divmod(at - before, between + size)
        frame = os.pread(opened.fileno(), between + size, before + number * (between + size))
    is_first = int.from_bytes(frame[:4]) == 1 if in_log else number == 0
    return _is_free(frame[between:], offset - between, 100 if is_first else 0)


def _is_free(page: bytes, offset: int, begin: int) -> bool:
    """Whether an offset of a page of a b-tree, with its header at ``begin``, is behind the list of its rows and before them."""
    kind = page[begin]
    if kind not in _LEAF | _WITH_CHILDREN:
        return False
    header = 12 if kind in _WITH_CHILDREN else 8
    list_end = begin + header + 2 * int.from_bytes(page[begin + 3 : begin + 5])
    return list_end <= offset < (int.from_bytes(page[begin + 5 : begin + 7]) or len(page))
