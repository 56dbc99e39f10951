#!/usr/bin/env python3
"""Stands for edgetpu_compiler 16.0: prints what it prints and writes a file for each model, without compiling anything.

The format of the output is the one that users have quoted of several models in one call (google-coral/edgetpu, issues 458 and
518). Memory is given away as the documentation has it: in the order of the arguments.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

import tflite
from flatbuffer import compiled

VERSION = "16.0.384591198"
CACHE = 7.2 * 2**20
"""Bytes for parameters; logs of large networks show 7.0 to 7.6 MiB."""

NAMES = {value: name for name, value in vars(tflite.BuiltinOperator).items() if not name.startswith("_")}


def main() -> int:
    parser = argparse.ArgumentParser(prog="edgetpu_compiler", add_help=False, allow_abbrev=False)
    parser.add_argument("-s", "--show_operations", action="store_true")
    parser.add_argument("-t", "--timeout_sec", type=int, default=180)
    parser.add_argument("-o", "--out_dir", type=Path, default=Path())
    parser.add_argument("models", nargs="+", type=Path)
    options = parser.parse_args()
    print(f"Edge TPU Compiler version {VERSION}\nStarted a compilation timeout timer of {options.timeout_sec} seconds.\n")
    print("Models compiled successfully in 8222 ms.\n")
    left = CACHE
    for model in options.models:
        left = compile_one(model, options.out_dir, left)
    print("Compilation child process completed within timeout period.\nCompilation succeeded! ")
    return 0


def compile_one(model: Path, out_dir: Path, left: float) -> float:
    """Writes and reports one; returns how much memory is left on the chip."""
    content, target = model.read_bytes(), out_dir / f"{model.stem}_edgetpu.tflite"
    target.write_bytes(compiled(content))
    parameters, counts = operations(content)
    on_chip = min(parameters, left)
    lines = [
        f"Input model: {model}",
        f"Input size: {size(len(content))}",
        f"Output model: {target}",
        f"Output size: {size(target.stat().st_size)}",
        f"On-chip memory used for caching model parameters: {size(on_chip)}",
        f"On-chip memory remaining for caching model parameters: {size(left - on_chip)}",
        f"Off-chip memory used for streaming uncached model parameters: {size(parameters - on_chip)}",
        "Number of Edge TPU subgraphs: 1",
        f"Total number of operations: {counts.total()}",
        f"Operation log: {target.with_suffix('.log')}\n",
        f"{'Operator':<30} {'Count':<10} Status\n",
        *(f"{operator:<30} {count:<10} Mapped to Edge TPU" for operator, count in counts.items()),
    ]
    print("\n".join(lines), end="\n\n")
    return left - on_chip


def operations(content: bytes) -> tuple[float, Counter[str]]:
    """Bytes of the parameters, and how many operations there are of each kind."""
    model = tflite.Model.GetRootAs(content, 0)
    graph = model.Subgraphs(0)
    codes = [model.OperatorCodes(graph.Operators(i).OpcodeIndex()) for i in range(graph.OperatorsLength())]
    counts = Counter(NAMES[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())] for code in codes)
    return float(sum(model.Buffers(i).DataLength() for i in range(model.BuffersLength()))), counts


def size(n: float) -> str:
    unit = next((unit for unit, least in (("MiB", 2**20), ("KiB", 2**10)) if n >= least), "B")
    return f"{n / {'MiB': 2**20, 'KiB': 2**10, 'B': 1}[unit]:.2f}{unit}"


if __name__ == "__main__":
    sys.exit(main())
