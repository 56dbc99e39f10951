"""P-, R- and O-Net (Zhang et al. 2016, figure 2) as TensorFlow functions of the upright image.

The published weights were trained in Caffe under MATLAB, which stores images column by column: the networks saw every
picture with x and y exchanged. That is undone here, once, in the weights: the axes of every kernel are exchanged, and the
first dense layer, which is a convolution over its whole input, is written as one and treated alike. The heads need no
exchange, because a head's numbers do not lie on the picture's axes: offsets are already dx1, dy1, dx2, dy2; landmarks come
as five x and then five y and are only interleaved.

Two further changes leave the results as they are: each classifier gives one number, the logit of "face" against "no face",
instead of two probabilities; and the last dense layers are 1 x 1 convolutions, which TFLite quantises channel by channel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from models.weights import Arrays

Kernel = NDArray[np.float32]
"""(kh, kw, channels in, channels out)"""

Pool = tuple[int, int, str]
"""Side of the window, stride, padding."""

INTERLEAVED = [0, 5, 1, 6, 2, 7, 3, 8, 4, 9]
"""x1..x5, y1..y5 -> x1, y1, x2, y2, ..."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution, its PReLU and what follows."""

    kernel: Kernel
    bias: NDArray[np.float32]
    slope: NDArray[np.float32]
    pool: Pool | None


@dataclass(frozen=True, slots=True)
class Head:
    """The 1 x 1 convolution of one output, and the shape that a row of it takes (None: stays a map)."""

    kernel: Kernel
    bias: NDArray[np.float32]
    row: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Stage:
    """One network: its layers, its heads by output name, and the shape of its input."""

    layers: tuple[Layer, ...]
    heads: Mapping[str, Head]


POOLS: dict[str, tuple[Pool | None, ...]] = {
    "pnet": ((2, 2, "SAME"), None, None),
    "rnet": ((3, 2, "SAME"), (3, 2, "VALID"), None, None),
    "onet": ((3, 2, "SAME"), (3, 2, "VALID"), (2, 2, "SAME"), None, None),
}


def fold(name: str, arrays: Arrays) -> Stage:
    """The stage whose results on an image are those of the published network on the transposed image.

    Args:
        name: pnet, rnet or onet.
        arrays: kernel, bias and slope of each layer, then kernel and bias of each head.
    """
    pools = POOLS[name]
    layers = tuple(
        Layer(_upright(arrays[3 * i]), arrays[3 * i + 1], arrays[3 * i + 2].reshape(-1), pool) for i, pool in enumerate(pools)
    )
    rest = arrays[3 * len(pools) :]
    is_map = name == "pnet"
    score, score_bias, offsets, offsets_bias = (_pointwise(rest[0]), rest[1], _pointwise(rest[2]), rest[3])
    heads = {
        "logit": Head(score[..., 1:] - score[..., :1], score_bias[1:] - score_bias[:1], None if is_map else (1,)),
        "offsets": Head(offsets, offsets_bias, None if is_map else (4,)),
    }
    if name == "onet":
        heads["landmarks"] = Head(_pointwise(rest[4])[..., INTERLEAVED], rest[5][INTERLEAVED], (5, 2))
    return Stage(layers, heads)


def _upright(weights: NDArray[np.float32]) -> Kernel:
    """Exchange the axes of a kernel; a dense layer's rows lie in the order of a 3 x 3 map and are taken as a kernel."""
    kernel = weights if weights.ndim == 4 else weights.reshape(3, 3, -1, weights.shape[-1])  # (9c, out) -> (3, 3, c, out)
    return kernel.transpose(1, 0, 2, 3)


def _pointwise(weights: NDArray[np.float32]) -> Kernel:
    return weights.reshape(1, 1, *weights.shape[-2:])


def as_function(stage: Stage) -> Callable[[Any], dict[str, Any]]:
    """The stage as a function of ``image``, (n, h, w, 3) float32 standardised, to its outputs by name."""

    def network(image: Any) -> dict[str, Any]:
        features = image
        for layer in stage.layers:
            features = _run(layer, features)
        return {name: _run_head(head, features) for name, head in stage.heads.items()}

    return network


def _run(layer: Layer, features: Any) -> Any:
    convolved = tf.nn.conv2d(features, layer.kernel, 1, "VALID") + layer.bias
    # TFLite turns this into its PRELU; written as a difference, relu(x) - slope * relu(-x), it stays five operations.
    activated = tf.nn.relu(convolved) + -layer.slope.reshape(1, 1, -1) * tf.nn.relu(-convolved)
    return tf.nn.max_pool2d(activated, *layer.pool) if layer.pool else activated


def _run_head(head: Head, features: Any) -> Any:
    result = tf.nn.conv2d(features, head.kernel, 1, "VALID") + head.bias
    return tf.reshape(result, [-1, *head.row]) if head.row else result
