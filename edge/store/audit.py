"""The part of the store that remembers what was done to the unit rather than at its door.

A line says what was done and to whom by code or id, never by name. Nothing in it is changed or removed; the database itself
refuses that. Whoever holds the file can still write into it with another program: the chain is the ledger's, not this log's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from edge.store.database import DurableDatabase
from edge.types import utc_text

STICK_PAIRED = "stick paired"
STICK_UNPAIRED = "stick unpaired"
STICK_REFUSED = "stick refused"
STICK_SERVED = "stick served"
MANIFEST_REFUSED = "manifest refused"
PERSON_REMOVED = "person removed"
PERSON_EXPIRED = "person expired"
PERSON_EXPORTED = "person exported"
ROW_CORRECTED = "row corrected"
BACKUP_MADE = "backup made"
RESTORED = "restored"
KEY_CHANGED = "key changed"

_COLUMNS = "seq, at_utc, clock_ok, what, detail"


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One thing that was done.

    Attributes:
        seq: grows with each line.
        at_utc: when, as believed.
        clock_ok: whether the clock was known to be right.
        what: one of the words above.
        detail: codes, ids and numbers; no name.
    """

    seq: int
    at_utc: datetime
    clock_ok: bool
    what: str
    detail: str


class Audit:
    """What was done to the unit, line by line."""

    _database: DurableDatabase

    def note(self, what: str, detail: str, *, at_utc: datetime, clock_ok: bool, quiet: timedelta = timedelta(0)) -> None:
        """Add a line. Within a transaction it is stored with that, or not at all.

        Args:
            what: one of the words above.
            detail: codes, ids and numbers; no name.
            at_utc: when, timezone-aware.
            clock_ok: whether the clock was known to be right.
            quiet: nothing is added where the latest line with the same words is no older than this. A stick with a loose contact
                shall not fill the log.
        """
        with self._database.writing():
            if quiet and self._has_since(what, detail, at_utc - quiet, at_utc):
                return
            row = [utc_text(at_utc), int(clock_ok), what, detail]
            self._database.rows("INSERT INTO audit (at_utc, clock_ok, what, detail) VALUES (?, ?, ?, ?)", row)

    def audit(self, since: datetime | None = None) -> list[AuditLine]:
        """The lines in the order in which they were written; from a moment on where one is given."""
        begin = utc_text(since) if since else ""
        rows = self._database.rows(f"SELECT {_COLUMNS} FROM audit WHERE at_utc >= ? ORDER BY seq", [begin])  # noqa: S608  our own
        return [
            AuditLine(seq, datetime.fromisoformat(at_utc), bool(clock_ok), what, detail)
            for seq, at_utc, clock_ok, what, detail in rows
        ]

    def _has_since(self, what: str, detail: str, since: datetime, until: datetime) -> bool:
        """Of the last hundred lines: a log of years is not read for it."""
        sql = "SELECT at_utc FROM (SELECT * FROM audit ORDER BY seq DESC LIMIT 100) WHERE what = ? AND detail = ?"
        return any(utc_text(since) <= at_utc <= utc_text(until) for (at_utc,) in self._database.rows(sql, [what, detail]))
