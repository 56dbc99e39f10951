"""A disk whose power fails: what it may hold after each request of a log, when it keeps for certain only what was flushed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from types import TracebackType
from typing import NamedTuple, Self

from rig.writelog import DISCARD, FLUSH, FUA, Entry, WriteLog

SECTOR = 512
"""A disk writes that much, or nothing of it."""

PORTION = 1 << 20


class Piece(NamedTuple):
    """Bytes that are on their way to the disk; without ``data_at`` they are zeros, as a discard leaves them."""

    at: int
    length: int
    data_at: int | None


class Cut(NamedTuple):
    """How the power failed.

    Attributes:
        entry: the last one that was logged before.
        n_pending: requests of the unit behind the last flush.
        n_survived: how many of them are there all the same.
        torn: the sectors that are there of one of them; None where none is torn.
    """

    entry: int
    n_pending: int
    n_survived: int
    torn: int | None

    @property
    def n_lost(self) -> int:
        """Requests that are not there, or not whole."""
        return self.n_pending - self.n_survived + (self.torn is not None)

    def __str__(self) -> str:
        torn = "" if self.torn is None else f", one of them torn to {self.torn} sectors"
        return f"behind entry {self.entry}: {self.n_survived} of {self.n_pending} requests that were not flushed are there{torn}"


def points(log: WriteLog, *, n: int, seed: int, first: int = 0) -> list[int]:
    """Entries behind which the power fails, in order.

    A quarter is any entry, the last one among them. Behind the others, as far as there are enough, something is not flushed yet
    that can be lost; some of these are right before a flush.

    Args:
        log: what was written.
        n: how many; fewer where the log has fewer.
        seed: of the chance.
        first: no entry before this one.
    """
    chance, every = Random(seed), range(first, len(log.entries))  # noqa: S311
    chosen = {every[-1], *chance.sample(every, min(len(every), n // 4))}
    unsafe = [index for index in _unsafe(log) if index in every]
    followed = [index for index in unsafe if index + 1 in every and log.entries[index + 1].flags & FLUSH]
    for some, n_wanted in ((followed, n // 2), (unsafe, n), (every, n)):
        left = [index for index in some if index not in chosen]
        chosen.update(chance.sample(left, min(len(left), max(0, n_wanted - len(chosen)))))
    return sorted(chosen)


def _unsafe(log: WriteLog) -> Iterator[int]:
    """Entries behind which a request is not flushed."""
    notes, n = {note.entry for note in log.acknowledged()}, 0
    for index, entry in enumerate(log.entries):
        n = 0 if entry.flags & FLUSH else n
        n += bool(entry.length) and not entry.flags & FUA and index not in notes
        if n:
            yield index


class Replay:
    """A disk that goes forward through a log. A context manager.

    Attributes:
        pending: what was written behind the last flush, in order.
    """

    def __init__(self, log: WriteLog, base: Path, flushed: Path) -> None:
        """Begin.

        Args:
            log: what was written.
            base: what the disk held when the log began, as raw bytes; it stays as it is.
            flushed: where what is safe is kept, made anew.
        """
        self.pending: list[Piece] = []
        self._log, self._n_done = log, 0
        self._notes = {note.entry for note in log.acknowledged()}
        copy(base, flushed)
        self._path = flushed
        self._file = os.open(flushed, os.O_RDWR | os.O_CLOEXEC)

    def forward(self, index: int) -> None:
        """Let the disk be done with everything up to and including an entry.

        Raises:
            ValueError: it is done with more.
        """
        if index + 1 < self._n_done:
            raise ValueError(f"the disk is at entry {self._n_done - 1} and does not go back to {index}")
        for at in range(self._n_done, index + 1):
            self._take(self._log.entries[at], is_note=at in self._notes)
        self._n_done = index + 1

    def _take(self, entry: Entry, *, is_note: bool) -> None:
        """A flush comes before the data that it carries. A write with FUA is safe by itself, and makes nothing else so.

        A note is nothing that the unit writes, so it cannot be among what is lost.
        """
        if entry.flags & FLUSH:
            for piece in self.pending:
                self._put(self._file, piece)
            self.pending = []
        if entry.length:
            piece = Piece(entry.at, entry.length, None if entry.flags & DISCARD else entry.data_at)
            if entry.flags & FUA or is_note:
                self._put(self._file, piece)
                self.pending = [rest for each in self.pending for rest in _beside(each, piece)]
            else:
                self.pending.append(piece)

    def cut(self, image: Path, *, seed: int) -> Cut:
        """Write what the disk may hold when the power fails now; the same for the same seed.

        Of what was not flushed some is there, in any order, and of one request only some sectors.
        """
        chance = Random(f"{seed} {self._n_done}")  # noqa: S311
        share = chance.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        survived = [piece for piece in self.pending if chance.random() < share]
        chance.shuffle(survived)
        long = [number for number, piece in enumerate(survived) if piece.length > SECTOR]
        torn = chance.choice(long) if long else None
        pieces: list[Piece] = []
        n_torn = None
        for number, piece in enumerate(survived):
            parts = _torn(piece, chance) if number == torn else [piece]
            n_torn = sum(part.length for part in parts) // SECTOR if number == torn else n_torn
            pieces += parts
        self.image(image, pieces)
        return Cut(self._n_done - 1, len(self.pending), len(survived), n_torn)

    def image(self, image: Path, survived: Iterable[Piece]) -> None:
        """Write the disk with what is safe and, over that, with these pieces in their order."""
        copy(self._path, image)
        file = os.open(image, os.O_RDWR | os.O_CLOEXEC)
        try:
            for piece in survived:
                self._put(file, piece)
        finally:
            os.close(file)

    def _put(self, file: int, piece: Piece) -> None:
        for done in range(0, piece.length, PORTION):
            length = min(PORTION, piece.length - done)
            data = bytes(length) if piece.data_at is None else self._log.bytes_of(piece.data_at + done, length)
            os.pwrite(file, data, piece.at + done)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self._file)


def copy(source: Path, target: Path, *, begin: int = 0) -> None:
    """Copy a file from a byte on, with its holes; a disk is mostly holes."""
    with source.open("rb") as old, target.open("wb") as new:
        size, at = os.fstat(old.fileno()).st_size, begin
        os.ftruncate(new.fileno(), size - begin)
        while at < size:
            try:
                at = os.lseek(old.fileno(), at, os.SEEK_DATA)
            except OSError:  # ENXIO: nothing but a hole is left
                return
            end = os.lseek(old.fileno(), at, os.SEEK_HOLE)
            os.lseek(new.fileno(), at - begin, os.SEEK_SET)
            while at < end:
                at += os.sendfile(new.fileno(), old.fileno(), at, end - at)


def _beside(piece: Piece, other: Piece) -> list[Piece]:
    """What is left of a piece where another one was written over it."""
    left = min(piece.length, max(0, other.at - piece.at))
    right = min(piece.length, max(0, other.at + other.length - piece.at))
    return [_part(piece, begin, end) for begin, end in ((0, left), (right, piece.length)) if begin < end]


def _part(piece: Piece, begin: int, end: int) -> Piece:
    return Piece(piece.at + begin, end - begin, None if piece.data_at is None else piece.data_at + begin)


def _torn(piece: Piece, chance: Random) -> list[Piece]:
    """Some sectors of a piece, at least one and not all: its beginning, or here one and there one."""
    n = piece.length // SECTOR
    n_there = chance.randrange(1, n)
    there = range(n_there) if chance.random() < 0.5 else sorted(chance.sample(range(n), n_there))
    return [_part(piece, sector * SECTOR, (sector + 1) * SECTOR) for sector in there]
