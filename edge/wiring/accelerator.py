"""The Edge TPU as the configuration wants it, and every network in its place.

For `muster run` and `muster evaluate`. Whoever enrols, captures or aligns is served by the CPU alone: one process can have the
stick, and the door needs it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path

from edge.config import Config
from edge.device.tpu.candidates import Candidate, Wish, candidate
from edge.device.tpu.edgetpu import EdgeTpu, State
from edge.device.tpu.fitting import Fitting
from edge.device.tpu.opening import Opening
from edge.device.tpu.process import Order, TpuFailure
from edge.device.tpu.selftest import SelfTest
from edge.device.tpu.timings import Bench, Cache, Key
from edge.errors import ConfigError, DeviceError, ModelError
from edge.types import NETWORKS
from edge.vision.mtcnn import PyramidLayout
from edge.vision.recogniser import Recogniser
from edge.wiring.places import Places
from edge.wiring.recognition import assembled, on_cpu

log = logging.getLogger(__name__)

CACHE_NAME = "placement.json"
"""What was measured, in the data folder."""

POLL_S = 0.05
"""How often it is looked whether somebody asks to stop while the Edge TPU is opened."""


@contextmanager
def fitted(
    config: Config, data: Path, places: Places, *, is_stopped: Callable[[], bool] = lambda: False
) -> Iterator[tuple[Recogniser, Fitting]]:
    """A recogniser with every network in its place, and who put it there; an Edge TPU that is used is closed at the end.

    Args:
        config: what is configured.
        data: folder that remembers what was measured.
        places: where things are.
        is_stopped: whether somebody has asked to stop, who does not wait until it is open.

    Raises:
        ConfigError: the Edge TPU is demanded, and every network is put on the CPU.
        DeviceError: the Edge TPU is demanded, and does not work.
        ModelError: a network's file is missing or altered; where the Edge TPU is demanded, its compiled file too.
    """
    found = _candidates(config, places.manifest)
    with ExitStack() as stack:
        opening = _opening(config, found, places)
        if opening:
            stack.callback(opening.close)
        if config.accelerator.kind == "edgetpu":
            _check(found, opening)
        cpu, tpu = on_cpu(config, places.manifest), None
        if opening:
            tpu = stack.enter_context(closing(_edge_tpu(config, opening, found)))
            _settle(tpu, is_stopped)
            if config.accelerator.kind == "edgetpu" and tpu.report().state in {State.DEGRADED, State.ABSENT}:
                raise DeviceError(_unusable(tpu.report().reason))
        bench = Bench(Cache(data / CACHE_NAME), partial(_surroundings, opening, config.recognition.threads))
        fitting = Fitting(found, cpu, tpu, bench=bench, port=opening)
        fitting.decide()
        yield assembled(config, fitting.networks, cpu["facenet"].spec), fitting


def _edge_tpu(config: Config, opening: Opening, candidates: Sequence[Candidate]) -> EdgeTpu:
    self_test = SelfTest.by_cpu([each.compiled.twin for each in candidates if each.compiled])
    is_demanded = config.accelerator.kind == "edgetpu"
    return EdgeTpu(opening.start, self_test, is_listed=opening.is_listed, is_demanded=is_demanded)


def candidates(config: Config, manifest: Path) -> list[Candidate]:
    """What is known of each network before anything is opened, in the order in which a frame meets them, the small ones first."""
    camera, detection = config.camera, config.detection
    layout = PyramidLayout.pack((camera.width, camera.height), detection.min_face_px, detection.scale_factor)
    variants = dict.fromkeys(NETWORKS, detection.variant) | {"facenet": config.recognition.variant}
    wishes = {name: Wish(wish) for name, wish in asdict(config.placement).items()}
    if config.accelerator.kind == "cpu":
        wishes = dict.fromkeys(NETWORKS, Wish.CPU)
    return [candidate(manifest, name, wishes[name], variant=variants[name], canvas_size=layout.canvas_size) for name in NETWORKS]


def _candidates(config: Config, manifest: Path) -> list[Candidate]:
    """The same for a unit that starts, which is told what will not be as it is configured; once, as the cause is mostly one."""
    found = candidates(config, manifest)
    missed = [each for each in found if each.obstacle and each.wish is Wish.EDGETPU and config.accelerator.kind == "auto"]
    if len(missed) == 1:
        log.warning("placement.%s is 'edgetpu', and it runs on the CPU. %s", missed[0].name, missed[0].obstacle)
    elif missed:
        names = ", ".join(f"placement.{each.name}" for each in missed)
        told = f"The first of them: {missed[0].obstacle} `muster doctor` has a line for each."
        log.warning("%s are 'edgetpu', and they run on the CPU. %s", names, told)
    return found


def _opening(config: Config, candidates: Sequence[Candidate], places: Places) -> Opening | None:
    """How the Edge TPU is opened; None where it has nothing to run."""
    names = tuple(each.name for each in candidates if each.compiled)
    accelerator = config.accelerator
    return Opening(Order(accelerator.library, accelerator.device, places.manifest, names), places.tpu) if names else None


def _check(candidates: Sequence[Candidate], opening: Opening | None) -> None:
    """What would keep a unit from starting that must not start without an Edge TPU."""
    obstacles = [each.obstacle for each in candidates if each.obstacle and (each.wish is Wish.EDGETPU or opening is None)]
    if obstacles:
        raise ModelError(f"accelerator.kind is 'edgetpu', and the Edge TPU cannot run what it should. {obstacles[0]}")
    if opening is None:
        raise ConfigError(
            "'accelerator.kind' is 'edgetpu', and 'placement' puts every network on the CPU; change one of the two."
        )
    try:
        opening.check()
    except TpuFailure as error:
        raise DeviceError(_unusable(str(error))) from error


def _unusable(reason: str) -> str:
    return (
        f"the Edge TPU cannot be used: {reason.rstrip('.')}. `muster doctor` looks at all of it; or set accelerator.kind = "
        '"auto", and the CPU does its work.'
    )


def _settle(tpu: EdgeTpu, is_stopped: Callable[[], bool]) -> None:
    """Wait until the Edge TPU is open or has failed, at most as long as an opening may take, or until somebody asks to stop."""
    tpu.advance()
    while tpu.report().state is State.OPENING and not is_stopped():
        tpu.settle(POLL_S)


def _surroundings(opening: Opening | None, threads: int) -> Key:
    """What the time of a network depends on, beside its files."""
    library = opening.library.identity if opening and opening.library else None
    return {"library": library, "usb_mbps": opening.speed_mbps() if opening else None, "threads": threads}
