"""Makes what the Edge TPU compiler would: a TFLite file whose only operation is the custom op that its library claims.

A real compiled file has the same shape (one `edgetpu-custom-op` whose data is the chip's program); here the data is what
tests/edgetpu/stand_in.c computes: the twin itself, or a given answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
import tflite

CUSTOM_OP = "edgetpu-custom-op"
DESCRIPTION = "Made by Muster's tests: runs with their stand-in of libedgetpu alone"


def compiled(twin: bytes, *, answer: bytes | None = None) -> bytes:
    """A compiled file with the twin's input and outputs: names, shapes, types and scales.

    Args:
        twin: an int8 TFLite file.
        answer: what it answers whatever it is asked, output after output, repeated as needed; the twin's own answer when None.
    """
    graph = tflite.Model.GetRootAs(twin, 0).Subgraphs(0)
    n_in, n_out = graph.InputsLength(), graph.OutputsLength()
    kept = [graph.Inputs(i) for i in range(n_in)] + [graph.Outputs(i) for i in range(n_out)]
    builder = flatbuffers.Builder(len(twin) + 4096)
    tensors = _offsets(builder, [_tensor(builder, graph.Tensors(index)) for index in kept])
    inputs, outputs = range(n_in), range(n_in, n_in + n_out)
    operators = _offsets(builder, [_operator(builder, inputs, outputs, twin if answer is None else answer)])
    subgraph = _table(builder, "SubGraph", Tensors=tensors, Inputs=_ints(builder, inputs), Outputs=_ints(builder, outputs),
                      Operators=operators)  # fmt: skip
    code = _table(builder, "OperatorCode", DeprecatedBuiltinCode=tflite.BuiltinOperator.CUSTOM,
                  CustomCode=builder.CreateString(CUSTOM_OP), Version=1, BuiltinCode=tflite.BuiltinOperator.CUSTOM)  # fmt: skip
    model = _table(
        builder,
        "Model",
        Version=3,
        OperatorCodes=_offsets(builder, [code]),
        Subgraphs=_offsets(builder, [subgraph]),
        Description=builder.CreateString(DESCRIPTION),
        Buffers=_offsets(builder, [_table(builder, "Buffer")]),
    )
    builder.Finish(model, b"TFL3")
    return bytes(builder.Output())


def _tensor(builder: Any, tensor: Any) -> int:
    parameters = tensor.Quantization()
    quantisation = _table(
        builder,
        "QuantizationParameters",
        Scale=builder.CreateNumpyVector(parameters.ScaleAsNumpy()),
        ZeroPoint=builder.CreateNumpyVector(parameters.ZeroPointAsNumpy()),
    )
    return _table(
        builder,
        "Tensor",
        Shape=builder.CreateNumpyVector(tensor.ShapeAsNumpy()),
        Type=tensor.Type(),
        Buffer=0,
        Name=builder.CreateString(tensor.Name()),
        Quantization=quantisation,
    )


def _operator(builder: Any, inputs: Sequence[int], outputs: Sequence[int], data: bytes) -> int:
    return _table(
        builder,
        "Operator",
        OpcodeIndex=0,
        Inputs=_ints(builder, inputs),
        Outputs=_ints(builder, outputs),
        CustomOptions=builder.CreateByteVector(data),
    )


def _table(builder: Any, kind: str, **fields: int) -> int:
    """A table of the schema with these fields; those that are offsets must have been made before."""
    getattr(tflite, f"{kind}Start")(builder)
    for name, value in fields.items():
        getattr(tflite, f"{kind}Add{name}")(builder, value)
    return int(getattr(tflite, f"{kind}End")(builder))


def _ints(builder: Any, values: Sequence[int]) -> int:
    return int(builder.CreateNumpyVector(np.array(values, np.int32)))


def _offsets(builder: Any, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())
