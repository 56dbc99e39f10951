"""Whether everything is in a unit's data that the store had acknowledged: rows, people, deliveries, and the chain.

It needs nothing but Python and Muster, so it runs in the guest too: python ledger_check.py /var/lib/muster NOTES
It prints one finding a line and ends with 1 where there is one. NOTES has a line for each note of `rig.recorder`.
"""

from __future__ import annotations

import sqlite3
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from edge.errors import MusterError
from edge.ledger import verify
from edge.store import FILE_NAME, Store
from edge.types import Decision, Direction, Outcome

ROWS_LOST = "acknowledged rows are lost"

DESTINATION = "rig"
"""As in `rig.recorder`, which is not on the host's way."""


@dataclass
class Acknowledged:
    """What the store had acknowledged.

    Attributes:
        rows: number -> event_id.
        people: their codes.
        delivered: the number of the last row that the destination has.
    """

    rows: dict[int, str] = field(default_factory=dict)
    people: set[str] = field(default_factory=set)
    delivered: int = 0

    @classmethod
    def of(cls, notes: Iterable[str]) -> Self:
        """From the recorder's words; what is no note counts for nothing."""
        found = cls()
        for note in notes:
            match note.split():
                case ["row", seq, event_id]:
                    found.rows[int(seq)] = event_id
                case ["person", code]:
                    found.people.add(code)
                case ["delivered", seq]:
                    found.delivered = max(found.delivered, int(seq))
        return found

    @classmethod
    def said(cls, text: str) -> Self:
        """From what the recorder has said over a port, line by line. The last line may be torn, and then counts for nothing."""
        return cls.of(text[: text.rfind("\n") + 1].splitlines())


def findings(data: Path, acknowledged: Acknowledged) -> list[str]:
    """What is not as it should be; nothing where all is well. The database is opened as the unit does, and a row is added."""
    try:
        if not (data / FILE_NAME).exists():
            return ["the database is not there"] if acknowledged.rows or acknowledged.people else []
        with Store.open(data / FILE_NAME, unit="rig") as store:
            return [*_rows(store, acknowledged), *_others(store, acknowledged), *_goes_on(store)]
    except (MusterError, sqlite3.Error, OSError, ValueError) as error:
        return [f"{type(error).__name__}: {error}"]


def _rows(store: Store, acknowledged: Acknowledged) -> Iterator[str]:
    there = [(entry.seq, entry.event_id) for entry in store.entries()]
    lost = sorted(acknowledged.rows.items() - set(there))
    if lost:
        yield f"{len(lost)} of {len(acknowledged.rows)} {ROWS_LOST}, the first of them number {lost[0][0]}"
    twice = [event_id for event_id, n in Counter(event_id for _, event_id in there).items() if n > 1]
    yield from (f"event {event_id} is there twice" for event_id in twice)
    yield from map(str, verify(store.entries(), n_written=store.n_written()))


def _others(store: Store, acknowledged: Acknowledged) -> Iterator[str]:
    gone = acknowledged.people - {person.code for person in store.people()}
    if gone:
        yield f"{len(gone)} of {len(acknowledged.people)} acknowledged people are lost"
    last = store.last_delivered(DESTINATION)
    entry = store.entry(last.event_id) if last else None
    if (entry.seq if entry else 0) < acknowledged.delivered:
        yield f"the destination has everything up to row {acknowledged.delivered}, and that is forgotten"


def _goes_on(store: Store) -> Iterator[str]:
    """The unit can go on: the next row follows what is there."""
    person = store.find_person("rig-goes-on") or store.add_person("rig-goes-on", "Goes On")
    event = store.record(
        person, Decision(Outcome.ACCEPTED, person.id, Direction.IN, 0.5, 3, 1.0, datetime.now(UTC), clock_ok=True)
    )
    yield from (f"after the next row: {found}" for found in verify(store.entries(), n_written=event.seq))


def main(words: list[str]) -> int:
    """The command line."""
    data, notes = map(Path, words)
    found = findings(data, Acknowledged.said(notes.read_text(encoding="utf-8", errors="replace")))
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
