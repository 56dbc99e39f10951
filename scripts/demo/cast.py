"""Who plays in the demonstration: the people on the stick and the visitors at the door, out of cast.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("cast.toml")


@dataclass(frozen=True, slots=True)
class Enrolled:
    """One person's folder on the stick, and the portraits in it."""

    folder: str
    photographs: list[str]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who walks up to the door.

    Attributes:
        name: what the closing table calls them.
        portrait: file name of the picture they come as.
        comes_as: the same in words, for the output: it must be honest about what was done to the picture.
        face_px: height of the face in the portrait.
        face_at: x, y of its middle.
        outline: x, y corners around head and body.
        code: of the enrolled person; empty for a stranger.
        mirrored: the portrait is turned left to right.
        gain: brightness, 1 leaves it.
        soft: blur, as a share of the height of the face.
    """

    name: str
    portrait: str
    comes_as: str
    face_px: float
    face_at: tuple[float, float]
    outline: list[tuple[float, float]]
    code: str = ""
    mirrored: bool = False
    gain: float = 1.0
    soft: float = 0.0


def people() -> list[Enrolled]:
    """Who is on the stick."""
    return [Enrolled(**line) for line in _table()["person"]]


def visitors() -> list[Visitor]:
    """Who comes to the door, in this order."""
    return [Visitor(**line) for line in _table()["visitor"]]


def _table() -> dict[str, list[dict]]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))
