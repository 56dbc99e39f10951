"""How far apart implementations of int8 arithmetic are, on the same files and the same inputs.

The Edge TPU's own rounding is not written down anywhere, and nobody here has one. Between honest implementations that can be had
and networks whose every layer errs on purpose lies what an accelerator may be allowed: `edge.device.tpu.selftest`.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.device.manifest import NetworkSpec, read_spec
from edge.device.network import dequantise
from edge.device.tpu.selftest import TEMPLATE, SelfTest, picture, steps
from edge.exchange.enrolment.acquisition import find_central
from edge.types import Floats, Image
from edge.vectors import unit
from edge.vision.facenet import face_crops
from edge.vision.geometry import Mipmap
from models import FOLDER, MANIFEST, faces
from models.compare import detector, load_cascade
from models.studies.answers import Numbers, answers
from models.studies.arithmetic import Computed, Errors, Kernels, erring, scattered, truncating

N_CROPS, N_SLOW = 400, 20
"""Crops, and how many of them the reference kernels are shown: they take seventy times as long."""
SEED = 20180408
NAMES = ("pnet", "rnet", "onet", "facenet")
OTHERWISE: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "the picture one pixel beside": lambda row: np.roll(row, 1, axis=2),
    "the picture four pixels beside": lambda row: np.roll(row, 4, axis=2),
    "the picture mirrored": lambda row: np.ascontiguousarray(row[:, :, ::-1]),
    "the picture upside down": lambda row: np.ascontiguousarray(row[:, ::-1]),
    "a grey wall": np.zeros_like,
}
OTHER_PYTHON = FOLDER.parent / ".venv-tflite" / "bin" / "python"
"""`make test-native` makes it, with tflite-runtime in it."""


class Apart(NamedTuple):
    """How far the outputs of one network are from the CPU's.

    Attributes:
        most, largest: steps of the output's scale, of 99 % of the numbers and of all; the worst of its outputs.
        distances: (n,) squared L2 between the templates; empty for other networks.
    """

    most: float
    largest: int
    distances: Floats


def tables() -> Iterator[str]:
    """Each implementation beside the product's own on this CPU: on development faces, and on the self-test's pictures."""
    specs = {name: read_spec(MANIFEST, name, variant="int8") for name in NAMES}
    given = inputs(_crops())
    yield "| same inputs, same int8 files, beside XNNPACK | rows | P-Net | R-Net | O-Net | FaceNet | distance of the templates |"
    yield "|---|---|---|---|---|---|---|"
    yield from _rows(specs, given)
    yield "\n| the self-test | P-Net | R-Net | O-Net | distance of the templates | verdict |\n|---|---|---|---|---|---|"
    yield from _tested(specs)


def inputs(crops: Image) -> Numbers:
    """Crops (n, 160, 160, 3) as each network takes them, (n, h, w, 3) int8: the grey values less 128."""
    sizes = {name: read_spec(MANIFEST, name, variant="int8").input.shape[1:3] for name in NAMES}
    return {
        name: np.stack(
            [(cv2.resize(crop, (w, h), interpolation=cv2.INTER_AREA).astype(np.int16) - 128) for crop in crops]
        ).astype(np.int8)
        for name, (h, w) in sizes.items()
    }


def _crops() -> Image:
    mtcnn = detector(load_cascade("auto"))
    crops = []
    for path in faces.other_photographs()[:N_CROPS]:
        found = find_central(faces.read(path), mtcnn)
        if found:
            crops.append(face_crops(Mipmap.of(found.pixels), found.faces.boxes)[0])
    return np.stack(crops)


def _rows(specs: Mapping[str, NetworkSpec], given: Numbers) -> Iterator[str]:
    ours = answers(given)
    for name, theirs in _others(given):
        found = {network: apart(spec, ours, theirs) for network, spec in specs.items()}
        n = len(theirs[f"facenet.{TEMPLATE}"])
        off = " | ".join(f"{each.most:.0f}, {each.largest}" for each in found.values())
        distances = found["facenet"].distances
        told = f"{np.median(distances):.4f}, {np.quantile(distances, 0.99):.4f}, {distances.max():.4f}"
        yield f"| {name} | {n} | {off} | {told} |"


def _tested(specs: Mapping[str, NetworkSpec]) -> Iterator[str]:
    """What the self-test sees, in its own measures: of each implementation, and where something else was shown."""
    pictures = {name: picture(spec) for name, spec in specs.items()}
    test, ours = SelfTest.by_cpu(specs.values()), answers(pictures)
    other = {what: answers({name: otherwise(row) for name, row in pictures.items()}) for what, otherwise in OTHERWISE.items()}
    for what, theirs in (*_others(pictures), *other.items()):
        off = [
            max(steps(ours[f"{name}.{output.name}"], theirs[f"{name}.{output.name}"]) for output in specs[name].outputs)
            for name in NAMES[:-1]
        ]
        distance = apart(specs["facenet"], ours, theirs).distances[0]
        fault = test.fault({name: [theirs[f"{name}.{output.name}"] for output in spec.outputs] for name, spec in specs.items()})
        yield f"| {what} | {' | '.join(f'{each:.1f}' for each in off)} | {distance:.4f} | {fault or 'passes'} |"


def _others(given: Numbers) -> Iterator[tuple[str, Numbers]]:
    """Every implementation by name, and its answers; slow ones to the first rows only."""
    few = {name: rows[:N_SLOW] for name, rows in given.items()}
    yield "LiteRT's builtin kernels", computed(given, Kernels.BUILTIN)
    yield "LiteRT's reference kernels", computed(few, Kernels.REFERENCE)
    if OTHER_PYTHON.exists():
        yield "tflite-runtime 2.14.0", elsewhere(given, OTHER_PYTHON)
    yield "each channel errs by up to 0.5 steps", computed(given, errors=scattered(0.5, np.random.default_rng(SEED)))
    yield "each channel errs by up to 1 step", computed(given, errors=scattered(1, np.random.default_rng(SEED)))
    yield "each layer rounds down", computed(given, errors=truncating)
    yield "each channel errs by up to 2 steps", computed(given, errors=scattered(2, np.random.default_rng(SEED)))


def computed(given: Numbers, kernels: Kernels = Kernels.XNNPACK, *, errors: Errors | None = None) -> Numbers:
    """What other kernels answer, or files that err."""
    told: dict[str, NDArray[Any]] = {}
    for name, rows in given.items():
        spec = read_spec(MANIFEST, name, variant="int8")
        network = Computed(spec, kernels, content=erring(spec.path.read_bytes(), errors) if errors else None)
        outputs = zip(*(network.run(row[np.newaxis]) for row in rows), strict=True)
        told |= {f"{name}.{output.name}": np.concatenate(parts) for output, parts in zip(spec.outputs, outputs, strict=True)}
    return told


def elsewhere(given: Numbers, python: Path) -> Numbers:
    """What the runtime of another environment answers."""
    with tempfile.TemporaryDirectory() as folder:
        asked, told = Path(folder) / "given.npz", Path(folder) / "answers.npz"
        arrays: dict[str, Any] = dict(given)
        np.savez(asked, **arrays)
        subprocess.run([python, "-m", "models.studies.answers", asked, told], check=True, cwd=FOLDER.parent)  # noqa: S603  ours
        with np.load(told) as found:
            return dict(found)


def apart(spec: NetworkSpec, ours: Numbers, theirs: Numbers) -> Apart:
    """How far one network's answers are apart; of ours the first rows, as many as there are of theirs."""
    most, largest, distances = 0.0, 0, np.empty(0, np.float32)
    for output in spec.outputs:
        b = theirs[f"{spec.name}.{output.name}"]
        a = ours[f"{spec.name}.{output.name}"][: len(b)]
        off = np.abs(b.astype(np.int32) - a)
        most, largest = max(most, float(np.quantile(off, 0.99))), max(largest, int(off.max()))
        if output.name == TEMPLATE:
            distances = np.sum((unit(dequantise(a, output)) - unit(dequantise(b, output))) ** 2, axis=1)
    return Apart(most, largest, distances)
