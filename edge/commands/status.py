"""``muster status``: whether a unit is at work, and where its networks run."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from datetime import datetime, tzinfo
from pathlib import Path

from edge import status, wiring
from edge.commands.installation import Installation, say
from edge.errors import DeviceError
from edge.status import AcceleratorStatus, NetworkStatus, Status
from edge.types import Backend
from edge.words import counted

PLACES = {Backend.CPU: "the CPU", Backend.EDGETPU: "the Edge TPU"}


def run(arguments: argparse.Namespace) -> int:
    """Say how the unit is. 0 when all is as it should be or nothing runs; 69 when it is degraded or does not say."""
    installation = Installation.of(arguments)
    path, pid = installation.data / status.FILE_NAME, wiring.at_work(installation.data)
    found = status.read(path)
    is_current = pid is not None and found is not None and found.pid == pid and found.stopped_utc is None
    is_well = pid is None or (is_current and found is not None and not found.is_degraded and not found.config_fault)
    if arguments.json:
        told = json.loads(found.to_json()) if found else None
        print(json.dumps({"is_at_work": pid is not None, "is_well": is_well, "is_current": is_current, "status": told}, indent=1))
        return 0 if is_well else DeviceError.exit_code
    if pid is None:
        say(_at_rest(installation, found))
    elif found is None or not is_current:
        say(_silent(path, pid))
    else:
        for line in _lines(found, installation.data, installation.timezone):
            say(line)
    say(f"The unit's name: {installation.config.unit.name}")
    return 0 if is_well else DeviceError.exit_code


def _at_rest(installation: Installation, found: Status | None) -> str:
    """Nothing runs, and what the latest unit left about its end."""
    told = f"No unit is at work in {installation.data}."
    if found is None:
        return told
    if found.stopped_utc is None:
        when = _at(found.written_utc, installation.timezone)
        return f"{told} The latest one was killed, or the power was cut, at some time after {when}."
    return f"{told} The latest one ended at {_at(found.stopped_utc, installation.timezone)}."


def _silent(path: Path, pid: int) -> str:
    process = f" (process {pid})" if pid else ""
    return (
        f"A unit is at work{process}, and does not say how it is: it is starting or ending, or cannot write {path}. Ask again in"
        " a moment; after that its log says why."
    )


def _lines(found: Status, data: Path, timezone: tzinfo | None) -> Iterator[str]:
    """How a unit at work is."""
    yield f"A unit is at work in {data} since {_at(found.started_utc, timezone)} (process {found.pid}, Muster {found.version})."
    width = max((len(network.name) for network in found.networks), default=0)
    for network in found.networks:
        file = f" · {network.latest_file}" if network.latest_file else ""
        yield f"{network.name:{width}}  {_where(network, found.accelerator)}{file}"
    yield from _accelerator(found.accelerator, timezone)
    if found.config_fault:
        why = "; ".join(found.config_fault.splitlines())
        yield f"Configuration: the last one that worked, because the present one had a fault when the unit started: {why}"
    if found.is_degraded:
        yield (
            "Degraded: the CPU does the Edge TPU's work. Everybody is served, only more slowly. It is tried again by itself;"
            " `muster doctor` says what may be wrong."
        )


def _where(network: NetworkStatus, accelerator: AcceleratorStatus | None) -> str:
    if not network.is_elsewhere:
        return f"on {PLACES[network.backend]}, where it should be{f' ({network.reason})' if network.reason else ''}"
    return f"on {PLACES[network.backend]}; it should be on {PLACES[network.placement]}: {_why_elsewhere(network, accelerator)}"


def _why_elsewhere(network: NetworkStatus, accelerator: AcceleratorStatus | None) -> str:
    if accelerator is None:
        return "the configuration leaves that alone"
    if accelerator.state != status.SERVING:
        return f"that is {accelerator.state}"
    if network.name == "pnet":
        return "that serves, but not for pictures of this camera's size, or not yet"
    return "that serves, and nobody has come since"


def _accelerator(found: AcceleratorStatus | None, timezone: tzinfo | None) -> Iterator[str]:
    if found is None:
        yield "Edge TPU: left alone, as configured."
        return
    why = f": {found.reason}" if found.reason else ""
    counts = f"{counted(found.n_failures, 'failure')} and {counted(found.n_recoveries, 'recovery')} since the start"
    with_what = ", ".join(part for part in (found.device, found.library, found.runtime) if part)
    yield f"Edge TPU: {found.state} since {_at(found.since_utc, timezone)}{why}. {counts} ({with_what})."
    if found.state == status.SERVING:
        yield f"Its self-test: {found.self_test}."


def _at(moment: datetime, timezone: tzinfo | None) -> str:
    """Local, with its offset."""
    return moment.astimezone(timezone).isoformat(" ", "seconds")
