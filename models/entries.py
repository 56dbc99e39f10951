"""What the manifest says of a network and of each of its files, read off the file itself."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from models import MANIFEST
from models.networks import Network


def network_entry(network: Network, variants: Mapping[str, Any]) -> dict[str, Any]:
    """The table of one network."""
    source = network.source
    return {
        "model": network.model,
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
