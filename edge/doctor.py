"""Looks at everything that a unit needs and says in one line each what is wrong and what to do.

Nothing is changed but the version of an older database: none is made, LEDs stay dark, a camera gives one picture. Each check is
a function from the configuration to a `Finding`; the folders that they look into are arguments.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from edge import wiring
from edge.config import Config
from edge.device import packages, usb
from edge.device.camera import open_camera
from edge.device.clock import SystemClock
from edge.device.panel import BOARD, has_pins, open_lights
from edge.device.stop import Stop
from edge.errors import ConfigError, DeviceError, ModelError, StoreError
from edge.matching.policy import N_FUSED, Policy
from edge.matching.threshold import LOWER
from edge.store import FILE_NAME, Store
from edge.words import counted

FREE_FAULT, FREE_WARNING = 20_000_000, 500_000_000
"""Bytes free on the disk of the database. A year of a hundred people is about 20 MB."""

NAMED_TOO_OFTEN = 0.5
"""Share of the strangers who are given a name; beyond it a unit tells nobody apart."""

FROM_A_BUDGET = "set matching.max_distance = 0 and a budget: matching.false_positives_per_year and strangers_per_day"

BUSY_S = 1.0
"""How long the doctor waits for a database that is in use."""


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination.

    Attributes:
        name: what was looked at.
        state: ok, warning (the unit works, and something should be seen to), or fault (it does not).
        sentence: what there is, or what is wrong.
        advice: what to do; empty when nothing needs to be done.
    """

    name: str
    state: State
    sentence: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the doctor looks.

    Attributes:
        sysfs: the kernel's view of the hardware.
        board: file that names the computer.
        packages: folders of installed packages; this interpreter's own when None.
        manifest: names the networks; the one that `muster run` uses when None.
    """

    sysfs: Path = usb.SYSFS
    board: Path = BOARD
    packages: Sequence[str] | None = None
    manifest: Path | None = None


def examine(config: Config, data: Path, places: Places | None = None) -> list[Finding]:
    """All findings, in the order in which one would look for the cause of trouble.

    Args:
        config: what is configured.
        data: folder of the database.
        places: where to look; this computer when None.
    """
    places = places or Places()
    found_runtime = runtime(places.packages)
    found_models, model = models(config, found_runtime, places.manifest)
    return [
        found_runtime,
        found_models,
        database(data / FILE_NAME, model),
        matching(config, data / FILE_NAME, model, places.manifest),
        camera(config),
        pins(config, places.board),
        edge_tpu(places.sysfs),
        pycoral(places.packages),
        clock(SystemClock()),
        disk(data),
        destinations(config),
    ]


def runtime(folders: Sequence[str] | None) -> Finding:
    """The TFLite runtime and the numpy beside it."""
    found = {name: packages.installed(name, folders) for name in ("ai-edge-litert", "tflite-runtime", "numpy")}
    name = next((name for name in ("ai-edge-litert", "tflite-runtime") if found[name]), None)
    chosen, numpy = found.get(name or ""), found["numpy"]
    if chosen is None or numpy is None:
        return Finding("runtime", State.FAULT, "no TFLite runtime is installed", "pip install ai-edge-litert numpy")
    words = f"{name} {chosen.version} with numpy {numpy.version}"
    if name == "tflite-runtime" and int(numpy.version.split(".")[0]) >= 2:
        # It imports, and then Interpreter() raises SystemError: its extension was built against numpy 1.
        return Finding("runtime", State.FAULT, f"{words} cannot work", "pip install 'numpy<2', or ai-edge-litert instead")
    return Finding("runtime", State.OK, words)


def models(config: Config, found_runtime: Finding, manifest: Path | None = None) -> tuple[Finding, str | None]:
    """The network files; also which model the templates must be of, or None when that cannot be said."""
    if found_runtime.state is State.FAULT:
        return Finding("models", State.WARNING, "not looked at: nothing can load them", "see to the runtime first"), None
    try:
        recogniser = wiring.recogniser(config, manifest=manifest)
    except ModelError as error:
        return Finding("models", State.FAULT, *_split(error)), None
    return Finding("models", State.OK, f"hashes and tensors are those of the manifest; {recogniser.model}"), recogniser.model


def database(path: Path, model: str | None) -> Finding:
    """The database: whether it opens, and whether its templates can be used."""
    if path.parent.exists() and not path.parent.is_dir():
        return Finding("database", State.FAULT, f"{path.parent} is no folder", "name the data folder with --data")
    if not path.exists():
        return Finding("database", State.WARNING, f"{path} is not there yet", "enrol people: muster enrol FOLDER")
    try:
        with Store.open(path, unit="doctor", busy_timeout_s=BUSY_S) as store:
            n_people = len(store.people())
            usable = len(store.templates(model)[1]) if model else sum(store.models().values())
            stale = store.stale(model) if model else None
    except StoreError as error:
        return Finding("database", State.FAULT, *_split(error))
    words = f"{counted(n_people, 'person')}, {counted(usable, 'template')}"
    if stale:
        state = State.FAULT if stale.is_everybody else State.WARNING
        return Finding("database", state, f"{words}; {stale}", stale.ADVICE)
    if not usable:
        return Finding("database", State.WARNING, f"{words}: nobody can be recognised", "enrol people: muster enrol FOLDER")
    return Finding("database", State.OK, words)


def matching(config: Config, path: Path, model: str | None, manifest: Path | None = None) -> Finding:
    """What strangers and staff have to expect of the distance that follows from the budget and from who is enrolled."""
    if model is None:
        return Finding("matching", State.WARNING, "not looked at: nobody knows whose scores to take", "see to the models first")
    try:
        policy = wiring.policy(config, manifest=manifest)
        counts = _n_templates(path, model)
        policy.check(len(counts))
    except (ConfigError, ModelError) as error:
        return Finding("matching", State.FAULT, *_split(error))
    except StoreError:
        return Finding("matching", State.WARNING, "not looked at: nobody knows who is enrolled", "see to the database first")
    return _promised(policy, counts)


def _promised(policy: Policy, counts: Sequence[int]) -> Finding:
    """The policy's promise to people with so many templates each."""
    promise = policy.promise(counts)
    words = [str(promise)]
    if counts:
        missed = policy.missed(promise.max_distance, min(counts))
        if missed:
            words.append(f"that is at a single look, and {N_FUSED} fused frames name up to three times as many strangers")
            words.append(f"with {counted(min(counts), 'photograph')} enrolled, {missed}")
        how = f"budget {policy.budget}" if policy.budget else "fixed by the configuration"
        words.append(f"{counted(promise.n_templates, 'template')}, distance {promise.max_distance:.3f}, {how}")
    words += filter(None, [policy.caveat, promise.shortfall])
    advice = promise.advice
    if not advice and promise.fpir > NAMED_TOO_OFTEN:
        advice = LOWER if policy.budget else FROM_A_BUDGET
    return Finding("matching", State.WARNING if advice else State.OK, "; ".join(words), advice)


