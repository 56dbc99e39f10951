"""A recording goes through the unit as it is configured, and nothing comes of it but verdicts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from edge.config import Config
from edge.device.camera import open_camera
from edge.device.clock import ReplayClock, SystemClock
from edge.device.panel import SilentPanel
from edge.device.stop import Stop, StopOnSignal
from edge.journal import Tally, Verdict
from edge.store import Store
from edge.unit import Hands, Unit
from edge.wiring.door import wanted
from edge.wiring.recognition import recogniser
from edge.wiring.rules import limits, rules


def replay(config: Config, store: Store, recording: Path, *, report: Callable[[Verdict], None]) -> tuple[Tally, int | None]:
    """What a unit would answer to a recording that began now. No panel, no lock and no Edge TPU is taken, on the CPU alone.

    Args:
        config: everything.
        store: what may be written into: a copy.
        recording: a folder of pictures, or a video.
        report: hears every verdict.

    Returns:
        What it came to, and the signal that ended it; None when the recording was over.

    Raises:
        MusterError: the recording or a network cannot be used, or nobody who is enrolled can be recognised.
    """
    stop, clock = Stop(), ReplayClock(datetime.now(UTC), is_trusted=SystemClock().is_trusted())
    source = wanted(replace(config.camera, source=f"replay:{recording}"))
    with StopOnSignal(stop) as signals, ExitStack() as stack:
        camera = stack.enter_context(closing(open_camera(source, clock, stop)))
        hands = Hands(camera=camera, panel=SilentPanel(), clock=clock, store=store)
        tally = Unit(hands, recogniser(config), rules=rules(config), limits=limits(config), report=report).run()
    return tally, signals.received
