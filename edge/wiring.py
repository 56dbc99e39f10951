"""Config -> built objects. The only module, beside the doctor, that knows what is behind each port."""

from __future__ import annotations

import os
import signal
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from edge.attendance import Rules
from edge.config import CameraConfig, Config, PanelConfig
from edge.device import network
from edge.device.camera import Wanted, open_camera
from edge.device.clock import ReplayClock, SystemClock
from edge.device.lock import alone
from edge.device.manifest import NetworkSpec, read_spec
from edge.device.panel import Pins, open_panel
from edge.device.stop import Stop, StopOnSignal
from edge.errors import ModelError
from edge.journal import Tally, Verdict
from edge.matching.combination import Combination
from edge.matching.matcher import Rule
from edge.matching.policy import Policy
from edge.matching.score_table import ScoreTable
from edge.matching.threshold import Budget
from edge.ports import Camera, Clock, Panel
from edge.store import FILE_NAME, Store
from edge.types import Direction
from edge.unit import Hands, Limits, Unit
from edge.vision.facenet import Facenet
from edge.vision.mtcnn import Mtcnn, MtcnnNetworks
from edge.vision.quality import Gates
from edge.vision.recogniser import Recogniser

__all__ = [
    "Recogniser",
    "gates",
    "limits",
    "manifest_path",
    "model",
    "pins",
    "policy",
    "recogniser",
    "rules",
    "run",
    "sight",
    "wanted",
]


def manifest_path() -> Path:
    """Where the models are: ``models/`` beside the package, or where MUSTER_MODELS says."""
    folder = os.environ.get("MUSTER_MODELS")
    return (Path(folder) if folder else Path(__file__).parent.parent / "models") / "manifest.toml"


def recogniser(config: Config, *, manifest: Path | None = None) -> Recogniser:
    """The networks, checked and loaded.

    Args:
        config: which variants, and how faces are looked for.
        manifest: names the files; `manifest_path` when None.

    Raises:
        ModelError: a network's file is missing, altered, or not what the manifest says.
    """
    detection, recognition = config.detection, config.recognition
    load = partial(network.load, manifest or manifest_path(), threads=recognition.threads)
    with ThreadPoolExecutor() as pool:  # hashing and preparing FaceNet takes as long as all the others, beside each other
        facenet = pool.submit(load, "facenet", variant=recognition.variant)
        # A crop of R- or O-Net (0.03 and 0.15 ms) is too little to share out; several of them run side by side instead.
        stages = MtcnnNetworks(
            pnet=load("pnet", variant=detection.variant),
            rnet=load("rnet", variant=detection.variant, threads=1, workers=recognition.threads),
            onet=load("onet", variant=detection.variant, threads=1, workers=recognition.threads),
        )
    detector = Mtcnn(stages, detection.min_face_px, detection.scale_factor, detection.thresholds)
    return Recogniser(detector, Facenet(facenet.result()), _model(facenet.result().spec))


def model(config: Config, *, manifest: Path | None = None) -> str:
    """What makes this unit's templates, as the store names it; nothing is loaded.

    Raises:
        ModelError: the manifest is missing or damaged, or knows no such variant.
    """
    return _model(read_spec(manifest or manifest_path(), "facenet", variant=config.recognition.variant))


def _model(spec: NetworkSpec) -> str:
    return f"{spec.model}/{spec.variant}"


def run(config: Config, data: Path, *, report: Callable[[Verdict], None]) -> tuple[Tally, signal.Signals | None]:
    """Take the roll until the recording is over or somebody asks to stop.

    Args:
        config: everything.
        data: folder of the database.
        report: hears every verdict after its signal.

    Returns:
        What the run came to, and the signal that ended it, SIGINT or SIGTERM; None when the recording was over.

    Raises:
        MusterError: the unit cannot start.
    """
    stop = Stop()
    with StopOnSignal(stop) as signals:
        tally = _run(config, data, stop, report)
    return tally, signals.received


