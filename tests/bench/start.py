"""How long `muster run` takes until it says that it is ready: after a whole turn, as systemd hears it.

``python -m tests.bench.start``; half a minute. In turns with a Python that imports numpy and OpenCV, which no program can
be without that recognises faces. Not part of ``make bench``.
"""

from __future__ import annotations

import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from tests.bench.timing import table

N_TIMES = 9
N_FRAMES = 4000
CONFIG = '[camera]\nsource = "replay:{folder}/frames"\n[panel]\nkind = "none"\n[accelerator]\nkind = "cpu"\n'
BARE = "import numpy, cv2"


def prepare(folder: Path) -> None:
    """An empty room, longer than any start takes."""
    (folder / "frames").mkdir()
    Image.fromarray(np.full((480, 640, 3), 90, np.uint8)).save(folder / "room.png")
    for number in range(N_FRAMES):
        (folder / "frames" / f"{number}.png").symlink_to("../room.png")
    (folder / "muster.toml").write_text(CONFIG.format(folder=folder))


def ready_s(folder: Path) -> float:
    """Seconds from the start of a process to its READY=1."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        address = str(folder / "notify")
        Path(address).unlink(missing_ok=True)
        manager.bind(address)
        manager.settimeout(60)
        began_s = time.perf_counter()
        with started(["-m", "edge", "--data", str(folder), "run"], {"NOTIFY_SOCKET": address}) as unit:
            while b"READY=1" not in manager.recv(4096):
                pass
            took_s = time.perf_counter() - began_s
            unit.send_signal(signal.SIGTERM)
    return took_s


def bare_s() -> float:
    """Seconds that a process takes to import two libraries."""
    began_s = time.perf_counter()
    with started(["-c", BARE], {}):
        pass
    return time.perf_counter() - began_s


def started(words: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """A Python that says nothing."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([sys.executable, *words], env={**os.environ, **environment}, **quiet)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        ready_s(folder)  # once, so that files are cached and the database is there
        pairs = [(ready_s(folder), bare_s()) for _ in range(N_TIMES)]
    ours, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
    rows = {"muster run, until it is ready": f"{ours:.2f} s", BARE: f"{bare:.2f} s", "ratio": f"{ours / bare:.1f}"}
    print(table(f"Start, median of {N_TIMES}", rows))


if __name__ == "__main__":
    main()
