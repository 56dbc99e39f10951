from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.vision.geometry import Mipmap
from edge.vision.mtcnn import STRIDE_PX, WINDOW_PX, Level, PyramidLayout

pytestmark = pytest.mark.native

layouts = st.builds(
    PyramidLayout.pack,
    st.tuples(st.integers(20, 1500), st.integers(20, 1500)),
    st.sampled_from([20, 40, 60, 97.5, 200]),
    st.sampled_from([0.5, 0.709, 0.79]),
)


def overlap(a: Level, b: Level) -> bool:
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height


@given(layouts)
def test_levels_lie_apart_and_inside_on_even_pixels(layout: PyramidLayout) -> None:
    width, height = layout.canvas_size
    for level in layout.levels:
        assert all(side % 2 == 0 for side in level)
        assert level.x + level.width <= width
        assert level.y + level.height <= height
    assert not any(overlap(a, b) for a, b in combinations(layout.levels, 2))


@given(layouts)
def test_no_window_that_counts_sees_two_levels(layout: PyramidLayout) -> None:
    owner = np.full(layout.canvas_size[::-1], -1)
    for index, level in enumerate(layout.levels):
        owner[level.y : level.y + level.height, level.x : level.x + level.width] = index
    for index, level in enumerate(layout.levels):
        rows, columns = layout.cells(level)
        for row, column in ((rows.start, columns.start), (rows.stop - 1, columns.stop - 1)):
            y, x = STRIDE_PX * row, STRIDE_PX * column
            window = owner[y : y + WINDOW_PX, x : x + WINDOW_PX]
            assert window.shape == (WINDOW_PX, WINDOW_PX)
            assert (window == index).all()


def test_the_default_pyramid_goes_from_the_smallest_face_to_the_whole_frame() -> None:
    layout = PyramidLayout.pack((640, 480), 60, 0.709)
    assert layout.levels[0][2:] == (128, 96)
    assert layout.levels[-1].height == WINDOW_PX
    assert layout.canvas_size == (128, 216)


def test_a_frame_smaller_than_a_face_has_no_level() -> None:
    assert PyramidLayout.pack((30, 30), 60, 0.709).levels == ()


@pytest.mark.parametrize("size", [(640, 480), (639, 479), (131, 127)])  # of an odd side the halvings leave out the last pixel
def test_each_level_of_the_canvas_is_the_frame_scaled(size: tuple[int, int]) -> None:
    frame = np.full((size[1], size[0], 3), (10, 200, 90), np.uint8)
    layout = PyramidLayout.pack(size, 60, 0.709)
    canvas = layout.draw(Mipmap.of(frame))
    for level in layout.levels:
        assert (canvas[level.y : level.y + level.height, level.x : level.x + level.width] == (10, 200, 90)).all()
    assert (canvas != 0).any(axis=2).sum() == sum(level.width * level.height for level in layout.levels)
