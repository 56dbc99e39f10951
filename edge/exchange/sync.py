"""What happened at the door goes to every destination: twice changes nothing, and half a delivery is no delivery.

A destination is a folder with one file a month, ``attendance-YYYY-MM.csv`` (of local time). Several units may share it.
A file that gets new rows is written anew, whole: with every row that this unit has of the month, and every other row
that was in it. The mark in the database, up to where a destination has everything, moves last. So whatever is
interrupted is done again the next time, and the event ids keep it from being doubled.

What somebody changed in a row that still is one stays as they changed it. A file that is torn or no longer such a table
is kept beside the new one, as ``attendance-YYYY-MM.set-aside-N.csv``.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import count
from pathlib import Path

from edge.errors import SyncError
from edge.exchange.files import PART, Files, locked, read_regular
from edge.exchange.ledger import Row, read_csv, to_csv
from edge.store import Store

MAX_BYTES = 200_000_000
"""A month's file is not read beyond this: some 1.6 million rows."""

_REASONS = {
    errno.ENOENT: "it is not there. Plug in the stick or mount the share; muster does not make the folder",
    errno.ENOTDIR: "it is not a folder",
    errno.EACCES: "it may not be written. Give the folder to the user that runs muster",
    errno.EPERM: "it may not be written. Give the folder to the user that runs muster",
    errno.EROFS: "it is read-only. Move the stick's switch, or check it for errors",
    errno.ENOSPC: "it is full. Make room",
    errno.EDQUOT: "it is full. Make room",
    errno.EIO: "it fails, or was pulled. Plug it in again",
    errno.EWOULDBLOCK: "another Muster is writing there. Try again in a moment",
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of one destination.

    Attributes:
        destination: the folder, as configured.
        n_events: rows that it did not have and has now.
        files: names of the files that were written.
        set_aside: copies of files that were torn or changed into something else.
        error: why it has not got everything; the rows go out the next time.
    """

    destination: str
    n_events: int = 0
    files: list[str] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)
    error: SyncError | None = None


def sync(store: Store, destinations: Iterable[str], *, timezone: tzinfo | None, files: Files | None = None) -> list[Delivery]:
    """Bring every destination up to date; one that fails does not keep the others waiting.

    Args:
        store: where the events are.
        destinations: folders, which must be there.
        timezone: for local times and months; None is the system's own.
        files: writes them.

    Returns:
        For each destination what came of it.

    Raises:
        StoreError: the database fails.
    """
    return [_Courier(store, destination, timezone, files or Files()).deliver() for destination in destinations]


class _Courier:
    """One trip to one destination."""

    def __init__(self, store: Store, destination: str, timezone: tzinfo | None, files: Files) -> None:
        self._store = store
        self._folder = Path(destination)
        self._timezone = timezone
        self._files = files
        self._delivery = Delivery(destination)

    def deliver(self) -> Delivery:
        """Write what is missing and move the mark."""
        name = self._delivery.destination
        try:
            with locked(self._folder):
                self._clear_leftovers()
                events = self._store.undelivered(name)
                months = sorted({Row.of(event, self._timezone).month for event in events})
                n_added = sum(self._write(month) for month in months)
                if events:
                    self._store.mark_delivered(name, events[-1].seq)
        except OSError as error:
            reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
            problem = SyncError(f"{name}: {reason}. Nothing is lost; the rows go out the next time.")
            return Delivery(name, 0, self._delivery.files, self._delivery.set_aside, problem)
        return Delivery(name, n_added, self._delivery.files, self._delivery.set_aside)

    def _clear_leftovers(self) -> None:
        """Temporary files of interrupted runs; nobody else writes while the folder is locked."""
        for part in self._folder.glob(f".attendance-*{PART}"):
            self._files.remove(part)

    def _write(self, month: str) -> int:
        """Bring one month's file up to date; the number of rows that it did not have."""
        path = self._folder / f"attendance-{month}.csv"
        before = self._read(path)
        table = read_csv(before) if before is not None else None
        rows = {row.event_id: row for row in self._own_rows(month)}
        if table is not None:
            rows |= {row.event_id: row for row in table.rows}
        if before is not None and table is not None and table.faults:
            self._set_aside(path, before)
        after = to_csv(sorted(rows.values(), key=lambda row: (row.at_utc, row.unit, row.event_id))).encode()
        if after != before:
            self._files.replace(path, after)
            self._delivery.files.append(path.name)
        return len(rows) - len({row.event_id for row in table.rows} if table else ())

    def _own_rows(self, month: str) -> Sequence[Row]:
        """All that this unit has of a month: a file that was torn or carried away is whole again after the next delivery."""
        first = datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC)
        margin = timedelta(days=1)  # no zone is farther from UTC
        events = self._store.events(since=first - margin, until=first + timedelta(days=31) + margin)
        return [row for row in (Row.of(event, self._timezone) for event in events) if row.month == month]

    def _read(self, path: Path) -> bytes | None:
        try:
            return read_regular(path, at_most=MAX_BYTES)
        except FileNotFoundError:
            return None

    def _set_aside(self, path: Path, content: bytes) -> None:
        """Keep a copy under the first free name; a copy, because until the new file is there the old one is all there is."""
        for number in count(1):
            aside = path.with_suffix(f".set-aside-{number}.csv")
            kept = self._read(aside)
            if kept is None:
                self._files.replace(aside, content)
            if kept is None or kept == content:
                self._delivery.set_aside.append(aside.name)
                return
