"""Counts and shares as the office reads them."""

from __future__ import annotations

import pytest

from edge.words import counted, share


@pytest.mark.parametrize(
    ("n", "thing", "words"),
    [
        (0, "photograph", "0 photographs"),
        (1, "photograph", "1 photograph"),
        (2, "new row", "2 new rows"),
        (1, "person", "1 person"),
        (1200, "person", "1,200 people"),
    ],
)
def test_one_is_not_several(n: int, thing: str, words: str) -> None:
    assert counted(n, thing) == words


@pytest.mark.parametrize(
    ("rate", "words"),
    [(0.0, "fewer than 1 %"), (0.0099, "fewer than 1 %"), (0.01, "1 %"), (0.234, "23 %"), (1.0, "more than 99 %")],
)
def test_a_measured_share_is_never_a_certainty(rate: float, words: str) -> None:
    assert share(rate) == words
