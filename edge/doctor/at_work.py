"""What the `muster run` of this unit says of its Edge TPU: as long as it is at work, nobody else opens it."""

from __future__ import annotations

from edge import status
from edge.device.tpu.sticks import Stick
from edge.doctor.finding import Finding, State
from edge.doctor.reason import explained
from edge.doctor.trial import NAME
from edge.doctor.unit import Unit
from edge.status import AcceleratorStatus
from edge.types import utc_text
from edge.words import counted

OFTEN = "if it fails again: another blue port, another cable, a stronger supply"


def use(unit: Unit, stick: Stick | None, *, bad: State) -> Finding:
    """How the Edge TPU serves the unit at work.

    Args:
        unit: the unit.
        stick: the Edge TPU as it looks now; None when it is not there.
        bad: how bad it is that it is not served.
    """
    if unit.status is None:
        advice = "ask again in a moment; if it stays, the data folder cannot be written"
        return Finding(NAME, State.WARNING, f"{unit} is at work and has left no status, so it was not opened here", advice)
    accelerator = unit.status.accelerator
    if accelerator is None:
        return Finding(NAME, State.WARNING, f"{unit} was started without it", "start it anew to have it used")
    since, history = utc_text(accelerator.since_utc)[:19].replace("T", " "), _history(accelerator)
    if accelerator.state == status.DEGRADED:
        wrong, advice = explained(accelerator.reason, stick, library=accelerator.library)
        return Finding(NAME, bad, f"{unit}: degraded since {since} UTC: {wrong}; the CPU answers{history}", advice)
    if accelerator.state != status.SERVING:
        return Finding(
            NAME, State.OK, " ".join(f"{unit}: {accelerator.state} since {since} UTC{_reason(accelerator)}{history}".split())
        )
    words = f"{unit} uses it ({accelerator.runtime})"
    if accelerator.n_failures:
        recovered = f"recovered: it failed {counted(accelerator.n_failures, 'time')} and serves again since {since} UTC"
        return Finding(NAME, State.WARNING, f"{words}; {recovered}{_self_test(accelerator)}", OFTEN)
    return Finding(NAME, State.OK, f"{words} since {since} UTC, and it has not failed{_self_test(accelerator)}")


def _self_test(accelerator: AcceleratorStatus) -> str:
    return f"; its self-test: {accelerator.self_test}" if accelerator.self_test else ""


def _reason(accelerator: AcceleratorStatus) -> str:
    return f": {accelerator.reason}" if accelerator.reason else ""


def _history(accelerator: AcceleratorStatus) -> str:
    failures, recoveries = accelerator.n_failures, accelerator.n_recoveries
    return f"; {counted(failures, 'failure')}, {counted(recoveries, 'recovery')} so far" if failures else ""
