"""What dpkg would know of a library that came with a package."""

from __future__ import annotations

from pathlib import Path


def installed(dpkg: Path, package: str, version: str, *files: Path) -> Path:
    """Dpkg's two files about a package; its folder is what comes back."""
    (dpkg / "info").mkdir(parents=True, exist_ok=True)
    (dpkg / "info" / f"{package}:arm64.list").write_text("/.\n" + "".join(f"{file}\n" for file in files))
    with (dpkg / "status").open("a") as status:
        status.write(f"Package: {package}-doc\nStatus: install ok installed\nVersion: 1.0\n\n")
        status.write(f"Package: {package}\nStatus: install ok installed\nArchitecture: arm64\nVersion: {version}\n")
        status.write("Description: Support library for Edge TPU\n more: of it\n\n")
    return dpkg
