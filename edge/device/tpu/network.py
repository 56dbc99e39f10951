"""A network that runs on the Edge TPU, and on the CPU at once when that does not answer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edge.device.manifest import NetworkSpec
from edge.device.network import dequantise, quantise
from edge.device.tpu.edgetpu import EdgeTpu, State
from edge.ports import Network
from edge.types import Backend, Floats


class PlacedNetwork:
    """One network with two places to run; implements `edge.ports.Network`.

    A batch is answered by one of the two as a whole: what the Edge TPU had computed of a batch before it failed is thrown away.
    Not thread-safe: one caller at a time.

    Args:
        cpu: the network as it runs on this CPU; its outputs have the names and shapes of the spec's.
        spec: the int8 network that the Edge TPU runs: its input and outputs are the compiled file's.
        tpu: where it is placed; several networks share it.

    """

    def __init__(self, cpu: Network, spec: NetworkSpec, tpu: EdgeTpu) -> None:
        self._cpu, self._spec, self._tpu = cpu, spec, tpu
        self._latest: Backend | None = None

    @property
    def backend(self) -> Backend:
        """Where the latest batch was computed: EDGETPU only if all of it was. Before the first, where one would be now."""
        if self._latest is None:
            return Backend.EDGETPU if self._tpu.report().state is State.SERVING else Backend.CPU
        return self._latest

    def __call__(self, batch: Floats) -> Mapping[str, Floats]:
        """Run the network.

        Args:
            batch: (n, h, w, 3) float32, standardised by (x - 127.5) / 128; n may be 0. A compiled file takes one height and
                width: other batches run on the CPU.

        Returns:
            Output name -> float32 array whose first axis is n.

        Raises:
            ValueError: the network does not take this height and width on the CPU either.
        """
        if not len(batch):
            return {output.name: np.empty((0, *output.shape[1:]), np.float32) for output in self._spec.outputs}
        answers = self._answers(batch)
        self._latest = Backend.CPU if answers is None else Backend.EDGETPU
        return self._cpu(batch) if answers is None else answers

    def _answers(self, batch: Floats) -> Mapping[str, Floats] | None:
        """By the Edge TPU; None: the CPU shall answer."""
        if batch.shape[1:] != self._spec.input.shape[1:]:
            return None
        results = self._tpu.run(self._spec.name, quantise(batch, self._spec.input))
        if results is None:
            return None
        outputs = self._spec.outputs
        return {output.name: dequantise(result, output) for output, result in zip(outputs, results, strict=True)}
