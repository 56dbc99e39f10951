"""What must hold of a stick that was pulled: what is said to be done is done, and plugged in again it goes on to the same end."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from faults.plugged import IN_THE_END, LEAVES, RECEIPTS, SERIAL, plug
from faults.scene import SHARE, Scene
from hostile.papers import STICK_ID

from edge.exchange.files import PART
from edge.exchange.stick.receipts import COLUMNS, TABLE_COLUMNS
from edge.exchange.stick.trust import STICK
from edge.store import Store
from edge.store.audit import PERSON_REMOVED, STICK_SERVED
from edge.store.people import PersonDetails
from edge.types import Validity

RECEIPT_NAME = "receipts/20261122T081500Z-door-1-{}.csv"
UNPREPARED = "receipts/unprepared-door-1-people.csv"


def is_stick() -> bool:
    """Whether the share is one, in the working directory."""
    return Path(SHARE, STICK).exists()


def is_done(store: Store) -> bool:
    """Whether the unit takes what the stick brings for taken in."""
    stick = store.find_stick(STICK_ID)
    return stick is not None and stick.serial == SERIAL and stick.is_done


def as_found() -> Iterator[str]:
    """A receipt is whole or it is not there, wherever it was interrupted: somebody may pull the stick now and read it."""
    for what in RECEIPTS:
        path = Path(SHARE, RECEIPT_NAME.format(what))
        if path.exists():
            yield from _receipt(what, path.read_bytes())


def taken_in(store: Store, *, may_be_away: bool = False) -> Iterator[str]:
    """Everything that the stick brings is in, and told.

    Args:
        store: of the unit.
        may_be_away: the medium itself may have lost a receipt.
    """
    counts, validity, details = store.n_templates(), store.validity(), store.details()
    people = {
        person.code: (
            person.name,
            str(validity.get(person.id, Validity())),
            details.get(person.id, PersonDetails()).language,
            counts.get(person.id, 0),
        )
        for person in store.people()
    }
    yield from (
        f"{code} is {people.get(code)}, not {IN_THE_END.get(code)}"
        for code in people.keys() | IN_THE_END.keys()
        if people.get(code) != IN_THE_END.get(code)
    )
    for what in RECEIPTS:
        if not Path(SHARE, RECEIPT_NAME.format(what)).exists() and not may_be_away:
            yield f"the receipt of {what} is not there"
    if Path(SHARE, UNPREPARED).exists() and not may_be_away:
        yield "an earlier receipt still says that the stick must be prepared"
    if [line.detail for line in store.audit() if line.what == PERSON_REMOVED] != [f"code {LEAVES}"]:
        yield "the audit log does not tell of the removal, or more than once"
    n_served = sum(line.what == STICK_SERVED and f"manifest {SERIAL}" in line.detail for line in store.audit())
    if n_served != 1:
        yield f"the audit log tells {n_served} times that the stick was served"


def served_again(store: Store) -> Iterator[str]:
    """Plugged in again it goes on to the end; plugged in once more nothing changes."""
    scene = Scene(lambda _: None)
    served = plug(scene, store)
    if served.exit_code or not is_done(store):
        yield f"plugged in again it is not done: {[*served.errors, served.reason]}"
    yield from taken_in(store)
    yield from as_found()
    if list(Path(SHARE).rglob(f"*{PART}")):
        yield "a temporary file stays on the stick"
    before = _everything(store)
    served = plug(scene, store)
    if served.exit_code or _everything(store) != before:
        yield "plugged in once more something changes"


def _everything(store: Store) -> list[Any]:
    """All that is in the database, and on the stick with the times at which it was written."""
    files = [path for path in sorted(Path(SHARE).rglob("*")) if path.is_file()]
    return [*store._database.conn.iterdump(), *((path, path.read_bytes(), path.stat().st_mtime_ns) for path in files)]


def _receipt(what: str, content: bytes) -> Iterator[str]:
    header, *rows = csv.reader(io.StringIO(content.decode(), newline="")) if content else [[]]
    told = [f"{row[0]} {row[1]}" if what == "people" else row[0] for row in rows]
    if header != (TABLE_COLUMNS if what == "people" else COLUMNS) or told != RECEIPTS[what] or not content.endswith(b"\n"):
        yield f"the receipt of {what} is torn"
    elif any(word in row for row in rows for word in ("refused", "unreadable", "waits")):
        yield f"the receipt of {what} says that something was not taken"
