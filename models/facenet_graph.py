"""FaceNet 20180408-102900 (Inception-ResNet v1) from its frozen graph, ready for quantisation.

The graph is read as plain nodes and evaluated anew, with three changes that leave the result as it is:

* the factor of each residual branch is multiplied into the convolution before it, so that no MUL is left;
* the bottleneck and its batch norm become one 1 x 1 convolution, which TFLite quantises channel by channel;
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

INPUT = "input"
LAST_MAP = "InceptionResnetV1/Logits/AvgPool_1a_8x8/AvgPool"
BOTTLENECK = "InceptionResnetV1/Bottleneck/weights"
BATCH_NORM = "InceptionResnetV1/Bottleneck/BatchNorm"
TOLERANCE = 1e-4
"""Largest difference allowed to the frozen graph's own unit vectors."""

Constants = dict[str, NDArray[Any]]


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


def as_function(graph: Graph) -> Callable[[Any], dict[str, Any]]:
    """FaceNet as a function of ``image``, (n, 160, 160, 3) float32 standardised, to ``template``, (n, 512)."""
    kernel, bias = _bottleneck(graph.constants)

    def network(image: Any) -> dict[str, Any]:
        values: dict[str, Any] = {**graph.constants, INPUT: image}
        for node in graph.nodes:
            if node.op != "Placeholder":
                values[node.name] = _EVALUATE[node.op](node, *(values[_origin(name)] for name in node.input))
            if node.name == LAST_MAP:
                break
        template = tf.nn.conv2d(values[LAST_MAP], kernel, 1, "VALID") + bias
        return {"template": tf.reshape(template, [-1, kernel.shape[-1]])}  # (n, 1, 1, 512) -> (n, 512)

    return network


def _bottleneck(constants: Constants) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Kernel (1, 1, 1792, 512) and bias (512,) of the last layer with its batch norm (no gamma, epsilon 0.001)."""
    factor = (1 / np.sqrt(constants[f"{BATCH_NORM}/moving_variance"] + np.float32(0.001))).astype(np.float32)
    kernel: NDArray[np.float32] = constants[BOTTLENECK] * factor
    bias: NDArray[np.float32] = constants[f"{BATCH_NORM}/beta"] - constants[f"{BATCH_NORM}/moving_mean"] * factor
    return kernel[np.newaxis, np.newaxis], bias


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


def largest_difference(frozen: bytes) -> float:
    """Largest difference between our unit vectors and the frozen graph's own, on noise of a fixed seed.

    Raises:
        ValueError: it is more than TOLERANCE.
    """
    noise = np.random.default_rng(20150312).uniform(-1, 1, (1, 160, 160, 3)).astype(np.float32)
    ours = as_function(parse(frozen))(noise)["template"].numpy()
    ours /= np.linalg.norm(ours, axis=1, keepdims=True)
    definition = tf.compat.v1.GraphDef.FromString(frozen)
    original = tf.compat.v1.wrap_function(lambda: tf.compat.v1.import_graph_def(definition, name=""), [])
    theirs = original.prune(f"{INPUT}:0", "embeddings:0")(tf.constant(noise)).numpy()  # the graph has batch 1 baked in
    difference = float(np.abs(ours - theirs).max())
    if difference > TOLERANCE:
        raise ValueError(f"facenet: the folded network differs from the frozen graph by {difference:.1e}")
    return difference
