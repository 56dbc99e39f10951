"""One interpreter of the TFLite runtime with one verified file in it; the only place that names the runtime."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.device.manifest import NetworkSpec, TensorSpec
from edge.errors import ModelError

RUNTIMES = {"ai_edge_litert": "ai-edge-litert", "tflite_runtime": "tflite-runtime"}
"""Import name -> distribution, in order of preference: LiteRT is the same runtime under its newer name."""


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


class Interpreter:
    """Runs one row at a time, in the tensors' own numbers. Not thread-safe.

    Args:
        spec: what the manifest says of the file.
        threads: CPU threads of one call.

    Raises:
        ModelError: the file is missing, altered, not a TFLite model, or not what the manifest says.
    """

    def __init__(self, spec: NetworkSpec, *, threads: int = 1) -> None:
        self._spec = spec
        self._interpreter = _open(spec, threads)
        self._outputs = _verified_outputs(spec, self._interpreter)
        self._index = self._interpreter.get_input_details()[0]["index"]
        self._shape = spec.input.shape
        self._prepare()

    def run(self, row: NDArray[Any]) -> list[NDArray[Any]]:
        """(1, h, w, 3) -> one array an output, in the order of the manifest."""
        if row.shape != self._shape:
            self._resize(row.shape)
        self._interpreter.set_tensor(self._index, row)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]

    def _resize(self, shape: tuple[int, ...]) -> None:
        own = self._spec.input.shape
        fixed = [axis for axis in range(len(own)) if axis not in self._spec.free_axes]
        if len(shape) != len(own) or any(shape[axis] != own[axis] for axis in fixed):
            raise ValueError(f"{self._spec.name} ({self._spec.variant}) takes rows of {own[1:]}, not {shape[1:]}")
        self._interpreter.resize_tensor_input(self._index, shape)
        self._prepare()
        self._shape = shape

    def _prepare(self) -> None:
        try:
            self._interpreter.allocate_tensors()
        except RuntimeError as error:
            raise ModelError(f"{self._spec.path}: the TFLite runtime cannot prepare it ({error}). Reinstall Muster.") from error


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
