"""A folder that somebody brought: who gets enrolled, and what the receipt says about every photograph."""

from __future__ import annotations

import csv
import os
import sqlite3
from pathlib import Path

import pytest
import studio
from studio import hand_in, picture, portrait, portraits, put

from edge.errors import EnrolError, StoreError
from edge.exchange.cells import unguard
from edge.exchange.enrolment.acquisition import Verdict, acquire
from edge.exchange.enrolment.desk import Terms
from edge.exchange.enrolment.enrol import enrol
from edge.exchange.enrolment.receipt import Receipt
from edge.store import Store
from edge.types import Image
from edge.vision.quality import OPEN
from edge.vision.recogniser import Recogniser


@pytest.fixture(name="recogniser")
def scripted() -> Recogniser:
    return studio.recogniser()


def verdicts(receipt: Receipt) -> dict[str, Verdict]:
    return {line.photograph: line.verdict for line in receipt.lines}


class TestFolders:
    def test_one_sub_folder_for_each_person(self, tmp_path: Path, store: Store) -> None:
        portraits(tmp_path, "1042 Jane Doe/a.png", "1042 Jane Doe/b.png", "Åsa Öberg/1.png")
        receipt = hand_in(tmp_path, store)
        assert set(verdicts(receipt).values()) == {Verdict.ENROLLED}
        assert [(p.code, p.name, store.n_templates()[p.id]) for p in store.people()] == [
            ("1042", "Jane Doe", 2),
            ("åsa-öberg", "Åsa Öberg", 1),
        ]

    def test_one_photograph_for_each_person(self, tmp_path: Path, store: Store) -> None:
        portraits(tmp_path, "1042 Jane Doe.png", "John Roe.png")
        hand_in(tmp_path, store)
        assert [p.name for p in store.people()] == ["Jane Doe", "John Roe"]

    def test_somebody_who_was_entered_without_a_face_gets_one(self, tmp_path: Path, store: Store) -> None:
        person = store.add_person("1042", "Jane Doe")
        portraits(tmp_path, "1042 Jane Doe.png")
        assert hand_in(tmp_path, store).counts == {Verdict.ENROLLED: 1}
        assert (store.people(), store.n_templates()) == ([person], {person.id: 1})

    def test_both_mixed(self, tmp_path: Path, store: Store) -> None:
        portraits(tmp_path, "1042 Jane Doe/a.png", "1042 Jane Doe.png", "John Roe.png")
        assert hand_in(tmp_path, store).counts == {Verdict.ENROLLED: 3}
        assert sorted(store.n_templates().values()) == [1, 2]

    def test_what_systems_leave_on_a_stick_is_not_mentioned(self, tmp_path: Path, store: Store) -> None:
        portrait(tmp_path / "Jane Doe" / "a.png")
        left = [".DS_Store", "Thumbs.db", "Jane Doe/._a.png", "Jane Doe/Thumbs.db", "__MACOSX/x", "System Volume Information/x"]
        left += ["$RECYCLE.BIN/x", ".Trash-1000/x", "attendance-2026-11.csv", "muster-receipt.csv", "receipt.csv", "desktop.ini"]
        for name in left:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(b"x")
        assert list(verdicts(hand_in(tmp_path, store))) == ["Jane Doe/a.png"]

    def test_a_folder_copied_one_level_too_deep_makes_no_person_of_all(self, tmp_path: Path, store: Store) -> None:
        portraits(tmp_path, "new people/1042 Jane Doe/a.png", "new people/1043 John Roe/a.png")
        receipt = hand_in(tmp_path, store)
        assert set(verdicts(receipt).values()) == {Verdict.REFUSED}
        assert store.people() == []

    @pytest.mark.parametrize("what", ["missing", "a file", "empty"])
    def test_a_folder_that_is_none_is_an_error(self, tmp_path: Path, store: Store, what: str) -> None:
        folder = tmp_path / "stick"
        if what == "a file":
            folder.write_text("x")
        elif what == "empty":
            folder.mkdir()
        with pytest.raises(EnrolError, match=r"stick.*\. (Name|Make) "):
            hand_in(folder, store)

    def test_an_empty_folder_of_a_person_is_in_the_receipt(self, tmp_path: Path, store: Store) -> None:
        (tmp_path / "1042 Jane Doe").mkdir()
        receipt = hand_in(tmp_path, store)
        assert [str(line) for line in receipt.lines] == ["1042 Jane Doe: refused (the folder is empty)"]
        assert [label.code for label in receipt.without_template] == ["1042"]

    def test_a_name_that_is_not_utf8_is_refused_and_can_be_printed(self, tmp_path: Path, store: Store) -> None:
        portrait(tmp_path / os.fsdecode(b"Andr\xe9") / "a.png")
        portrait(tmp_path / "Jane Doe" / os.fsdecode(b"caf\xe9.png"))
        receipt = hand_in(tmp_path, store)
        assert verdicts(receipt) == {"Andr\\udce9": Verdict.REFUSED, "Jane Doe/caf\\udce9.png": Verdict.ENROLLED}
        assert "not UTF-8; rename it" in str(receipt.lines[0])
        assert (receipt.without_template, receipt.without_name) == ([], ["Andr\\udce9"]), "somebody is not enrolled"

    def test_a_linked_folder_is_not_followed(self, tmp_path: Path, store: Store) -> None:
        portrait(tmp_path / "elsewhere" / "a.png")
        (tmp_path / "stick").mkdir()
        (tmp_path / "stick" / "Jane Doe").symlink_to(tmp_path / "elsewhere")
        assert verdicts(hand_in(tmp_path / "stick", store)) == {"Jane Doe": Verdict.REFUSED}


