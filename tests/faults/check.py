"""What must hold when a unit that was cut starts again: it is opened, delivers and goes on as the product does."""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from pathlib import Path

from decisions import accepted
from faults import plugged_check
from faults.disk import Kept
from faults.plugged import LEAVES
from faults.promises import Before, Promised, delivered_rows, forms, months
from faults.scene import (
    BACKUP,
    BOOT,
    CONFIGURATION,
    DATABASE,
    MOUNTS,
    NOVEMBER,
    SHARE,
    ZERO,
    called,
    face,
    fingerprint,
    in_dialect,
    key,
    lock,
    mounted,
    put_back_into,
)

from edge.errors import MusterError
from edge.exchange.backup.make import Occasion, backup
from edge.exchange.backup.restore import Wishes, restore
from edge.exchange.files import PART
from edge.exchange.ledger.table import read_csv
from edge.exchange.sync import sync
from edge.ledger import FIELDS, chained, genesis, verify
from edge.store import Store
from edge.store.audit import RESTORED, ROW_CORRECTED
from edge.store.templates import stored
from edge.types import EventKind

AFTERWARDS = NOVEMBER + timedelta(days=10)
CHAINED = ", ".join(f'"{name}"' for name in FIELDS[1:])


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
        if promised.instead is None:  # what is put back has not forgotten whom the old one had
            found += _bytes(promised.removed)
        with Store.open(DATABASE, unit="door-1") as store:
            known = _as_restored(store, promised, known)
            found += [*_database(store, promised, known), *_people(store, promised), *_times(store)]
            found += _stick(store, promised, may_be_away=torn is not None) if plugged_check.is_stick() else ()
            found += _delivery(store, share)
            found += _backup(store, promised, may_be_away=torn is not None)
            store.record(store.find_person("1042") or store.add_person("1042", "Jane Doe"), accepted(AFTERWARDS))
            found += _delivery(store, share)
        found += _bytes(promised.removed | ({LEAVES} if plugged_check.is_stick() else set()))
    except (MusterError, sqlite3.Error, OSError, ValueError) as error:
        return [f"{type(error).__name__}: {error}"]
    return found


def _as_found(promised: Promised) -> Iterator[str]:
    """What was delivered is there before anything is repaired: a stick may be pulled now and read."""
    lost = promised.delivered - {row.event_id for row in delivered_rows()}
    if lost:
        yield f"{len(lost)} delivered rows are not at the destination"
    if promised.delivered and any(read_csv(path.read_bytes()).faults for path in months()):
        yield "a delivered file is torn"
    there = forms()
    yield from (f"{name} is torn" for name, allowed in promised.forms.items() if there.get(name) not in allowed)
    if plugged_check.is_stick():
        yield from plugged_check.as_found()


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
    yield from _together(store, promised, known)
    (ledger_id,) = connection.execute("SELECT ledger_id FROM ledger").fetchone()
    previous = genesis(ledger_id)
    for number, (chain, *values) in enumerate(connection.execute(f"SELECT chain, {CHAINED} FROM event ORDER BY seq"), 1):  # noqa: S608
        previous = chained(previous, ledger_id, *values)
        if chain != previous or values[0] != number:
            yield f"the chain breaks at row {number}"
    yield from map(str, verify(store.entries(), n_written=store.n_written()))


def _together(store: Store, promised: Promised, known: Before) -> Iterator[str]:
    """What belongs together was written together, or not at all."""
    events = store.events()
    unasked = [event for event in events if event.event_id not in known.events | promised.events]
    concerned = {event.corrects or event.event_id for event in unasked}
    if any(event.kind is EventKind.TIME for event in unasked):
        if concerned != promised.gives:
            yield "some rows have got their time, and others not"
    elif len(concerned) > 1:
        yield "more rows than were written"
    by_kind = [[event.corrects for event in events if event.kind is kind] for kind in (EventKind.VOID, EventKind.ENTRY)]
    if by_kind[0] != [corrected for corrected in by_kind[1] if corrected]:
        yield "half a correction"
    if CONFIGURATION.exists() and len(by_kind[1]) != sum(line.what == ROW_CORRECTED for line in store.audit()):
        yield "a correction without its line in the audit log, or a line without a correction"


