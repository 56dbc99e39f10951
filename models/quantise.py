"""float32 -> int8 in, int8 throughout, int8 out, with ranges that we choose.

TensorFlow's own calibrator takes the outermost value that any input ever caused. Here the ranges come from
`models.ranges` and are written into the float32 file before TensorFlow's quantiser sees it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from tensorflow.lite.python.convert import mlir_quantize

from models.convert import packed
from models.ranges import Extremes

Range = tuple[float, float]

INPUT_RANGE = (-127 / 128, 1.0)
"""Scale 1/128, zero point -1: a grey value p, standardised to (p - 127.5) / 128, becomes p - 128, no two the same."""

SHARE = 0.98
"""Of the inputs, so many lie wholly inside the ranges; what lies outside saturates. docs/models.md has what else was tried."""


def to_int8(content: bytes, ranges: Mapping[int, Range]) -> bytes:
    """Quantise a float32 file.

    Args:
        content: the float32 TFLite file, tensors named.
        ranges: smallest and largest value to be represented, by tensor index.
    """
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    tensors = model.subgraphs[0].tensors
    for index, (low, high) in ranges.items():
        tensors[index].quantization = schema.QuantizationParametersT()
        tensors[index].quantization.min, tensors[index].quantization.max = [low], [high]
    for index in model.subgraphs[0].inputs:
        tensors[index].quantization.min, tensors[index].quantization.max = [INPUT_RANGE[0]], [INPUT_RANGE[1]]
    quantised: bytes = mlir_quantize(packed(model), fully_quantize=True, input_data_type=tf.int8, output_data_type=tf.int8)
    return quantised


def typical(noted: Extremes, *, whole: Collection[int] = (), share: float = SHARE) -> dict[int, Range]:
    """For each tensor the range that holds all of its values at the given share of the inputs.

    Three significant digits: another processor computes other last bits, and the file shall have the same hash there.

    Args:
        noted: extremes at each input, by tensor.
        whole: tensors whose range holds all values at all inputs.
        share: of the inputs, for the others.
    """
    shares = {tensor: 1.0 if tensor in whole else share for tensor in noted}
    return {
        tensor: (_rounded(np.quantile(pairs[:, 0], 1 - shares[tensor])), _rounded(np.quantile(pairs[:, 1], shares[tensor])))
        for tensor, pairs in noted.items()
    }


def _rounded(value: np.float64) -> float:
    return float(f"{value:.3g}")