def _run(config: Config, data: Path, stop: Stop, report: Callable[[Verdict], None]) -> Tally:
    source = wanted(config.camera)
    clock = _clock(source)
    with ExitStack() as stack:
        store = stack.enter_context(Store.open(data / FILE_NAME, unit=config.unit.name))
        stack.enter_context(alone(data))
        hands = Hands(
            camera=stack.enter_context(closing(open_camera(source, clock, stop))),
            panel=stack.enter_context(closing(open_panel(config.panel.kind, pins(config.panel)))),
            clock=clock,
            store=store,
        )
        unit = Unit(hands, recogniser(config), rules=rules(config), limits=limits(config), report=report)
        return unit.run()


@contextmanager
def sight(config: Config) -> Iterator[tuple[Camera, Panel, StopOnSignal]]:
    """Camera and panel for somebody who is being photographed, and which signal has asked to stop: the camera then ends.

    A panel that is only pretended is not shown: whoever sees the terminal reads the same there in words.

    Raises:
        DeviceError: the recording is not there, or the pins cannot be used.
    """
    stop, source = Stop(), wanted(config.camera)
    tell = None if config.panel.kind == "mock" else _nothing
    with ExitStack() as stack:
        signals = stack.enter_context(StopOnSignal(stop))
        camera = stack.enter_context(closing(open_camera(source, _clock(source), stop)))
        yield camera, stack.enter_context(closing(open_panel(config.panel.kind, pins(config.panel), tell=tell))), signals


def _nothing(_line: str) -> None:
    """Says nothing."""


def _clock(source: Wanted) -> Clock:
    """A recording brings its own time and begins now."""
    clock = SystemClock()
    return clock if source.replayed is None else ReplayClock(datetime.now(UTC), is_trusted=clock.is_trusted())


def rules(config: Config) -> Rules:
    """The rules that the configuration states."""
    recognition, attendance, timezone = config.recognition, config.attendance, config.unit.timezone
    return Rules(
        n_least=recognition.n_least,
        n_window=recognition.n_window,
        recheck_s=recognition.recheck_s,
        duplicate_window_s=attendance.duplicate_window_s,
        direction=None if attendance.direction == "alternate" else Direction(attendance.direction),
        timezone=ZoneInfo(timezone) if timezone else None,
    )


def limits(config: Config) -> Limits:
    """The limits that the configuration states."""
    return Limits(policy(config), gates(config), config.recognition.faces_per_frame)


def gates(config: Config) -> Gates:
    """When a face is not fit to be judged, as the configuration states it."""
    return Gates(**asdict(config.quality))


def policy(config: Config, *, manifest: Path | None = None) -> Policy:
    """When a face is given a name, as the configuration states it.

    Args:
        config: the budget, or a fixed distance.
        manifest: names FaceNet; ``scores.toml`` lies beside it; `manifest_path` when None.

    Raises:
        ModelError: the distance should follow the budget, and the measured scores are missing, damaged or another model's.
    """
    matching = config.matching
    rule, combination = Rule(matching.max_distance, matching.min_margin), Combination(matching.combination)
    try:
        table = _scores(manifest or manifest_path(), combination)
    except ModelError:
        if not matching.max_distance:
            raise
        # A fixed distance needs no scores; it is only that nobody can say what it means.
        return Policy(rule, combination=combination, method=matching.method)
    budget = Budget(matching.false_positives_per_year, matching.strangers_per_day)
    return Policy(rule, table, None if matching.max_distance else budget, combination, matching.method)


def _scores(manifest: Path, combination: Combination) -> ScoreTable:
    """What was measured of the model that the manifest names."""
    path, advice = manifest.with_name("scores.toml"), "Run `make scores`, or set a fixed distance: matching.max_distance."
    try:
        table = ScoreTable.of(tomllib.loads(path.read_text("utf-8")), combination)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}). {advice}") from error
    except ValueError as error:  # also of tomllib, and of bytes that are no text
        raise ModelError(f"{path}: is damaged ({error}). {advice}") from error
    model = read_spec(manifest, "facenet").model
    if table.model != model:
        raise ModelError(f"{path}: holds the scores of {table.model}, and this unit has {model}. {advice}")
    return table


def wanted(camera: CameraConfig) -> Wanted:
    """The camera that the configuration names."""
    return Wanted(camera.source, (camera.width, camera.height), camera.fps)


def pins(panel: PanelConfig) -> Pins:
    """The pins that the configuration names."""
    return Pins(panel.red_pin, panel.green_pin, panel.blue_pin, panel.buzzer_pin)
