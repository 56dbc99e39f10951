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
"""Import name -> distribution: LiteRT is the same runtime under its newer name."""

NEWEST_FIRST = ("ai_edge_litert", "tflite_runtime")
"""What a CPU runs: LiteRT is the faster of the two there."""

PROVEN_FIRST = ("tflite_runtime", "ai_edge_litert")
"""What an Edge TPU runs: libedgetpu is mostly used with tflite-runtime, and what others run is what is known to work."""


@cache
def runtime_name_and_version(preference: tuple[str, ...] = NEWEST_FIRST) -> tuple[str, str]:
    """Which TFLite runtime is used here: import name and version.

    Args:
        preference: import names; the first that is installed, and works with this numpy, is taken.

    Raises:
        ModelError: none is.
    """
    for module in preference:
        if importlib.util.find_spec(module) is not None:
            version = importlib.metadata.version(RUNTIMES[module])
            if not breaks_with_numpy(module, version, numpy=np.__version__):
                return module, version
    raise ModelError("No TFLite runtime is installed. Install ai-edge-litert (or tflite-runtime with numpy < 2) with pip.")


def breaks_with_numpy(module: str, version: str, *, numpy: str) -> bool:
    """tflite-runtime 2.14.0 was built against numpy 1: with numpy 2 it imports, and then every Interpreter is a SystemError."""
    major, minor = map(int, version.split(".")[:2])
    return module == "tflite_runtime" and (major, minor) <= (2, 14) and int(numpy.partition(".")[0]) >= 2


def load_delegate(library: str, device: str, *, preference: tuple[str, ...] = PROVEN_FIRST) -> Any:
    """Load the library of an accelerator **into this process**: only the Edge TPU's own process may do that.

    Args:
        library: name or path of the shared library.
        device: which of several devices, "usb:0" or "pci:0"; empty for the only one.
        preference: the runtimes, as for the `Interpreter` that gets the delegate.

    Raises:
        OSError: the library is not there, or is not one.
        AttributeError: it is one, but exports no delegate.
        ValueError: it found no device; its reason, in the second line, is often empty.
        ModelError: no TFLite runtime is installed.
    """
    module, _ = runtime_name_and_version(preference)
    return importlib.import_module(f"{module}.interpreter").load_delegate(library, {"device": device} if device else {})


class Interpreter:
    """Runs one row at a time, in the tensors' own numbers. Not thread-safe.

    Args:
        spec: what the manifest says of the file.
        threads: CPU threads of one call.
        delegate: what `load_delegate` gave, for a compiled file; this interpreter's own.
        preference: the runtimes, as in `runtime_name_and_version`.

    Raises:
        ModelError: the file is missing, altered, not a TFLite model, or not what the manifest says.
    """

    def __init__(
        self, spec: NetworkSpec, *, threads: int = 1, delegate: Any = None, preference: tuple[str, ...] = NEWEST_FIRST
    ) -> None:
        self._spec = spec
        module, _ = runtime_name_and_version(preference)
        self._interpreter = _open(spec, module, num_threads=threads, experimental_delegates=[delegate] if delegate else None)
        self._outputs = _verified_outputs(spec, self._interpreter)
        self._index = self._interpreter.get_input_details()[0]["index"]
        self._shape = spec.input.shape
        self._prepare()

    def run(self, row: NDArray[Any]) -> list[NDArray[Any]]:
        """(1, h, w, 3) -> one array an output, in the order of the manifest.

        Raises:
            ValueError: the network does not take this height and width.
            RuntimeError: a delegate could not compute it.
        """
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


def verified_bytes(spec: NetworkSpec) -> bytes:
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


def _open(spec: NetworkSpec, module: str, **options: Any) -> Any:
    interpreter = importlib.import_module(f"{module}.interpreter").Interpreter
    try:
        return interpreter(model_content=verified_bytes(spec), **options)
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
