"""A TFLite model as a function from one batch to named arrays; the only place that names the runtime.

Which file, which tensors and which hash is what ``models/manifest.toml`` says; anything else is a ModelError (65) that
names the file. int8 networks are quantised in and out here, so that every caller sees float32.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.types import Floats

RUNTIMES = {"ai_edge_litert": "ai-edge-litert", "tflite_runtime": "tflite-runtime"}
"""Import name -> distribution, in order of preference: LiteRT is the same runtime under its newer name."""


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output as the manifest names it; scale 0 means that it is not quantised."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """One variant of one network.

    Attributes:
        name: pnet, rnet, onet or facenet.
        variant: float32 or int8.
        path: the TFLite file.
        sha256: of the file, hexadecimal.
        free_axes: axes of the input that may be resized: (1, 2) for P-Net, whose canvas has any size, else none.
        input: the only input, (1, h, w, 3).
        outputs: in the order of the manifest.
    """

    name: str
    variant: str
    path: Path
    sha256: str
    free_axes: tuple[int, ...]
    input: TensorSpec
    outputs: tuple[TensorSpec, ...]


@cache
def runtime_name_and_version() -> tuple[str, str]:
    """Which TFLite runtime is installed here: import name and version.

    Raises:
        ModelError: none is.
    """
    for module, distribution in RUNTIMES.items():
        if importlib.util.find_spec(module) is not None:
            return module, importlib.metadata.version(distribution)
    raise ModelError("No TFLite runtime is installed. Install ai-edge-litert (or tflite-runtime with numpy < 2) with pip.")


def read_spec(manifest_path: Path, name: str, *, variant: str = "auto") -> NetworkSpec:
    """What the manifest says about one network.

    Args:
        manifest_path: ``models/manifest.toml``; files are named relative to its folder.
        name: pnet, rnet, onet or facenet.
        variant: float32, int8, or auto for the one that the manifest runs on a CPU.

    Raises:
        ModelError: the manifest is missing or damaged, or knows no such network or variant.
    """
    try:
        variants = tomllib.loads(manifest_path.read_text("utf-8"))["networks"][name]["variants"]
        chosen = variant if variant != "auto" else next(key for key, entry in variants.items() if "cpu" in entry["runs_on"])
        entry = variants[chosen]
        return NetworkSpec(
            name=name,
            variant=chosen,
            path=manifest_path.parent / entry["file"],
            sha256=entry["sha256"],
            free_axes=tuple(entry["free_axes"]),
            input=_tensor_spec(entry["input"]),
            outputs=tuple(_tensor_spec(output) for output in entry["outputs"]),
        )
    except OSError as error:
        raise ModelError(
            f"{manifest_path}: cannot be read ({error.strerror}). Reinstall Muster, or run `make models`."
        ) from error
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        raise ModelError(
            f"{manifest_path}: does not describe the network '{name}' in the variant '{variant}'. "
            "Use the manifest of this version of Muster, or run `make models`."
        ) from error


def _tensor_spec(entry: Mapping[str, Any]) -> TensorSpec:
    return TensorSpec(entry["name"], tuple(entry["shape"]), entry["dtype"], entry["scale"], entry["zero_point"])


def load(manifest_path: Path, name: str, *, variant: str = "auto", threads: int = 1) -> TfliteNetwork:
    """Load a network after its file was checked against the manifest.

    Args:
        manifest_path: ``models/manifest.toml``.
        name: pnet, rnet, onet or facenet.
        variant: float32, int8, or auto for the one that the manifest runs on a CPU.
        threads: CPU threads of one call.

    Raises:
        ModelError: the file is missing, altered, not a TFLite model, or not what the manifest says.
    """
    return TfliteNetwork(read_spec(manifest_path, name, variant=variant), threads=threads)


class TfliteNetwork:
    """A network of the manifest as a function; implements `edge.ports.Network`.

    A batch is run row by row. Resizing the interpreter to each new n makes XNNPACK plan and pack its weights again, which
    costs O-Net 0.1 ms under LiteRT 2.3.0 and 1 ms under tflite-runtime 2.14.0; and a batch is no faster than its rows,
    because a row's maps stay in the cache: 16 crops take O-Net 4.0 ms one by one, 4.4 ms at once, R-Net 0.78 against
    0.76 ms (LiteRT, x86-64, one thread, medians of 60; with two threads the same within the noise).

    Not thread-safe: one caller at a time.
    """

    def __init__(self, spec: NetworkSpec, *, threads: int = 1) -> None:
        self.spec = spec
        self._interpreter = _open(spec, threads)
        self._outputs = _verified_outputs(spec, self._interpreter)
        self._index = self._interpreter.get_input_details()[0]["index"]
        self._row_shape = spec.input.shape
        self._prepare()

    def __call__(self, batch: Floats) -> Mapping[str, Floats]:
        """Run the network.

        Args:
            batch: (n, h, w, 3) float32, standardised by (x - 127.5) / 128; n may be 0.

        Returns:
            Output name -> float32 array whose first axis is n.

        Raises:
            ValueError: the network does not take this height and width.
        """
        if not len(batch):
            return {output.name: np.empty((0, *output.shape[1:]), np.float32) for output in self.spec.outputs}
        if batch.shape[1:] != self._row_shape[1:]:
            self._resize((1, *batch.shape[1:]))
        numbers = quantise(batch, self.spec.input)
        rows = [self._run(numbers[row : row + 1]) for row in range(len(numbers))]
        results = rows[0] if len(rows) == 1 else [np.concatenate(parts) for parts in zip(*rows, strict=True)]
        return {output.name: dequantise(result, output) for output, result in zip(self.spec.outputs, results, strict=True)}

    def _run(self, row: NDArray[Any]) -> list[NDArray[Any]]:
        self._interpreter.set_tensor(self._index, row)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]

    def _resize(self, shape: tuple[int, ...]) -> None:
        own = self.spec.input.shape
        fixed = [axis for axis in range(len(own)) if axis not in self.spec.free_axes]
        if len(shape) != len(own) or any(shape[axis] != own[axis] for axis in fixed):
            raise ValueError(f"{self.spec.name} ({self.spec.variant}) takes rows of {own[1:]}, not {shape[1:]}")
        self._interpreter.resize_tensor_input(self._index, shape)
        self._prepare()
        self._row_shape = shape

    def _prepare(self) -> None:
        try:
            self._interpreter.allocate_tensors()
        except RuntimeError as error:
            raise ModelError(f"{self.spec.path}: the TFLite runtime cannot prepare it ({error}). Reinstall Muster.") from error


def quantise(values: Floats, spec: TensorSpec) -> NDArray[Any]:
    """Real values -> the tensor's own numbers, saturating.

    Halves are rounded *up*. A crop of whole grey values lies exactly half-way between two steps of 1/128, everywhere:
    rounding to even would give two neighbouring grey values the same number and leave every other number unused.
    """
    if not spec.scale:
        return values
    limits = np.iinfo(spec.dtype)
    steps = values * np.float32(1 / spec.scale)
    steps += np.float32(spec.zero_point + 0.5)
    np.floor(steps, out=steps)
    np.clip(steps, limits.min, limits.max, out=steps)
    return steps.astype(spec.dtype)


def dequantise(numbers: NDArray[Any], spec: TensorSpec) -> Floats:
    """The tensor's own numbers -> real values."""
    if not spec.scale:
        return numbers
    return (numbers.astype(np.float32) - np.float32(spec.zero_point)) * np.float32(spec.scale)


