"""Reads and writes ``models/manifest.toml``, which says of every file what it is and how good it is."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from models import MANIFEST
from models.networks import Network

HEADER = """\
# Written by `make models`; the figures under [parity] by `python -m models.parity`. Files are relative to this folder.
# Input of every network: RGB standardised by (x - 127.5) / 128. Tensors are found by name. free_axes: axes of the input
# that may be resized. runs_on: the placements that a variant is meant for; "auto" in the configuration is the one for "cpu".

"""


def read() -> dict[str, Any]:
    """The manifest as nested tables; empty where there is none yet."""
    return tomllib.loads(MANIFEST.read_text("utf-8")) if MANIFEST.exists() else {}


def write(tables: Mapping[str, Any]) -> None:
    """Replace the manifest."""
    MANIFEST.write_text(HEADER + "\n".join(_lines(tables, ())).lstrip() + "\n", "utf-8")


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """TOML: a table's own values first, then the tables in it; a tensor stays on one line."""
    tables = {key: value for key, value in table.items() if isinstance(value, dict) and key != "input"}
    values = [f"{key} = {_value(value)}" for key, value in table.items() if key not in tables]
    if values:
        yield from ("", f"[{'.'.join(path)}]", *values)
    for key, value in tables.items():
        yield from _lines(value, (*path, key))


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return "[\n    " + ",\n    ".join(map(_value, value)) + ",\n]"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)  # strings and numbers as JSON writes them are TOML


def network_entry(network: Network, variants: Mapping[str, Any]) -> dict[str, Any]:
    """The table of one network."""
    source = network.source
    return {
        "licence": network.licence,
        "source": {"package": source.package, "version": source.version, "file": source.member, "sha256": source.sha256},
        "variants": dict(variants),
    }


def variant_entry(network: Network, variant: str) -> dict[str, Any]:
    """The table of one file, read off the file itself."""
    path = network.path(variant)
    content = path.read_bytes()
    interpreter = Interpreter(model_content=content)
    outputs = sorted(interpreter.get_output_details(), key=lambda details: str(details["name"]))
    return {
        "file": path.relative_to(MANIFEST.parent).as_posix(),
        "sha256": hashlib.sha256(content).hexdigest(),
        "runs_on": list(network.variants[variant].runs_on),
        "free_axes": list(network.variants[variant].free_axes),
        "input": _tensor(interpreter.get_input_details()[0]),
        "outputs": [_tensor(details) for details in outputs],
    }


def _tensor(details: Mapping[str, Any]) -> dict[str, Any]:
    scale, zero_point = details["quantization"]
    return {
        "name": details["name"],
        "shape": [int(length) for length in details["shape"]],
        "dtype": np.dtype(details["dtype"]).name,
        "scale": float(scale),
        "zero_point": int(zero_point),
    }
