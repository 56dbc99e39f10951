"""Bundles for tests: real archives with real signatures, small ones made here and large ones changed a little."""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).parents[2]
INSTALL = ROOT / "deploy/install"
NAMESPACE = "muster-bundle"
DONE, USAGE, REFUSED, MISSING, NO_ROOM, BUSY, NOT_ROOT = 0, 64, 65, 69, 74, 75, 77


def ours() -> str:
    """This system's architecture, in Debian's words."""
    return subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout.strip()


@dataclass(frozen=True)
class Signer:
    """A key pair of OpenSSH, and the file in which a unit is told of it."""

    folder: Path

    @classmethod
    def new(cls, folder: Path) -> Signer:
        folder.mkdir()
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", folder / "key"], check=True, timeout=30
        )
        kind, public = (folder / "key.pub").read_text().split()[:2]
        (folder / "release.pub").write_text(f'muster-release namespaces="{NAMESPACE}" {kind} {public}\n')
        return cls(folder)

    @property
    def key(self) -> Path:
        return self.folder / "key"

    @property
    def trust(self) -> Path:
        return self.folder / "release.pub"

    def sign(self, bundle: Path, *, namespace: str = NAMESPACE) -> Path:
        signature = bundle.with_name(f"{bundle.name}.sig")
        signature.unlink(missing_ok=True)
        command = ["ssh-keygen", "-Y", "sign", "-q", "-f", self.key, "-n", namespace, bundle]
        subprocess.run(command, check=True, capture_output=True, timeout=30)
        return signature


def small(path: Path, *, leave_out: str = "", **other: str) -> Path:
    """A bundle with nothing in it but a manifest: enough to be judged by.

    Args:
        leave_out: a key that its manifest lacks.
        other: lines of the manifest that are not as they should be here.
    """
    lines = {
        "muster-bundle": "1",
        "version": "9.9.9",
        "architecture": ours(),
        "python": python(),
        "runtime": "litert",
        "needs_mib": "1",
    }
    lines |= {key.replace("_bundle", "-bundle"): value for key, value in other.items()}
    lines.pop(leave_out, None)
    text = "".join(f"{key}={value}\n" for key, value in lines.items()).encode()
    return packed(path, {"muster/MANIFEST": text, "muster/SHA256SUMS": b""})


def python() -> str:
    """The version of Debian's own Python, which an installed unit runs on."""
    command = ["/usr/bin/python3", "-c", "import sys; print(*sys.version_info[:2], sep='.')"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz", compresslevel=1, format=tarfile.GNU_FORMAT) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.mode = 0o755 if content.startswith(b"#!") else 0o644
            archive.addfile(member, BytesIO(content))
    return path


def contents(bundle: Path) -> dict[str, bytes]:
    """Every file of a bundle, by its name, in its order."""
    with tarfile.open(bundle) as archive:
        return {each.name: archive.extractfile(each).read() for each in archive if each.isfile()}  # type: ignore[union-attr]


def changed(bundle: Path, path: Path, edits: dict[str, bytes | None], *, sums_too: bool = True) -> Path:
    """Another bundle: as that one, with other files; None takes one out.

    Args:
        edits: name below ``muster/`` -> content.
        sums_too: SHA256SUMS fits again.
    """
    files = contents(bundle)
    for name, content in edits.items():
        files.pop(f"muster/{name}", None)
        if content is not None:
            files[f"muster/{name}"] = content
    if sums_too:
        listed = sorted(name for name in files if name != "muster/SHA256SUMS")
        sums = [f"{hashlib.sha256(files[name]).hexdigest()}  ./{name.removeprefix('muster/')}\n" for name in listed]
        files["muster/SHA256SUMS"] = "".join(sums).encode()
    first = {name: files[name] for name in ("muster/MANIFEST", "muster/SHA256SUMS")}
    return packed(path, first | files)
