"""With what a stick is served."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from edge.exchange.delivery.report import Delivery
from edge.exchange.enrolment.desk import Terms
from edge.exchange.enrolment.folder import Candidate
from edge.exchange.files import Files
from edge.exchange.stick.bounds import Bounds
from edge.ports import Panel
from edge.types import Signal
from edge.vision.recogniser import Recogniser


@dataclass(frozen=True, slots=True)
class Means:
    """With what a stick is served.

    Attributes:
        recogniser: makes the one that looks at photographs; not called where there is none to look at.
        terms: on which people are enrolled.
        deliver: brings rows to the stick, which is mounted there; the second word is which stick it is, as in `Trust.known_as`.
        release: sees that all is on the medium and takes the stick out of the system; a sentence on how far it came. Raises
            DeviceError where the stick must not be pulled.
        at_utc: now.
        clock_ok: whether the clock is known to be right.
        unit: its name, in the names of receipts.
        policy: ``paired`` or ``open``.
        hardware: what the stick itself says that it is.
        panel: shows how far it is; None shows nothing.
        stays_mounted: whether somebody else unmounts it afterwards, who then says that it may be pulled.
        files: writes the receipts.
        bounds: how much of a stick is looked at.
        progress: goes through the photographs, and may show how far it is.
    """

    recogniser: Callable[[], Recogniser]
    terms: Terms
    deliver: Callable[[Path, str], Delivery]
    release: Callable[[Path], str]
    at_utc: datetime
    clock_ok: bool
    unit: str
    policy: str = "paired"
    hardware: str = ""
    panel: Panel | None = None
    stays_mounted: bool = False
    files: Files = field(default_factory=Files)
    bounds: Bounds = field(default_factory=Bounds)
    progress: Callable[[Sequence[Candidate]], Iterable[Candidate]] = iter

    def show(self, signal: Signal) -> None:
        """Have the panel show it, where there is one."""
        if self.panel:
            self.panel.show(signal)