class TestReceipt:
    def test_every_photograph_has_its_line(self, tmp_path: Path, store: Store) -> None:
        jane = tmp_path / "1042 Jane Doe"
        portrait(jane / "a good.png")
        put(jane / "b nobody.png", picture())
        put(jane / "c two.png", picture((20, 50, 100), (200, 50, 80)))
        put(jane / "d far away.png", picture((100, 100, 40)))
        (jane / "e torn.png").write_bytes((jane / "a good.png").read_bytes()[:-40])
        (jane / "f empty.jpg").touch()
        (jane / "g notes.txt").write_text("remember the milk")
        os.mkfifo(jane / "h pipe.jpg")
        lines = [str(line) for line in hand_in(tmp_path, store).lines]
        assert [line.removeprefix("1042 Jane Doe/") for line in lines] == [
            "a good.png: enrolled (the only photograph of Jane Doe: with 3 far fewer looks at the door miss)",
            "b nobody.png: no face (somebody must look into the camera, large and in good light)",
            "c two.png: several faces (2 of about the same size; cut out the right one)",
            "d far away.png: too small (the face has 40 pixels and needs 60; take it from nearer, or with more pixels)",
            "e torn.png: unreadable (the picture is damaged or incomplete)",
            "f empty.jpg: unreadable (the file is empty)",
            "g notes.txt: unreadable (not a picture that Muster reads (JPEG, PNG, WEBP, BMP, TIFF, GIF))",
            "h pipe.jpg: unreadable (a link, a pipe or a device, not a file)",
        ]

    def test_the_same_folder_twice_changes_nothing(self, tmp_path: Path, store: Store) -> None:
        portraits(tmp_path, "1042 Jane Doe/a.png", "1042 Jane Doe/b.png", "John Roe.png")
        hand_in(tmp_path, store)
        before = (store.revision(), store.people(), store.n_templates())
        assert hand_in(tmp_path, store).counts == {Verdict.ALREADY: 3}
        assert (store.revision(), store.people(), store.n_templates()) == before

    def test_one_photograph_under_two_names_is_one_person(self, tmp_path: Path, store: Store) -> None:
        original = portrait(tmp_path / "1042 Jane Doe" / "a.png")
        (tmp_path / "1043 John Roe").mkdir()
        (tmp_path / "1043 John Roe" / "copy.png").write_bytes(original.read_bytes())
        receipt = hand_in(tmp_path, store)
        told = str(receipt.lines[1])
        assert "refused (the same photograph is enrolled for 1042 Jane Doe; take it out of the wrong one's folder" in told
        assert "muster people remove 1042, then enrol both again" in told, "the first may be the wrong one"
        assert [p.code for p in store.people()] == ["1042"], "nobody without a template"

    def test_a_code_with_another_name_is_not_the_same_person(self, tmp_path: Path, store: Store) -> None:
        store.add_person("1042", "Jane Doe")
        portrait(tmp_path / "1042 John Roe" / "a.png")
        portrait(tmp_path / "1042 JANE DOE" / "a.png")
        receipt = hand_in(tmp_path, store)
        assert verdicts(receipt) == {"1042 JANE DOE/a.png": Verdict.ENROLLED, "1042 John Roe/a.png": Verdict.REFUSED}
        assert "1042 belongs to Jane Doe" in str(receipt.lines[1])

    def test_without_a_good_photograph_nobody_is_added(self, tmp_path: Path, store: Store) -> None:
        put(tmp_path / "Jane Doe.png", picture())
        receipt = hand_in(tmp_path, store)
        assert store.people() == []
        assert [label.name for label in receipt.without_template] == ["Jane Doe"]

    def test_it_is_written_as_a_table(self, tmp_path: Path, store: Store) -> None:
        portrait(tmp_path / "stick" / "=HYPERLINK, Jane" / "a.png")
        hand_in(tmp_path / "stick", store).write_csv(tmp_path / "receipt.csv")
        with (tmp_path / "receipt.csv").open(newline="", encoding="utf-8") as file:
            (row,) = csv.DictReader(file)
        assert {key: unguard(cell) for key, cell in row.items()} == {
            "photograph": "=HYPERLINK, Jane/a.png",
            "person_code": "hyperlink-jane",
            "person_name": "=HYPERLINK, Jane",
            "verdict": "enrolled",
            "reason": "the only photograph of =HYPERLINK, Jane: with 3 far fewer looks at the door miss",
            "distance": "",
            "other_code": "",
        }
        assert row["person_name"].startswith("'=")

    def test_a_database_that_fails_ends_it_and_what_was_done_stays(
        self, tmp_path: Path, db_path: Path, recogniser: Recogniser
    ) -> None:
        portraits(tmp_path / "stick", "1 A.png", "2 B.png", "3 C.png")
        with Store.open(db_path, unit="door-1", busy_timeout_s=0.01) as store:
            other = sqlite3.connect(db_path, isolation_level=None)

            def lock_before_the_third(candidates: list) -> object:
                for number, candidate in enumerate(candidates):
                    if number == 2:
                        other.execute("BEGIN IMMEDIATE")
                    yield candidate

            with pytest.raises(StoreError, match="another process"):
                enrol(
                    tmp_path / "stick",
                    store=store,
                    recogniser=recogniser,
                    terms=Terms(60, OPEN, studio.POLICY),
                    progress=lock_before_the_third,
                )
            other.close()
            assert [p.code for p in store.people()] == ["1", "2"]
            assert hand_in(tmp_path / "stick", store).counts == {Verdict.ALREADY: 2, Verdict.ENROLLED: 1}


