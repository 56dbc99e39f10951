"""The folder of one person's photographs: named as enrolment reads it, kept from others, never written over."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.errors import EnrolError
from edge.exchange.capture.album import album
from edge.exchange.enrolment.folder import candidates
from edge.exchange.files import LOCK_NAME

NAME = "1042 Ada Lovelace"


class TestTheFolder:
    def opened(self, into: Path, name: str) -> str:
        with album(into, name) as person:
            person.add(b"x")
        return str(person.folder.relative_to(into))

    @pytest.mark.parametrize(
        ("name", "folder"),
        [("1042 Ada Lovelace", "1042 Ada Lovelace"), ("Ada_ Lovelace", "Ada Lovelace"), ("1042", "1042"), ("A\u0301da", "Áda")],
    )
    def test_it_is_named_so_that_enrolment_reads_the_same(self, tmp_path: Path, name: str, folder: str) -> None:
        assert self.opened(tmp_path, name) == folder
        assert [each.label.name for each in candidates(tmp_path)] == [folder.removeprefix("1042 ") or folder]

    @pytest.mark.parametrize("name", ["", " ", "a/b", "..", ".Ada", "$Ada", "IMG_2041", "Ada\x1b[2J", "\udcff", "lost+found"])
    def test_what_is_nobodys_name_is_refused(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(EnrolError):
            self.opened(tmp_path / "people", name)
        assert not (tmp_path / "people").exists()

    def test_a_code_of_somebody_else_is_refused(self, tmp_path: Path) -> None:
        self.opened(tmp_path, "1042 Bob Roe")
        with pytest.raises(EnrolError, match=r"the code 1042 is Bob Roe's in .*Another person needs another code"):
            self.opened(tmp_path, NAME)

    def test_another_spelling_of_the_same_person_is_the_same_folder(self, tmp_path: Path) -> None:
        (tmp_path / "1042_Ada_LOVELACE").mkdir()
        assert self.opened(tmp_path, NAME) == "1042_Ada_LOVELACE"

    @pytest.mark.parametrize(
        ("spoil", "said"),
        [
            (lambda into: into.write_text("a file"), "people: cannot be written"),
            (lambda into: (into.mkdir(), (into / NAME).symlink_to(into.parent)), "is a link to a folder"),
            (lambda into: into.symlink_to(into.parent / "nowhere"), "people: cannot be written"),
        ],
        ids=["a file", "a link", "a link to nowhere"],
    )
    def test_what_is_in_the_way_is_said(self, tmp_path: Path, spoil: Callable[[Path], object], said: str) -> None:
        spoil(tmp_path / "people")
        with pytest.raises(EnrolError, match=said):
            self.opened(tmp_path / "people", NAME)

    def test_a_name_that_is_too_long_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(EnrolError, match="File name too long"):
            self.opened(tmp_path, "A" * 300)

    def test_a_mistyped_place_is_not_made(self, tmp_path: Path) -> None:
        with pytest.raises(EnrolError, match="No such file or directory"):
            self.opened(tmp_path / "mistyped" / "people", NAME)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_that_may_not_be_written_is_said(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        with pytest.raises(EnrolError, match="Permission denied"):
            self.opened(tmp_path, NAME)

    def test_an_empty_folder_is_no_photograph(self, tmp_path: Path) -> None:
        (tmp_path / NAME).mkdir()
        with album(tmp_path, NAME) as person:
            assert person.there == ()

    def test_two_musters_do_not_photograph_one_person_at_once(self, tmp_path: Path) -> None:
        (tmp_path / NAME).mkdir()
        with (tmp_path / NAME / LOCK_NAME).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with pytest.raises(EnrolError, match="another Muster is at work in"):
                self.opened(tmp_path, NAME)
