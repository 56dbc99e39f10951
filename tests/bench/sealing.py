"""What the seal costs: opening a gallery of 5,000 people, recording one row, reading a month; with a key beside without one.

``python -m tests.bench.sealing``; a minute, and some 300 MB in the folder that ``TMPDIR`` names. Not part of ``make bench``.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from edge.store import Seal, Store
from edge.types import Decision, Direction, Draft, EventKind, Outcome
from tests.bench.timing import table

N_PEOPLE, N_TEMPLATES, N_MONTH, N_RECORDED, N_TIMES = 5_000, 5, 86_400, 500, 5
MODEL = "bench/int8"
START = datetime(2026, 11, 1, tzinfo=UTC)


def fill(store: Store) -> None:
    """People with their templates, and a row every 30 s for a month."""
    vectors = np.random.default_rng(1).normal(size=(N_TEMPLATES, 128)).astype(np.float32)
    with store.transaction():
        for number in range(N_PEOPLE):
            person = store.add_person(str(number), f"Name of {number}")
            for each in range(N_TEMPLATES):
                store.add_template(person.id, vectors[each], model=MODEL, photo_sha256=f"{N_TEMPLATES * number + each:064x}")
    for first in range(0, N_MONTH, 5_000):
        numbers = range(first, min(first + 5_000, N_MONTH))
        store.append(*(draft(number) for number in numbers))


def draft(number: int) -> Draft:
    """A row as a replay of the office's would be."""
    code = number % N_PEOPLE
    at_utc = START + timedelta(seconds=30 * number)
    return Draft(str(code), f"Name of {code}", at_utc, Direction.IN, kind=EventKind.ENTRY, by="bench", why="bench")


def seconds(work: Callable[[], object]) -> float:
    """The median of some times."""
    taken = []
    for _ in range(N_TIMES):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def figures(store: Store) -> list[float]:
    """Seconds: the gallery, one row, a month."""
    people, recorded = store.people(), []
    for number in range(N_RECORDED):
        person = people[number]
        decision = Decision(Outcome.ACCEPTED, person.id, Direction.IN, 0.4, 3, 0.0, START - timedelta(days=1), clock_ok=True)
        began = time.perf_counter()
        store.record(person, decision)
        recorded.append(time.perf_counter() - began)
    gallery = seconds(lambda: (store.people(), store.templates(MODEL)))
    return [gallery, statistics.median(recorded), seconds(lambda: store.events(since=START))]


def main() -> None:
    """Measure, and print the figures that docs/figures.md quotes."""
    with (
        tempfile.TemporaryDirectory(prefix="muster-sealing-") as folder,
        Store.open(Path(folder) / "muster.db", unit="door-1") as store,
    ):
        fill(store)
        plain = figures(store)
        began = time.perf_counter()
        store.reseal(Seal.of(bytes(range(32))))
        resealing = time.perf_counter() - began
        sealed = figures(store)
    names = (
        f"a gallery of {N_PEOPLE:,} people, {N_TEMPLATES} templates each, is opened",
        "one row is recorded",
        f"{N_MONTH:,} rows are read",
    )
    lines = {
        name: f"{1000 * with_key:.2f} ms sealed, {1000 * without:.2f} ms not: {with_key / without:.2f} times"
        for name, with_key, without in zip(names, sealed, plain, strict=True)
    }
    print(table("The seal", lines | {"all of it is sealed for the first time": f"{resealing:.1f} s"}))


if __name__ == "__main__":
    main()
