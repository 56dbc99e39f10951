"""What happens when a stick is plugged in: people leave and come, receipts are written, rows go out, and it may be pulled.

Each step is whole before the next begins, and each may be done again: a stick that is pulled in the middle goes on where it was.
Removals come first, so that nobody who leaves stands in the way of a photograph; whoever is to be removed and brought in by the
same stick is removed. What is brought in is marked as done when its receipts are on the stick.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from edge.errors import MusterError
from edge.exchange.delivery.report import Delivery
from edge.exchange.enrolment.desk import Terms
from edge.exchange.enrolment.folder import Candidate
from edge.exchange.enrolment.receipt import Line
from edge.exchange.files import Files
from edge.exchange.stick.bounds import Bounds
from edge.exchange.stick.sheet import TableLine
from edge.ports import Panel
from edge.store import Store
from edge.vision.recogniser import Recogniser


@dataclass(frozen=True, slots=True)
class Means:
    """With what a stick is served.

    Attributes:
        recogniser: makes the one that looks at photographs; not called where there is none to look at.
        terms: on which people are enrolled.
        deliver: brings rows to the stick, which is mounted there.
        release: sees that all is on the medium and takes the stick out of the system; a sentence on how far it came. Raises
            DeviceError where the stick must not be pulled.
        at_utc: now.
        clock_ok: whether the clock is known to be right.
        unit: its name, in the names of receipts.
        policy: ``paired`` or ``open``.
        hardware: what the stick itself says that it is.
        panel: shows how far it is; None shows nothing.
        files: writes the receipts.
        bounds: how much of a stick is looked at.
        progress: goes through the photographs, and may show how far it is.
    """

    recogniser: Callable[[], Recogniser]
    terms: Terms
    deliver: Callable[[Path], Delivery]
    release: Callable[[Path], str]
    at_utc: datetime
    clock_ok: bool
    unit: str
    policy: str = "paired"
    hardware: str = ""
    panel: Panel | None = None
    files: Files = field(default_factory=Files)
    bounds: Bounds = field(default_factory=Bounds)
    progress: Callable[[Sequence[Candidate]], Iterable[Candidate]] = iter


@dataclass(frozen=True, slots=True)
class Served:
    """What came of a stick.

    Attributes:
        photographs: the receipt of ``enrol/``, a line for each.
        tables: that of ``people.csv`` and ``remove.csv``.
        reason: why nothing was brought in, or not all of it; empty where there is no more to do.
        delivery: of rows; None where none was tried.
        errors: what failed, in the order in which it did.
        released: how far the stick may be pulled; empty where it may not.
    """

    photographs: tuple[Line, ...] = ()
    tables: tuple[TableLine, ...] = ()
    reason: str = ""
    delivery: Delivery | None = None
    errors: tuple[MusterError, ...] = ()
    released: str = ""

    @property
    def exit_code(self) -> int:
        """0; 65 where somebody or something on the stick was refused; else that of the first error."""
        raise NotImplementedError


def serve(mountpoint: Path, store: Store, means: Means) -> Served:
    """Do all that is to be done with a stick.

    Args:
        mountpoint: where it is mounted.
        store: of this unit.
        means: with what.

    Raises:
        StickError: it is refused; a line of the audit log tells of it.
        StoreError: the database fails; what was taken in until then stays, and the same stick goes on there.
    """
    raise NotImplementedError


def rehearse(mountpoint: Path, store: Store, means: Means) -> Served:
    """What `serve` would do; nothing is written, neither on the stick nor here.

    Raises:
        StickError: it would be refused.
    """
    raise NotImplementedError
