"""The Edge TPU from the plug to the answer: what is there, what works, what does not, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge import status, wiring
from edge.config import Config
from edge.device.lock import at_work
from edge.device.tpu.candidates import Candidate
from edge.device.tpu.process import Order
from edge.doctor import at_work as unit
from edge.doctor import placement
from edge.doctor.compiled import compiled
from edge.doctor.finding import Finding, State, split
from edge.doctor.library import library
from edge.doctor.places import Places
from edge.doctor.stick import edge_tpu
from edge.doctor.trial import NAME, trial
from edge.errors import DeviceError

LEFT_ALONE = 'left alone, as configured: accelerator.kind = "cpu"'


def accelerator(config: Config, data: Path, places: Places, *, found_models: Finding) -> list[Finding]:
    """Everything about the Edge TPU: plug, library, files, use, and where the networks run.

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
        return [Finding("edge tpu", State.OK, LEFT_ALONE), placement.at_the_next_start(candidates, latest, is_usable=False)]
    bad = State.FAULT if config.accelerator.kind == "edgetpu" else State.WARNING
    pid, unknown = _at_work(data)
    outside = _from_outside(config, candidates, places, bad=bad, at_work=pid)
    if pid is not None:
        own = unit.read_status(data, pid)
        return [*outside.findings, unit.use(own, pid, bad=bad), *([placement.now(own)] if own else [])]
    use = unknown or _not_opened(outside, found_models)
    if use is None:
        names = tuple(each.name for each in candidates if each.compiled)
        use = trial(Order(outside.library, config.accelerator.device, manifest, names), places, bad=bad)
    is_usable = not outside.needless and use.state is State.OK
    return [*outside.findings, use, placement.at_the_next_start(candidates, latest, is_usable=is_usable)]


@dataclass(frozen=True, slots=True)
class Outside:
    """What one sees without opening anything.

    Attributes:
        findings: of plug, library and compiled files.
        needless: why none need be opened; empty when one is plugged in, or must be, and has something to run.
        library: the file; empty when there is none that may be loaded.
        obstacle: the first finding that keeps it from being opened; empty when there is none.
    """

    findings: list[Finding]
    needless: str
    library: str
    obstacle: str


def _from_outside(config: Config, candidates: Sequence[Candidate], places: Places, *, bad: State, at_work: int | None) -> Outside:
    plug = edge_tpu(config.accelerator, places, bad=bad, at_work=at_work)
    is_needed = plug.is_there or config.accelerator.kind == "edgetpu"
    installed, found = library(config.accelerator.library, places.library, bad=bad, is_needed=is_needed)
    files = compiled(candidates, bad=bad, is_needed=is_needed)
    is_fine = {plug.finding.name: plug.is_usable, installed.name: found is not None}
    is_fine[files.name] = any(each.compiled for each in candidates)
    obstacle = next((name for name, fine in is_fine.items() if not fine), "")
    needless = "" if is_needed else "there is none to open"
    if config.accelerator.kind == "auto" and not any(each.compiled or each.obstacle for each in candidates):
        needless = "nothing is to run on it"
    return Outside([plug.finding, installed, files], needless, str(found.path) if found else "", obstacle)


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


def _at_work(data: Path) -> tuple[int | None, Finding | None]:
    """The process of the unit at work; or why nobody can say whether there is one."""
    try:
        return at_work(data), None
    except DeviceError as error:
        return None, Finding(NAME, State.WARNING, *split(error))
