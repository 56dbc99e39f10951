"""Sets the stage under var/demo: a folder that looks like a USB stick, the walk-ups, and a configuration."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from scripts.demo import cast, walk

MARK = ".made-by-the-demonstration"


class StageError(Exception):
    """The stage cannot be set; the message says why."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where everything of one demonstration lies.

    Attributes:
        folder: all of it.
        shown: frame -> index of the visitor in it.
    """

    folder: Path
    shown: dict[str, int]

    @property
    def photographs(self) -> Path:
        """What is to be enrolled."""
        return self.folder / "stick" / "enrol"

    @property
    def attendance(self) -> Path:
        """Where the rows are delivered."""
        return self.folder / "stick" / "attendance"

    @property
    def config(self) -> Path:
        """The configuration of the unit."""
        return self.data / "muster.toml"

    @property
    def report(self) -> Path:
        """What the unit decided, line by line."""
        return self.folder / "decisions.jsonl"

    @property
    def data(self) -> Path:
        """The unit's data folder: its configuration and its database."""
        return self.folder / "unit"


def set_up(folder: Path, portraits: Path, camera: str = "") -> Stage:
    """Clear what an earlier demonstration left, and build everything anew.

    Args:
        folder: a folder of an earlier demonstration, an empty one, or none.
        portraits: where `make portraits` put them.
        camera: a live camera instead of the drawn walk-ups.

    Raises:
        StageError: the folder holds something that is not ours to clear.
    """
    clear(folder)
    stage = Stage(folder, {} if camera else _walk_ups(folder / "frames", portraits))
    for person in cast.people():
        (stage.photographs / person.folder).mkdir(parents=True)
        for name in person.photographs:
            shutil.copyfile(portraits / name, stage.photographs / person.folder / name)
    stage.attendance.mkdir()
    stage.data.mkdir()
    stage.config.write_text(_config(stage, camera or f"replay:{folder / 'frames'}"), encoding="utf-8")
    return stage


def clear(folder: Path) -> None:
    """Make the folder empty but for our mark.

    Raises:
        StageError: the folder holds something that is not ours to clear.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise StageError(f"{folder} holds something that no demonstration has put there. Name another folder with --folder.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()


def _walk_ups(folder: Path, portraits: Path) -> dict[str, int]:
    return walk.write_frames([walk.cut_out(visitor, portraits) for visitor in cast.visitors()], folder)


def _config(stage: Stage, source: str) -> str:
    # A TOML basic string escapes what JSON escapes.
    quote = json.dumps
    return (
        f'[unit]\nname = "demo"\n\n[camera]\nsource = {quote(source)}\nfps = {walk.FPS}\n\n'
        f'[panel]\nkind = "mock"\n\n[sync]\ndestinations = [{quote(str(stage.attendance))}]\n'
    )
