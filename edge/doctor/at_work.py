"""What the `muster run` of this unit says of its Edge TPU: as long as it is at work, nobody else opens it."""

from __future__ import annotations

from pathlib import Path

from edge import status
from edge.doctor.finding import Finding, State
from edge.doctor.trial import NAME, REPLUG
from edge.status import AcceleratorStatus, Status
from edge.types import utc_text
from edge.words import counted

OFTEN = "if it fails again: another blue port, another cable, a stronger supply"


def read_status(data: Path, pid: int) -> Status | None:
    """What this process has left; None when it has left nothing yet, is ending, or another left what is there."""
    found = status.read(data / status.FILE_NAME)
    is_current = found is not None and found.pid == pid and found.stopped_utc is None
    return found if is_current else None


def use(found: Status | None, pid: int, *, bad: State) -> Finding:
    """How the Edge TPU serves the unit at work.

    Args:
        found: what it has left.
        pid: its process; 0 where it has not yet said which.
        bad: how bad it is that it is not served.
    """
    who = f"`muster run` (process {pid})" if pid else "`muster run`"
    if found is None:
        advice = "ask again in a moment; if it stays, the data folder cannot be written"
        return Finding(NAME, State.WARNING, f"{who} is at work and has left no status, so it was not opened here", advice)
    accelerator = found.accelerator
    if accelerator is None:
        return Finding(NAME, State.WARNING, f"{who} was started without it", "start it anew to have it used")
    since, history = utc_text(accelerator.since_utc)[:19].replace("T", " "), _history(accelerator)
    if accelerator.state == status.DEGRADED:
        words = f"degraded since {since} UTC: {accelerator.reason}; the CPU answers{history}"
        return Finding(NAME, bad, f"{who}: {words}", REPLUG)
    if accelerator.state != status.SERVING:
        return Finding(
            NAME, State.OK, " ".join(f"{who}: {accelerator.state} since {since} UTC{_reason(accelerator)}{history}".split())
        )
    words = f"{who} uses it ({accelerator.runtime})"
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
