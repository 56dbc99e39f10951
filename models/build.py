"""Builds every network from pinned weights: ``python -m models.build`` (``make models`` does it in its own environment)."""

from __future__ import annotations

import sys
import time
from typing import Any

from models import BUILD, calibrate, check, convert, faces, manifest, quantise, ranges, weights
from models.convert import Function
from models.networks import NETWORKS, functions


class UnfitNetworkError(Exception):
    """A network that was built cannot be compiled for the Edge TPU."""


def main() -> int:
    """Build all files and the manifest; returns the exit code."""
    started_s, before = time.monotonic(), manifest.read()
    try:
        faces.folder()
        print("weights: pinned archives")
        weights.fetch(BUILD / "archives")
        build_float32(functions(BUILD / "archives"))
        build_int8()
    except (faces.MissingFacesError, UnfitNetworkError) as error:
        print(error, file=sys.stderr)
        return 65
    after = manifest.read()
    if before.get("networks") == after["networks"] and "parity" in before:
        manifest.write(after | {"parity": before["parity"]})
        print(f"done in {time.monotonic() - started_s:.0f} s; every file is as it was, and so are the figures")
    else:
        print(f"done in {time.monotonic() - started_s:.0f} s; `python -m models.parity` measures what was built")
    return 0


def build_float32(made: dict[str, Function]) -> None:
    """Write the float32 files and the manifest so far; calibration runs on these."""
    entries: dict[str, Any] = {}
    for network in NETWORKS:
        path = network.path("float32")
        path.write_bytes(convert.to_float32(made[network.name], network.shape))
        print(f"{network.name}: {path.name}, {path.stat().st_size:,} bytes")
        entries[network.name] = manifest.network_entry(network, {"float32": manifest.variant_entry(network, "float32")})
    manifest.write({"networks": entries})


def build_int8() -> None:
    """Calibrate, quantise, check and write the int8 files, and complete the manifest.

    Raises:
        MissingFacesError: the calibration set is not here.
        UnfitNetworkError: a file could not be compiled for the Edge TPU.
    """
    tables = manifest.read()
    inputs = calibrate.stage_inputs()
    for network in NETWORKS:
        float32, path = network.path("float32").read_bytes(), network.path("int8")
        noted = ranges.extremes(float32, inputs[network.name], f"{network.name}: ranges")
        int8 = quantise.to_int8(float32, quantise.typical(noted))
        faults = check.faults(int8)
        if faults:
            raise UnfitNetworkError(f"{path.name}: cannot be compiled for the Edge TPU: it " + "; ".join(faults))
        path.write_bytes(int8)
        print(f"{network.name}: {path.name}, {len(int8):,} bytes")
        tables["networks"][network.name]["variants"]["int8"] = manifest.variant_entry(network, "int8") | {
            "calibration": {
                "set": faces.SET_NAME,
                "n_photographs": faces.N_CALIBRATION,
                "seed": faces.SEED,
                "n_inputs": len(inputs[network.name]),
                "share": quantise.SHARE,
            }
        }
    manifest.write(tables)


if __name__ == "__main__":
    sys.exit(main())
