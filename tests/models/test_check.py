"""The checker accepts what the Edge TPU compiler takes and names what it would not."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import flatbuffers
import pytest
import tflite

from models import FOLDER, check

INT8, FLOAT32, INT32 = tflite.TensorType.INT8, tflite.TensorType.FLOAT32, tflite.TensorType.INT32
OPERATORS = tflite.BuiltinOperator


@dataclass(frozen=True)
class T:
    """A tensor of a tiny file."""

    shape: tuple[int, ...] = (1, 8, 8, 4)
    type: int = INT8
    constant: bool = False
    scale: float | None = 0.5
    signature: tuple[int, ...] = ()


@dataclass(frozen=True)
class Tiny:
    """A file with one operation on `inputs`, whose result is `output`."""

    operator: int = OPERATORS.RELU
    version: int = 1
    inputs: tuple[T, ...] = (T(),)
    output: T = field(default_factory=T)
    relu_in_pool: bool = False
    n_operations: int = 1

    def packed(self) -> bytes:
        builder = flatbuffers.Builder(1024)
        tensors = [_tensor(builder, tensor, index) for index, tensor in enumerate((*self.inputs, self.output))]
        options = _pool_options(builder) if self.relu_in_pool else None
        operation = _operation(builder, len(self.inputs), options)
        graph = _graph(builder, tensors, [operation] * self.n_operations)
        return _model(builder, self, graph)


def _ints(builder: flatbuffers.Builder, values: tuple[int, ...] | range) -> int:
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependInt32(value)
    return int(builder.EndVector())


def _offsets(builder: flatbuffers.Builder, offsets: list[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _tensor(builder: flatbuffers.Builder, tensor: T, index: int) -> int:
    name = builder.CreateString(f"tensor {index}")
    shape, signature = _ints(builder, tensor.shape), _ints(builder, tensor.signature)
    quantisation = None
    if tensor.scale is not None:
        tflite.QuantizationParametersStartScaleVector(builder, 1)
        builder.PrependFloat32(tensor.scale)
        scale = builder.EndVector()
        tflite.QuantizationParametersStart(builder)
        tflite.QuantizationParametersAddScale(builder, scale)
        quantisation = tflite.QuantizationParametersEnd(builder)
    tflite.TensorStart(builder)
    tflite.TensorAddName(builder, name)
    tflite.TensorAddShape(builder, shape)
    tflite.TensorAddType(builder, tensor.type)
    tflite.TensorAddBuffer(builder, 1 if tensor.constant else 0)
    if tensor.signature:
        tflite.TensorAddShapeSignature(builder, signature)
    if quantisation is not None:
        tflite.TensorAddQuantization(builder, quantisation)
    return int(tflite.TensorEnd(builder))


def _pool_options(builder: flatbuffers.Builder) -> int:
    tflite.Pool2DOptionsStart(builder)
    tflite.Pool2DOptionsAddFusedActivationFunction(builder, tflite.ActivationFunctionType.RELU)
    return int(tflite.Pool2DOptionsEnd(builder))


def _operation(builder: flatbuffers.Builder, n_inputs: int, options: int | None) -> int:
    inputs, outputs = _ints(builder, range(n_inputs)), _ints(builder, (n_inputs,))
    tflite.OperatorStart(builder)
    tflite.OperatorAddInputs(builder, inputs)
    tflite.OperatorAddOutputs(builder, outputs)
    if options is not None:
        tflite.OperatorAddBuiltinOptionsType(builder, tflite.BuiltinOptions.Pool2DOptions)
        tflite.OperatorAddBuiltinOptions(builder, options)
    return int(tflite.OperatorEnd(builder))


def _graph(builder: flatbuffers.Builder, tensors: list[int], operations: list[int]) -> int:
    tensor_list, operation_list = _offsets(builder, tensors), _offsets(builder, operations)
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, tensor_list)
    tflite.SubGraphAddOperators(builder, operation_list)
    return int(tflite.SubGraphEnd(builder))


def _model(builder: flatbuffers.Builder, tiny: Tiny, graph: int) -> bytes:
    data = builder.CreateByteVector(b"\x01" * 64)
    buffers = []
    for content in (None, data):
        tflite.BufferStart(builder)
        if content is not None:
            tflite.BufferAddData(builder, content)
        buffers.append(tflite.BufferEnd(builder))
    tflite.OperatorCodeStart(builder)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, min(tiny.operator, 127))
    tflite.OperatorCodeAddBuiltinCode(builder, tiny.operator)
    tflite.OperatorCodeAddVersion(builder, tiny.version)
    code = tflite.OperatorCodeEnd(builder)
    codes, graphs, buffer_list = _offsets(builder, [code]), _offsets(builder, [graph]), _offsets(builder, buffers)
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, 3)
    tflite.ModelAddOperatorCodes(builder, codes)
    tflite.ModelAddSubgraphs(builder, graphs)
    tflite.ModelAddBuffers(builder, buffer_list)
    builder.Finish(tflite.ModelEnd(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize(
    "tiny",
    [
        Tiny(),
        Tiny(OPERATORS.PRELU, inputs=(T(), T((1, 1, 4), constant=True))),
        Tiny(OPERATORS.ADD, version=2, inputs=(T(), T())),
        Tiny(OPERATORS.MAX_POOL_2D, version=2),
        Tiny(OPERATORS.CONV_2D, version=3, inputs=(T(), T((4, 1, 1, 4), constant=True), T((4,), INT32, constant=True))),
        Tiny(OPERATORS.SOFTMAX, inputs=(T((1, 4)),), output=T((1, 4))),
        Tiny(OPERATORS.CONCATENATION, version=2, inputs=(T(), T())),
    ],
)
def test_what_the_compiler_takes_is_accepted(tiny: Tiny) -> None:
    assert check.faults(tiny.packed()) == []


@pytest.mark.parametrize(
    ("tiny", "fault"),
    [
        (Tiny(OPERATORS.EXP), "EXP is not an operation of the Edge TPU"),
        (Tiny(OPERATORS.CUSTOM), "CUSTOM is not an operation"),
        (Tiny(OPERATORS.GELU), "GELU is not an operation"),
        (Tiny(OPERATORS.CONV_2D, version=6), r"CONV_2D has version 6, above 3 \(16.0 refuses 6, issue 631\)"),
        (Tiny(OPERATORS.PRELU, version=2, inputs=(T(), T((1, 1, 4), constant=True))), "PRELU has version 2, above 1"),
        (Tiny(inputs=(T((4, 8, 8, 4)),)), "the batch is not 1"),
        (Tiny(inputs=(T(signature=(-1, 8, 8, 4)),)), r"dynamic shape \(-1, 8, 8, 4\)"),
        (Tiny(inputs=(T((1, 8, 0, 4)),)), "dynamic shape"),
        (Tiny(inputs=(T((1, 2, 8, 8, 4)),)), "has 5 axes"),
        (Tiny(inputs=(T(type=FLOAT32),)), "tensor 0 is float32"),
        (Tiny(output=T(type=INT32)), "tensor 1 is int32"),
        (Tiny(output=T(scale=None)), "tensor 1 has no scale"),
        (Tiny(OPERATORS.CONV_2D, inputs=(T(), T((4, 1, 1, 4), FLOAT32, constant=True))), "tensor 1 is float32"),
        (Tiny(OPERATORS.MUL, inputs=(T(), T((1, 1, 1, 4), constant=True))), "MUL with a constant should have been folded"),
        (Tiny(OPERATORS.ADD, inputs=(T(), T((1, 1, 1, 4), constant=True))), "ADD with a constant should have been folded"),
        (Tiny(OPERATORS.PRELU, inputs=(T(), T((8, 8, 4), constant=True))), "PRELU has slopes that differ along more"),
        (Tiny(OPERATORS.PRELU, inputs=(T(), T((1, 1, 4)))), "PRELU has parameters that are no constants"),
        (Tiny(OPERATORS.CONV_2D, inputs=(T(), T((1, 1, 1, 4)))), "CONV_2D has parameters that are no constants"),
        (Tiny(OPERATORS.CONCATENATION, inputs=(T(), T(constant=True))), "CONCATENATION has a constant among its inputs"),
        (Tiny(OPERATORS.MAX_POOL_2D, relu_in_pool=True), "MAX_POOL_2D has a fused activation"),
        (Tiny(OPERATORS.SOFTMAX), "SOFTMAX runs over more than one axis"),
    ],
)
def test_what_the_compiler_would_not_take_is_named(tiny: Tiny, fault: str) -> None:
    assert re.search(fault, "\n".join(check.faults(tiny.packed())))


def test_a_float32_network_is_refused() -> None:
    found = check.faults((FOLDER / "pnet-float32.tflite").read_bytes())
    assert "image is float32, not an 8-bit integer" in found


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"PK\x03\x04" * 50])
def test_another_kind_of_file_is_refused(content: bytes) -> None:
    assert check.faults(content) == ["is not a TFLite file"]


@pytest.mark.parametrize("n_bytes", [8, 20, 40, 1000, 4000])
def test_a_truncated_file_is_refused(n_bytes: int) -> None:
    content = (FOLDER / "pnet-int8.tflite").read_bytes()[:n_bytes]
    assert check.faults(content)


def test_a_file_without_an_operation_is_refused() -> None:
    assert check.faults(Tiny(n_operations=0).packed()) == ["has no operation"]


def test_an_operation_without_its_inputs_is_no_accident_of_the_checker() -> None:
    for operator in (OPERATORS.PRELU, OPERATORS.SOFTMAX, OPERATORS.MUL):
        check.faults(Tiny(operator, inputs=()).packed())


def test_every_flag_of_the_table_is_a_rule() -> None:
    assert {flag for rules in check.TABLE.values() for flag in rules} - {"max_version", "refused"} == set(check.RULES)


def test_the_command_names_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main([str(tmp_path / "none.tflite")]) == 65
    assert "none.tflite: cannot be read" in capsys.readouterr().out


def test_the_command_without_a_file_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        check.main([])
    assert "FILE" in capsys.readouterr().err


def test_the_command_names_file_and_fault_and_exits_with_65(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.tflite"
    bad.write_bytes(Tiny(OPERATORS.EXP).packed())
    assert check.main([str(bad)]) == 65
    assert "bad.tflite: EXP is not an operation" in capsys.readouterr().out
    assert check.main([str(FOLDER / "pnet-int8.tflite")]) == 0
