"""FaceNet 20180408-102900 (Inception-ResNet v1) from its frozen graph, with our head, ready for quantisation.

The graph is read as plain nodes and evaluated anew, with four changes that leave the result as it is:

* the factor of each residual branch is multiplied into the convolution before it, so that no MUL is left;
* the bottleneck and its batch norm become one 1 x 1 convolution, which TFLite quantises channel by channel;
* the head, which is linear, is folded into that convolution;
* the end is cut off: ``template`` is not yet of unit length, because in int8 an L2 normalisation has a fixed step of
  1/128. The host divides by the length.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from edge.types import Floats
from edge.vectors import unit
from edge.vision.facenet import INPUT_PX
from models.convert import Function
from models.head.linear import Head

INPUT = "input"
LAST_MAP = "InceptionResnetV1/Logits/AvgPool_1a_8x8/AvgPool"
BOTTLENECK = "InceptionResnetV1/Bottleneck/weights"
BATCH_NORM = "InceptionResnetV1/Bottleneck/BatchNorm"
TOLERANCE = 1e-4
"""Largest difference allowed to the frozen graph's own unit vectors."""
MIN_COSINE = 1 - 1e-6
"""Between the templates with the head folded in and those of the head after the network."""

Constants = dict[str, NDArray[Any]]
Layer = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Graph:
    """The nodes in order of evaluation, and the values of the constants by name; constants are already folded."""

    nodes: tuple[Any, ...]
    constants: Constants


def parse(frozen: bytes) -> Graph:
    """Read a frozen graph and fold the residual factors."""
    definition = tf.compat.v1.GraphDef.FromString(frozen)
    constants = {node.name: tf.make_ndarray(node.attr["value"].tensor) for node in definition.node if node.op == "Const"}
    nodes = {node.name: node for node in definition.node if node.op != "Const"}
    for node in nodes.values():
        if node.op == "Mul" and node.input[0] in constants:
            _fold_factor(node, nodes, constants)
    order = TopologicalSorter({name: [_origin(i) for i in node.input if _origin(i) in nodes] for name, node in nodes.items()})
    return Graph(tuple(nodes[name] for name in order.static_order()), constants)


def _origin(name: str) -> str:
    """The node that an input names; ``input:0`` is the first result of ``input``."""
    return name.removesuffix(":0")


def _fold_factor(multiplication: Any, nodes: dict[str, Any], constants: Constants) -> None:
    """Multiply a constant factor into the convolution and bias before it; the MUL passes its input on from here."""
    factor = constants[multiplication.input[0]]
    bias_add = nodes[multiplication.input[1]]
    convolution = nodes[bias_add.input[0]]
    for name in (bias_add.input[1], convolution.input[1]):
        constants[name] = constants[name] * factor


def as_function(graph: Graph, head: Head) -> Function:
    """FaceNet as a unit has it: ``image``, (n, 160, 160, 3) float32 standardised, to ``template``, (n, outputs of the head)."""
    return _with_last_layer(graph, *head.after(*_bottleneck(graph.constants)))


def trunk(graph: Graph) -> Function:
    """FaceNet without the head: ``image`` to ``template``, (n, 512)."""
    return _with_last_layer(graph, *_bottleneck(graph.constants))


def _with_last_layer(graph: Graph, matrix: Layer, bias: Layer) -> Function:
    """Up to the last map, and then a layer, (1792, d) and (d,), as a 1 x 1 convolution."""

    def network(image: Any) -> dict[str, Any]:
        values: dict[str, Any] = {**graph.constants, INPUT: image}
        for node in graph.nodes:
            if node.op != "Placeholder":
                values[node.name] = _EVALUATE[node.op](node, *(values[_origin(name)] for name in node.input))
            if node.name == LAST_MAP:
                break
        template = tf.nn.conv2d(values[LAST_MAP], matrix[np.newaxis, np.newaxis], 1, "VALID") + bias
        return {"template": tf.reshape(template, [-1, len(bias)])}  # (n, 1, 1, d) -> (n, d)

    return network


def _bottleneck(constants: Constants) -> tuple[Layer, Layer]:
    """Matrix (1792, 512) and bias (512,) of the published last layer with its batch norm (no gamma, epsilon 0.001)."""
    factor = (1 / np.sqrt(constants[f"{BATCH_NORM}/moving_variance"] + np.float32(0.001))).astype(np.float32)
    matrix: Layer = constants[BOTTLENECK] * factor
    bias: Layer = constants[f"{BATCH_NORM}/beta"] - constants[f"{BATCH_NORM}/moving_mean"] * factor
    return matrix, bias


def _pool(operation: Callable[..., Any]) -> Callable[..., Any]:
    return lambda node, x: operation(x, list(node.attr["ksize"].list.i), list(node.attr["strides"].list.i), _padding(node))


def _padding(node: Any) -> str:
    return str(node.attr["padding"].s.decode())


_EVALUATE: dict[str, Callable[..., Any]] = {
    "Conv2D": lambda node, x, kernel: tf.nn.conv2d(x, kernel, list(node.attr["strides"].list.i), _padding(node)),
    "BiasAdd": lambda _node, x, bias: x + bias,
    "Relu": lambda _node, x: tf.nn.relu(x),
    "ConcatV2": lambda _node, *xs_and_axis: tf.concat(xs_and_axis[:-1], int(xs_and_axis[-1])),
    "MaxPool": _pool(tf.nn.max_pool2d),
    "AvgPool": _pool(tf.nn.avg_pool2d),
    "Mul": lambda _node, _factor, x: x,
    "Add": lambda _node, x, y: x + y,
}


def noise(n: int) -> Floats:
    """Pictures of noise, (n, 160, 160, 3), of a fixed seed."""
    return np.random.default_rng(20150312).uniform(-1, 1, (n, INPUT_PX, INPUT_PX, 3)).astype(np.float32)


def largest_difference(frozen: bytes) -> float:
    """Largest difference between the trunk's unit vectors and the frozen graph's own, on noise.

    Raises:
        ValueError: it is more than TOLERANCE.
    """
    picture = noise(1)
    ours = unit(trunk(parse(frozen))(picture)["template"].numpy())
    definition = tf.compat.v1.GraphDef.FromString(frozen)
    original = tf.compat.v1.wrap_function(lambda: tf.compat.v1.import_graph_def(definition, name=""), [])
    theirs = original.prune(f"{INPUT}:0", "embeddings:0")(tf.constant(picture)).numpy()  # the graph has batch 1 baked in
    difference = float(np.abs(ours - theirs).max())
    if difference > TOLERANCE:
        raise ValueError(f"facenet: the network without its head differs from the frozen graph by {difference:.1e}")
    return difference


def smallest_cosine(with_head: Function, without: Function, head: Head, images: Floats) -> float:
    """Smallest cosine between the templates of the folded network and those of the head after the trunk.

    Raises:
        ValueError: it is less than MIN_COSINE.
    """
    folded, after = with_head(images)["template"].numpy(), head(without(images)["template"].numpy())
    pairs = zip(folded.astype(np.float64), after.astype(np.float64), strict=True)
    smallest = min(float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) for a, b in pairs)
    if smallest < MIN_COSINE:
        raise ValueError(f"facenet: with its head folded in it differs from the head after it: a cosine of {smallest:.8f}")
    return smallest
