"""The int8 networks as other arithmetic computes them: other kernels than the product's, and files with a built-in error.

Nobody here has an Edge TPU. What it rounds otherwise stands between two things that can be had: kernels that are all honest and
yet not equal, and a network whose every layer errs by so many steps on purpose.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import Enum
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from edge.device.manifest import NetworkSpec, TensorSpec
from edge.device.network import dequantise, quantise
from edge.types import Backend, Floats

Errors = Callable[[int], NDArray[np.float64]]
"""How many channels a layer has -> by how many steps of its output each errs."""


class Kernels(Enum):
    """Who computes; the values are LiteRT's own names."""

    XNNPACK = "AUTO"
    BUILTIN = "BUILTIN_WITHOUT_DEFAULT_DELEGATES"
    REFERENCE = "BUILTIN_REF"


class Computed:
    """A network by chosen kernels; implements `edge.ports.Network`.

    Args:
        spec: what the manifest says of the file, or of the file that was made of it.
        kernels: of LiteRT.
        content: the file; None for the one that the manifest names.
    """

    backend = Backend.CPU

    def __init__(self, spec: NetworkSpec, kernels: Kernels = Kernels.XNNPACK, *, content: bytes | None = None) -> None:
        runtime = importlib.import_module("ai_edge_litert.interpreter")
        self.spec = spec
        self._interpreter = runtime.Interpreter(
            model_content=content or spec.path.read_bytes(),
            num_threads=1,  # two wait for each other where the cores are shared
            experimental_op_resolver_type=runtime.OpResolverType[kernels.value],
        )
        self._index = self._interpreter.get_input_details()[0]["index"]
        named = {details["name"]: details["index"] for details in self._interpreter.get_output_details()}
        self._outputs = [named[output.name] for output in spec.outputs]
        self._shape: tuple[int, ...] = ()

    def __call__(self, batch: Floats) -> Mapping[str, Floats]:
        """(n, h, w, 3) float32, standardised -> output name -> float32 whose first axis is n; n may be 0."""
        rows = [self.run(row[np.newaxis]) for row in quantise(batch, self.spec.input)]
        if not rows:
            return {output.name: np.empty((0, *output.shape[1:]), np.float32) for output in self.spec.outputs}
        columns = [np.concatenate(parts) for parts in zip(*rows, strict=True)]
        return {output.name: dequantise(each, output) for output, each in zip(self.spec.outputs, columns, strict=True)}

    def run(self, row: NDArray[Any]) -> list[NDArray[Any]]:
        """(1, h, w, 3) -> one array an output, in the tensors' own numbers."""
        if row.shape != self._shape:
            self._interpreter.resize_tensor_input(self._index, row.shape)
            self._interpreter.allocate_tensors()
            self._shape = row.shape
        self._interpreter.set_tensor(self._index, row)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]


def truncating(_: int) -> NDArray[np.float64]:
    """Everything is rounded down, as a shift to the right does: half a step less on average, in every layer and channel."""
    return np.array(-0.5)


def scattered(most: float, generator: np.random.Generator) -> Errors:
    """Each channel of each layer errs by its own amount, always the same, up to so many steps to either side."""
    return lambda n_channels: generator.uniform(-most, most, n_channels)


def erring(content: bytes, errors: Errors) -> bytes:
    """The same int8 file, but each layer errs as told: its constants are moved by so many steps of its output."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    tensors = model.subgraphs[0].tensors
    for operator in model.subgraphs[0].operators:
        if len(operator.inputs) == 3 and model.buffers[tensors[operator.inputs[2]].buffer].data is not None:
            given, weights, bias = (tensors[index] for index in operator.inputs)
            output = tensors[operator.outputs[0]]
            constants = np.frombuffer(bytes(model.buffers[bias.buffer].data), np.int32)
            in_a_step = output.quantization.scale[0] / (given.quantization.scale[0] * np.array(weights.quantization.scale))
            moved = constants + np.rint(in_a_step * errors(len(constants)))
            model.buffers[bias.buffer].data = np.frombuffer(moved.astype(np.int32).tobytes(), np.uint8)
    return _packed(model)


def before_the_last_layer(spec: NetworkSpec, content: bytes) -> tuple[NetworkSpec, bytes]:
    """FaceNet that ends where its last layer, into which the head is folded, would begin: (1, 1, 1, 1792) int8.

    Every other head can then be put on the same int8 network.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    last = next(operator for operator in reversed(graph.operators) if len(operator.inputs) == 3)
    index = int(last.inputs[0])
    tensor = graph.tensors[index]
    graph.outputs = np.array([index], np.int32)
    model.signatureDefs[0].outputs[0].tensorIndex = index
    quantisation = tensor.quantization
    name, shape = tensor.name.decode(), tuple(map(int, tensor.shape))
    output = TensorSpec(name, shape, "int8", float(quantisation.scale[0]), int(quantisation.zeroPoint[0]))
    return replace(spec, outputs=(output,)), _packed(model)


def last_layer(content: bytes) -> tuple[Floats, Floats]:
    """Matrix (c, d) and bias (d,) of the last layer of a float32 file."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    last = next(operator for operator in reversed(graph.operators) if len(operator.inputs) == 3)
    weights, bias = (
        np.frombuffer(bytes(model.buffers[graph.tensors[index].buffer].data), np.float32) for index in last.inputs[1:]
    )
    return weights.reshape(len(bias), -1).T, bias


def _packed(model: Any) -> bytes:
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())