def _verified_bytes(spec: NetworkSpec) -> bytes:
    """The file's content, which is what the runtime gets too: not the file, which could change after it was checked.

    A file that is mapped and replaced in place ends the process (SIGBUS), and tflite-runtime 2.14.0 dies of a truncated one
    (SIGSEGV): only bytes whose hash is right go on.
    """
    try:
        content = spec.path.read_bytes()
    except OSError as error:
        raise ModelError(f"{spec.path}: cannot be read ({error.strerror}). Reinstall Muster, or run `make models`.") from error
    actual = hashlib.sha256(content).hexdigest()
    if actual != spec.sha256:
        raise ModelError(
            f"{spec.path}: is not the file that the manifest names (sha256 {actual[:12]}…, expected {spec.sha256[:12]}…). "
            "Reinstall Muster, or run `make models`."
        )
    return content


def _open(spec: NetworkSpec, threads: int) -> Any:
    module, _ = runtime_name_and_version()
    interpreter = importlib.import_module(f"{module}.interpreter").Interpreter
    try:
        return interpreter(model_content=_verified_bytes(spec), num_threads=threads)
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"{spec.path}: is not a TFLite model that {module} can read ({error}). Reinstall Muster.") from error


def _verified_outputs(spec: NetworkSpec, interpreter: Any) -> list[int]:
    """Indices of the outputs in the manifest's order; conversion shuffles them, so they are found by name."""
    inputs = [_actual(details) for details in interpreter.get_input_details()]
    outputs = {details["name"]: (details["index"], _actual(details)) for details in interpreter.get_output_details()}
    if inputs != [spec.input] or {actual for _, actual in outputs.values()} != set(spec.outputs):
        found = [*inputs, *(actual for _, actual in outputs.values())]
        raise ModelError(
            f"{spec.path}: its tensors are not those of the manifest; found {found}. Reinstall Muster, or run `make models`."
        )
    return [outputs[expected.name][0] for expected in spec.outputs]


def _actual(details: Mapping[str, Any]) -> TensorSpec:
    scale, zero_point = details["quantization"]
    shape = tuple(int(length) for length in details["shape"])
    return TensorSpec(details["name"], shape, np.dtype(details["dtype"]).name, float(scale), int(zero_point))
