"""Whether a folder's faces bear out what its name says, which photographs are kept, and what the receipt warns of."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from studio import MODEL, POLICY, face, given, hand_in, line, picture, portrait, portraits, put, recogniser, towards

from edge.errors import EnrolError
from edge.exchange.enrolment.acquisition import Verdict
from edge.exchange.enrolment.desk import Terms
from edge.exchange.enrolment.enrol import enrol
from edge.exchange.enrolment.folder import Candidate
from edge.exchange.enrolment.roll import confusions
from edge.matching.gallery import Gallery
from edge.matching.matcher import Rule
from edge.matching.policy import Policy
from edge.matching.score_table import ScoreTable
from edge.store import Store
from edge.vision.quality import OPEN, Gates

TABLE = ScoreTable(
    model="scripted",
    n_people=1000,
    distances=np.array([0.4, 0.8, 1.2]),
    fmr=np.array([1e-6, 1e-4, 1e-3]),
    smallest_fmr=1e-6,
    spread=np.array([9.0, 4.0, 1.0]),
    multiples=np.array([1.0, 1.5, 2.0, 2.4, 2.8]),
    misses={
        1: np.array([[0.9, 0.23, 0.05], [0.8, 0.12, 0.03], [0.7, 0.07, 0.02], [0.6, 0.06, 0.01], [0.5, 0.05, 0.01]]),
        3: np.array([[0.7, 0.08, 0.01], [0.6, 0.02, 0.0], [0.5, 0.004, 0.0], [0.4, 0.003, 0.0], [0.3, 0.0, 0.0]]),
    },
)


class TestOneFaceTwoCodes:
    def test_the_second_code_is_refused_and_the_receipt_names_the_first(self, tmp_path: Path, store: Store) -> None:
        for name in ("1042 Ada/a.png", "1042 Ada/b.png", "1043 Countess/c.png"):
            portrait(tmp_path / "stick" / name, face(1))
        receipt = hand_in(tmp_path / "stick", store)
        assert given(receipt) == ["enrolled", "enrolled", "refused"]
        assert [person.code for person in store.people()] == ["1042"]
        assert receipt.without_template == [("1043", "Countess")]
        assert receipt.lines[2].reason.startswith(
            "the face of 1042 Ada (distance to the nearest photograph 0.41). If it is the same person, one code"
        )
        receipt.write_csv(tmp_path / "receipt.csv")
        with (tmp_path / "receipt.csv").open(newline="", encoding="utf-8") as file:
            row = list(csv.DictReader(file))[2]
        assert (row["verdict"], row["other_code"], float(row["distance"])) == ("refused", "1042", pytest.approx(0.4, abs=0.01))

    def test_one_photograph_that_is_near_gives_the_whole_folder_away(self, tmp_path: Path, store: Store) -> None:
        for view in (1, 2, 3):
            portrait(tmp_path / "1042 Ada" / f"{view}.png", face(1, view=view))
            farther = towards(face(1, view=1), face(2, view=view + 10), 0.5 if view == 1 else 0.7)
            portrait(tmp_path / "1043 Countess" / f"{view}.png", farther)
        receipt = hand_in(tmp_path, store)
        assert given(receipt) == ["enrolled"] * 3 + ["refused"] * 3
        assert {line.other_code for line in receipt.lines[3:]} == {"1042"}

    def test_twins_are_two_people_when_somebody_says_so(self, tmp_path: Path, store: Store) -> None:
        portraits(tmp_path, "1042 Ada/a.png")
        portrait(tmp_path / "1043 Eve" / "a.png", face(1))
        advice = hand_in(tmp_path, store).lines[1].reason
        assert advice.endswith("muster enrol FOLDER --look-alike 1043")
        receipt = hand_in(tmp_path, store, look_alikes=frozenset({"1043"}))
        assert given(receipt) == ["already enrolled", "enrolled"]
        assert [str(pair) for pair in receipt.confusable] == ["1042 Ada and 1043 Eve (distance at the door 0.41)"]
        again = hand_in(tmp_path, store)
        assert given(again) == ["already enrolled"] * 2, "it need not be said again"
        assert again.confusable == receipt.confusable

    def test_a_photograph_nearer_to_its_own_person_than_to_the_twin_is_taken(self, tmp_path: Path, store: Store) -> None:
        portrait(tmp_path / "1" / "1042 Ada" / "a.png", face(1, view=1))
        portrait(tmp_path / "1" / "1043 Eve" / "a.png", face(1, view=2))
        hand_in(tmp_path / "1", store, look_alikes=frozenset({"1043"}))
        for code_name, view in (("1042 Ada", 1), ("1043 Eve", 2)):
            portrait(tmp_path / "2" / code_name / "b.png", towards(face(1, view=view), face(9, view=9), 0.2))
        assert given(hand_in(tmp_path / "2", store)) == ["enrolled", "enrolled"]

    def test_a_twin_lets_nobody_else_of_the_folder_in(self, tmp_path: Path, store: Store) -> None:
        portraits(tmp_path, "1042 Ada/a.png")
        for name in ("1043 Eve", "1044 Ann"):
            portrait(tmp_path / name / "a.png", face(1))
        assert given(hand_in(tmp_path, store, look_alikes=frozenset({"1043"}))) == ["enrolled", "enrolled", "refused"]

    def test_a_look_alike_who_is_not_in_the_folder_is_a_mistake(self, tmp_path: Path, store: Store) -> None:
        portraits(tmp_path, "1042 Ada/a.png")
        with pytest.raises(EnrolError, match="has the code '1024'"):
            hand_in(tmp_path, store, look_alikes=frozenset({"1024"}))
        assert store.people() == []


class TestConfusable:
    def test_a_colleague_who_looks_alike_is_enrolled_and_reported(self, tmp_path: Path, store: Store) -> None:
        portrait(tmp_path / "1042 Ada" / "a.png", face(1, view=1))
        portrait(tmp_path / "1043 Eve" / "a.png", towards(face(1, view=1), face(2, view=2), 0.7))
        portrait(tmp_path / "1044 Far" / "a.png", face(3))
        receipt = hand_in(tmp_path, store)
        assert given(receipt) == ["enrolled"] * 3
        assert [str(pair) for pair in receipt.confusable] == ["1042 Ada and 1043 Eve (distance at the door 0.70)"]
        for name, other in (("1042 Ada", "1043 Eve"), ("1043 Eve", "1042 Ada")):
            told = line(receipt, f"{name}/a.png")
            assert f"can be taken for {other} (distance at the door 0.70)" in told.reason
            assert (told.other_code, told.distance) == (other.split()[0], pytest.approx(0.7, abs=0.01))

    def test_a_distance_stays_that_of_the_reason_before_it(self, tmp_path: Path, store: Store) -> None:
        portrait(tmp_path / "1042 Ada" / "b.png", face(1, view=1))
        portrait(tmp_path / "1043 Eve" / "a.png", towards(face(1, view=1), face(3), 0.7))
        hand_in(tmp_path, store)
        portrait(tmp_path / "1042 Ada" / "a.png", towards(face(1, view=1), face(3), 0.05))
        told = line(hand_in(tmp_path, store), "1042 Ada/a.png")
        assert told.reason.startswith("almost the same picture as a photograph that is enrolled (distance between the two 0.05)")
        assert "can be taken for 1043 Eve (distance at the door 0.70)" in told.reason
        assert (told.distance, told.other_code) == (pytest.approx(0.05, abs=0.01), "")

    def test_whoever_is_removed_meanwhile_is_left_out(self, store: Store) -> None:
        ada = store.add_person("1042", "Ada")
        templates = np.stack([face(1, view=1), face(1, view=2)])
        assert confusions(store, Gallery(templates, np.array([ada.id, ada.id + 1])), POLICY) == []

    def test_people_who_are_not_in_the_folder_are_told_of_only_with_those_who_are(self, tmp_path: Path, store: Store) -> None:
        for number, (first, second) in enumerate([(1, 2), (3, 4)]):
            portrait(tmp_path / "1" / f"1{first} A" / "a.png", face(first, view=1))
            portrait(
                tmp_path / "1" / f"1{second} B" / "a.png", towards(face(first, view=1), face(second, view=2), 0.7 - number / 20)
            )
        assert len(hand_in(tmp_path / "1", store).confusable) == 2
        portrait(tmp_path / "2" / "11 A" / "b.png", towards(face(1, view=1), face(9, view=9), 0.3))
        assert [pair.second.code for pair in hand_in(tmp_path / "2", store).confusable] == ["12"]


class TestFiveAreKept:
    def kept(self, store: Store) -> int:
        return len(store.templates(MODEL)[0])

    def test_of_more_and_all_are_looked_at_once(self, tmp_path: Path, store: Store) -> None:
        for number in range(8):
            portrait(tmp_path / "1042 Ada" / f"{number}.png", face(1))
        receipt = hand_in(tmp_path, store)
        assert receipt.counts == {Verdict.ENROLLED: 5, Verdict.NOT_NEEDED: 3}
        spare = next(line for line in receipt.lines if line.verdict is Verdict.NOT_NEEDED)
        assert spare.reason == "5 others that show more of Ada's face are kept"
        before = (store.revision(), store.templates(MODEL)[0].tobytes())
        again = hand_in(tmp_path, store)
        assert again.counts == {Verdict.ALREADY: 5, Verdict.NOT_NEEDED: 3}
        assert again.without_template == []
        assert (store.revision(), store.templates(MODEL)[0].tobytes()) == before

    def test_later_ones_take_the_place_of_those_that_show_less(self, tmp_path: Path, store: Store) -> None:
        for folder, first, apart in (("1", 10, 0.2), ("2", 20, 0.5)):
            for number in range(5):
                template = towards(face(1, view=1), face(first + number, view=first + number), apart)
                portrait(tmp_path / folder / "1042 Ada" / f"{number}.png", template)
        assert hand_in(tmp_path / "1", store).counts == {Verdict.ENROLLED: 5}
        assert hand_in(tmp_path / "2", store).counts[Verdict.ENROLLED] >= 4
        assert self.kept(store) == 5
        assert Verdict.NOT_NEEDED in hand_in(tmp_path / "1", store).counts, "what gave way is remembered"
        assert store.remove_person("1042").n_aside >= 4

    def test_a_thousand_copies_count_as_one(self, tmp_path: Path, store: Store) -> None:
        original = portrait(tmp_path / "1042 Ada" / "original.png", face(1, view=1)).read_bytes()
        for number in range(60):
            (tmp_path / "1042 Ada" / f"{number:02} the same file.png").write_bytes(original)
            resaved = towards(face(1, view=1), face(2, view=number), 0.02)
            portrait(tmp_path / "1042 Ada" / f"{number:02} saved again.png", resaved)
        receipt = hand_in(tmp_path, store)
        assert receipt.counts == {Verdict.ENROLLED: 1, Verdict.NOT_NEEDED: 120}
        assert self.kept(store) == 1
        assert receipt.lines[0].verdict is Verdict.ENROLLED
        assert "the only photograph of Ada" in receipt.lines[0].reason
        assert line(receipt, "1042 Ada/07 the same file.png").reason == "the same file as 1042 Ada/00 the same file.png"
        saved = line(receipt, "1042 Ada/07 saved again.png")
        assert saved.reason.startswith("almost the same picture as 1042 Ada/00 ")

    def test_copies_of_a_wrong_photograph_outvote_nobody(self, tmp_path: Path, store: Store) -> None:
        for number in range(2):
            portrait(tmp_path / "1042 Ada" / f"right {number}.png", face(1))
        for number in range(9):
            portrait(tmp_path / "1042 Ada" / f"wrong {number}.png", face(2, view=5))
        assert given(hand_in(tmp_path, store)) == ["enrolled"] * 2 + ["refused"] * 9


class TestWhatIsSaid:
    def test_of_a_single_photograph_how_often_it_will_miss(self, tmp_path: Path, store: Store) -> None:
        portraits(tmp_path, "1042 Ada.png", "1043 Bob/a.png", "1043 Bob/b.png")
        receipt = hand_in(tmp_path, store, policy=Policy(Rule(0.8), TABLE))
        assert receipt.lines[0].reason == (
            "the only photograph of Ada: "
            "23 % of single looks miss, of 3 fused frames at best 8 %; "
            "with 3 photographs 7 % and fewer than 1 %"
        )
        assert receipt.lines[1].reason == ""

    def test_a_warning_stands_at_the_first_good_photograph(self, tmp_path: Path, store: Store) -> None:
        put(tmp_path / "1042 Ada" / "a nobody.png", picture())
        portrait(tmp_path / "1042 Ada" / "b.png")
        blurred, good = hand_in(tmp_path, store).lines
        assert "the only photograph" in good.reason
        assert "the only photograph" not in blurred.reason

    def test_a_photograph_is_as_good_as_the_gates_ask_for(self, tmp_path: Path, store: Store) -> None:
        portraits(tmp_path, "1042 Ada.png")
        terms = Terms(60, Gates(min_face_px=130), POLICY)
        receipt = enrol(tmp_path, store=store, recogniser=recogniser(), terms=terms)
        assert [str(line) for line in receipt.lines] == ["1042 Ada.png: too small (take it from nearer, or with more pixels)"]

    def test_what_strangers_meet_now(self, tmp_path: Path, store: Store) -> None:
        portraits(tmp_path, "1042 Ada.png", "1043 Bob.png")
        receipt = hand_in(tmp_path, store, policy=Policy(Rule(0.8), TABLE))
        assert str(receipt.promise) == "with 2 people: one stranger in 5,000 is given a name"

    def test_whoever_is_interrupted_finds_the_people_before_enrolled(self, tmp_path: Path, store: Store) -> None:
        portraits(tmp_path, *(f"{person}/{number}.png" for person in ("1 A", "2 B", "3 C") for number in range(2)))

        def until_the_fourth(candidates: Iterable[Candidate]) -> Iterator[Candidate]:
            for number, candidate in enumerate(candidates):
                if number == 3:
                    raise KeyboardInterrupt
                yield candidate

        with pytest.raises(KeyboardInterrupt):
            enrol(tmp_path, store=store, recogniser=recogniser(), terms=Terms(60, OPEN, POLICY), progress=until_the_fourth)
        assert [(person.code, n) for person, n in zip(store.people(), store.n_templates().values(), strict=True)] == [("1", 2)]
        assert hand_in(tmp_path, store).counts == {Verdict.ALREADY: 2, Verdict.ENROLLED: 4}

    def test_a_photograph_that_another_process_enrolled_meanwhile_stays_where_it_is(self, tmp_path: Path, store: Store) -> None:
        portraits(tmp_path, "1042 Ada/a.png", "1042 Ada/b.png", "1043 Bob.png")
        meanwhile = hashlib.sha256((tmp_path / "1042 Ada" / "a.png").read_bytes()).hexdigest()

        def with_another_process(candidates: Iterable[Candidate]) -> Iterator[Candidate]:
            for number, candidate in enumerate(candidates):
                if number == 1:  # the first was looked at
                    eve = store.add_person("9", "Eve")
                    store.add_template(eve.id, face(9), model=MODEL, photo_sha256=meanwhile)
                yield candidate

        receipt = enrol(
            tmp_path, store=store, recogniser=recogniser(), terms=Terms(60, OPEN, POLICY), progress=with_another_process
        )
        assert given(receipt) == ["refused", "refused", "enrolled"]
        assert receipt.lines[0].reason == "this photograph is already enrolled for 9 Eve; enrol the folder again"
        assert [person.code for person in store.people()] == ["1043", "9"], "all of a person or nothing"

    def test_a_face_that_another_process_enrols_meanwhile_is_the_same_face(self, tmp_path: Path, db_path: Path) -> None:
        portrait(tmp_path / "stick" / "1042 Ada.png", face(1))

        class Contended(Store):
            def transaction(self) -> AbstractContextManager[None]:
                with Store.open(db_path, unit="door-1") as other:
                    if not other.people():
                        eve = other.add_person("9", "Eve")
                        other.add_template(eve.id, face(1), model=MODEL, photo_sha256=f"{9:064}")
                return super().transaction()

        with Contended.open(db_path, unit="door-1") as store:
            receipt = hand_in(tmp_path / "stick", store)
            assert (given(receipt), receipt.lines[0].other_code) == (["refused"], "9")

    def test_a_progress_bar_sees_the_end(self, tmp_path: Path, store: Store) -> None:
        portraits(tmp_path, "1 A/a.png", "1 A/b.png", "2 B.png")
        seen = []

        def bar(candidates: Iterable[Candidate]) -> Iterator[Candidate]:
            yield from candidates
            seen.append("the end")

        enrol(tmp_path, store=store, recogniser=recogniser(), terms=Terms(60, OPEN, POLICY), progress=bar)
        assert seen == ["the end"]
