"""Builds every network from pinned weights: ``python -m models.build`` (``make models`` does it in its own environment)."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from edge.types import Floats
from models import BUILD, calibrate, check, convert, entries, faces, files, manifest, quantise, ranges, weights
from models.convert import Function
from models.networks import NETWORKS, TRUNK, Network, functions, prove_fold

N_PROVED = 64
"""So many faces show that the folded head does what it did before."""


class UnfitNetworkError(Exception):
    """A network that was built cannot be compiled for the Edge TPU."""


def main() -> int:
    """Build all files and the manifest; returns the exit code."""
    started_s = time.monotonic()
    try:
        faces.folder()
        print("weights: pinned archives")
        weights.fetch(BUILD / "archives")
        made = functions(BUILD / "archives")
        same = build_float32(made)
        inputs = calibrate.stage_inputs()
        prove_fold(made, "faces", np.concatenate(inputs["facenet"][:N_PROVED]))
        same &= build_int8(inputs)
    except (faces.MissingFacesError, UnfitNetworkError) as error:
        print(error, file=sys.stderr)
        return 65
    if same:
        print(f"done in {time.monotonic() - started_s:.0f} s; every file is as it was, and so are the figures")
    else:
        print(f"done in {time.monotonic() - started_s:.0f} s; `make parity` measures what was built")
    return 0


def build_float32(made: dict[str, Function]) -> bool:
    """Write the float32 files and name them in the manifest, from which calibration loads them.

    What the manifest says of the int8 files stays until there are new ones: they lie there still.

    Returns:
        Whether every file is as it was.
    """
    networks = manifest.read().get("networks", {})
    for network in (*NETWORKS, TRUNK):
        path = network.path("float32")
        files.replace(path, convert.to_float32(made[network.name], network.shape))
        print(f"{network.name}: {path.name}, {path.stat().st_size:,} bytes")
        variants = networks.get(network.name, {}).get("variants", {})
        variants["float32"] = entries.variant_entry(network, "float32")
        networks[network.name] = entries.network_entry(network, variants)
    return manifest.write_networks(networks)


def build_int8(inputs: Mapping[str, Sequence[Floats]]) -> bool:
    """Quantise and check all networks, and only then write the int8 files and complete the manifest.

    Args:
        inputs: of each network by its name, for calibration.

    Returns:
        Whether every file is as it was.

    Raises:
        UnfitNetworkError: a file could not be compiled for the Edge TPU.
    """
    made = [int8_file(network, inputs[network.name]) for network in NETWORKS]
    networks = manifest.read()["networks"]
    for network, content in zip(NETWORKS, made, strict=True):
        files.replace(network.path("int8"), content)
        print(f"{network.name}: {network.path('int8').name}, {len(content):,} bytes")
        variants = networks[network.name]["variants"]
        before = variants.get("int8", {})
        variants["int8"] = manifest.with_compiled(int8_entry(network, len(inputs[network.name])), before)
        if "compiled" in before and "compiled" not in variants["int8"]:
            print(f"{network.name}: {before['compiled']['file']} was compiled from other bytes; run `make edgetpu` again")
    return manifest.write_networks(networks)


def int8_entry(network: Network, n_inputs: int) -> dict[str, Any]:
    """What the manifest says of an int8 file, which lies in its place by now."""
    calibration = {
        "set": faces.SET_NAME,
        "n_photographs": faces.N_CALIBRATION,
        "seed": faces.SEED,
        "n_inputs": n_inputs,
        "share": quantise.SHARE,
    }
    return entries.variant_entry(network, "int8") | {"calibration": calibration}


def int8_file(network: Network, inputs: Sequence[Floats]) -> bytes:
    """The int8 file of a network whose float32 file is written.

    Args:
        network: which.
        inputs: (1, h, w, 3) float32 each, for the ranges.

    Raises:
        UnfitNetworkError: it could not be compiled for the Edge TPU.
    """
    float32 = network.path("float32").read_bytes()
    noted = ranges.extremes(float32, inputs, f"{network.name}: ranges")
    whole = ranges.of_outputs(float32, noted) if network.whole_output else ()
    int8 = quantise.to_int8(float32, quantise.typical(noted, whole=whole))
    faults = check.faults(int8)
    if faults:
        raise UnfitNetworkError(f"{network.path('int8').name}: cannot be compiled for the Edge TPU: it " + "; ".join(faults))
    return int8


if __name__ == "__main__":
    sys.exit(main())
