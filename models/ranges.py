"""Which values every tensor of a network takes on the calibration inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray
from tqdm import tqdm

from edge.types import Floats

Extremes = dict[int, NDArray[np.float64]]
"""Tensor index -> (n, 2): the smallest and the largest value at each of n inputs."""


def extremes(content: bytes, inputs: Sequence[Floats], title: str) -> Extremes:
    """Run a float32 network and note what every tensor that is computed holds.

    Args:
        content: the TFLite file.
        inputs: (1, h, w, 3) each; heights and widths may differ.
        title: shown beside the progress bar.
    """
    interpreter = Interpreter(
        model_content=content,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
        num_threads=2,
    )
    index = interpreter.get_input_details()[0]["index"]
    interpreter.allocate_tensors()
    computed = _computed(interpreter)
    noted: dict[int, list[tuple[float, float]]] = {tensor: [] for tensor in computed}
    for row in tqdm(inputs, title, mininterval=2):
        if tuple(interpreter.get_input_details()[0]["shape"]) != row.shape:
            interpreter.resize_tensor_input(index, row.shape)
            interpreter.allocate_tensors()
        interpreter.set_tensor(index, row)
        interpreter.invoke()
        for tensor in computed:
            values = interpreter.get_tensor(tensor)
            noted[tensor].append((float(values.min()), float(values.max())))
    return {tensor: np.array(pairs) for tensor, pairs in noted.items()}


def of_outputs(content: bytes, noted: Extremes) -> set[int]:
    """The tensors that hold the outputs' values: the outputs, and what they were reshaped from."""
    outputs = [noted[details["index"]] for details in Interpreter(model_content=content).get_output_details()]
    return {tensor for tensor, pairs in noted.items() if any(np.array_equal(pairs, output) for output in outputs)}


def _computed(interpreter: Any) -> list[int]:
    """Float tensors that an operation writes, and the input."""
    operations = interpreter._get_ops_details()
    written = {int(tensor) for operation in operations if operation["op_name"] != "DELEGATE" for tensor in operation["outputs"]}
    return sorted(written | {details["index"] for details in interpreter.get_input_details()})
