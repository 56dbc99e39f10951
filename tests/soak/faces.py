"""Faces enough for a whole town: people of a folder of photographs, and beyond them faces that are put together of two.

Nobody has 5,000 people to develop with. Who is missing gets the eyes of one person and the mouth of another: pixels that no
photograph has, through the real networks. Whether such a face is nobody else's is not believed but measured (`soak.cast`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

PATCH = (176, 216)
"""Width and height of what is kept of a photograph of 250 x 250: its middle."""
VIEW = (160, 200)
"""What is seen of it: it moves by some pixels within."""
ROOM = (352, 240)
"""Wider than two views: nobody stands so near to another that they could be taken for them."""
SEAM_PX, SOFT_PX = 108, 4
"""Where in a patch one face ends and the other begins: below the eyes, above the tip of the nose."""
ROUNDS = 6
"""So often each face may lend its eyes."""


def photographs(folder: Path) -> list[Path]:
    """The first photograph of each person: a folder of folders, one for each."""
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    firsts = (next(iter(sorted(path.glob("*.jpg"))), None) for path in folders)
    return [path for path in firsts if path]


def patches(paths: list[Path], *, seed: int) -> Iterator[tuple[str, Image]]:
    """Faces, (216, 176, 3) uint8 RGB, and where each is from: all people in an order drawn from the seed, then mixed ones."""
    chance = np.random.default_rng(seed)
    order = chance.permutation(len(paths)).tolist()
    for number in order:
        yield "person", _patch(paths[number])
    for _ in range(ROUNDS):
        others = chance.permutation(len(paths)).tolist()
        for upper, lower in zip(order, others, strict=True):
            if upper != lower:
                yield "put together", mixed(_patch(paths[upper]), _patch(paths[lower]))


def mixed(upper: Image, lower: Image) -> Image:
    """The eyes of one face over the mouth of another."""
    rows = np.arange(PATCH[1], dtype=np.float32)[:, None, None]
    share = 1 / (1 + np.exp((rows - SEAM_PX) / SOFT_PX))
    return (upper * share + lower * (1 - share)).astype(np.uint8)


def _patch(path: Path) -> Image:
    photograph = cv2.imread(str(path))
    if photograph is None:
        raise SystemExit(f"{path} cannot be read.")
    square = cv2.resize(photograph, (250, 250)) if photograph.shape[:2] != (250, 250) else photograph
    left, top = (250 - PATCH[0]) // 2, (250 - PATCH[1]) // 2
    return np.ascontiguousarray(square[top : top + PATCH[1], left : left + PATCH[0], ::-1])


class Album:
    """Patches in one file, read one by one: what lies in memory does not grow with how many were seen."""

    QUALITY = 92

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self._ends = np.load(path.with_suffix(".npy"))

    def patch(self, who: int) -> Image:
        """The patch of somebody."""
        begin = int(self._ends[who - 1]) if who else 0
        self._file.seek(begin)
        return decoded(self._file.read(int(self._ends[who]) - begin))

    def close(self) -> None:
        self._file.close()

    @staticmethod
    def write(path: Path, kept: list[bytes]) -> None:
        """A file of patches as `encoded` made them."""
        path.write_bytes(b"".join(kept))
        np.save(path.with_suffix(".npy"), np.cumsum([len(each) for each in kept]))


def encoded(patch: Image) -> bytes:
    """As it is kept: a JPEG."""
    return cv2.imencode(".jpg", patch[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, Album.QUALITY])[1].tobytes()


def decoded(content: bytes) -> Image:
    return np.ascontiguousarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1])


def begins(place: int) -> int:
    """Where in the frame a view has its left edge, px."""
    return place * (ROOM[0] - VIEW[0])


class Scene:
    """Draws what the camera sees: a room, which is lit otherwise through the day, and up to two faces in it."""

    def __init__(self, n_variants: int) -> None:
        chance = np.random.default_rng(1)
        wall = np.linspace(70, 130, ROOM[0])[None, :, None] + np.linspace(30, 0, ROOM[1])[:, None, None]
        tints = ((0.4, 0.4, 0.5), (0.9, 0.85, 0.8), (1.1, 1.1, 1.1), (0.8, 0.7, 0.6))
        self.rooms = [(wall * np.array(tint)).clip(0, 255).astype(np.uint8) for tint in tints]
        self._shifts = chance.integers(-4, 5, (n_variants, 2)).tolist()
        self._lights = [(np.arange(256) * gain).clip(0, 255).astype(np.uint8) for gain in np.linspace(0.88, 1.1, n_variants)]
        noise = chance.normal(0, 2, (n_variants, VIEW[1], VIEW[0], 3))
        self._more, self._less = noise.clip(0, 255).astype(np.uint8), (-noise).clip(0, 255).astype(np.uint8)

    def empty(self, at_s: float) -> Image:
        """The room at a time of the day, (240, 352, 3) uint8 RGB."""
        return self.rooms[int(at_s // 21_600) % len(self.rooms)].copy()

    def put(self, frame: Image, place: int, patch: Image, variant: int | None) -> None:
        """Somebody comes into a frame, left (0) or right (1), in one of the variants; None is as they were photographed."""
        dx, dy = self._shifts[variant] if variant is not None else (0, 0)
        left, top = (PATCH[0] - VIEW[0]) // 2 + dx, (PATCH[1] - VIEW[1]) // 2 + dy
        view = patch[top : top + VIEW[1], left : left + VIEW[0]]
        if variant is not None:
            lit = self._lights[variant][view]
            view = cv2.subtract(cv2.add(lit, self._more[variant]), self._less[variant])
        frame[ROOM[1] - VIEW[1] :, begins(place) : begins(place) + VIEW[0]] = view
