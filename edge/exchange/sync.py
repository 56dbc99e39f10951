"""What happened at the door goes to every destination: twice changes nothing, and half a delivery is no delivery.

A destination has one file a month, ``attendance-YYYY-MM.csv`` (of local time), and a marker that says which destination it is.
Several units may share it. A file that gets new rows is written anew, whole: with every row that this unit has of the month, and
every other row that was in it. The cursor in the database, up to where a destination has everything, belongs to the marker's id
and moves last. So whatever is interrupted is done again the next time, and the event ids keep it from being doubled.

What somebody changed in a row that still is one stays as they changed it. A file that is torn or no longer such a table
is kept beside the new one, as ``attendance-YYYY-MM.set-aside-N.csv``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from edge.errors import SyncError
from edge.exchange.delivery.destination import Destination
from edge.exchange.delivery.marker import Marker
from edge.exchange.delivery.sentences import STILL_HERE, sentences
from edge.exchange.delivery.terms import Terms
from edge.exchange.files import Files
from edge.exchange.ledger.table import Row, merged, read_csv, to_csv
from edge.store import Store


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of one destination.

    Attributes:
        destination: as configured.
        n_events: rows that it did not have and has now.
        files: names of the files that were written.
        set_aside: copies of files that were torn or changed into something else.
        error: why it has not got everything; the rows go out the next time.
        is_new: it was prepared on this occasion.
    """

    destination: str
    n_events: int = 0
    files: list[str] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)
    error: SyncError | None = None
    is_new: bool = False


def sync(
    store: Store,
    destinations: Iterable[str],
    *,
    timezone: tzinfo | None,
    files: Files | None = None,
    terms: Terms | None = None,
) -> list[Delivery]:
    """Bring every destination up to date; one that fails does not keep the others waiting.

    Args:
        store: where the events are.
        destinations: folders that have been prepared.
        timezone: for local times and months; None is the system's own.
        files: writes them.
        terms: on which they are reached.

    Returns:
        For each destination what came of it.

    Raises:
        StoreError: the database fails.
    """
    agreed = terms or Terms()
    return [_deliver(store, name, timezone, files or Files(), agreed) for name in destinations]


def prepare(name: str, *, terms: Terms | None = None, files: Files | None = None) -> Marker:
    """Make a folder a destination: write the marker, once. A folder that is one already stays the one that it is.

    Raises:
        SyncError: the folder is not there, cannot be written, or is a part of the unit's own disk and may not be.
    """
    with sentences(name):
        return (terms or Terms()).destination(name, files or Files()).prepare(Marker.new(_called(name)))


def look(name: str, *, terms: Terms | None = None) -> Marker:
    """Which destination is there; nothing is written.

    Raises:
        SyncError: none, or it cannot be read.
    """
    with sentences(name):
        return (terms or Terms()).destination(name, Files()).look()


def _called(name: str) -> str:
    """What a destination is called: the last part of its path."""
    return Path(name).absolute().name or name


def _deliver(store: Store, name: str, timezone: tzinfo | None, files: Files, terms: Terms) -> Delivery:
    """One trip to one destination, and what went wrong there as a sentence."""
    delivery = Delivery(name)
    try:
        with sentences(name, " " + STILL_HERE):
            return _Courier(store, terms.destination(name, files), timezone, delivery).deliver(terms)
    except SyncError as error:
        return replace(delivery, error=error)


class _Courier:
    """One trip to one destination."""

    def __init__(self, store: Store, destination: Destination, timezone: tzinfo | None, delivery: Delivery) -> None:
        self._store = store
        self._destination = destination
        self._timezone = timezone
        self._delivery = delivery

    def deliver(self, terms: Terms) -> Delivery:
        """Write what is missing and move the cursor."""
        name = self._destination.name
        marker = Marker.new(_called(name))
        is_new = terms.prepare and self._destination.prepare(marker) == marker
        with self._destination.visit() as marker:
            for known_as in (marker.id, name) if terms.again else ():
                self._store.forget_deliveries(known_as)
            self._delivery.set_aside.extend(self._destination.recover())
            self._carry_over(marker)
            events = self._store.undelivered(marker.id)
            months = sorted({Row.of(event, self._timezone).month for event in events})
            n_added = sum(self._write(month) for month in months)
            if events:
                self._store.mark_delivered(marker.id, events[-1].seq)
        return Delivery(name, n_added, self._delivery.files, self._delivery.set_aside, is_new=is_new)

    def _carry_over(self, marker: Marker) -> None:
        """Before there were markers the cursor was that of the path: it counts where the last row that it speaks of is found.

        Anything else may be another stick at the same path, which gets everything: no row that is there is doubled.
        """
        path = self._destination.name
        last = None if self._store.last_delivered(marker.id) else self._store.last_delivered(path)
        if last is None:
            return
        found = self._destination.read(_file_of(f"{last.at_utc.astimezone(self._timezone):%Y-%m}"))
        if found is not None and any(row.event_id == last.event_id for row in read_csv(found).rows):
            self._store.carry_over(path, marker.id)

    def _write(self, month: str) -> int:
        """Bring one month's file up to date; the number of rows that it did not have."""
        name = _file_of(month)
        before = self._destination.read(name)
        table = read_csv(before) if before is not None else None
        rows = merged(self._own_rows(month), table.rows if table else ())
        is_whole = True
        if before is not None and table is not None:
            is_whole = not table.faults and self._destination.is_whole(name, before)
            if not is_whole:
                self._delivery.set_aside.append(self._destination.set_aside(name, before))
        after = to_csv(sorted(rows.values(), key=lambda row: (row.at_utc, row.unit, row.event_id))).encode()
        if after != before or not is_whole:
            self._destination.replace(name, after, before=before if is_whole else None)
            self._delivery.files.append(name)
        return len(rows) - len({row.event_id for row in table.rows} if table else ())

    def _own_rows(self, month: str) -> Sequence[Row]:
        """All that this unit has of a month: a file that was torn or carried away is whole again after the next delivery."""
        first = datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC)
        margin = timedelta(days=1)  # no zone is farther from UTC
        events = self._store.events(since=first - margin, until=first + timedelta(days=31) + margin)
        return [row for row in (Row.of(event, self._timezone) for event in events) if row.month == month]


def _file_of(month: str) -> str:
    return f"attendance-{month}.csv"
