"""What the tests of `make edgetpu` share: a models folder of their own, and the stand-in for the compiler."""

from __future__ import annotations

import hashlib
import shutil
import stat
import sys
from pathlib import Path

from models import FOLDER, MANIFEST, manifest
from models.compiled import LOG_NAME
from models.compiler import ORDER

ROOT = FOLDER.parent
STAND_IN = f'exec "{sys.executable}" "{ROOT / "tests" / "edgetpu" / "compiler.py"}" "$@"'
INT8 = [f"{name}-int8.tflite" for name in ORDER]


def models_folder(folder: Path) -> Path:
    """A models folder with the committed int8 networks and a manifest in which nothing is compiled."""
    folder.mkdir()
    for name in INT8[:-1]:
        shutil.copy(FOLDER / name, folder)
    (folder / INT8[-1]).symlink_to(FOLDER / INT8[-1])  # 24 MB, which no test writes to
    tables = manifest.read()
    for network in tables["networks"].values():
        network["variants"].get("int8", {}).pop("compiled", None)
    manifest.write(tables, folder / MANIFEST.name)
    return folder


def program(path: Path, line: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{line}\n", "utf-8")
    path.chmod(stat.S_IRWXU)
    return path


def content(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir() if path.is_file()}


def log_of(made: Path) -> str:
    return (made / LOG_NAME).read_text("utf-8")
