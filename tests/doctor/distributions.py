"""Python packages as pip leaves them."""

from __future__ import annotations

from pathlib import Path


def package(folder: Path, name: str, version: str, *, summary: str = "", files: tuple[str, ...] = ()) -> None:
    """What pip leaves behind of a package."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: {summary}\n")
    if files:
        (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))
