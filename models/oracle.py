"""Builds FaceNet in float32 alone, with and without its head: ``python -m models.oracle`` (``make oracle``).

Both are too large to commit (94 MB each). The parity test measures the committed int8 file against the one, heads are trained on
the other. No faces are needed.
"""

from __future__ import annotations

from models import BUILD, convert, files, weights
from models.networks import NETWORKS, TRUNK, functions


def main() -> None:
    """Write the files whose hashes the manifest has."""
    weights.fetch(BUILD / "archives")
    made = functions(BUILD / "archives")
    (facenet,) = (network for network in NETWORKS if network.name == "facenet")
    for network in (facenet, TRUNK):
        path = network.path("float32")
        files.replace(path, convert.to_float32(made[network.name], network.shape))
        print(f"{network.name}: {path.name}, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
