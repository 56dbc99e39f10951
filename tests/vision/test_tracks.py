"""Faces across frames."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.types import Faces
from edge.vision.tracks import Tracker


def faces(*boxes: tuple[float, float, float, float]) -> Faces:
    n = len(boxes)
    return Faces(np.array(boxes, np.float32).reshape(n, 4), np.full(n, 0.9, np.float32), np.zeros((n, 5, 2), np.float32))


def ids(tracker: Tracker, *boxes: tuple[float, float, float, float]) -> list[int]:
    return [track.id for track in tracker.update(faces(*boxes))]


def test_a_face_that_moves_a_little_stays_one_track() -> None:
    tracker = Tracker()
    assert [ids(tracker, (100 + 8 * i, 50, 200 + 8 * i, 150)) for i in range(10)] == [[1]] * 10


def test_two_faces_keep_their_tracks_when_the_detector_changes_their_order() -> None:
    tracker = Tracker()
    left, right = (0, 0, 100, 100), (300, 0, 400, 100)
    assert ids(tracker, left, right) == [1, 2]
    assert ids(tracker, right, left) == [2, 1]


def test_a_fast_face_without_overlap_is_followed_by_its_distance() -> None:
    tracker = Tracker()
    assert ids(tracker, (0, 0, 100, 100)) == [1]
    assert ids(tracker, (90, 0, 190, 100)) == [1]


def test_a_far_face_or_one_of_another_size_is_somebody_else() -> None:
    tracker = Tracker()
    assert ids(tracker, (0, 0, 100, 100)) == [1]
    assert ids(tracker, (150, 0, 250, 100)) == [2]
    assert ids(tracker, (180, 30, 220, 70)) == [3], "a small face in the middle of a large one's place"


def test_an_overlapping_face_goes_before_a_near_one() -> None:
    tracker = Tracker()
    ids(tracker, (0, 0, 100, 100))
    assert ids(tracker, (95, 0, 195, 100), (10, 0, 110, 100)) == [2, 1]


def test_a_face_may_go_unseen_for_a_few_frames() -> None:
    tracker = Tracker(max_missed=5)
    box = (0, 0, 100, 100)
    ids(tracker, box)
    for _ in range(5):
        ids(tracker)
    assert tracker.ids == {1}
    assert ids(tracker, box) == [1]
    for _ in range(6):
        ids(tracker)
    assert tracker.ids == set()
    assert ids(tracker, box) == [2], "ids are never used again"


def test_forgetting_ends_all_tracks() -> None:
    tracker = Tracker()
    ids(tracker, (0, 0, 100, 100))
    tracker.forget()
    assert tracker.ids == set()
    assert ids(tracker, (0, 0, 100, 100)) == [2]


corners = st.integers(0, 500)
boxes = st.tuples(corners, corners, st.integers(20, 200)).map(lambda box: (box[0], box[1], box[0] + box[2], box[1] + box[2]))


@given(st.lists(st.lists(boxes, max_size=5), max_size=12))
def test_each_face_has_a_track_of_its_own_and_the_same_frames_give_the_same_tracks(script: list[list[tuple[int, ...]]]) -> None:
    one, other = Tracker(), Tracker()
    for frame in script:
        found = ids(one, *frame)
        assert found == ids(other, *frame)
        assert len(set(found)) == len(frame)
        assert set(found) <= one.ids
