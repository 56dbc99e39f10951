"""The Edge TPU: whether it is there and can be used, and what to do where it cannot."""

from __future__ import annotations

from pathlib import Path

from edge.device.tpu.sticks import sticks
from edge.doctor.finding import Finding, State


def edge_tpu(sysfs: Path) -> Finding:
    """Whether an accelerator is plugged in."""
    found = sticks(sysfs)
    if not found:
        return Finding("edge tpu", State.OK, "none is plugged in; the networks run on the CPU")
    return Finding("edge tpu", State.OK, "; ".join(stick.place for stick in found))
