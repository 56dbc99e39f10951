"""What must hold when a unit that was cut starts again: it is opened, delivers and goes on as the product does."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any, Self

from decisions import accepted
from faults.disk import Kept
from faults.scenarios import (
    BACKUP,
    DATABASE,
    KEY,
    LOCK,
    MOUNTS,
    NOVEMBER,
    SHARE,
    face,
    fingerprint,
    mounted,
    put_back_into,
)

from edge.errors import MusterError
from edge.exchange.backup.make import Occasion, backup
from edge.exchange.backup.restore import Wishes, restore
from edge.exchange.files import PART
from edge.exchange.ledger.table import Row, read_csv
from edge.exchange.sync import sync
from edge.ledger import FIELDS, chained, genesis, verify
from edge.store import Store
from edge.store.audit import RESTORED
from edge.store.templates import stored
from edge.types import EventKind

AFTERWARDS = NOVEMBER + timedelta(days=10)
CHAINED = ", ".join(f'"{name}"' for name in FIELDS[1:])


@dataclass
class Promised:
    """What the process had been promised when it was cut.

    Attributes:
        events: ids of rows that may not be lost.
        delivered: ids of rows that may not be missing at the destination.
        templates: code -> how many templates there may be; None is nobody of that code.
        removed: codes of people who must be gone without a trace.
        instead: what may be there in place of all other rows; None where nothing is being restored.
        is_restored: whether it must be.
        saved: ids of rows that the backup holds; None where there may be none.
    """

    events: set[str] = field(default_factory=set)
    delivered: set[str] = field(default_factory=set)
    templates: dict[str, set[int | None]] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    instead: set[str] | None = None
    is_restored: bool = False
    saved: set[str] | None = None

    @classmethod
    def at_first(cls, known: Before) -> Self:
        """Before anything was said."""
        return cls(templates={code: {n} for code, n in known.templates.items()})

    def hear(self, said: dict[str, Any]) -> None:
        """One more thing was said."""
        match said:
            case {"event": event_id}:
                self.events.add(event_id)
            case {"delivered": ids}:
                self.delivered.update(ids)
            case {"begins": code, "n": n}:
                self.removed.discard(code)
                self.templates[code] = self.templates.get(code, {None}) | {n}  # until it ends, as before or as after
            case {"ends": code, "n": n}:
                self.templates[code] = {n}
                if n is None:
                    self.removed.add(code)
            case _:
                self._hear_of_backups(said)

    def _hear_of_backups(self, said: dict[str, Any]) -> None:
        match said:
            case {"restores": ids}:
                self.instead = set(ids)
            case {"restored": _}:
                self.is_restored = True
            case {"saved": ids}:
                self.saved = set(ids)


@dataclass(frozen=True)
class Before:
    """What was there, and safe, before the process began.

    Attributes:
        events: ids of rows in the database.
        at_share: unit, id and name of each row at the destination, those of others and corrected ones among them.
        templates: code -> how many.
    """

    events: frozenset[str]
    at_share: frozenset[tuple[str, str, str]]
    templates: dict[str, int]


def before() -> Before:
    """Looked up without the product: opening it may change what is there. In the working directory."""
    rows = frozenset((row.unit, row.event_id, row.person_name) for row in delivered_rows())
    if not Path(DATABASE).exists():
        return Before(frozenset(), rows, {})
    with contextlib.closing(sqlite3.connect(f"file:{DATABASE}?mode=ro", uri=True)) as connection:
        ids = frozenset(event_id for (event_id,) in connection.execute("SELECT event_id FROM event"))
        sql = "SELECT code, count(photo_sha256) FROM person LEFT JOIN template ON person_id = person.id GROUP BY code"
        return Before(ids, rows, dict(connection.execute(sql)))


def delivered_rows() -> list[Row]:
    """All rows at the destination that can be read."""
    return [row for path in _months() for row in read_csv(path.read_bytes()).rows]


def _months() -> list[Path]:
    return sorted(Path(SHARE).glob("attendance-????-??.csv"))


def problems(promised: Promised, known: Before, *, torn: Kept | None = None) -> list[str]:
    """What does not hold in the working directory, which is repaired on the way; empty where all is well.

    Args:
        promised: until the cut.
        known: before it.
        torn: what has become of a rename at the destination: the month is away until the next delivery, and what others had
            written there may be lost where neither name is left, or where the destination does not say that it is on FAT.
    """
    share = Share(
        known, may_be_new=not promised.delivered, may_lose=torn is Kept.NEITHER or (torn is not None and not MOUNTS.exists())
    )
    try:
        found = [] if torn else list(_as_found(promised))
        with Store.open(DATABASE, unit="door-1") as store:
            known = _as_restored(store, promised, known)
            found += [*_database(store, promised, known), *_people(store, promised), *_delivery(store, share)]
            found += _backup(store, promised, may_be_away=torn is not None)
            store.record(store.find_person("1042") or store.add_person("1042", "Jane Doe"), accepted(AFTERWARDS))
            found += _delivery(store, share)
        found += _bytes(promised)
    except (MusterError, sqlite3.Error, OSError, ValueError) as error:
        return [f"{type(error).__name__}: {error}"]
    return found


def _as_found(promised: Promised) -> Iterator[str]:
    """What was delivered is there before anything is repaired: a stick may be pulled now and read."""
    lost = promised.delivered - {row.event_id for row in delivered_rows()}
    if lost:
        yield f"{len(lost)} delivered rows are not at the destination"
    if promised.delivered and any(read_csv(path.read_bytes()).faults for path in _months()):
        yield "a delivered file is torn"


def _database(store: Store, promised: Promised, known: Before) -> Iterator[str]:
    """The rows are there, once, and hang together."""
    connection = store._database.conn
    ((verdict,),) = connection.execute("PRAGMA integrity_check").fetchall()
    if verdict != "ok":
        yield f"integrity_check: {verdict}"
    events = store.events()
    lost = (known.events | promised.events) - {event.event_id for event in events}
    if lost:
        yield f"{len(lost)} acknowledged rows are lost"
    unasked = [event for event in events if event.event_id not in known.events | promised.events]
    if len({event.corrects or event.event_id for event in unasked}) > 1:
        yield "more rows than were written"
    by_kind = [{event.corrects for event in events if event.kind is kind} for kind in (EventKind.VOID, EventKind.ENTRY)]
    if by_kind[0] != by_kind[1]:
        yield "half a correction"
    (ledger_id,) = connection.execute("SELECT ledger_id FROM ledger").fetchone()
    previous = genesis(ledger_id)
    for number, (chain, *values) in enumerate(connection.execute(f"SELECT chain, {CHAINED} FROM event ORDER BY seq"), 1):  # noqa: S608
        previous = chained(previous, ledger_id, *values)
        if chain != previous or values[0] != number:
            yield f"the chain breaks at row {number}"
    yield from map(str, verify(store.entries(), n_written=store.n_written()))


def _as_restored(store: Store, promised: Promised, known: Before) -> Before:
    """The old rows or the restored ones, whichever are there; `_database` looks whether it is all of them."""
    is_new = promised.is_restored or any(line.what == RESTORED for line in store.audit())
    if promised.instead is None or not is_new:
        return known
    return replace(known, events=frozenset(promised.instead))


def _backup(store: Store, promised: Promised, *, may_be_away: bool) -> Iterator[str]:
    """What is at the place of the backup can be restored, and the unit knows of it; then it can be made again."""
    if not BACKUP.exists() and promised.saved is not None and not may_be_away:
        yield "the backup is not there"
    if BACKUP.exists():
        with tempfile.TemporaryDirectory() as folder:
            header = restore(BACKUP, KEY, put_back_into(Path(folder)), wishes=Wishes()).header
            with Store.open(Path(folder) / "muster.db", unit="door-1") as other:
                lost = (promised.saved or set()) - {event.event_id for event in other.events()}
        if lost:
            yield f"{len(lost)} rows are not in the backup"
        if promised.instead is None and header.backup_id not in {known.id for known in store.backups()}:
            yield "a backup is there that the unit does not know of"
        if promised.instead is None:
            backup(store, BACKUP, LOCK, occasion=Occasion(AFTERWARDS, clock_ok=True, unit="door-1"))
    if list(Path(SHARE).glob(f".{BACKUP.name}*")) and BACKUP.exists():
        yield "a part of a backup stays"


def _people(store: Store, promised: Promised) -> Iterator[str]:
    """Each person is there with all that belongs to them, or not at all."""
    counts = store.n_templates()
    now = {person.code: counts.get(person.id, 0) for person in store.people()}
    for code, allowed in promised.templates.items():
        if now.get(code) not in allowed:
            yield f"{code} has {now.get(code)} templates, not {sorted(map(str, allowed))}"


@dataclass(frozen=True)
class Share:
    """What is asked of the destination.

    Attributes:
        known: before the cut.
        may_be_new: nothing has been delivered, so it need not be a destination yet.
        may_lose: what others had written there.
    """

    known: Before
    may_be_new: bool
    may_lose: bool


def _delivery(store: Store, share: Share) -> Iterator[str]:
    """The next delivery makes everything whole, and the one after that changes nothing."""
    terms = replace(mounted(), prepare=share.may_be_new)
    (first,), (second,) = (sync(store, [SHARE], timezone=UTC, terms=terms) for _ in range(2))
    yield from (f"the next sync: {each.error}" for each in (first, second) if each.error)
    if (second.n_events, second.files) != (0, []):
        yield "a second sync delivers again"
    counts = Counter(row.event_id for row in delivered_rows())
    if any(n > 1 for n in counts.values()):
        yield "a row is twice at the destination"
    missing = {event.event_id for event in store.events()} - set(counts)
    if missing:
        yield f"{len(missing)} rows do not arrive at the destination"
    yield from _others(share)


def _others(share: Share) -> Iterator[str]:
    """Nothing else at the destination has suffered."""
    rows = delivered_rows()
    if MOUNTS.exists():  # a table that was found torn, or changed by hand, is copied before it is taken away there
        rows += [row for path in Path(SHARE).glob("*.set-aside-*.csv") for row in read_csv(path.read_bytes()).rows]
    theirs = share.known.at_share - {(row.unit, row.event_id, row.person_name) for row in rows}
    if theirs and not share.may_lose:
        yield f"{len(theirs)} rows of others or corrections are lost at the destination"
    if any(read_csv(path.read_bytes()).faults for path in _months()):
        yield "a file stays torn"
    if list(Path(SHARE).glob(f".attendance-*{PART}")):
        yield "a temporary file stays"


def _bytes(promised: Promised) -> Iterator[str]:
    """Whoever was removed is in no file of the database, once the restarted process has ended."""
    raw = b"".join(path.read_bytes() for path in _files(Path(DATABASE).parent))
    for code in promised.removed:
        if any(trace in raw for trace in _traces(code)):
            yield f"bytes of {code}, who was removed, are in the database"


def _files(folder: Path) -> Sequence[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _traces(code: str) -> Iterator[bytes]:
    for number in range(8):
        yield stored(face(code, number)).tobytes()
        yield fingerprint(code, number).encode()
