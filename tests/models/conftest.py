"""A models folder of one's own, and what the stand-in for the Edge TPU compiler made of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from compiling import STAND_IN, models_folder, program

from models import MANIFEST
from models.compiled import LOG_NAME
from models.compiler import compile_all


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return models_folder(tmp_path / "models")


@pytest.fixture
def bin_(tmp_path: Path) -> Path:
    """A folder that comes first in PATH, with the stand-in in it."""
    return program(tmp_path / "bin" / "edgetpu_compiler", STAND_IN).parent


@pytest.fixture(scope="session")
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("once")
    compiler = program(tmp_path / "bin" / "edgetpu_compiler", STAND_IN)
    made = tmp_path / "made"
    made.mkdir()
    log = compile_all(str(compiler), made, models_folder(tmp_path / "models") / MANIFEST.name)
    (made / LOG_NAME).write_text(log, "utf-8")
    return made


@pytest.fixture
def made(compiled_once: Path, tmp_path: Path) -> Path:
    """What somebody brings from another machine: the networks, the compiled files, and the compiler's words in compiler.log."""
    made = tmp_path / "made"
    made.mkdir()
    for path in compiled_once.iterdir():
        if path.name.startswith("facenet"):
            (made / path.name).symlink_to(path)
        else:
            shutil.copy(path, made)
    return made
