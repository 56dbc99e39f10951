"""What it costs to remove a person from a ledger of a million rows, and for how long nobody else can write meanwhile.

``python -m tests.bench.removal``; ``--rows 100000`` for less. Not part of ``make bench``: it takes minutes and some 2 GB of disk,
in the folder that ``TMPDIR`` names.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from edge.store import FILE_NAME, Store
from edge.store.remains import remains
from edge.types import Decision, Direction, Outcome
from tests.bench.ledger import old_database
from tests.bench.timing import table

N_PEOPLE, N_TEMPLATES, N_REMOVED = 5_000, 5, 5
MODEL = "facenet-20180408-102900+head-1a2b3c4d/int8"


def enrol(store: Store) -> None:
    """As many people as a unit is made for, each with as many templates as are kept."""
    random = np.random.default_rng(20261122)
    with store.transaction():
        for number in range(len(store.people()), N_PEOPLE):
            store.add_person(f"P{number}", f"Somebody {number}")
        for person in store.people():
            for vector in random.normal(size=(N_TEMPLATES, 128)).astype(np.float32):
                store.add_template(person.id, vector, model=MODEL, photo_sha256=random.bytes(32).hex())


def keep_recording(path: Path, is_over: threading.Event, taken: list[float]) -> None:
    """The unit at its door, with twenty people a second in front of it."""
    with Store.open(path, unit="door-1") as store:
        person = store.people()[-1]
        while not is_over.wait(0.05):
            decision = Decision(Outcome.ACCEPTED, person.id, Direction.IN, 0.4, 3, 0.0, datetime.now(UTC), clock_ok=True)
            began = time.perf_counter()
            store.record(person, decision)
            taken.append(time.perf_counter() - began)


def measure(path: Path, n_rows: int) -> dict[str, str]:
    """Remove people beside a door that records."""
    old_database(path, n_rows)
    removing, searching, waited, is_over = list[float](), list[float](), list[float](), threading.Event()
    with Store.open(path, unit="door-1") as store:
        enrol(store)
        door = threading.Thread(target=keep_recording, args=(path, is_over, waited))
        door.start()
        try:
            for person in store.people()[:N_REMOVED]:
                began = time.perf_counter()
                removal = store.remove_person(person.code)
                removing.append(time.perf_counter() - began)
                found = remains(path, removal.traces)
                searching.append(time.perf_counter() - began - removing[-1])
                if not found.is_nothing:
                    raise RuntimeError(f"something is left: {found}")
        finally:
            is_over.set()
            door.join()
    return {
        f"one of {N_PEOPLE:,} people with {removal.n_events:,} rows is removed: median": f"{np.median(removing):.2f} s",
        "  longest that a row at the door waited for it": f"{max(waited):.2f} s",
        f"the files are searched, {found.n_bytes / 1e6:.0f} MB: median": f"{np.median(searching):.2f} s",
    }


def main() -> None:
    """Measure, and print the figures that docs/figures.md quotes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000, help="in the ledger (default: 1,000,000)")
    n_rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="muster-removal-") as folder:
        print(table(f"A ledger of {n_rows:,} rows", measure(Path(folder) / "data" / FILE_NAME, n_rows)))


if __name__ == "__main__":
    main()
