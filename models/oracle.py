"""Builds FaceNet in float32 alone: ``python -m models.oracle`` (``make oracle``).

It is too large to commit (94 MB), and it is what the parity test measures the committed int8 file against. No faces are needed.
"""

from __future__ import annotations

from models import BUILD, convert, files, weights
from models.networks import NETWORKS, functions


def main() -> None:
    """Write the file whose hash the manifest has."""
    weights.fetch(BUILD / "archives")
    made = functions(BUILD / "archives")
    (facenet,) = (network for network in NETWORKS if network.name == "facenet")
    path = facenet.path("float32")
    files.replace(path, convert.to_float32(made["facenet"], facenet.shape))
    print(f"facenet: {path.name}, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