class TestWhichFace:
    def verdict(self, recogniser: Recogniser, pixels: Image) -> Verdict:
        return acquire(pixels, recogniser, min_face_px=60).verdict

    def test_somebody_small_in_the_background_does_not_matter(self, recogniser: Recogniser) -> None:
        assert self.verdict(recogniser, picture((20, 50, 120), (300, 20, 50))) is Verdict.ENROLLED
        assert recogniser.embedder.cut[0][0] == 120

    def test_something_large_that_is_hardly_a_face_does_not_matter(self, recogniser: Recogniser) -> None:
        pixels = picture((20, 50, 100))
        pixels[50:200, 200:350] = (200, 30, 75)
        assert self.verdict(recogniser, pixels) is Verdict.ENROLLED
        assert recogniser.embedder.cut[0][0] == 100

    def test_a_single_face_that_is_not_quite_sure_is_taken(self, recogniser: Recogniser) -> None:
        assert self.verdict(recogniser, picture((20, 50, 100), sure=80)) is Verdict.ENROLLED

    def test_a_large_photograph_is_searched_in_a_small_copy(self, recogniser: Recogniser) -> None:
        self.verdict(recogniser, picture((1000, 800, 1600), size=(4000, 3000)))
        assert recogniser.detector.sizes == [(1024, 768)]
        assert recogniser.embedder.cut[0][0] == pytest.approx(410, abs=2)

    def test_a_face_that_the_copy_shows_small_is_cut_from_a_larger_one(self, recogniser: Recogniser) -> None:
        self.verdict(recogniser, picture((1000, 800, 400), size=(4000, 3000)))
        width, height, share_of_face = recogniser.embedder.cut[0]
        assert (width, height) == (pytest.approx(240, abs=3), pytest.approx(240, abs=3))
        assert share_of_face == 1.0

    def test_it_is_never_made_larger_than_it_is(self, recogniser: Recogniser) -> None:
        self.verdict(recogniser, picture((1500, 800, 100), size=(2000, 1000)))
        assert recogniser.embedder.cut[0][0] == pytest.approx(100, abs=3)

    @pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1)])
    def test_a_picture_of_nothing_has_no_face(self, recogniser: Recogniser, size: tuple[int, int]) -> None:
        assert self.verdict(recogniser, picture(size=size)) is Verdict.NO_FACE
