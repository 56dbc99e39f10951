"""One run: a folder is prepared, the unit works in a process of its own, and what it leaves is judged."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from soak.cast import Cast
from soak.delivered import Delivered
from soak.faces import ROOM
from soak.judge import Finding, judged
from soak.oracle import expected
from soak.plan import Plan

from edge.store import FILE_NAME, Store

ROOT = Path(__file__).parents[2]
CONFIGURATION = """\
[unit]
name = "door-1"
timezone = "Europe/Berlin"
[camera]
width = {width}
height = {height}
[recognition]
threads = {threads}
[accelerator]
kind = "cpu"
[panel]
kind = "none"
"""


@dataclass(frozen=True)
class Stage:
    """Where runs take place: a folder with a unit in which everybody is enrolled, to be copied for each."""

    folder: Path
    cast: Cast

    def prepare(self, *, threads: int) -> None:
        """Enrol everybody."""
        data = self.folder / "unit"
        data.mkdir()
        (data / "muster.toml").write_text(CONFIGURATION.format(threads=threads, width=ROOM[0], height=ROOM[1]), encoding="utf-8")
        with Store.open(data / FILE_NAME, unit="door-1") as store:
            self.cast.enrol(store)

    def run(self, plan: Plan, *, told: str = "", control: str = "") -> Finding:
        """Play a plan; what came of it."""
        began, folder = time.monotonic(), self.folder / "run"
        shutil.copytree(self.folder / "unit", folder / "data")
        (folder / "share").mkdir()
        self.cast.write(folder / "album", n_visitors=plan.n_people)
        plan.write(folder / "plan.npz")
        try:
            found = _worked(folder, told, control) or _delivered(folder, plan)
        finally:
            shutil.rmtree(folder)
        found.figures["seconds"] = f"{time.monotonic() - began:.0f}"
        return found


def _worked(folder: Path, told: str, control: str) -> Finding | None:
    """The unit works until the plan is over; a finding where it did not come so far."""
    order = json.dumps({"folder": str(folder), "control": control, "told": told})
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests")}
    with (folder / "data" / "unit.err").open("wb") as stderr:
        command = [sys.executable, "-m", "soak.worker", order]
        ended = subprocess.run(command, check=False, cwd=ROOT, env=environment, stderr=stderr).returncode
    if not ended:
        return None
    said = (folder / "data" / "unit.err").read_text(encoding="utf-8", errors="replace").splitlines()
    return Finding([f"the unit ended with {ended}"], said=said[-30:])


def _delivered(folder: Path, plan: Plan) -> Finding:
    """All is judged once what the plan's last delivery did not have is delivered, too."""
    arrived = Delivered.read(folder / "share")
    command = [sys.executable, "-m", "edge", "--data", str(folder / "data"), "sync", "--to", str(folder / "share")]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    found = judged(folder, plan, expected(plan), arrived=arrived)
    if ended.returncode:
        found.faults.append(f"the last delivery ended with {ended.returncode}")
        found.said += ended.stderr.splitlines()[-30:]
    return found