def _n_templates(path: Path, model: str) -> list[int]:
    """How many templates each person has; of nobody where there is no database."""
    if not path.exists():
        return []
    with Store.open(path, unit="doctor", busy_timeout_s=BUSY_S) as store:
        return list(store.n_templates(model).values())


def camera(config: Config) -> Finding:
    """Whether the camera gives a picture."""
    source = config.camera.source
    try:
        with closing(open_camera(wiring.wanted(config.camera), SystemClock(), Stop())) as opened:
            frame = opened.read()
    except DeviceError as error:
        return Finding("camera", State.FAULT, *_split(error))
    if frame is None:
        return Finding("camera", State.FAULT, f"{source} has not one picture that can be read", "name another camera.source")
    height, width = frame.pixels.shape[:2]
    return Finding("camera", State.OK, f"{source} gives {width} x {height}")


def pins(config: Config, board: Path) -> Finding:
    """Whether LED and buzzer can be reached."""
    kind = config.panel.kind
    if kind in {"none", "mock"} or (kind == "auto" and not has_pins(board)):
        words = {"none": "left out", "mock": "mock pins, as configured", "auto": "no Raspberry Pi: mock pins in the terminal"}
        return Finding("pins", State.OK, words[kind])
    try:
        open_lights(wiring.pins(config.panel)).close()
    except DeviceError as error:
        return Finding("pins", State.FAULT, *_split(error))
    return Finding("pins", State.OK, "LED and buzzer can be switched")


def edge_tpu(sysfs: Path) -> Finding:
    """Whether an accelerator is plugged in. This version has no use for it and says so."""
    found = usb.edge_tpus(sysfs)
    if not found:
        return Finding("edge tpu", State.OK, "none is plugged in; the networks run on the CPU")
    return Finding("edge tpu", State.OK, f"{'; '.join(found)}. This version runs the networks on the CPU all the same")


def pycoral(folders: Sequence[str] | None) -> Finding:
    """Whether pycoral, if it is there, is Coral's."""
    found = packages.pycoral(folders)
    if found is None:
        return Finding("pycoral", State.OK, "not installed, and not needed")
    words = f"{found.name} {found.version}"
    if packages.is_genuine_pycoral(found):
        return Finding("pycoral", State.OK, words)
    return Finding(
        "pycoral",
        State.WARNING,
        f"{words} is not Coral's library, which PyPI does not have: its summary is {packages.summary(found)!r}",
        f"pip uninstall {found.name}; Muster needs none",
    )


def clock(system: SystemClock) -> Finding:
    """Whether the time of an event can be believed."""
    now = datetime.now(UTC)
    words = f"{now:%Y-%m-%d %H:%M:%S} UTC, {now.astimezone():%H:%M} local"
    if system.is_trusted():
        return Finding("clock", State.OK, words)
    advice = "connect the unit to a time server, or fit a battery clock; until then events are marked clock_ok = 0"
    return Finding("clock", State.WARNING, f"{words}; nothing has set it", advice)


def disk(data: Path) -> Finding:
    """Whether rows can be written, and for how long."""
    folder = next(path for path in (data, *data.absolute().parents) if path.is_dir())
    try:
        free = shutil.disk_usage(folder).free
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0" * 4096)
    except OSError as error:
        return Finding(
            "disk", State.FAULT, f"{folder} cannot be written ({error.strerror})", "check its owner and its file system"
        )
    words = f"{free / 1e9:.1f} GB free in {folder}"
    if free < FREE_WARNING:
        return Finding("disk", State.FAULT if free < FREE_FAULT else State.WARNING, words, "make room: rows need it")
    return Finding("disk", State.OK, words)


def destinations(config: Config) -> Finding:
    """Whether the folders that rows are delivered to are there."""
    configured = config.sync.destinations
    if not configured:
        return Finding("destinations", State.OK, "none is configured; `muster sync --to FOLDER` delivers by hand")
    missing = [folder for folder in configured if not Path(folder).is_dir()]
    if missing:
        advice = "plug in the stick or mount the share, or correct sync.destinations; until then rows wait"
        return Finding("destinations", State.WARNING, f"not there: {', '.join(missing)}", advice)
    return Finding("destinations", State.OK, f"{', '.join(configured)}")


def _split(error: Exception) -> tuple[str, str]:
    """An error of ours as what is wrong and what to do: its first sentence, and the rest."""
    wrong, _, advice = " ".join(str(error).split()).partition(". ")
    return wrong, advice
