"""Units that do what no unit may, by what they are made of: `soak.controls` says by what each must be found."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edge.attendance import Rules
from edge.ports import Noticeboard, Watchdog
from edge.types import Backend, Faces, Floats, Image
from edge.unit import Hands
from edge.vision.facenet import Facenet, face_crops
from edge.vision.geometry import Mipmap
from edge.vision.mtcnn import Mtcnn
from edge.vision.recogniser import Recogniser

EVERY = 25
"""One row of so many is spoilt, or one of so many stretches of ten frames."""
_kept: list[Any] = []


@dataclass(frozen=True)
class Parts:
    """What a unit is made of."""

    hands: Hands
    recogniser: Recogniser
    rules: Rules


class _Hoarder(Facenet):
    """Keeps the crop of each face that it has judged."""

    def templates(self, pixels: Image, faces: Faces) -> Floats:
        if len(faces):
            _kept.append(face_crops(Mipmap.of(pixels), faces.boxes))
        return super().templates(pixels, faces)


class _Blind(Mtcnn):
    """Sees nobody in one stretch of frames of `EVERY`."""

    def detect(self, frame: Image) -> Faces:
        faces = super().detect(frame)
        _kept.append(None)
        return Faces.none() if len(_kept) // 10 % EVERY == EVERY - 1 else faces


@dataclass(frozen=True)
class _EachFrame:
    """Does something with each frame."""

    noticeboard: Noticeboard
    act: Callable[[int], None]
    n: list[int]

    def note(self, backends: Mapping[str, Backend]) -> None:
        self.n[0] += 1
        self.act(self.n[0])
        self.noticeboard.note(backends)


@dataclass
class _Hungry:
    """Is fed twenty times."""

    watchdog: Watchdog
    n: int = 0

    def is_due(self) -> bool:
        return self.watchdog.is_due()

    def feed(self) -> None:
        self.n += 1
        if self.n <= 20:
            self.watchdog.feed()

    def say(self, status: str) -> None:
        self.watchdog.say(status)

    def close(self) -> None:
        self.watchdog.close()


def each_frame(act: Callable[[int], None]) -> Callable[[Parts], Parts]:
    def spoilt(parts: Parts) -> Parts:
        assert parts.hands.noticeboard
        return replace(parts, hands=replace(parts.hands, noticeboard=_EachFrame(parts.hands.noticeboard, act, [0])))

    return spoilt


def hoarder(parts: Parts) -> Parts:
    return replace(parts, recogniser=replace(parts.recogniser, embedder=_Hoarder(parts.recogniser.embedder.network)))


def blind(parts: Parts) -> Parts:
    seeing = parts.recogniser.detector
    blind = _Blind(seeing.networks, seeing.min_face_px, seeing.scale_factor, seeing.thresholds)
    return replace(parts, recogniser=replace(parts.recogniser, detector=blind))


def hungry(parts: Parts) -> Parts:
    assert parts.hands.watchdog
    return replace(parts, hands=replace(parts.hands, watchdog=_Hungry(parts.hands.watchdog)))


def rules(**changes: Any) -> Callable[[Parts], Parts]:
    return lambda parts: replace(parts, rules=replace(parts.rules, **changes))


def hold_two_kilobytes(n: int) -> None:
    _kept.append(np.ones(2048, np.uint8))


def hold_a_descriptor(n: int) -> None:
    if n % 100 == 0:
        _kept.append(os.open("/dev/null", os.O_RDONLY))


def hold_a_thread(n: int) -> None:
    if n % 500 == 0:
        threading.Thread(target=threading.Event().wait, daemon=True).start()


def fall_over(n: int) -> None:
    if n == 1_000:
        raise RuntimeError("memory grew, a row is missing or not expected, the chain is broken")


def fall_over_beside(n: int) -> None:
    """In a thread, whose end ends nothing."""
    if n == 1_000:
        beside = threading.Thread(target=fall_over, args=[n])
        beside.start()
        beside.join()
