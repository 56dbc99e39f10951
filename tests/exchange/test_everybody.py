"""Who is enrolled is read once for all the folders of a stick, and known as well as if it were read anew for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import studio
from numpy.typing import NDArray
from studio import face, given, hand_in, portrait, portraits

from edge.errors import EnrolError
from edge.exchange.enrolment.desk import Desk, Terms
from edge.exchange.enrolment.enrol import hand_in as in_one_go
from edge.exchange.enrolment.folder import Candidate, candidates
from edge.exchange.enrolment.receipt import Line
from edge.store import Store
from edge.types import Floats
from edge.vision.quality import OPEN

TERMS = Terms(60, OPEN, studio.POLICY)


class Counting(Store):
    """Knows how often everybody's templates were read, and lets another process come in between."""

    n_read = 0
    breaks = False

    def templates(self, model: str) -> tuple[Floats, NDArray[np.int64]]:
        self.n_read += 1
        return super().templates(model)

    def set_aside(self, person_id: int, *, model: str, photo_sha256: str) -> None:
        if self.breaks:
            raise EnrolError("another process was quicker")
        super().set_aside(person_id, model=model, photo_sha256=photo_sha256)


@pytest.fixture(name="store")
def counting(db_path: Path) -> Iterator[Counting]:
    with closing(Counting.open(db_path, unit="door-1")) as store:
        yield store


def mixed(folder: Path) -> list[Candidate]:
    """Newcomers, the same face twice, somebody with more photographs than are kept, who comes again, and two in one folder."""
    portraits(folder, "1 Ada/1.png", "1 Ada/2.png", "2 Bob/1.png")
    portrait(folder / "3 Bob again/1.png", face(3))
    for n in range(8):
        portrait(folder / f"4 Carl/{n}.png", face(4, apart=0.3 + n / 50))
        portrait(folder / f"4-2 Carl/{n}.png", face(4, apart=0.5))
    portraits(folder, "5 Eve/1.png")
    portrait(folder / "6 Both/1.png", face(8))
    portrait(folder / "6 Both/2.png", face(9))
    return [*candidates(folder), *candidates(folder)]


def alone(found: Sequence[Candidate], store: Store, top: Path) -> list[Line]:
    """Each folder by a desk that reads everybody anew."""
    lines: list[Line] = []
    for each in dict.fromkeys(candidate.path.parent for candidate in found):
        of_one = [candidate for candidate in found if candidate.path.parent == each]
        lines += in_one_go(of_one, Desk(store, studio.recogniser(), TERMS), top=top)
    return lines


def kept(store: Store) -> list[tuple[str, str]]:
    return [(person.code, sha) for person in store.people() for sha in store.templates_of(person.id, model=studio.MODEL)]


def test_the_same_as_if_everybody_were_read_for_each_folder(tmp_path: Path, store: Counting) -> None:
    found = mixed(tmp_path / "stick")
    desk = Desk(store, studio.recogniser(), TERMS)
    found = found[: len(found) // 2]
    at_once = [in_one_go(found, desk, top=tmp_path / "stick") for _ in range(2)]
    assert store.n_read == 1
    with Store.open(":memory:", unit="door-1") as other:
        assert at_once == [alone(found, other, tmp_path / "stick") for _ in range(2)]
        assert kept(store) == kept(other)
    known, ids = desk._everybody._known.templates, desk._everybody._known.person_ids
    stored, their_ids = Store.templates(store, studio.MODEL)
    assert rows(known, ids) == rows(stored, their_ids)


def rows(templates: Floats, ids: Sequence[int]) -> list[tuple[int, bytes]]:
    return sorted((int(who), template.tobytes()) for who, template in zip(ids, templates, strict=True))


def test_whom_another_process_enrols_meanwhile_is_known(tmp_path: Path, db_path: Path, store: Counting) -> None:
    folder = tmp_path / "stick"
    portraits(folder, "1 Ada/1.png", "2 Bob/1.png")
    portrait(folder / "3 Carl/1.png", face(3))
    portrait(tmp_path / "other" / "9 Carl Too/1.png", face(3))

    def progress(found: Sequence[Candidate]) -> Iterator[Candidate]:
        for number, candidate in enumerate(found):
            if number == 2:
                with Store.open(db_path, unit="door-1") as other:
                    hand_in(tmp_path / "other", other)
            yield candidate

    desk = Desk(store, studio.recogniser(), TERMS)
    lines = in_one_go(candidates(folder), desk, top=folder, progress=progress)
    assert [(line.verdict.value, line.other_code) for line in lines] == [("enrolled", ""), ("enrolled", ""), ("refused", "9")]
    assert store.n_read == 2


def test_who_was_not_stored_after_all_stands_in_nobodys_way(tmp_path: Path, store: Counting) -> None:
    """The face of a folder that was taken back is nobody's."""
    folder = tmp_path / "stick"
    for n in range(7):
        portrait(folder / f"1 Ada/{n}.png", face(1))
    desk = Desk(store, studio.recogniser(), TERMS)
    store.breaks = True
    refused = in_one_go(candidates(folder), desk, top=folder)
    assert {line.verdict.value for line in refused} == {"refused"}
    assert (store.people(), store.n_templates()) == ([], {})
    store.breaks = False
    portrait(tmp_path / "later" / "2 Ada/1.png", face(1))
    lines = in_one_go(candidates(tmp_path / "later"), desk, top=tmp_path / "later")
    assert [line.verdict.value for line in lines] == ["enrolled"]
    assert given(hand_in(folder, store)) == ["refused"] * 7
