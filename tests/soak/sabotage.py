"""Units that do what no unit may, by what they are made of: `soak.controls` says by what each must be found."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edge.attendance import Rules
from edge.ports import Noticeboard, Panel, Watchdog
from edge.store import Store
from edge.types import Backend, Decision, Event, Faces, Floats, Image, Person, Signal, Stamp
from edge.unit import Hands
from edge.vision.facenet import Facenet, face_crops
from edge.vision.geometry import Mipmap
from edge.vision.mtcnn import Mtcnn
from edge.vision.recogniser import Recogniser

EVERY = 25
"""One row, or one frame with somebody in it, of so many is spoilt."""
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


class _Undone(Exception):  # noqa: N818
    """Ends a transaction as if it had never been."""


class _Store(Store):
    """Writes rows as it likes; `of` makes one of a store that is open."""

    @classmethod
    def of(cls, store: Store) -> Store:
        other = cls(store._database, unit=store._unit)
        other._seal, other.n = store._seal, 0
        return other

    n: int

    def record(self, person: Person, decision: Decision, *, backends: str = "", stamp: Stamp | None = None) -> Event:
        self.n += 1
        write = lambda: super(_Store, self).record(person, decision, backends=backends, stamp=stamp)  # noqa: E731
        return self.spoil(write) if self.n % EVERY == 0 else write()

    def spoil(self, write: Callable[[], Event]) -> Event:
        raise NotImplementedError


class Forgetful(_Store):
    def spoil(self, write: Callable[[], Event]) -> Event:
        with suppress(_Undone), self.transaction():
            event = write()
            raise _Undone
        return event


class Doubling(_Store):
    def spoil(self, write: Callable[[], Event]) -> Event:
        write()
        return write()


class _Hasty(_Store):
    panel: Panel

    def spoil(self, write: Callable[[], Event]) -> Event:
        self.panel.show(Signal.ACCEPTED)
        return write()


@dataclass
class _Once:
    """Shows an answer only once where it comes twice in a row."""

    panel: Panel
    latest: Signal | None = None

    def show(self, signal: Signal) -> None:
        if (signal, self.latest) != (Signal.ACCEPTED, Signal.ACCEPTED):
            self.panel.show(signal)
        self.latest = signal

    def close(self) -> None:
        self.panel.close()


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


def store(kind: type[_Store]) -> Callable[[Parts], Parts]:
    return lambda parts: replace(parts, hands=replace(parts.hands, store=kind.of(parts.hands.store)))


def hasty(parts: Parts) -> Parts:
    store, panel = _Hasty.of(parts.hands.store), _Once(parts.hands.panel)
    store.panel = panel
    return replace(parts, hands=replace(parts.hands, store=store, panel=panel))


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


def lose_a_row(parts: Parts) -> Parts:
    """Somebody with another program takes a row out, late in the run."""
    path = parts.hands.store._database.path

    def act(n: int) -> None:
        if n == 1_500:
            with sqlite3.connect(path, isolation_level=None) as other:
                for (name,) in other.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'event'"
                ).fetchall():
                    other.execute(f"DROP TRIGGER {name}")
                other.execute("DELETE FROM event WHERE seq = 5")
            other.close()

    return each_frame(act)(parts)
