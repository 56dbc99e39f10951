"""A stick that is plugged in, for tests: the office prepares it with its own tool, and the unit's networks are stand-ins."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import office
import studio

from edge.exchange.delivery.report import Delivery
from edge.exchange.delivery.terms import Terms as DeliveryTerms
from edge.exchange.enrolment.desk import Terms
from edge.exchange.stick.manifest import MANIFEST
from edge.exchange.stick.means import Means
from edge.exchange.sync import sync
from edge.store import Store
from edge.types import Signal
from edge.vision.quality import OPEN

NOW = datetime(2026, 11, 22, 8, 15, tzinfo=UTC)
TOOL = office.tool()

Tree = dict[str, bytes]


class Panel:
    """Remembers what was shown."""

    def __init__(self) -> None:
        self.shown: list[Signal] = []

    def show(self, signal: Signal) -> None:
        self.shown.append(signal)

    def close(self) -> None:
        """Nothing to let go of."""


def means(store: Store, **changes: Any) -> Means:
    """Rows are brought by this process, and nothing is unmounted."""

    def deliver(mountpoint: Path, stick: str) -> Delivery:
        (delivery,) = sync(store, [str(mountpoint)], timezone=UTC, terms=DeliveryTerms(prepare=True, stick=stick))
        return delivery

    given: dict[str, Any] = {
        "recogniser": studio.recogniser,
        "terms": Terms(60, OPEN, studio.POLICY),
        "deliver": deliver,
        "release": lambda _: "All that was written is on the stick.",
        "at_utc": NOW,
        "clock_ok": True,
        "unit": "door-1",
    }
    return Means(**given | changes)


def ready(stick: Path, *, serial: int = 1795335300) -> Path:
    """What `prepare-stick` does, at a time of the test's own."""
    files = {name: TOOL._digest(path) for name, path in TOOL._found(stick)[0]}
    content = TOOL.manifest(office.STICK_ID, office.SECRET, files=files, serial=serial, made_utc="2026-11-22T08:15:00Z")
    (stick / MANIFEST).write_bytes(content)
    return stick


def bring(stick: Path, *names: str) -> None:
    """Good photographs at these places, as in ``enrol/1042 Ada/1.png``, each of the person of its code."""
    for name in names:
        studio.portrait(stick / name, studio.face(int(name.split("/")[1].split()[0]) % 90 + 1))


def receipt(stick: Path, what: str) -> list[dict[str, str]]:
    """The only receipt of a kind."""
    (path,) = (stick / "receipts").glob(f"*-{what}.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def tree(folder: Path) -> Tree:
    """Every file below a folder, with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
