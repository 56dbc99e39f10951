"""A Debian system in a folder, packages that dpkg-deb really built, and the installer of libedgetpu to try on them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

INSTALL = Path(__file__).parents[2] / "deploy/edgetpu/install"
GOOD = "16.0tf2.17.1-1"
REFUSED, MISSING, USAGE, NOT_ROOT = 65, 69, 64, 77


@dataclass
class Debian:
    """A folder with an empty Debian system, a sysfs and programs of its own."""

    folder: Path
    ours: str

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def sysfs(self) -> Path:
        return self.folder / "sys"

    def package(
        self,
        name: str = "libedgetpu1-std",
        version: str = GOOD,
        *,
        file: str = "",
        architecture: str = "",
        depends: str = "",
        library: bool = True,
    ) -> Path:
        """A package with the control fields of the real one and a library of one line."""
        tree = self.folder / "tree"
        shutil.rmtree(tree, ignore_errors=True)
        libraries = tree / "usr/lib/muster-test"
        libraries.mkdir(parents=True)
        (tree / "DEBIAN").mkdir()
        fields = {
            "Package": name,
            "Version": version,
            "Architecture": architecture or self.ours,
            "Maintainer": "Nobody <nobody@example.org>",
            "Description": "a package for a test",
        }
        if depends:
            fields["Depends"] = depends
        (tree / "DEBIAN/control").write_text("".join(f"{key}: {value}\n" for key, value in fields.items()))
        (libraries / "libedgetpu.so.1.0").write_text(f"{name} {version}\n")
        if library:
            (libraries / "libedgetpu.so.1").symlink_to("libedgetpu.so.1.0")
        else:
            (libraries / "libedgetpu.so.1.0").rename(libraries / "readme")
        deb = self.folder / (file or f"{name}_{version}.bookworm_{fields['Architecture']}.deb")
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, deb], check=True, capture_output=True)
        return deb

    def installed(self, *names: str, provides: str = "") -> None:
        """Packages that the system in the folder has already."""
        entries = [
            f"Package: {name}\nStatus: install ok installed\nVersion: 1:1\nArchitecture: {self.ours}\n"
            f"Maintainer: Nobody <nobody@example.org>\nDescription: t\n{f'Provides: {provides}' if provides else ''}".strip()
            for name in names
        ]
        (self.root / "var/lib/dpkg/status").write_text("\n\n".join(entries) + "\n")

    def usb(self, place: str, ids: str, speed: str) -> None:
        device = self.sysfs / "bus/usb/devices" / place
        device.mkdir(parents=True)
        vendor, product = ids.split(":")
        for name, value in (("idVendor", vendor), ("idProduct", product), ("speed", speed)):
            (device / name).write_text(value + "\n")

    def program(self, name: str, script: str) -> None:
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run(self, *arguments: str | Path, here: bool = False, environment: Sequence[tuple[str, str]] = ()) -> Outcome:
        """The installer on the system in the folder; on this machine itself with ``here``."""
        where = () if here else ("--root", self.root)
        done = subprocess.run(
            [INSTALL, *where, *arguments],
            env={
                "PATH": f"{self.folder / 'bin'}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "MUSTER_SYSFS": str(self.sysfs),
                **dict(environment),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def files(self) -> dict[str, bytes]:
        """Everything in the system, to see whether something has changed."""
        return {str(path.relative_to(self.root)): path.read_bytes() for path in self.root.rglob("*") if path.is_file()}


@dataclass(frozen=True)
class Outcome:
    code: int
    said: str
    complained: str
