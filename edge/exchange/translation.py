"""The months of a ledger in a dialect, beside the table of each month.

How far a destination has the ledger in a dialect is a cursor of its own: who chooses a dialect later gets every month in it.
"""

from __future__ import annotations

from datetime import tzinfo

from edge.exchange.delivery.destination import Destination
from edge.exchange.delivery.report import Delivery
from edge.exchange.ledger.dialects import FORMS, Dialect
from edge.exchange.ledger.months import days_of, month_of, months_of, span
from edge.store import Store


def cursors(destination: str) -> list[str]:
    """Under what names it is kept how far a destination has each dialect; its own is that of its table."""
    return [_cursor(destination, dialect) for dialect in FORMS.values()]


class Translator:
    """One trip to one destination, for one dialect."""

    def __init__(self, store: Store, destination: Destination, timezone: tzinfo | None, delivery: Delivery) -> None:
        """Who is about to write.

        Args:
            store: where the events are.
            destination: that is being visited.
            timezone: for local times and months; None is the system's own.
            delivery: is told what was written and what was kept.
        """
        self._store = store
        self._destination = destination
        self._timezone = timezone
        self._delivery = delivery
        self._ledger = store.ledger_id()

    def deliver(self, destination: str, name: str) -> None:
        """Write anew every month in which something changed, and move the cursor.

        Args:
            destination: under what name it is kept how far it has the table.
            name: of the dialect.
        """
        dialect = FORMS[name]
        cursor = _cursor(destination, dialect)
        lacking = self._store.lacking_as_it_stands(cursor)
        for month in months_of(lacking.hours, self._timezone):
            for file, content in self._files(dialect, month).items():
                self._write(file, bytes(content), is_needed=len(content) > len(dialect.header.encode()))
        if lacking.last_seq:
            self._store.mark_delivered(cursor, lacking.last_seq)

    def _files(self, dialect: Dialect, month: str) -> dict[str, bytearray]:
        """The names of a month's files and their contents: one, or more where the unit was called otherwise within it.

        Whatever the unit was called, a file that was written before and has nothing any more is among them.
        """
        since, until = span(month)
        names = {unit: dialect.file_of(unit, self._ledger, month) for unit in self._store.units(since=since, until=until)}
        files = {name: bytearray(dialect.header.encode()) for name in names.values()}
        for begins, ends in days_of(month):
            for event in self._store.standing(since=begins, until=ends):
                if month_of(event.at_utc, self._timezone) == month:
                    name = names.get(event.unit) or dialect.file_of(event.unit, self._ledger, month)
                    content = files.setdefault(name, bytearray(dialect.header.encode()))
                    content += dialect.line(event, self._timezone).encode()
        return files

    def _write(self, name: str, content: bytes, *, is_needed: bool) -> None:
        """A file in place of the one that is there; one in which there would be nothing only where there is one."""
        before = self._destination.read(name)
        if before is None and not is_needed:
            return
        is_whole = before is None or self._destination.is_whole(name, before)
        if before == content and is_whole:
            return
        if before is not None and not is_whole:
            self._delivery.set_aside.append(self._destination.set_aside(name, before))
        self._destination.replace(name, content, before=before if is_whole else None)
        self._delivery.files.append(name)


def _cursor(destination: str, dialect: Dialect) -> str:
    return f"{destination} {dialect.name}"
