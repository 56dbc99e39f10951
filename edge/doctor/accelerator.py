"""The Edge TPU from the plug to the answer: what is there, what works, what does not, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge import status, wiring
from edge.config import Config
from edge.device.tpu.candidates import Candidate, Wish
from edge.device.tpu.process import Order
from edge.device.tpu.sticks import Stick
from edge.doctor import at_work, placement, stick
from edge.doctor.compiled import compiled
from edge.doctor.finding import Finding, State, split
from edge.doctor.library import library
from edge.doctor.places import Places
from edge.doctor.trial import NAME, trial
from edge.doctor.unit import Unit, unit_at_work
from edge.errors import DeviceError

LEFT_ALONE = 'left alone, as configured: accelerator.kind = "cpu"'
CONTRADICTION = 'accelerator.kind is "edgetpu", and placement puts every network on the CPU: nothing starts'


def accelerator(config: Config, data: Path, places: Places, *, found_models: Finding) -> Iterator[Finding]:
    """Everything about the Edge TPU: plug, library, files, use, and where the networks run; each finding as it is made.

    Args:
        config: what is configured.
        data: folder of the unit, which says whether a `muster run` is at work.
        places: where to look.
        found_models: what was found of the networks' own files, without which nothing is opened.
    """
    manifest = places.manifest or wiring.manifest_path()
    candidates = wiring.candidates(config, manifest)
    latest = status.read(data / status.FILE_NAME)
    if config.accelerator.kind == "cpu":
        yield Finding(stick.NAME, State.OK, LEFT_ALONE)
        if found_models.state is State.OK:
            yield placement.at_the_next_start(candidates, latest, is_usable=False)
        else:
            yield placement.NO_MODELS
        return
    bad = State.FAULT if config.accelerator.kind == "edgetpu" else State.WARNING
    unit, unknown = _unit(data)
    outside = _from_outside(config, candidates, places, bad=bad, unit=unit)
    yield from outside.findings
    if unit is not None:
        yield at_work.use(unit, outside.stick, bad=bad)
        yield from [placement.now(unit.status)] if unit.status else []
        return
    use = unknown or _not_opened(outside, found_models)
    if use is None:
        names = tuple(each.name for each in candidates if each.compiled)
        use = trial(Order(outside.library, config.accelerator.device, manifest, names), places, bad=bad)
    yield use
    is_usable = not outside.needless and use.state is State.OK
    if bad is State.FAULT and (not is_usable or any(found.state is State.FAULT for found in outside.findings)):
        yield placement.DEMANDED
    elif found_models.state is not State.OK:
        yield placement.NO_MODELS
    else:
        yield placement.at_the_next_start(candidates, latest, is_usable=is_usable)


@dataclass(frozen=True, slots=True)
class Outside:
    """What one sees without opening anything.

    Attributes:
        findings: of plug, library and compiled files.
        needless: why none need be opened; empty when one is plugged in, or must be, and has something to run.
        library: the file; empty when there is none that may be loaded.
        obstacle: the first finding that keeps it from being opened; empty when there is none.
        stick: the one that is meant; None when it is not there.
    """

    findings: list[Finding]
    needless: str
    library: str
    obstacle: str
    stick: Stick | None


def _from_outside(config: Config, candidates: Sequence[Candidate], places: Places, *, bad: State, unit: Unit | None) -> Outside:
    if bad is State.FAULT and all(each.wish is Wish.CPU for each in candidates):
        fault = Finding(stick.NAME, State.FAULT, CONTRADICTION, "change one of the two")
        return Outside([fault], "", "", fault.name, None)
    plug = stick.edge_tpu(config.accelerator, places, bad=bad, at_work=unit)
    is_needed = plug.is_there or bad is State.FAULT or (unit is not None and unit.is_degraded)
    installed, found = library(config.accelerator.library, places.library, bad=bad, is_needed=is_needed)
    files = compiled(candidates, bad=bad, is_needed=is_needed)
    is_fine = {plug.finding.name: plug.is_usable, installed.name: found is not None}
    is_fine[files.name] = any(each.compiled for each in candidates)
    obstacle = next((name for name, fine in is_fine.items() if not fine), "")
    needless = "" if is_needed else "there is none to open"
    if config.accelerator.kind == "auto" and not any(each.compiled or each.obstacle for each in candidates):
        needless = "nothing is to run on it"
    return Outside([plug.finding, installed, files], needless, str(found.path) if found else "", obstacle, plug.stick)


def _not_opened(outside: Outside, found_models: Finding) -> Finding | None:
    """That it is not opened, and why; None when nothing speaks against it."""
    if outside.needless:
        return Finding(NAME, State.OK, outside.needless)
    obstacle = outside.obstacle or (found_models.name if found_models.state is not State.OK else "")
    return (
        Finding(NAME, State.WARNING, f"not opened, because of the {obstacle}", f"see to the {obstacle} first")
        if obstacle
        else None
    )


def _unit(data: Path) -> tuple[Unit | None, Finding | None]:
    """The unit at work; or why nobody can say whether there is one."""
    try:
        return unit_at_work(data), None
    except DeviceError as error:
        return None, Finding(NAME, State.WARNING, *split(error))
