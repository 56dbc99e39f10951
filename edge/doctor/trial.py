"""Opens an Edge TPU that nobody uses, once, in a process of its own, and sees whether it computes what the CPU computes."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from time import monotonic

from edge.device.manifest import read_spec
from edge.device.tpu import sticks
from edge.device.tpu.opening import Opening
from edge.device.tpu.process import Opened, Order, TpuFailure, TpuProcess
from edge.device.tpu.selftest import SelfTest
from edge.doctor.finding import Finding, State, split
from edge.doctor.places import Places
from edge.doctor.reason import COMPILE_AGAIN, CRASHES, REPLUG, explained
from edge.errors import ModelError

NAME = "edge tpu use"


def trial(order: Order, places: Places, *, bad: State) -> Finding:
    """Whether it can be opened and computes rightly.

    Args:
        order: what is to be opened; the library by the path at which it was found.
        places: where to look.
        bad: how bad it is that it cannot be used.
    """
    begin_s = monotonic()
    try:
        opened = _open(order, places)
    except (TpuFailure, OSError) as error:
        return Finding(NAME, bad, *why(str(error), order, places))
    if opened is None:
        return Finding(NAME, bad, f"it was not open after {places.open_s:g} s", REPLUG)
    took_s = monotonic() - begin_s
    try:
        self_test = SelfTest.by_cpu(read_spec(order.manifest, name, variant="int8") for name in order.names)
    except ModelError as error:
        return Finding(NAME, State.WARNING, *split(error))
    fault = self_test.fault(opened.answers)
    by = f"{opened.runtime}{f', {opened.library}' if opened.library else ''}"
    if fault:
        return Finding(NAME, bad, f"it computes wrongly: {fault} ({by})", COMPILE_AGAIN)
    return Finding(
        NAME, State.OK, f"opened in {took_s:.1f} s, and its self-test is right: {self_test.told(opened.answers)} ({by})"
    )


def _open(order: Order, places: Places) -> Opened | None:
    """What it says once it is open; it is closed again in any case."""
    opening = Opening(order, places.tpu, start=partial(TpuProcess.start, environment=places.environment))
    with closing(opening), closing(opening.start()) as process:
        return process.opened(places.open_s)


def why(failure: str, order: Order, places: Places) -> tuple[str, str]:
    """Why it could not be opened, by what was said and by how the stick looks now; and what to do.

    Args:
        failure: what the attempt came to.
        order: what was to be opened.
        places: where to look.
    """
    now = sticks.chosen(order.device, sticks.sticks(places.sysfs, places.dev))
    if not now and not CRASHES.match(failure):
        return f"it went away while it was opened: {failure}", REPLUG
    return explained(failure, now[0] if now else None, library=order.library)
