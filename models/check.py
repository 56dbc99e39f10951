"""Refuses a file that the Edge TPU compiler 16.0 could not take: ``python -m models.check FILE...``.

The compiler is not ours to ship, and what it does not take it leaves to the CPU or refuses as a whole. So the build asks
this table instead (``edgetpu.toml``, which names its sources). It knows networks like ours, not every rule there is.
"""

from __future__ import annotations

import argparse
import struct
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tflite

TABLE: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("edgetpu.toml").read_text("utf-8"))["operations"]

ACTIVATION_TYPES = {tflite.TensorType.INT8, tflite.TensorType.UINT8}
CONSTANT_TYPES = ACTIVATION_TYPES | {tflite.TensorType.INT32}
MAX_RANK = 4
"""A batch of one, and three axes."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """What the rules ask of a tensor."""

    name: str
    shape: tuple[int, ...]
    type: int
    is_constant: bool
    is_quantised: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """What the rules ask of an operation; absent optional inputs are left out."""

    name: str
    version: int
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    fused_activation: int


RULES: dict[str, tuple[Callable[[Operation], bool], str]] = {
    "no_fused_activation": (
        lambda operation: operation.fused_activation != tflite.ActivationFunctionType.NONE,
        "has a fused activation",
    ),
    "one_axis": (
        lambda operation: any(sum(length > 1 for length in tensor.shape) > 1 for tensor in operation.inputs[:1]),
        "runs over more than one axis",
    ),
    "constant_parameters": (
        lambda operation: not all(tensor.is_constant for tensor in operation.inputs[1:]),
        "has parameters that are no constants",
    ),
    "one_slope_a_channel": (
        lambda operation: any(length > 1 for tensor in operation.inputs[1:] for length in tensor.shape[:-1]),
        "has slopes that differ along more than the last axis",
    ),
    "no_constant_input": (
        lambda operation: any(tensor.is_constant for tensor in operation.inputs),
        "has a constant among its inputs",
    ),
    "fold_constants": (
        lambda operation: any(tensor.is_constant for tensor in operation.inputs),
        "with a constant should have been folded into the weights",
    ),
}
"""Flag in the table -> whether an operation breaks it, and what is then said of the operation."""


def faults(content: bytes) -> list[str]:
    """Everything in a file that the compiler could not take, one sentence each; empty for a good file."""
    if content[4:8] != b"TFL3":
        return ["is not a TFLite file"]
    try:
        model = tflite.Model.GetRootAs(content, 0)
        if model.SubgraphsLength() != 1:
            return [f"has {model.SubgraphsLength()} subgraphs instead of one"]
        operations = list(_operations(model))
    except (struct.error, IndexError, ValueError, TypeError, AttributeError) as error:  # what reading beyond the end becomes
        return [f"is damaged ({error})"]
    if not operations:
        return ["has no operation"]
    found = [fault for operation in operations for fault in _operation_faults(operation)]
    tensors = dict.fromkeys(tensor for operation in operations for tensor in (*operation.inputs, *operation.outputs))
    return found + [fault for tensor in tensors for fault in _tensor_faults(tensor)]


def _operation_faults(operation: Operation) -> Iterator[str]:
    rules = TABLE.get(operation.name)
    if rules is None:
        yield f"{operation.name} is not an operation of the Edge TPU"
        return
    if operation.version > rules["max_version"]:
        refused = f" (16.0 refuses {rules['refused']})" if "refused" in rules else ""
        yield f"{operation.name} has version {operation.version}, above {rules['max_version']}{refused}"
    for rule, (is_broken, what) in RULES.items():
        if rules.get(rule) and is_broken(operation):
            yield f"{operation.name} {what}"


def _tensor_faults(tensor: Tensor) -> Iterator[str]:
    if tensor.type not in (CONSTANT_TYPES if tensor.is_constant else ACTIVATION_TYPES):
        yield f"{tensor.name} is {_type_name(tensor.type)}, not an 8-bit integer"
    elif not tensor.is_constant and not tensor.is_quantised:
        yield f"{tensor.name} has no scale"
    if min(tensor.shape, default=1) < 1:
        yield f"{tensor.name} has the dynamic shape {tensor.shape}"
    elif not tensor.is_constant and tensor.shape[:1] != (1,):
        yield f"{tensor.name} has the shape {tensor.shape}: the batch is not 1"
    if len(tensor.shape) > MAX_RANK:
        yield f"{tensor.name} has {len(tensor.shape)} axes; three beside the batch are the most"


def _operations(model: Any) -> Iterator[Operation]:
    graph = model.Subgraphs(0)
    tensors = [_tensor(model, graph.Tensors(index)) for index in range(graph.TensorsLength())]
    for operation in (graph.Operators(index) for index in range(graph.OperatorsLength())):
        code = model.OperatorCodes(operation.OpcodeIndex())
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())  # the older field holds only the first 127
        yield Operation(
            name=_name(tflite.BuiltinOperator, number),
            version=code.Version(),
            inputs=tuple(tensors[operation.Inputs(i)] for i in range(operation.InputsLength()) if operation.Inputs(i) >= 0),
            outputs=tuple(tensors[operation.Outputs(i)] for i in range(operation.OutputsLength())),
            fused_activation=_fused_activation(operation),
        )


def _tensor(model: Any, tensor: Any) -> Tensor:
    lengths = tensor.ShapeSignature if tensor.ShapeSignatureLength() else tensor.Shape
    quantisation = tensor.Quantization()
    return Tensor(
        name=(tensor.Name() or b"").decode(),
        shape=tuple(lengths(axis) for axis in range(tensor.ShapeLength())),
        type=tensor.Type(),
        is_constant=model.Buffers(tensor.Buffer()).DataLength() > 0,
        is_quantised=quantisation is not None and quantisation.ScaleLength() > 0,
    )


_OPTIONS = {
    tflite.BuiltinOptions.Pool2DOptions: tflite.Pool2DOptions,
    tflite.BuiltinOptions.ConcatenationOptions: tflite.ConcatenationOptions,
}


def _fused_activation(operation: Any) -> int:
    kind = _OPTIONS.get(operation.BuiltinOptionsType())
    if kind is None or operation.BuiltinOptions() is None:
        return int(tflite.ActivationFunctionType.NONE)
    options = kind()
    options.Init(operation.BuiltinOptions().Bytes, operation.BuiltinOptions().Pos)
    return int(options.FusedActivationFunction())


def _type_name(number: int) -> str:
    return _name(tflite.TensorType, number).lower()


def _name(enumeration: Any, number: int) -> str:
    return next((name for name, value in vars(enumeration).items() if value == number), f"number {number}")


def main(arguments: list[str] | None = None) -> int:
    """Check files and print what is wrong; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m models.check", description="Could the Edge TPU compiler 16.0 take these?")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    files = parser.parse_args(arguments).files
    wrong = [f"{path}: {fault}" for path in files for fault in _file_faults(path)]
    good = (
        f"Fit to be compiled, by Muster's own table of the Edge TPU compiler's rules: {', '.join(path.name for path in files)}."
    )
    print("\n".join(wrong) if wrong else good)
    return 65 if wrong else 0


def _file_faults(path: Path) -> list[str]:
    try:
        return faults(path.read_bytes())
    except OSError as error:
        return [f"cannot be read ({error.strerror})"]


if __name__ == "__main__":
    sys.exit(main())
