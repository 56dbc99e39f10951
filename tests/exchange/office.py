"""An office that pairs and prepares sticks, for tests: the tool that it runs is the real one."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

from edge.exchange.stick.trust import KEY, STICK
from edge.store import Store
from edge.store.sticks import Stick

TOOL = Path(__file__).parents[2] / "scripts" / "prepare-stick"
STICK_ID = "8f9c7a52-6a2b-4c7e-9d1e-2b6f0d3c4a11"
SECRET = bytes(range(32))
NOW = datetime(2026, 11, 22, 8, 15, tzinfo=UTC)


def tool() -> ModuleType:
    """`scripts/prepare-stick` as a module; nothing is left beside it."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        loader = SourceFileLoader("prepare_stick", str(TOOL))
        spec = spec_from_loader(loader.name, loader)
        assert spec
        module = module_from_spec(spec)
        loader.exec_module(module)
        return module
    finally:
        sys.dont_write_bytecode = before


def blank(folder: Path, *, stick_id: str = STICK_ID, key: bytes | None = SECRET) -> Path:
    """A stick as pairing leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / STICK).write_text(f'id = "{stick_id}"\nname = "office"\n', encoding="utf-8")
    if key is not None:
        (folder / KEY).write_text(f"{key.hex()}\n", encoding="ascii")
    return folder


def known(store: Store, *, hardware: str = "", key: bytes = SECRET) -> Stick:
    """The stick of `blank`, paired."""
    return store.pair_stick(Stick(STICK_ID, "office", key, hardware, NOW))


def put(stick: Path, files: dict[str, bytes]) -> None:
    """Files below the top of a stick."""
    for name, content in files.items():
        path = stick / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def prepare(stick: Path | None, home: Path, *options: str, program: Path = TOOL) -> subprocess.CompletedProcess[str]:
    """Run the tool as somebody in the office does, whose configuration is in a home of their own; None names no stick."""
    environment = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-I", "-W", "error", program, *([stick] if stick else []), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)
