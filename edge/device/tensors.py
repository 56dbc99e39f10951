"""What goes into a TFLite file and comes out of it, read from its bytes.

The runtimes are not asked: one of them dies of a damaged file (SIGSEGV), and neither prepares a compiled one without the Edge
TPU's library. Layout: FlatBuffers, "Binary format", and tensorflow/lite/schema/schema.fbs.
"""

from __future__ import annotations

import struct
from typing import Any

from edge.device.manifest import TensorSpec

_DTYPES = {0: "float32", 2: "int32", 3: "uint8", 7: "int16", 9: "int8"}  # TensorType; others do not occur in our networks
_SUBGRAPHS = 2  # fields by their place in the schema: of Model,
_TENSORS, _INPUTS, _OUTPUTS = 0, 1, 2  # of SubGraph,
_SHAPE, _TYPE, _NAME, _QUANTISATION = 0, 1, 3, 4  # of Tensor,
_SCALE, _ZERO_POINT = 2, 3  # of QuantizationParameters


def read_tensors(content: bytes) -> tuple[list[TensorSpec], list[TensorSpec]]:
    """Inputs and outputs of a file.

    Args:
        content: all bytes of a TFLite file.

    Raises:
        ValueError: it is none, or only a part of one.
    """
    try:
        file = _File(content)
        graph = file.tables(file.follow(0), _SUBGRAPHS)[0]
        tensors = file.tables(graph, _TENSORS)
        inputs, outputs = (
            [_tensor(file, tensors[index]) for index in file.numbers(graph, field, "i")] for field in (_INPUTS, _OUTPUTS)
        )
    except (struct.error, LookupError, ValueError) as error:
        raise ValueError("it cannot be read as a TFLite file") from error
    return inputs, outputs


def _tensor(file: _File, table: int) -> TensorSpec:
    kind, quantisation = file.field(table, _TYPE), file.field(table, _QUANTISATION)
    scale: tuple[Any, ...] = ()
    zero_point: tuple[Any, ...] = ()
    if quantisation is not None:
        parameters = file.follow(quantisation)
        scale, zero_point = file.numbers(parameters, _SCALE, "f"), file.numbers(parameters, _ZERO_POINT, "q")
    is_quantised = len(scale) == len(zero_point) == 1  # of the whole tensor, as inputs and outputs are
    return TensorSpec(
        name=bytes(file.numbers(table, _NAME, "B")).decode(),
        shape=file.numbers(table, _SHAPE, "i"),
        dtype=_DTYPES[file.number(kind, "b") if kind is not None else 0],
        scale=scale[0] if is_quantised else 0.0,
        zero_point=zero_point[0] if is_quantised else 0,
    )


class _File:
    """Bytes in which tables lie; everything is named by where it begins."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def number(self, at: int, code: str) -> int:
        """One number; its type as `struct` calls it."""
        if at < 0:
            raise LookupError("before the beginning")
        return int(struct.unpack_from(f"<{code}", self._content, at)[0])

    def follow(self, at: int) -> int:
        """Where an offset leads."""
        return at + self.number(at, "I")

    def field(self, table: int, number: int) -> int | None:
        """Where a field of a table lies; None where the table does not have it."""
        fields = table - self.number(table, "i")
        place = 4 + 2 * number
        offset = self.number(fields + place, "H") if place < self.number(fields, "H") else 0
        return table + offset if offset else None

    def numbers(self, table: int, number: int, code: str) -> tuple[Any, ...]:
        """A field that is a row of numbers; empty where the table does not have it."""
        at = self.field(table, number)
        if at is None:
            return ()
        begin = self.follow(at)
        return struct.unpack_from(f"<{self.number(begin, 'I')}{code}", self._content, begin + 4)

    def tables(self, table: int, number: int) -> list[int]:
        """A field that is a row of tables."""
        at = self.field(table, number)
        if at is None:
            return []
        begin = self.follow(at)
        return [self.follow(begin + 4 + 4 * row) for row in range(self.number(begin, "I"))]
