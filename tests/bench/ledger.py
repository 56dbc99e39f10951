"""What a ledger of a million rows costs: to chain an old one, to record one row more, to deliver and to verify it.

``python -m tests.bench.ledger``; ``--rows 100000`` for less. Not part of ``make bench``: it takes minutes and some 2 GB of disk,
in the folder that ``TMPDIR`` names.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from edge.exchange.delivery.errand import Order
from edge.exchange.ledger.table import Row, to_csv
from edge.exchange.sync import prepare
from edge.store import FILE_NAME, Store
from edge.store.database import DurableDatabase, migrations
from edge.types import Decision, Direction, Outcome, utc_text
from tests.bench.timing import table

BEFORE_THE_CHAIN = 5
"""So many migrations had a database whose rows were not chained."""

END = datetime(2025, 12, 1, tzinfo=UTC)
EVERY_S = 30
"""A million rows are a year with a row every 30 s; the last month is a whole one."""

MONTH = timedelta(days=30)

N_RECORDED = 2_000
N_PEOPLE = 1_000


def _old_rows(n_rows: int) -> Iterator[tuple[object, ...]]:
    for seq in range(1, n_rows + 1):
        person = seq % N_PEOPLE + 1
        at_utc = utc_text(END - timedelta(seconds=EVERY_S * (n_rows + 1 - seq)))
        yield seq, f"{seq:032x}", "door-1", person, str(person), f"Name {person}", at_utc, "in", seq % 997 / 1000, 1, ""


def old_database(path: Path, n_rows: int) -> None:
    """As the version before the chain made it."""
    path.parent.mkdir()
    database = DurableDatabase(path, busy_timeout_s=1)
    database.enable_wal()
    database.migrate(migrations()[:BEFORE_THE_CHAIN])
    with database.writing():
        people = ((str(number), f"Name {number}") for number in range(1, N_PEOPLE + 1))
        database.conn.executemany("INSERT INTO person (code, name) VALUES (?, ?)", people)
        database.conn.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _old_rows(n_rows))
    database.close()


def recorded_ms(store: Store) -> list[float]:
    """How long each of so many durable rows took."""
    people, taken = store.people(), []
    for number in range(N_RECORDED):
        person = people[number % N_PEOPLE]
        decision = Decision(Outcome.ACCEPTED, person.id, Direction.IN, 0.4, 3, 0.0, datetime.now(UTC), clock_ok=True)
        began = time.perf_counter()
        store.record(person, decision, backends="pnet=cpu rnet=cpu onet=cpu facenet=cpu")
        taken.append(1000 * (time.perf_counter() - began))
    return taken


def verified(data: Path, *files: Path) -> str:
    """What ``muster ledger verify`` takes, as a process of its own: seconds and peak memory.

    Raises:
        RuntimeError: it found something.
    """
    began = time.perf_counter()
    command = [sys.executable, "-c", VERIFY, "ledger", "verify", "--data", str(data), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"muster ledger verify ended with {done.returncode}: {done.stdout} {done.stderr}")
    return f"{time.perf_counter() - began:.1f} s, {int(done.stderr) / 1024:.0f} MB"


VERIFY = """
import re, sys
from pathlib import Path
from edge.cli import main
code = main(sys.argv[1:])
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1], file=sys.stderr)
sys.exit(code)
"""
"""The command, and then its peak memory in kB; what the kernel tells the parent has the parent's own in it."""


def delivered(data: Path, share: Path, *, dialect: str = "") -> str:
    """What the process of one delivery takes: seconds, peak memory, and how many rows were new.

    Raises:
        RuntimeError: something has not arrived.
    """
    order = Order("deliver", str(share), str(data / FILE_NAME), unit="door-1", timezone="UTC", dialect=dialect)
    began, cpu_s = time.perf_counter(), _children_cpu_s()
    done = subprocess.run([sys.executable, "-c", DELIVER, json.dumps(asdict(order))], capture_output=True, text=True, check=True)
    took_s, answer = time.perf_counter() - began, json.loads(done.stdout)
    took = f"{took_s:.1f} s ({_children_cpu_s() - cpu_s:.1f} s of a CPU), {int(done.stderr) / 1024:.0f} MB"
    if answer["error"]:
        raise RuntimeError(answer["error"])
    return f"{took}; {answer['n_events']:,} rows in {len(answer['files'])} files"


def _children_cpu_s() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


DELIVER = """
import re, sys
from pathlib import Path
from edge.exchange.delivery.child import main
main()
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1], file=sys.stderr)
"""


def deliveries(data: Path, folder: Path, n_rows: int) -> dict[str, str]:
    """What it takes to deliver the last month, a few rows more, all of it, and the same in a dialect."""
    n_month = min(n_rows, int(MONTH.total_seconds()) // EVERY_S)
    share, new = folder / "share", folder / "new"
    for place in (share, new):
        place.mkdir()
    known = prepare(str(share)).id
    prepare(str(new))
    _mark(data, known, n_rows - n_month)
    month = delivered(data, share)
    _forget(data, known)
    _mark(data, known, n_rows - 10)
    return {
        f"one month of {n_month:,} rows is delivered": month,
        "10 of its rows more, into the file that is there": delivered(data, share),
        "everything, to a new destination": delivered(data, new),
        "everything, in a dialect beside it": delivered(data, new, dialect="attlog"),
    }


def _mark(data: Path, destination: str, seq: int) -> None:
    with Store.open(data / FILE_NAME, unit="door-1") as store:
        store.mark_delivered(destination, seq)


def _forget(data: Path, destination: str) -> None:
    with Store.open(data / FILE_NAME, unit="door-1") as store:
        store.forget_deliveries(destination)


def measure(data: Path, n_rows: int) -> dict[str, str]:
    """All figures of a ledger of so many rows, in an empty folder."""
    old_database(data / FILE_NAME, n_rows)
    n_bytes = (data / FILE_NAME).stat().st_size
    began = time.perf_counter()
    with Store.open(data / FILE_NAME, unit="door-1") as store:
        chaining = f"{time.perf_counter() - began:.1f} s; the file grew from {n_bytes / 1e6:.0f} MB"
    sent = deliveries(data, data.parent, n_rows)
    with Store.open(data / FILE_NAME, unit="door-1") as store:
        taken = np.array(recorded_ms(store))
        month = store.events(since=END - MONTH, until=END)
        (data / "month.csv").write_bytes(to_csv(Row.of(event, UTC) for event in month).encode())
    size = (data / "month.csv").stat().st_size / 1e6
    return {
        "an old database is chained when it is opened": f"{chaining} to {(data / FILE_NAME).stat().st_size / 1e6:.0f} MB",
        f"one row is recorded ({N_RECORDED:,} of them): median": f"{np.median(taken):.2f} ms",
        "  99 % / longest": f"{np.percentile(taken, 99):.2f} / {taken.max():.2f} ms",
        **sent,
        "muster ledger verify": verified(data),
        f"the same with a file of {len(month):,} rows, {size:.0f} MB": verified(data, data / "month.csv"),
        "that file alone, without the database": verified(data.parent / "elsewhere", data / "month.csv"),
    }


def main() -> None:
    """Measure, and print the figures that docs/figures.md quotes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000, help="in the ledger (default: 1,000,000)")
    n_rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="muster-ledger-") as folder:
        print(table(f"A ledger of {n_rows:,} rows", measure(Path(folder) / "data", n_rows)))


if __name__ == "__main__":
    main()
