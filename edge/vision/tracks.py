"""Faces across frames: which face of this frame is the one that was there a moment ago.

Geometry only. A track says that a face moved on smoothly, not that it is the same person: somebody who steps in where
somebody else leaves may continue a track. `edge.case.Case` looks again from time to time and finds that out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.types import Face, Faces, Floats
from edge.vision.geometry import iou

SAME_SIZE = 2.0
"""Two boxes whose sides differ by more than this factor are not one face that moved fast."""


@dataclass(slots=True)
class Track:
    """One face along several frames.

    Attributes:
        id: grows by one with each new track and is never used again.
        face: where it was seen last.
        n_missed: frames since then.
    """

    id: int
    face: Face
    n_missed: int = 0


class Tracker:
    """Continues tracks from frame to frame; the same frames always give the same tracks.

    Args:
        min_iou: boxes that overlap at least this much are one face.
        max_shift: a fast face whose boxes do not overlap enough is still one if its centre moved by at most so many of
            its own sides and its size stayed about the same.
        max_missed: a face may go unseen for so many frames in a row.
    """

    def __init__(self, *, min_iou: float = 0.3, max_shift: float = 1.0, max_missed: int = 5) -> None:
        self._min_iou = min_iou
        self._max_shift = max_shift
        self._max_missed = max_missed
        self._next_id = 1
        self._tracks: list[Track] = []

    @property
    def ids(self) -> set[int]:
        """The tracks that are alive, those whose face is not seen at the moment among them."""
        return {track.id for track in self._tracks}

    def update(self, faces: Faces) -> list[Track]:
        """Take in the faces of the next frame.

        Returns:
            One track for each face, in the order of the faces.
        """
        found = self._assigned(faces)
        for row, face in enumerate(faces):
            if row in found:
                found[row].face, found[row].n_missed = face, 0
            else:
                found[row] = self._begun(face)
        seen = {track.id for track in found.values()}
        for track in self._tracks:
            track.n_missed += track.id not in seen
        self._tracks = [track for track in self._tracks if track.n_missed <= self._max_missed]
        return [found[row] for row in range(len(faces))]

    def forget(self) -> None:
        """End all tracks: the camera was away, and whoever is there now is looked at afresh."""
        self._tracks = []

    def _begun(self, face: Face) -> Track:
        track = Track(self._next_id, face)
        self._next_id += 1
        self._tracks.append(track)
        return track

    def _assigned(self, faces: Faces) -> dict[int, Track]:
        """Row of `faces` -> the track that it continues: best pairs first, each row and each track once."""
        pairs = []
        for track in self._tracks:
            scores = self._affinity(track.face.box, faces.boxes)
            pairs += [(-float(scores[row]), track.id, int(row), track) for row in np.flatnonzero(scores > 0)]
        found: dict[int, Track] = {}
        taken: set[int] = set()
        for _, track_id, row, track in sorted(pairs, key=lambda pair: pair[:3]):
            if row not in found and track_id not in taken:
                found[row] = track
                taken.add(track_id)
        return found

    def _affinity(self, box: Floats, boxes: Floats) -> Floats:
        """How well each of (n, 4) boxes continues one (4,) box, (n,): 1 + IoU, or less than 1 by distance, or 0."""
        if not len(boxes):
            return np.empty(0, np.float32)
        overlaps = iou(box, boxes)
        sides, side = np.max(boxes[:, 2:] - boxes[:, :2], axis=1), float(np.max(box[2:] - box[:2]))
        shifts = np.linalg.norm(boxes[:, :2] + boxes[:, 2:] - box[:2] - box[2:], axis=1) / 2  # (n,) px between centres
        nearness = 1 - shifts / (self._max_shift * side)
        alike = (sides <= SAME_SIZE * side) & (side <= SAME_SIZE * sides)
        by_distance = np.where(alike, np.maximum(nearness, 0), 0)
        return np.where(overlaps >= self._min_iou, 1 + overlaps, by_distance).astype(np.float32)
