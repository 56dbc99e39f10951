"""`muster run` as a process of its own: start-up, frames per second, peak memory."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import cv2

from edge.types import Image

MEASURED = """
import sys
from pathlib import Path
from edge.cli import main
code = main(sys.argv[1:])
print(Path("/proc/self/status").read_text(), file=sys.stderr)
sys.exit(code)
"""
"""The command, and then the kernel's account of it. (`ru_maxrss` of a child counts the parent that it was forked from.)"""

CONFIG = '[camera]\nsource = "replay:{frames}"\n[panel]\nkind = "none"\n[recognition]\nthreads = {threads}\n'


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took: wall-clock seconds until it had ended, largest resident set in bytes."""

    wall_s: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of its own under a folder, with one person enrolled, that looks at a replay."""

    folder: Path
    threads: int

    def prepare(self, pixels: Image) -> None:
        """Enrol the face of the frame and write the configuration."""
        people = self.folder / "stick" / "1 Bench"
        people.mkdir(parents=True)
        cv2.imwrite(str(people / "face.png"), pixels[:, :, ::-1])
        (self.folder / "muster.toml").write_text(CONFIG.format(frames=self.folder / "frames", threads=self.threads))
        self._muster("enrol", str(people.parent))

    def replay(self, pixels: Image, n_frames: int) -> Run:
        """Run over so many frames, in which the face moves by a pixel each time."""
        frames = self.folder / "frames"
        frames.mkdir(exist_ok=True)
        for old in frames.iterdir():
            old.unlink()
        for number in range(n_frames):
            moved = pixels[:, number % 32 : 576 + number % 32]
            framed = cv2.copyMakeBorder(moved, 0, 0, 0, 64, cv2.BORDER_CONSTANT)
            cv2.imwrite(str(frames / f"{number:05}.bmp"), framed[:, :, ::-1])
        return self._muster("run")

    def _muster(self, *words: str) -> Run:
        options = ["--data", str(self.folder / "data"), "--config", str(self.folder / "muster.toml")]
        began = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", MEASURED, words[0], *options, *words[1:]], capture_output=True, check=False)
        wall_s = time.perf_counter() - began
        account = re.search(rb"VmHWM:\s+(\d+) kB", done.stderr)
        if done.returncode or account is None:
            raise SystemExit(f"muster {words[0]} ended with {done.returncode}:\n{done.stderr.decode(errors='replace')}")
        return Run(wall_s, int(account[1]) * 1024)
