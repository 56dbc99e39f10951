"""A USB stick as the host holds it: a FAT image that is filled, prepared and read with mtools while it is not plugged in."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from rig.parts import call

PREPARE = Path(__file__).parents[2] / "scripts/prepare-stick"


@dataclass(frozen=True)
class Stick:
    """One FAT32 file system without a partition table, as cheap sticks have it.

    Attributes:
        image: the file that is plugged in.
    """

    image: Path

    @classmethod
    def new(cls, image: Path, *, mib: int = 64) -> Stick:
        """An empty one."""
        with image.open("wb") as file:
            file.truncate(mib << 20)
        call("mkfs.vfat", "-F", "32", "-n", "RIG", image)
        return cls(image)

    def put(self, folder: Path) -> None:
        """Copy all that is in a folder of the host onto the stick."""
        call("mcopy", "-i", self.image, "-s", "-o", "-n", "-Q", *sorted(folder.iterdir()), "::/")

    def take(self, folder: Path) -> Path:
        """Copy all that is on the stick into a folder of the host."""
        folder.mkdir(parents=True, exist_ok=True)
        call("mcopy", "-i", self.image, "-s", "-o", "-n", "-Q", "::/*", folder)
        return folder

    def prepare(self, folder: Path) -> None:
        """What the office does: take the stick's files, prepare them, and bring the manifest back.

        Args:
            folder: with everything that shall be on it; the stick's own files are added.
        """
        self.take(folder)
        done = subprocess.run(
            [sys.executable, PREPARE, folder], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        self.put(folder)

    def names(self) -> list[str]:
        """All files on it."""
        listed = call("mdir", "-i", self.image, "-b", "-/", "::/")
        return sorted(line.removeprefix("::/") for line in listed.splitlines() if line and not line.endswith("/"))

    def free(self) -> int:
        """Bytes that it has room for."""
        found = re.search(r"([\d ]+) bytes free", call("mdir", "-i", self.image, "::/"))
        assert found, "mdir does not say how much is free"
        return int(found.group(1).replace(" ", ""))

    def remove(self, name: str) -> None:
        """Delete a file."""
        call("mdel", "-i", self.image, f"::/{name}")
