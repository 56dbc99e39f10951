"""What a stick brings when it fails while it is read: pulled is no refusal, and a bad block may be read the next time."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from office import blank, known, put
from plug import bring, means, ready

from edge.errors import DeviceError, EnrolError
from edge.exchange.enrolment.folder import Candidate
from edge.exchange.stick.bounds import Bounds
from edge.exchange.stick.content import Content
from edge.exchange.stick.serve import serve
from edge.exchange.stick.tree import Tree
from edge.store import Store


class Failing(Tree):
    """A stick of which no file can be read."""

    why = 0

    def read(self, name: str, *, at_most: int, size: int | None = None) -> bytes:
        raise OSError(self.why, "it fails", name)


@pytest.fixture(name="tree")
def failing(tmp_path: Path) -> Iterator[Failing]:
    put(tmp_path, {"people.csv": b"code\n", "enrol/1 Ada.png": b""})
    with Failing(tmp_path) as tree:
        yield tree


@pytest.mark.parametrize("why", [errno.ENODEV, errno.ENXIO, errno.ENOTCONN, errno.ESTALE, errno.EBADF])
def test_a_stick_that_is_gone_refuses_nobody(tree: Failing, why: int) -> None:
    tree.why, content = why, Content(tree, None, Bounds())
    with pytest.raises(DeviceError, match="was pulled"):
        content.table("people.csv")
    with pytest.raises(DeviceError, match="was pulled"):
        content.photograph(Path("enrol/1 Ada.png"))


@pytest.mark.parametrize(("why", "is_whole"), [(errno.EIO, False), (errno.EACCES, True)])
def test_a_bad_block_is_worth_another_visit(tree: Failing, why: int, is_whole: bool) -> None:
    tree.why, content = why, Content(tree, None, Bounds())
    with pytest.raises(EnrolError, match="it fails"):
        content.photograph(Path("enrol/1 Ada.png"))
    assert content.is_whole is is_whole


def test_another_stick_in_its_place_does_not_mean_that_a_photograph_is_missing(tmp_path: Path, store: Store) -> None:
    known(store)
    stick = blank(tmp_path / "stick")
    bring(stick, "enrol/1042 Ada/1.png", "enrol/1043 Bob/1.png")
    ready(stick)

    def exchanged(found: Sequence[Candidate]) -> Iterator[Candidate]:
        yield found[0]
        (stick / "enrol/1043 Bob/1.png").unlink()
        stick.rename(tmp_path / "pulled")
        stick.mkdir()
        yield found[1]

    with pytest.raises(DeviceError, match="was pulled"):
        serve(stick, store, means(store, progress=exchanged))
    assert [person.code for person in store.people()] == ["1042"]
    assert (list(stick.iterdir()), store.sticks()[0].is_done) == ([], False)


def test_each_photograph_of_nobody_counts(tmp_path: Path, store: Store) -> None:
    stick = blank(tmp_path / "stick")
    put(stick, {"enrol/IMG_1.png": b"", "enrol/IMG_2.png": b"", "enrol/7 Joe/1.png": b"", "enrol/7 Joe/2.png": b""})
    assert serve(stick, store, means(store, policy="open")).n_left_out == 3
