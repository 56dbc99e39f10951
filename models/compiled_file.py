"""Whether a file is what the Edge TPU compiler makes of an int8 network, told by its content."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tflite

from edge.device.compiled import CUSTOM_OPERATION, is_compiled
from edge.device.manifest import NetworkSpec, TensorSpec

_DTYPES = {tflite.TensorType.INT8: "int8", tflite.TensorType.UINT8: "uint8", tflite.TensorType.FLOAT32: "float32"}


def path_of(twin: NetworkSpec, folder: Path) -> Path:
    """Where a folder has the compiled file of an int8 file; the compiler names it so."""
    return folder / f"{twin.path.stem}_edgetpu.tflite"


def faults(twin: NetworkSpec, folder: Path, *, n_left: int) -> list[str]:
    """Why the compiled file in a folder is not to be used; empty for a good one.

    Args:
        twin: what the manifest says of the int8 file.
        folder: what the compiler was given, and what it made.
        n_left: how many operations the compiler says that it left to the CPU.

    Raises:
        OSError: a file is there and cannot be read.
    """
    given, made = folder / twin.path.name, path_of(twin, folder)
    missing = [path.name for path in (given, made) if not path.exists()]
    if missing:
        return [f"{' and '.join(missing)}: not among what was compiled"]
    if hashlib.sha256(given.read_bytes()).hexdigest() != twin.sha256:
        return [f"{given.name} is not the file that the manifest names; run `make models`, or take the committed one"]
    content = made.read_bytes()
    if not is_compiled(content):
        return [f"{made.name} was not compiled: it does not hold {CUSTOM_OPERATION.decode()}"]
    try:
        model = tflite.Model.GetRootAs(content, 0)
        return list(_faults(model, twin, n_left))
    except (struct.error, IndexError, ValueError, TypeError, AttributeError) as error:  # what reading beyond the end becomes
        return [f"{made.name} is damaged ({error})"]


def _faults(model: Any, twin: NetworkSpec, n_left: int) -> Iterator[str]:
    graph = model.Subgraphs(0)
    _read_data(model, graph)
    codes = [model.OperatorCodes(graph.Operators(i).OpcodeIndex()).CustomCode() for i in range(graph.OperatorsLength())]
    n_compiled = codes.count(CUSTOM_OPERATION)
    if (n_compiled, len(codes) - n_compiled) != (1, n_left):
        yield f"the file has {n_compiled} compiled and {len(codes) - n_compiled} other operations; the compiler says otherwise"
    inputs = {_tensor(graph.Tensors(graph.Inputs(i))) for i in range(graph.InputsLength())}
    outputs = {_tensor(graph.Tensors(graph.Outputs(i))) for i in range(graph.OutputsLength())}
    if (inputs, outputs) != ({twin.input}, set(twin.outputs)):
        yield f"the file's tensors are not those of {twin.path.name}: {sorted(inputs | outputs, key=lambda tensor: tensor.name)}"


def _read_data(model: Any, graph: Any) -> None:
    """Reach for the last byte of everything, so that a file that ends too early is seen.

    Raises:
        ValueError: there are fewer bytes than the file says.
    """
    for index in range(graph.OperatorsLength()):
        graph.Operators(index).CustomOptionsAsNumpy()
    for index in range(model.BuffersLength()):
        model.Buffers(index).DataAsNumpy()


def _tensor(tensor: Any) -> TensorSpec:
    quantisation = tensor.Quantization()
    return TensorSpec(
        name=tensor.Name().decode(),
        shape=tuple(int(tensor.Shape(axis)) for axis in range(tensor.ShapeLength())),
        dtype=_DTYPES.get(tensor.Type(), f"type {tensor.Type()}"),
        scale=float(np.float32(quantisation.Scale(0))),
        zero_point=int(quantisation.ZeroPoint(0)),
    )
