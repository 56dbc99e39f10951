"""What a backup and a restore of a ledger of a million rows cost: time, peak memory, and how long the door waits meanwhile.

``python -m tests.bench.backup``; ``--rows 100000`` for less. Not part of ``make bench``: it takes minutes and some 3 GB of disk,
in the folder that ``TMPDIR`` names.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from edge.exchange.backup.make import new_identity
from edge.store import FILE_NAME, Store
from tests.bench.ledger import VERIFY, old_database, recorded_ms
from tests.bench.timing import table


def command(*words: str | Path) -> str:
    """Seconds and peak memory of a command in a process of its own.

    Raises:
        RuntimeError: it failed.
    """
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", VERIFY, *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{words} ended with {done.returncode}: {done.stdout} {done.stderr}")
    return f"{time.perf_counter() - began:.1f} s, {int(re.findall('[0-9]+', done.stderr)[-1]) / 1024:.0f} MB"


def measure(folder: Path, n_rows: int) -> dict[str, str]:
    """All figures, in an empty folder."""
    data, file, identity = folder / "data", folder / "file", folder / "identity"
    old_database(data / FILE_NAME, n_rows)
    Store.open(data / FILE_NAME, unit="door-1").close()
    recipient, found, longest = new_identity(identity), dict[str, str](), list[float]()
    is_over = threading.Event()
    door = threading.Thread(target=_record, args=(data, is_over, longest))
    door.start()
    found["muster backup, while rows are recorded"] = command("--data", data, "backup", file, "--to-recipient", recipient)
    is_over.set()
    door.join()
    found["the longest that one of these rows waited"] = f"{max(longest):.0f} ms"
    sizes = f"{file.stat().st_size / 1e6:.0f} of {(data / FILE_NAME).stat().st_size / 1e6:.0f} MB"
    found["the file, of the database"] = sizes
    new = folder / "new"
    found["muster restore on a new card"] = command("--data", new, "restore", file, "--identity", identity)
    replacing = ("--data", data, "restore", file, "--identity", identity, "--replace")
    found["muster restore --replace over all of it"] = command(*replacing)
    return found


def _record(data: Path, is_over: threading.Event, longest: list[float]) -> None:
    with Store.open(data / FILE_NAME, unit="door-1") as store:
        while not is_over.is_set():
            longest.append(max(recorded_ms(store)))


def main() -> None:
    """Measure, and print the figures that docs/figures.md quotes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000, help="in the ledger (default: 1,000,000)")
    n_rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="muster-backup-") as folder:
        print(table(f"A backup of {n_rows:,} rows", measure(Path(folder), n_rows)))


if __name__ == "__main__":
    main()
