"""What happened at the door goes to every destination: twice changes nothing, and half a delivery is no delivery.

A destination has one file a month, ``attendance-YYYY-MM.csv`` (of local time), and a marker that says which destination it is.
Beside it there may be one in another dialect (`edge.exchange.translation`).
Several units may share it. A file that gets new rows is written anew, whole: with every row that this unit has of the month, and
every other row that was in it. The cursor in the database, up to where a destination has everything, belongs to the marker's id,
of a stick that is plugged in to that stick and the id, and moves last. So whatever is interrupted is done again the next time,
and the event ids keep it from being doubled.

What somebody changed in a row that still is one stays as they changed it. A file that is torn or no longer such a table
is kept beside the new one, as ``attendance-YYYY-MM.set-aside-N.csv``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import tzinfo
from pathlib import Path

from edge.errors import SyncError
from edge.exchange.delivery.destination import Destination
from edge.exchange.delivery.marker import Marker, cursor_of
from edge.exchange.delivery.report import Delivery
from edge.exchange.delivery.sentences import STILL_HERE, sentences
from edge.exchange.delivery.terms import Terms
from edge.exchange.files import Files
from edge.exchange.ledger.months import days_of, month_of, months_of
from edge.exchange.ledger.table import Row, merged, read_csv, to_bytes
from edge.exchange.translation import Translator, cursors
from edge.store import Store


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
            cursor = cursor_of(marker.id, stick=terms.stick)
            for known_as in (cursor, name, *cursors(cursor)) if terms.again else ():
                self._store.forget_deliveries(known_as)
            self._delivery.set_aside.extend(self._destination.recover())
            if not terms.stick:
                self._carry_over(marker)
            lacking = self._store.lacking(cursor)
            n_added = sum(self._write(month) for month in months_of(lacking.hours, self._timezone))
            if lacking.last_seq:
                self._store.mark_delivered(cursor, lacking.last_seq)
            if terms.dialect:
                Translator(self._store, self._destination, self._timezone, self._delivery).deliver(cursor, terms.dialect)
        return Delivery(name, n_added, self._delivery.files, self._delivery.set_aside, is_new=is_new)

    def _carry_over(self, marker: Marker) -> None:
        """Before there were markers the cursor was that of the path: it counts where the last row that it speaks of is found.

        Anything else may be another stick at the same path, which gets everything: no row that is there is doubled.
        """
        path = self._destination.name
        last = None if self._store.last_delivered(marker.id) else self._store.last_delivered(path)
        if last is None:
            return
        found = self._destination.read(_file_of(month_of(last.at_utc, self._timezone)))
        if found is not None and any(row.event_id == last.event_id for row in read_csv(found).rows):
            self._store.carry_over(path, marker.id)

    def _write(self, month: str) -> int:
        """Bring one month's file up to date; the number of rows that it did not have."""
        own = self._own_rows(month)
        if not own:
            return 0
        name = _file_of(month)
        before = self._destination.read(name)
        table = read_csv(before, own) if before is not None else None
        rows = merged(own.values(), table.rows if table else ())
        is_whole = True
        if before is not None and table is not None:
            is_whole = not table.faults and self._destination.is_whole(name, before)
            if not is_whole:
                self._delivery.set_aside.append(self._destination.set_aside(name, before))
        after = to_bytes(sorted(rows.values(), key=lambda row: (row.at_utc, row.unit, row.event_id)))
        if after != before or not is_whole:
            self._destination.replace(name, after, before=before if is_whole else None)
            self._delivery.files.append(name)
        return len(rows) - len({row.event_id for row in table.rows} if table else ())

    def _own_rows(self, month: str) -> dict[str, Row]:
        """All that this unit has of a month, by event_id: a file that was torn or carried away is whole after the next delivery.

        Day by day, because an event takes as much memory as its row.
        """
        events = (event for since, until in days_of(month) for event in self._store.events(since=since, until=until))
        rows = (Row.of(event, self._timezone) for event in events)
        return {row.event_id: row for row in rows if row.month == month}


def _file_of(month: str) -> str:
    return f"attendance-{month}.csv"
