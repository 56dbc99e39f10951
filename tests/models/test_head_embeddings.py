"""Templates of a folder: both views, and kept between runs as long as nothing changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.exchange.collection.collect import Listing, listing
from edge.types import Faces
from models.head import embeddings
from models.head.embeddings import Embeddings, RawViews


def left_and_right(batch: np.ndarray) -> dict[str, np.ndarray]:
    """A network that says how bright each half of the crop is."""
    return {"template": np.stack([batch[:, :, :80].mean(axis=(1, 2, 3)), batch[:, :, 80:].mean(axis=(1, 2, 3))], axis=1)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("one/a.jpg", "one/b.jpg", "two/a.jpg"):
        path = tmp_path / "people" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path / "people"


def test_the_mirrored_view_has_left_and_right_exchanged() -> None:
    pixels = np.zeros((200, 200, 3), np.uint8)
    pixels[:, 100:] = 255
    face = Faces(np.array([[40, 40, 160, 160]], np.float32), np.ones(1, np.float32), np.zeros((1, 5, 2), np.float32))
    ((left, right),), ((mirrored_left, mirrored_right),) = RawViews(left_and_right).both(pixels, face)
    assert right - left > 1.9
    assert (mirrored_left, mirrored_right) == pytest.approx((right, left), abs=0.01)


def test_they_are_made_once(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Embeddings(np.eye(3, 4, dtype=np.float32), np.ones((3, 4), np.float32), np.array([0, 0, 1]), np.array([2, 1]), 5)
    calls = []

    def make(listed: Listing) -> Embeddings:
        calls.append(listed)
        return made

    monkeypatch.setattr(embeddings, "BUILD", tmp_path / "build")
    monkeypatch.setattr(embeddings, "_make", make)
    for _ in range(2):
        found = embeddings.embeddings(folder)
        assert all(np.array_equal(ours, theirs) for ours, theirs in zip(vars(found).values(), vars(made).values(), strict=True))
    assert len(calls) == 1
    (folder / "two" / "b.jpg").write_bytes(b"another")
    embeddings.embeddings(folder)
    assert len(calls) == 2


def test_a_changed_photograph_has_another_fingerprint(folder: Path) -> None:
    before = embeddings.fingerprint(listing(folder))
    assert embeddings.fingerprint(listing(folder)) == before
    (folder / "one" / "a.jpg").write_bytes(b"not the same")
    assert embeddings.fingerprint(listing(folder)) != before
