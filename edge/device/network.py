"""A TFLite model as a function from one batch to named arrays.

Which file, which tensors and which hash is what ``models/manifest.toml`` says; anything else is a ModelError (65) that
names the file. int8 networks are quantised in and out here, so that every caller sees float32.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.device.interpreter import Interpreter
from edge.device.manifest import NetworkSpec, TensorSpec, read_spec
from edge.types import Backend, Floats

Run = Callable[[NDArray[Any]], list[NDArray[Any]]]
"""One row, (1, h, w, 3) in the tensor's own numbers -> one array an output."""


def load(manifest_path: Path, name: str, *, variant: str = "auto", threads: int = 1, workers: int = 1) -> TfliteNetwork:
    """Load a network after its file was checked against the manifest.

    Args:
        manifest_path: ``models/manifest.toml``.
        name: pnet, rnet, onet or facenet.
        variant: float32, int8, or auto for the one that the manifest runs on a CPU.
        threads: CPU threads of one row.
        workers: rows of a batch that are run side by side.

    Raises:
        ModelError: the file is missing, altered, not a TFLite model, or not what the manifest says.
    """
    return TfliteNetwork(read_spec(manifest_path, name, variant=variant), threads=threads, workers=workers)


class TfliteNetwork:
    """A network of the manifest as a function; implements `edge.ports.Network`.

    A batch is run row by row. Resizing the interpreter to each new n makes XNNPACK plan and pack its weights again, which
    costs O-Net 0.1 ms under LiteRT 2.3.0 and 1 ms under tflite-runtime 2.14.0; and a batch is no faster than its rows,
    because a row's maps stay in the cache: 16 crops take O-Net 4.0 ms one by one, 4.4 ms at once, R-Net 0.78 against
    0.76 ms (LiteRT, x86-64, one thread, medians of 60; with two threads the same within the noise).

    Not thread-safe: one caller at a time.
    """

    backend = Backend.CPU

    def __init__(self, spec: NetworkSpec, *, threads: int = 1, workers: int = 1) -> None:
        self.spec = spec
        self._own, *self._others = [Interpreter(spec, threads=threads) for _ in range(workers)]
        self._pool = ThreadPoolExecutor(max(1, len(self._others)), thread_name_prefix=spec.name)

    def __call__(self, batch: Floats) -> Mapping[str, Floats]:
        """Run the network.

        Args:
            batch: (n, h, w, 3) float32, standardised by (x - 127.5) / 128; n may be 0.

        Returns:
            Output name -> float32 array whose first axis is n.

        Raises:
            ValueError: the network does not take this height and width.
        """
        if not len(batch):
            return {output.name: np.empty((0, *output.shape[1:]), np.float32) for output in self.spec.outputs}
        rows = self._rows(quantise(batch, self.spec.input))
        results = rows[0] if len(rows) == 1 else [np.concatenate(parts) for parts in zip(*rows, strict=True)]
        return {output.name: dequantise(result, output) for output, result in zip(self.spec.outputs, results, strict=True)}

    def _rows(self, numbers: NDArray[Any]) -> list[list[NDArray[Any]]]:
        runs = [interpreter.run for interpreter in (self._own, *self._others)]
        return side_by_side(runs[: len(numbers)], numbers, self._pool)


def side_by_side(runs: Sequence[Run], numbers: NDArray[Any], pool: ThreadPoolExecutor) -> list[list[NDArray[Any]]]:
    """Every row's outputs, by several functions at once, the first of them on the caller's own thread.

    The caller does not wait for a thread that the system has not begun. Once a row has failed no other is begun, and the
    error is raised when those that run have ended: nobody may call an interpreter that is still at work.

    Args:
        runs: at most one for each row; none of them need be thread-safe.
        numbers: (n, h, w, 3).
        pool: has a thread for each of the other functions.
    """
    left = iter(range(len(numbers)))  # its next() is one step under the GIL: no row is taken twice
    results: list[list[NDArray[Any]]] = [[]] * len(numbers)

    def work(run: Run) -> None:
        try:
            for row in left:
                results[row] = run(numbers[row : row + 1])
        finally:
            deque(left, maxlen=0)  # after an error: nobody takes another row

    helpers = [pool.submit(work, run) for run in runs[1:]]
    try:
        work(runs[0])
    finally:
        begun = wait(helper for helper in helpers if not helper.cancel()).done
    for helper in begun:
        helper.result()
    return results


def quantise(values: Floats, spec: TensorSpec) -> NDArray[Any]:
    """Real values -> the tensor's own numbers, saturating.

    Halves are rounded *up*. A crop of whole grey values lies exactly half-way between two steps of 1/128, everywhere:
    rounding to even would give two neighbouring grey values the same number and leave every other number unused.
    """
    if not spec.scale:
        return values
    limits = np.iinfo(spec.dtype)
    steps = values * np.float32(1 / spec.scale)
    steps += np.float32(spec.zero_point + 0.5)
    np.floor(steps, out=steps)
    np.clip(steps, limits.min, limits.max, out=steps)
    return steps.astype(spec.dtype)


def dequantise(numbers: NDArray[Any], spec: TensorSpec) -> Floats:
    """The tensor's own numbers -> real values."""
    if not spec.scale:
        return numbers
    return (numbers.astype(np.float32) - np.float32(spec.zero_point)) * np.float32(spec.scale)
