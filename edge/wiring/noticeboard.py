"""What a unit at work leaves in its data folder about where its networks run."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge import status
from edge.config import Config
from edge.device.tpu.edgetpu import AcceleratorReport, State
from edge.device.tpu.fitting import Fitting
from edge.status import AcceleratorStatus, NetworkStatus, StatusFile
from edge.types import NETWORKS, Backend
from edge.wiring.origin import Origin

NOTHING_TO_RUN = "it has nothing to run"
OTHER_SIDE = {Backend.CPU: Backend.EDGETPU, Backend.EDGETPU: Backend.CPU}


def status_file(config: Config, data: Path, fitting: Fitting, *, origin: Origin | None = None) -> StatusFile:
    """The status of a unit, to be entered.

    Args:
        config: what is configured.
        data: folder of the file.
        fitting: where the networks run.
        origin: where the configuration comes from.
    """
    origin = origin or Origin()
    return StatusFile(
        data / status.FILE_NAME,
        lambda: (_network(fitting, name) for name in NETWORKS),
        report=lambda: _accelerator(config, fitting.report()),
        now=_now,
        config=(origin.fault, origin.digest),
    )


def _network(fitting: Fitting, name: str) -> NetworkStatus:
    network = fitting.networks[name]
    place = network.place
    due, other = fitting.spec(name, place.backend), fitting.spec(name, OTHER_SIDE[place.backend])
    return NetworkStatus(name, due.path.name, due.variant, place.backend, network.backend, place.reason, other.path.name)


def _accelerator(config: Config, report: AcceleratorReport | None) -> AcceleratorStatus | None:
    """None where the configuration leaves it alone."""
    accelerator = config.accelerator
    if accelerator.kind == "cpu":
        return None
    report = report or AcceleratorReport(State.ABSENT, NOTHING_TO_RUN, time.monotonic(), 0, 0, "")
    return AcceleratorStatus(
        state=report.state.value,
        reason=report.reason,
        since_utc=_now() - timedelta(seconds=time.monotonic() - report.since_s),
        n_failures=report.n_failures,
        n_recoveries=report.n_recoveries,
        runtime=report.runtime,
        self_test=report.self_test,
        library=accelerator.library,
        device=accelerator.device,
    )


def _now() -> datetime:
    return datetime.now(UTC)
