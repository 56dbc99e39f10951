"""Sabotage: units that do what no unit may. Each must be seen, or what sees nothing else proves nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hostile.oracle import HANGS, MAX_RSS_MB
from hostile.subject import REAL, Serve

from edge.errors import EnrolError
from edge.exchange.enrolment.receipt import GOOD
from edge.exchange.stick.serve import Means, Served
from edge.store import Store

LIMIT_S = 4.0
"""That a stick may take while sabotage is tried: nothing large is on it."""


def _after(spoil: Callable[[Path, Store], object]) -> Serve:
    """A unit that serves and then does something more."""

    def serve(mountpoint: Path, store: Store, means: Means) -> Served:
        served = REAL(mountpoint, store, means)
        spoil(mountpoint, store)
        return served

    return serve


def _before(spoil: Callable[[Path, Store], object]) -> Serve:
    """A unit that does something and then serves."""

    def serve(mountpoint: Path, store: Store, means: Means) -> Served:
        spoil(mountpoint, store)
        return REAL(mountpoint, store, means)

    return serve


def _read_all(top: Path, store: Store) -> None:
    """Opens everything in ``enrol/``, wherever it leads."""
    for folder, _, names in os.walk(top / "enrol", followlinks=True):
        if folder.count("/") > 30:
            return
        for name in names:
            try:
                os.close(os.open(os.path.join(folder, name), os.O_RDONLY | os.O_NONBLOCK))  # noqa: PTH118
            except OSError:
                continue


def _write_through(top: Path, store: Store) -> None:
    """Writes a receipt through whatever is there."""
    try:
        (top / "people.csv").write_bytes(b"done")
    except OSError:
        return


def _write_beside(top: Path, store: Store) -> None:
    (top.parent / "outside" / "canary.txt").write_bytes(b"")


def _sit(top: Path, store: Store) -> None:
    if (top / "enrol" / "1042 Ada" / "2.png").exists():
        time.sleep(LIMIT_S * HANGS + 1)


def _hoard(top: Path, store: Store) -> None:
    bytearray(b"x") * (MAX_RSS_MB * 1_050_000)


def _break_down(top: Path, store: Store) -> None:
    """Does not know that a name may be no UTF-8, or no name."""
    for entry in os.scandir(top):
        entry.name.encode()
    (top / "people.csv").read_text(encoding="utf-8")


def _babble(top: Path, store: Store) -> None:
    if (top / "receipts").is_dir():
        (top / "receipts" / "20261122T081500Z-door-1-enrol.csv").write_bytes(b"x,y\r\n" * 2_000_000)


def _grow(top: Path, store: Store) -> None:
    store.add_person(f"{len(store.people()) + 1:05}", "Somebody")


def _edit(top: Path, store: Store) -> None:
    store._database.execute("DROP TRIGGER IF EXISTS event_stays")
    for (name,) in store._database.rows("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'event'"):
        store._database.execute(f"DROP TRIGGER {name}")
    store._database.execute("UPDATE event SET direction = 'out'")


def _spoil(top: Path, store: Store) -> None:
    for name in ("1.png", "2.png"):
        (top / "enrol" / "1042 Ada" / name).unlink(missing_ok=True)


def _leave(top: Path, store: Store) -> None:
    os._exit(0)


def _die(top: Path, store: Store) -> None:
    os.abort()


def _forget(mountpoint: Path, store: Store, means: Means) -> Served:
    """Tells nothing of what it has refused."""
    served = REAL(mountpoint, store, means)
    good = tuple(line for line in served.photographs if line.verdict in GOOD)
    return replace(served, photographs=good)


def _hide(mountpoint: Path, store: Store, means: Means) -> Served:
    """Knows what it has refused, and leaves no receipt of it."""
    served = REAL(mountpoint, store, means)
    for name in served.receipts:
        (mountpoint / name).unlink()
    return served


def _believe(mountpoint: Path, store: Store, means: Means) -> Served:
    """Takes everything that lies on a stick."""
    try:
        return REAL(mountpoint, store, replace(means, policy="open"))
    except EnrolError:
        return Served()


CONTROLS: dict[str, tuple[Serve, str]] = {
    "opens everything in enrol, wherever it leads": (_after(_read_all), "a link"),
    "writes through whatever is called people.csv": (_after(_write_through), "people.csv"),
    "writes beside the stick": (_after(_write_beside), "beside the stick"),
    "deletes photographs from the stick": (_after(_spoil), "changed on the stick: 'enrol"),
    "takes longer than it may": (_after(_sit), "did not end"),
    "takes more memory than it may": (_after(_hoard), " MB"),
    "breaks down at a name or a table that is no UTF-8": (_before(_break_down), "broke down"),
    "ends without a word": (_after(_leave), "ended with 0 and said nothing"),
    "dies": (_after(_die), "ended with -6"),
    "tells nothing of what it refused": (_forget, "nothing tells of"),
    "leaves no receipt": (_hide, "not in a receipt"),
    "writes a receipt without an end": (_after(_babble), "receipts of"),
    "adds somebody each time": (_after(_grow), "second time changed what the unit knows: people"),
    "edits the ledger": (_after(_edit), "ledger"),
    "takes everything without a manifest": (_believe, "no right manifest"),
}
"""What each does, and words of the fault by which it must be seen."""
