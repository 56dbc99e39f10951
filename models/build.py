"""Builds every network from pinned weights: ``python -m models.build`` (``make models`` does it in its own environment)."""

from __future__ import annotations

import sys

from models import BUILD, convert, manifest, weights
from models.networks import NETWORKS, functions


def main() -> int:
    """Build all files and the manifest; returns the exit code."""
    print("weights: pinned archives")
    weights.fetch(BUILD / "archives")
    made = functions(BUILD / "archives")
    tables = manifest.read()
    entries = tables.setdefault("networks", {})
    for network in NETWORKS:
        path = network.path("float32")
        path.write_bytes(convert.to_float32(made[network.name], network.shape))
        print(f"{network.name}: {path.name}, {path.stat().st_size:,} bytes")
        variants = {"float32": manifest.variant_entry(network, "float32")}
        entries[network.name] = manifest.network_entry(network, variants)
    manifest.write(tables)
    return 0


if __name__ == "__main__":
    sys.exit(main())
