"""Somebody else's photograph in a folder: it is refused, and the right person finds a way in."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from studio import MODEL, face, given, hand_in, line, portrait, portraits

from edge.exchange.enrolment.acquisition import Verdict
from edge.store import Store


class TestAWrongFirstComer:
    def test_does_not_keep_the_right_person_out(self, tmp_path: Path, store: Store) -> None:
        for number in range(2):
            portrait(tmp_path / "stick" / "1042 Ada" / f"{number}.png", face(2))
            portrait(tmp_path / "stick" / "1043 Eve" / f"{number}.png", face(2))
        told = hand_in(tmp_path / "stick", store).lines[2].reason
        assert "if 1042 was given the wrong photographs: muster people remove 1042, then enrol both again" in told
        store.remove_person("1042")
        shutil.rmtree(tmp_path / "stick" / "1042 Ada")
        assert given(hand_in(tmp_path / "stick", store)) == ["enrolled"] * 2

    def test_is_not_made_good_by_a_second_copy_of_the_file(self, tmp_path: Path, store: Store) -> None:
        portrait(tmp_path / "1042 Ada" / "a.png", face(1))
        second = portrait(tmp_path / "1043 Eve" / "a.png", face(1))
        (tmp_path / "1043 Eve" / "b.png").write_bytes(second.read_bytes())
        receipt = hand_in(tmp_path, store)
        assert given(receipt) == ["enrolled", "refused", "refused"]
        assert (receipt.lines[2].reason, receipt.lines[2].photograph) == (receipt.lines[1].reason, "1043 Eve/b.png")
        assert receipt.without_template == [("1043", "Eve")]


class TestAWrongPhotograph:
    def test_among_three_is_refused_and_its_owner_named(self, tmp_path: Path, store: Store) -> None:
        portraits(tmp_path, "1001 Bob/a.png", "1042 Ada/a.png", "1042 Ada/b.png", "1042 Ada/d.png")
        portrait(tmp_path / "1042 Ada" / "c.png", face(1))
        receipt = hand_in(tmp_path, store)
        wrong = line(receipt, "1042 Ada/c.png")
        assert (wrong.verdict, wrong.other_code) == (Verdict.REFUSED, "1001")
        assert wrong.reason == (
            "unlike the 3 photographs of Ada that agree with each other "
            "(distance to the nearest photograph 2.00); it shows the face of 1001 Bob. "
            "Leave it out; if those are somebody else's: muster people remove 1042, sort the folder and enrol it again"
        )
        assert sorted(store.n_templates().values()) == [1, 3]

    def test_of_two_that_disagree_nobody_can_tell(self, tmp_path: Path, store: Store) -> None:
        portrait(tmp_path / "1042 Ada" / "a.png", face(1))
        portrait(tmp_path / "1042 Ada" / "b.png", face(2))
        receipt = hand_in(tmp_path, store)
        assert given(receipt) == ["refused", "refused"]
        assert all("the 2 photographs disagree" in line.reason for line in receipt.lines)
        assert receipt.without_template == [("1042", "Ada")]
        portrait(tmp_path / "1042 Ada" / "c.png", face(1))
        assert given(hand_in(tmp_path, store)) == ["enrolled", "refused", "enrolled"], "a third one settles it"

    def test_what_is_enrolled_and_does_not_agree_is_told_of(self, tmp_path: Path, store: Store) -> None:
        ada = store.add_person("1042", "Ada")
        for who in (1, 2):
            store.add_template(ada.id, face(who), model=MODEL, photo_sha256=f"{who:064}")
        portrait(tmp_path / "1042 Ada" / "a.png", face(1))
        assert hand_in(tmp_path, store).lines[0].reason.startswith("what is enrolled for Ada does not agree")

    def test_of_two_that_disagree_the_one_that_is_known_is_told(self, tmp_path: Path, store: Store) -> None:
        portraits(tmp_path, "1001 Bob/a.png")
        portrait(tmp_path / "1042 Ada" / "a.png", face(1))
        portrait(tmp_path / "1042 Ada" / "b.png", face(2))
        receipt = hand_in(tmp_path, store)
        assert given(receipt) == ["enrolled", "refused", "enrolled"]
        assert "disagree" not in receipt.lines[2].reason

    @pytest.mark.parametrize("faces", [(1, 2, 3), (1, 1, 2, 2)])
    def test_a_folder_of_several_people_enrols_nobody(self, tmp_path: Path, store: Store, faces: tuple[int, ...]) -> None:
        for number, who in enumerate(faces):
            portrait(tmp_path / "1042 Ada" / f"{number}.png", face(who))
        receipt = hand_in(tmp_path, store)
        assert set(given(receipt)) == {"refused"}
        assert "photographs disagree as those of several people do" in receipt.lines[0].reason
        assert receipt.lines[0].distance is None, "there is nothing that it could be the distance to"
        assert store.people() == []

    def test_two_people_of_one_name_without_codes_are_told_apart(self, tmp_path: Path, store: Store) -> None:
        portrait(tmp_path / "May" / "Jane Doe.png", face(1))
        portrait(tmp_path / "June" / "Jane Doe.png", face(2))
        hand_in(tmp_path / "May", store)
        receipt = hand_in(tmp_path / "June", store)
        assert given(receipt) == ["refused"]
        assert receipt.lines[0].reason.startswith(
            "unlike what is enrolled for jane-doe Jane Doe (distance to the nearest photograph 2.00). Another person needs"
        )
        assert list(store.n_templates().values()) == [1]

    def test_what_is_enrolled_is_not_outvoted(self, tmp_path: Path, store: Store) -> None:
        portrait(tmp_path / "1" / "1042 Ada.png", face(1))
        hand_in(tmp_path / "1", store)
        for number in range(4):
            portrait(tmp_path / "2" / "1042 Ada" / f"{number}.png", face(2))
        assert set(given(hand_in(tmp_path / "2", store))) == {"refused"}
        assert np.argmax(store.templates(MODEL)[0][0]) == 1
