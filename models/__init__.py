"""How the networks are made, and the networks. TensorFlow is needed here and nowhere else."""

from pathlib import Path

FOLDER = Path(__file__).parent
"""Where the committed networks and the manifest lie."""

HEAD = FOLDER / "head.npz"
"""The head that is folded into FaceNet."""

BUILD = FOLDER / "build"
"""What the build leaves for the next time: archives, FaceNet in float32 with and without its head. Not committed."""

MANIFEST = FOLDER / "manifest.toml"

INPUT = "image"
"""Name of the only input of each network."""
