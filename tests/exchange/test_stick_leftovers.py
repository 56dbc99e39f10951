"""What a rename in two steps, as FAT does it, leaves on a stick that is pulled between them goes with the next visit."""

from __future__ import annotations

from pathlib import Path

import pytest
from office import blank, known
from plug import bring, means, ready

from edge.exchange.delivery.marker import MARKER
from edge.exchange.files import PART, Files
from edge.exchange.stick.serve import serve
from edge.store import Store


class Pulled(BaseException):
    """Nothing runs after it."""


class BothNames(Files):
    """The new name of a file is there, and so is the old one."""

    def rename(self, source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes())
        raise Pulled


def test_a_receipt_that_is_there_under_both_names_has_one_in_the_end(tmp_path: Path, store: Store) -> None:
    known(store)
    stick = blank(tmp_path / "stick")
    bring(stick, "enrol/1042 Ada Byron/1.png")
    with pytest.raises(Pulled):
        serve(ready(stick), store, means(store, files=BothNames()))
    (part,) = (stick / "receipts").glob(f".*{PART}")
    serve(stick, store, means(store))
    assert not part.exists()
    assert len(list((stick / "receipts").iterdir())) == 1


def test_a_marker_that_is_there_under_both_names_has_one_in_the_end(tmp_path: Path, store: Store) -> None:
    known(store)
    stick = blank(tmp_path / "stick")
    serve(stick, store, means(store))
    part = stick / f".{MARKER}{PART}"
    part.write_bytes((stick / MARKER).read_bytes())
    serve(stick, store, means(store))
    assert not part.exists()


def test_what_is_said_no_more_is_gone_from_the_medium_too(tmp_path: Path, store: Store) -> None:
    known(store)
    stick = blank(tmp_path / "stick")
    bring(stick, "enrol/1042 Ada Byron/1.png")
    serve(stick, store, means(store))
    before = set((stick / "receipts").iterdir())
    steps: list[str] = []

    class Noting(Files):
        def remove(self, path: Path) -> None:
            steps.append(f"remove {path.name}")
            super().remove(path)

        def settle(self, folder: Path) -> None:
            steps.append(f"settle {folder.name}")
            super().settle(folder)

    serve(ready(stick), store, means(store, files=Noting()))
    (unprepared,) = before
    assert steps[-2:] == [f"remove {unprepared.name}", "settle receipts"]
