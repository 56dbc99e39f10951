"""A folder of models as a unit has it that was given compiled files."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from edgetpu.flatbuffer import compiled

from edge.device.manifest import read_spec
from models import FOLDER, MANIFEST

NAMES = ("pnet", "rnet", "onet", "facenet")

ENTRY = """
[networks.{name}.variants.int8.compiled]
file = "{file}"
sha256 = "{sha256}"
twin_sha256 = "{twin_sha256}"
compiler = "0.0 (stand-in)"
n_mapped = 1
n_on_cpu = 0
"""


def with_compiled(folder: Path, names: Sequence[str] = NAMES, *, answer: bytes | None = None) -> Path:
    """The committed models beside compiled files of some of them; returns the manifest that names all of them.

    Args:
        folder: where they go.
        names: which networks have a compiled file.
        answer: what the compiled files answer; what their twins would when None.
    """
    manifest = Path(shutil.copy(MANIFEST, folder / MANIFEST.name))
    for path in (*FOLDER.glob("*.tflite"), FOLDER / "scores.toml"):
        if not (folder / path.name).exists():
            (folder / path.name).symlink_to(path)
    with manifest.open("a", encoding="utf-8") as file:
        for name in names:
            file.write(_entry(name, folder, answer))
    return manifest


def _entry(name: str, folder: Path, answer: bytes | None) -> str:
    twin = read_spec(MANIFEST, name, variant="int8")
    content = compiled(twin.path.read_bytes(), answer=answer)
    path = folder / f"{twin.path.stem}_edgetpu.tflite"
    path.write_bytes(content)
    return ENTRY.format(name=name, file=path.name, sha256=hashlib.sha256(content).hexdigest(), twin_sha256=twin.sha256)
