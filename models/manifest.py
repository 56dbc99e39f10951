"""Reads and writes ``models/manifest.toml``, which says of every file what it is and how good it is; needs no TensorFlow."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from models import MANIFEST, files

HEADER = """\
# Written by `make models`; the figures under [parity] by `python -m models.parity`. Files are relative to this folder.
# Input of every network: RGB standardised by (x - 127.5) / 128. Tensors are found by name. free_axes: axes of the input
# that may be resized. runs_on: the placements that a variant is meant for; "auto" in the configuration is the one for "cpu".
# compiled: the file for the Edge TPU, where `make edgetpu` has made one; it is its maker's own and not committed.

"""


def read(path: Path = MANIFEST) -> dict[str, Any]:
    """The manifest as nested tables; empty where there is none yet."""
    return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}


def write(tables: Mapping[str, Any], path: Path = MANIFEST) -> None:
    """Replace the manifest, whole or not at all.

    Raises:
        ValueError: the tables hold something that this writer cannot write.
    """
    files.replace(path, text(tables).encode())


def write_networks(networks: Mapping[str, Any]) -> bool:
    """Replace what the manifest says of the networks; returns whether everything is as it was."""
    before = read()
    after = with_networks(before, networks)
    write(after)
    return after == before


def with_networks(tables: Mapping[str, Any], networks: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with these networks; its figures stay only if nothing that they measured has changed."""
    keep = "parity" in tables and tables.get("networks") == networks
    return {"networks": networks} | ({"parity": tables["parity"]} if keep else {})


def with_compiled(entry: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The entry of a file that was built anew, with the compiled file of before if it was compiled from the very same bytes."""
    compiled = before.get("compiled", {})
    return dict(entry) | ({"compiled": compiled} if compiled.get("twin_sha256") == entry["sha256"] else {})


def text(tables: Mapping[str, Any]) -> str:
    """The tables as TOML with the header. The writer is our own because tomli-w gives each tensor a table of its own.

    Raises:
        ValueError: what was written does not read back as the same tables.
    """
    written = HEADER + "\n".join(_lines(tables, ())).lstrip() + "\n"
    if tomllib.loads(written) != tables:
        raise ValueError("these tables do not read back as they were written; teach models.manifest to write them")
    return written


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
