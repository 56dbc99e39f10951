"""P-, R- and O-Net as they were published, for one purpose: to show that the folding in `mtcnn_networks` is right.

Here the network sees the transposed picture, dense layers are dense, and the classifier ends in two probabilities.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from models.mtcnn_networks import POOLS, as_function, fold
from models.weights import Arrays

TOLERANCE = 1e-4
"""Largest difference allowed between the folded and the published network, in any output."""

PROBE_SHAPES = {"pnet": (2, 50, 64, 3), "rnet": (8, 24, 24, 3), "onet": (8, 48, 48, 3)}


def largest_difference(name: str, arrays: Arrays) -> float:
    """Largest absolute difference of the folded to the published network, over all outputs, on noise of a fixed seed.

    Raises:
        ValueError: it is more than TOLERANCE.
    """
    noise = np.random.default_rng(20160411).uniform(-1, 1, PROBE_SHAPES[name]).astype(np.float32)
    ours = {key: value.numpy() for key, value in as_function(fold(name, arrays))(noise).items()}
    ours["probability"] = 1 / (1 + np.exp(-ours.pop("logit")))
    theirs = _published(name, arrays, noise)
    difference = max(float(np.abs(ours[key] - theirs[key]).max()) for key in theirs)
    if difference > TOLERANCE:
        raise ValueError(f"{name}: the folded network differs from the published one by {difference:.1e}")
    return difference


def _published(name: str, arrays: Arrays, images: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    pools = POOLS[name]
    features: Any = images.transpose(0, 2, 1, 3)  # (n, w, h, 3): x and y exchanged
    for i, pool in enumerate(pools):
        weights, bias, slope = arrays[3 * i : 3 * i + 3]
        if weights.ndim == 2:
            features = tf.reshape(features, [len(images), -1]) @ weights + bias
        else:
            features = tf.nn.conv2d(features, weights, 1, "VALID") + bias
        features = tf.where(features > 0, features, features * slope.reshape(-1))
        features = tf.nn.max_pool2d(features, *pool) if pool else features
    heads = [_head(features, weights, bias) for weights, bias in zip(*[iter(arrays[3 * len(pools) :])] * 2, strict=True)]
    probability = tf.nn.softmax(heads[0])[..., 1:]
    if name == "pnet":  # maps: back to (n, h, w, c)
        return {"probability": _transposed(probability), "offsets": _transposed(heads[1])}
    results = {"probability": probability.numpy(), "offsets": heads[1].numpy()}
    if name == "onet":
        xs, ys = np.split(heads[2].numpy(), 2, axis=1)
        results["landmarks"] = np.stack([xs, ys], axis=2)  # (n, 5, 2)
    return results


def _head(features: Any, weights: NDArray[np.float32], bias: NDArray[np.float32]) -> Any:
    return (features @ weights if weights.ndim == 2 else tf.nn.conv2d(features, weights, 1, "VALID")) + bias


def _transposed(maps: Any) -> NDArray[np.float32]:
    transposed: NDArray[np.float32] = maps.numpy().transpose(0, 2, 1, 3)
    return transposed
