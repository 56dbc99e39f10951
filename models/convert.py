"""A TensorFlow function -> a TFLite file whose inputs and outputs carry our names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flatbuffers
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

from models import INPUT

Function = Callable[[Any], dict[str, Any]]


def converter(function: Function, shape: tuple[int, ...]) -> Any:
    """The TFLite converter for a function of one float32 image batch of a fixed shape."""
    module = tf.Module()
    module.network = tf.function(function, input_signature=[tf.TensorSpec(shape, tf.float32, name=INPUT)])
    return tf.lite.TFLiteConverter.from_concrete_functions([module.network.get_concrete_function()], module)


def to_float32(function: Function, shape: tuple[int, ...]) -> bytes:
    """The function as a float32 TFLite file with named tensors."""
    return named(converter(function, shape).convert())


def named(content: bytes) -> bytes:
    """Give input and outputs the names that the function gave them.

    The converter keeps those only in the signature and calls the tensors ``StatefulPartitionedCall:0`` and so on, in an
    order of its own. Tensor names are what every runtime shows, and what the Edge TPU compiler keeps.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    signature = model.signatureDefs[0]
    for entry in (*signature.inputs, *signature.outputs):
        graph.tensors[entry.tensorIndex].name = entry.name
    return packed(model)


def packed(model: Any) -> bytes:
    """A flatbuffer with the file identifier that TFLite asks for."""
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())
