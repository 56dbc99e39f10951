"""A machine that boots: systemd as PID 1 over a throw-away copy of this system, with the units of deploy/ as they are.

What it is not: it has this computer's kernel, no udev and no devices of a Raspberry Pi. What systemd does with a unit is real:
the sandbox, the watchdog, restarts, credentials.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
N_FRAMES = 4000
"""Of an empty room, and large: a recording goes as fast as it can, and no test lasts so long."""

LOG = "/run/muster-test.log"
CONFIG = '[camera]\nsource = "replay:/srv/frames"\n[accelerator]\nkind = "cpu"\n[recognition]\nthreads = 1\n'
DROP_IN = f"[Service]\nStandardOutput=append:{LOG}\nStandardError=append:{LOG}\n"
SERVICES = sorted(path.name for path in (ROOT / "deploy/systemd").glob("*.service"))
NAMESPACES = ("--mount", "--pid", "--ipc", "--uts", "--cgroup")


def why_not() -> str:
    """Why no machine can be booted here; empty where one can."""
    if os.geteuid() != 0:
        return "needs root: a machine has namespaces and mounts of its own"
    if not Path("/lib/systemd/systemd").exists() or not shutil.which("nsenter"):
        return "needs systemd"
    trial = ["unshare", *NAMESPACES, "--fork", "sh", "-c", "mount --make-rprivate / && mount -t cgroup2 none /mnt"]
    said = subprocess.run(trial, check=False, capture_output=True, text=True)
    return f"no namespaces or no cgroup2 to be had here: {said.stderr.strip()}" if said.returncode else ""


class Machine:
    """From ``with`` to its end.

    Args:
        folder: for what it needs.
        config: muster.toml.
        replaced: units that are not taken as they are, by name.
        drop_in: settings of muster.service beside its own.
        root: "read-only", or empty.
    """

    def __init__(
        self, folder: Path, *, config: str = CONFIG, replaced: dict[str, str] | None = None, drop_in: str = "", root: str = ""
    ) -> None:
        self._folder, self._root = folder, root
        system = folder / "system"
        for name in SERVICES:
            (system / f"{name}.d").mkdir(parents=True)
            (system / f"{name}.d" / "log.conf").write_text(DROP_IN)
        (system / "muster.service.d/test.conf").write_text(drop_in)
        for name, text in (replaced or {}).items():
            (system / name).write_text(text)
        (folder / "muster.toml").write_text(config)
        frames = folder / "frames"
        frames.mkdir()
        Image.fromarray(np.full((1200, 1600, 3), 90, np.uint8)).save(folder / "room.png")
        for i in range(N_FRAMES):
            (frames / f"{i}.png").symlink_to("../room.png")

    def __enter__(self) -> Self:
        packages = sysconfig.get_path("purelib")
        boot = ["bash", str(ROOT / "tests/deploy/boot.sh"), str(self._folder), str(ROOT), sys.base_prefix, packages, self._root]
        with (self._folder / "console").open("w") as console:
            self._process = subprocess.Popen(
                ["unshare", *NAMESPACES, "--fork", "--kill-child", *boot],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )
        self.until("is-system-running", says="running")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()  # its child, PID 1 of the machine, is killed with it, and everything there with that
        self._process.wait()

    def run(self, *command: str, limit_s: float = 60) -> subprocess.CompletedProcess[str]:
        """A command in there, as root."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        inside = ["nsenter", "--target", children[0], *NAMESPACES, *command] if children else ["false"]
        return subprocess.run(inside, check=False, capture_output=True, text=True, timeout=limit_s, stdin=subprocess.DEVNULL)

    def write(self, path: str, text: str) -> None:
        """A file in there."""
        self.run("sh", "-c", 'mkdir -p "${1%/*}" && printf %s "$2" >"$1"', "-", path, text)

    def systemctl(self, *words: str) -> str:
        """What it says."""
        return self.run("systemctl", *words).stdout.strip()

    def show(self, unit: str, what: str) -> str:
        """A property of a unit."""
        return self.systemctl("show", "--value", f"--property={what}", unit)

    def until(self, *words: str, says: str, limit_s: float = 60) -> None:
        """Until ``systemctl`` says it."""
        for _ in range(int(limit_s / 0.1)):
            if (said := self.systemctl(*words)) == says:
                return
            threading.Event().wait(0.1)
        raise AssertionError(f"{words} says {said!r}, not {says!r}\n{self.log()}\n{(self._folder / 'console').read_text()}")

    def until_log(self, pattern: str, *, limit_s: float = 60) -> None:
        """Until the services have said something."""
        for _ in range(int(limit_s / 0.1)):
            if re.search(pattern, self.log()):
                return
            threading.Event().wait(0.1)
        raise AssertionError(f"nobody said {pattern!r}\n{self.log()}")

    def until_over(self, *, limit_s: float = 60) -> None:
        """Until it has powered itself off."""
        self._process.wait(limit_s)

    def log(self) -> str:
        """What the services have said."""
        return self.run("cat", LOG).stdout
