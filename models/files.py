"""Writing what the build makes."""

from __future__ import annotations

from pathlib import Path


def replace(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it: a build that is stopped leaves the old file or the new one, both whole."""
    beside = path.with_name(f"{path.name}.part")
    beside.write_bytes(content)
    beside.replace(path)
