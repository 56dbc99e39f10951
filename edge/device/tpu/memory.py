"""Where rows and answers lie while they change hands: memory that the unit and the Edge TPU's process both see.

It belongs to no file and has no name (memfd_create), so nothing is left behind however either of them ends, and a system without
/dev/shm will do. The first region is written by the unit and read by the child, the second the other way round.
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import math
import mmap
import os
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from edge.device.manifest import NetworkSpec, TensorSpec

REGION_BYTES = 2**20
"""13 crops for FaceNet, or 12 canvases for P-Net."""


class Memory:
    """Two regions, one for what is asked and one for what is answered. Keeps the descriptor until it is closed.

    Args:
        descriptor: of memory as large as both; from now on closed by this object.
        n_in: bytes of the first region.
        n_out: bytes of the second.

    Raises:
        OSError: it cannot be mapped.
        ValueError: it is smaller than both.
    """

    def __init__(self, descriptor: int, *, n_in: int, n_out: int) -> None:
        self.descriptor, self.n_in, self.n_out = descriptor, n_in, n_out
        self._map = mmap.mmap(descriptor, n_in + n_out)

    @classmethod
    def create(cls, *, n_in: int = REGION_BYTES, n_out: int = REGION_BYTES) -> Self:
        """New memory, all of it there: what is lacking is said now, and not by SIGBUS when it is first written to.

        Raises:
            OSError: there is none, or no descriptor is left.
        """
        if not hasattr(os, "memfd_create"):
            raise OSError(errno.ENOSYS, "memory can be shared with it only on Linux")
        descriptor = os.memfd_create("muster-edgetpu", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.posix_fallocate(descriptor, 0, n_in + n_out)
            # Nobody can shrink it any more: who reads behind the end of a file that shrank dies of SIGBUS.
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
            return cls(descriptor, n_in=n_in, n_out=n_out)
        except BaseException:
            os.close(descriptor)
            raise

    def close(self) -> None:
        """Unmap and close. Closing twice is allowed."""
        if not self._map.closed:
            self._map.close()
            os.close(self.descriptor)

    def put(self, rows: NDArray[Any]) -> None:
        """Lay rows (n, h, w, 3) into the first region. They must fit."""
        self._map[: rows.nbytes] = np.ascontiguousarray(rows).data.cast("B")

    def row(self, tensor: TensorSpec, index: int) -> NDArray[Any]:
        """One row of the first region, (1, h, w, 3); a view that must be gone before this memory is closed."""
        return np.ndarray(tensor.shape, tensor.dtype, self._map, index * n_bytes(tensor))

    def answer(self, outputs: Sequence[TensorSpec], results: Sequence[NDArray[Any]], *, row: int, n_rows: int) -> None:
        """Lay the results of one row of n into the second region.

        Raises:
            ValueError: they are not what the outputs say.
        """
        for view, result, output in zip(self._views(outputs, n_rows), results, outputs, strict=True):
            if result.shape != output.shape or result.dtype != view.dtype:
                raise ValueError(f"{output.name} is {result.dtype}{list(result.shape)}, not {output.dtype}{list(output.shape)}")
            view[row : row + 1] = result

    def answers(self, outputs: Sequence[TensorSpec], n_rows: int) -> list[NDArray[Any]]:
        """What was laid into the second region: one array an output, first axis n; copies that stay as they are."""
        return [view.copy() for view in self._views(outputs, n_rows)]

    def _views(self, outputs: Sequence[TensorSpec], n_rows: int) -> list[NDArray[Any]]:
        """The outputs one behind the other in the second region, each with its n rows."""
        ends = itertools.accumulate((n_rows * n_bytes(output) for output in outputs), initial=self.n_in)
        return [
            np.ndarray((n_rows, *output.shape[1:]), output.dtype, self._map, begin)
            for output, begin in zip(outputs, ends, strict=False)  # the last end is nobody's beginning
        ]


def n_bytes(tensor: TensorSpec) -> int:
    """Bytes of one row of a tensor, whose first axis is 1."""
    return math.prod(tensor.shape) * np.dtype(tensor.dtype).itemsize


def n_rows_that_fit(spec: NetworkSpec, *, n_in: int, n_out: int) -> int:
    """How many rows of a network, and their answers, go through regions of so many bytes at a time; 0 when one is too much."""
    return min(n_in // n_bytes(spec.input), n_out // sum(map(n_bytes, spec.outputs)))