def _as_restored(store: Store, promised: Promised, known: Before) -> Before:
    """The old rows or the restored ones, whichever are there; `_database` looks whether it is all of them."""
    is_new = promised.is_restored or any(line.what == RESTORED for line in store.audit())
    if promised.instead is None or not is_new:
        return known
    return replace(known, events=frozenset(promised.instead))


def _times(store: Store) -> Iterator[str]:
    """The clock is known: what was not given its time yet gets it, and every row has it once."""
    store.give_times(BOOT, ZERO, n_most=1_000)
    if store.give_times(BOOT, ZERO, n_most=1_000):
        yield "a row gets its time twice"
    events = store.events()
    for event in (event for event in events if event.kind is EventKind.PUNCH and event.boot_id == BOOT):
        times = [other.at_utc for other in events if other.corrects == event.event_id]
        if times != [ZERO + timedelta(seconds=event.monotonic_s or 0.0)]:
            yield f"row {event.seq} has the times {times}"


def _stick(store: Store, promised: Promised, *, may_be_away: bool) -> Iterator[str]:
    """What counts as taken in is in; then it is plugged in again, twice."""
    is_done = plugged_check.is_done(store)
    if promised.is_pulled and not is_done:
        yield "it may be pulled, and is not done"
    if is_done:
        yield from plugged_check.taken_in(store, may_be_away=may_be_away)
    yield from plugged_check.served_again(store)


def _backup(store: Store, promised: Promised, *, may_be_away: bool) -> Iterator[str]:
    """What is at the place of the backup can be restored, and the unit knows of it; then it can be made again."""
    if not BACKUP.exists() and promised.saved is not None and not may_be_away:
        yield "the backup is not there"
    if BACKUP.exists():
        with tempfile.TemporaryDirectory() as folder:
            header = restore(BACKUP, key(), put_back_into(Path(folder)), wishes=Wishes()).header
            with Store.open(Path(folder) / "muster.db", unit="door-1") as other:
                lost = (promised.saved or set()) - {event.event_id for event in other.events()}
        if lost:
            yield f"{len(lost)} rows are not in the backup"
        if promised.instead is None and header.backup_id not in {known.id for known in store.backups()}:
            yield "a backup is there that the unit does not know of"
        if promised.instead is None:
            backup(store, BACKUP, lock(), occasion=Occasion(AFTERWARDS, clock_ok=True, unit="door-1"))
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
    there = forms()
    yield from (
        f"{name} stays torn, or is not there" for name, content in in_dialect(store).items() if there.get(name) != content
    )
    yield from _others(share)


def _others(share: Share) -> Iterator[str]:
    """Nothing else at the destination has suffered."""
    rows = delivered_rows()
    if MOUNTS.exists():  # a table that was found torn, or changed by hand, is copied before it is taken away there
        rows += [row for path in Path(SHARE).glob("*.set-aside-*.csv") for row in read_csv(path.read_bytes()).rows]
    theirs = share.known.at_share - {(row.unit, row.event_id, row.person_name) for row in rows}
    if theirs and not share.may_lose:
        yield f"{len(theirs)} rows of others or corrections are lost at the destination"
    if any(read_csv(path.read_bytes()).faults for path in months()):
        yield "a file stays torn"
    if list(Path(SHARE).glob(f".attendance-*{PART}")):
        yield "a temporary file stays"


def _bytes(removed: set[str]) -> Iterator[str]:
    """Whoever was removed is in no file of the database, once the restarted process has ended."""
    raw = b"".join(path.read_bytes() for path in _files(Path(DATABASE).parent))
    for code in removed:
        if any(trace in raw for trace in _traces(code)):
            yield f"bytes of {code}, who was removed, are in the database"


def _files(folder: Path) -> Sequence[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _traces(code: str) -> Iterator[bytes]:
    yield called(code).encode()
    for number in range(8):
        yield stored(face(code, number)).tobytes()
        yield fingerprint(code, number).encode()
