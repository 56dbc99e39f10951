"""The drawn walk-ups: the same every time, of the stated sizes, and true to what the output says about them."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from scripts.demo import cast, doorway, walk
from scripts.demo.cast import Visitor

FACE_PX = 200


@pytest.fixture
def somebody(tmp_path: Path) -> Visitor:
    """A visitor whose face is a light disc, left of the middle of the picture."""
    picture = np.zeros((400, 400, 3), np.uint8)
    cv2.circle(picture, (150, 200), FACE_PX // 2, (255, 255, 255), -1)
    cv2.imwrite(str(tmp_path / "disc.png"), picture)
    around = cv2.ellipse2Poly((150, 200), (100, 100), 0, 0, 360, 10)
    return Visitor("Somebody", "disc.png", "a disc", FACE_PX, (150, 200), [(float(x), float(y)) for x, y in around])


@pytest.fixture
def disc(somebody: Visitor, tmp_path: Path) -> walk.Cutout:
    return walk.cut_out(somebody, tmp_path)


def test_the_same_seed_gives_the_same_frames(disc: walk.Cutout) -> None:
    first, second, other = (list(islice(walk.walk_ups([disc], seed), walk.N_EMPTY + 3)) for seed in (5, 5, 6))
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(first, second, strict=True))
    assert not any(np.array_equal(a, b) for (_, a), (_, b) in zip(first, other, strict=True))


def test_two_frames_of_an_empty_doorway_differ_by_noise_only(disc: walk.Cutout) -> None:
    (_, a), (_, b) = islice(walk.walk_ups([disc]), 2)
    difference = a.astype(float) - b
    assert 2 < difference.std() < 8
    assert abs(difference.mean()) < 0.1


def test_visitors_come_one_after_the_other_with_gaps(disc: walk.Cutout) -> None:
    frames = list(walk.walk_ups([disc, disc]))
    assert {pixels.shape for _, pixels in frames} == {(480, 640, 3)}
    assert {pixels.dtype for _, pixels in frames} == {np.dtype(np.uint8)}
    n_seen = walk.N_WALKING + walk.N_STANDING
    expected = [(None, walk.N_EMPTY), (0, n_seen), (None, walk.N_EMPTY), (1, n_seen), (None, walk.N_EMPTY)]
    assert [(who, len(list(run))) for who, run in groupby(who for who, _ in frames)] == expected


def test_the_face_grows_from_far_to_near() -> None:
    sizes = [face_px for _, _, face_px in walk.steps()]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (pytest.approx(walk.FAR_PX), pytest.approx(walk.NEAR_PX))
    assert sum(size >= 60 for size in sizes) >= 12


@pytest.mark.parametrize("face_px", [40, 90, 160])
def test_a_face_is_as_large_as_asked_and_where_asked(disc: walk.Cutout, face_px: int) -> None:
    placed = walk.place(np.zeros((480, 640, 3), np.float32), disc, (300, 200, face_px))
    rows, columns = np.nonzero(placed[..., 0] > placed.max() / 2)
    assert np.ptp(rows) == pytest.approx(face_px, abs=3)
    assert (columns.mean(), rows.mean()) == (pytest.approx(300, abs=1), pytest.approx(200, abs=1))


def test_a_mirrored_darker_softer_portrait_is_all_three(somebody: Visitor, tmp_path: Path) -> None:
    plain = walk.cut_out(somebody, tmp_path)
    changed = walk.cut_out(replace(somebody, mirrored=True, gain=0.5, soft=0.02), tmp_path)
    assert changed.face_at[0] == 399 - 150
    assert changed.pixels.max() == pytest.approx(plain.pixels.max() / 2, rel=0.01)
    assert np.abs(np.diff(changed.pixels, axis=1)).max() < np.abs(np.diff(plain.pixels, axis=1)).max() / 4


def test_the_gate_hides_the_lower_edge_and_nothing_else() -> None:
    _, cover = doorway.gate(1)
    assert cover[: doorway.GATE_TOP_PX - 5].max() == 0
    assert cover[doorway.GATE_TOP_PX + 5 :].min() == pytest.approx(1)


def test_frames_are_written_in_the_order_of_their_names(disc: walk.Cutout, tmp_path: Path) -> None:
    shown = walk.write_frames([disc], tmp_path / "frames")
    names = sorted(path.name for path in (tmp_path / "frames").iterdir())
    assert len(names) == 2 * walk.N_EMPTY + walk.N_WALKING + walk.N_STANDING
    assert list(shown) == names[walk.N_EMPTY : -walk.N_EMPTY]


def test_a_portrait_that_is_not_there_is_named(somebody: Visitor, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"other\.png"):
        walk.cut_out(replace(somebody, portrait="other.png"), tmp_path)


def test_the_cast_is_what_the_output_says() -> None:
    several, single, stranger = cast.visitors()
    photographs = {person.folder.split()[0]: person.photographs for person in cast.people()}
    assert len(photographs[several.code]) > 1
    assert several.portrait not in photographs[several.code]
    assert photographs[single.code] == [single.portrait]
    assert single.mirrored
    assert single.gain < 1
    assert single.soft > 0
    assert not stranger.code
    assert all(stranger.portrait not in files for files in photographs.values())
