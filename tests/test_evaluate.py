"""`muster evaluate` with the real networks: what it prints and writes, and how it answers folders that allow little."""

from __future__ import annotations

import csv
import json
import os
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from edge import __version__
from edge.cli import main

ROOT = Path(__file__).parent.parent
FACES = Path(os.environ.get("MUSTER_FACES") or ROOT.parent / "shared" / "faces" / "lfw-dev")
PORTRAITS = ROOT / "var" / "portraits"
NEEDED = ("obama/obama.jpg", "obama/obama2.jpg", "obama/obama3.jpg", "biden/biden.jpg", "astronaut/astronaut.png")

Evaluate = Callable[..., tuple[int, str, str]]


@pytest.fixture
def evaluate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Evaluate:
    """Runs the command: exit code, what it printed, what it complained."""
    monkeypatch.setenv("MUSTER_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("MUSTER_CONFIG", raising=False)

    def run(*words: str | Path) -> tuple[int, str, str]:
        return main(["evaluate", *map(str, words)]), *capsys.readouterr()

    return run


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Three people of the demonstration, of whom two are strangers."""
    if not all((PORTRAITS / Path(place).name).exists() for place in NEEDED):
        pytest.skip("var/portraits is not complete: `make portraits` fetches it")
    folder = tmp_path / "people"
    for place in NEEDED:
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PORTRAITS / Path(place).name, folder / place)
    return folder


def pairs(path: Path, *rows: tuple[int, str, str, int]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("fold", "a", "b", "same"), *rows])
    return path


class TestPortraits:
    def test_partial_figures_with_the_reason_for_each_that_is_missing(
        self, evaluate: Evaluate, people: Path, tmp_path: Path
    ) -> None:
        listed = pairs(
            tmp_path / "pairs.csv",
            (0, "obama/obama.jpg", "obama/obama2.jpg", 1),
            (0, "obama/obama.jpg", "biden/biden.jpg", 0),
            (1, "obama/obama2.jpg", "obama/obama3.jpg", 1),
            (1, "obama/obama2.jpg", "astronaut/astronaut.png", 0),
        )
        code, out, _ = evaluate(people, "--json", tmp_path / "f.json", "--html", tmp_path / "f.html", "--pairs", listed)
        told = json.loads((tmp_path / "f.json").read_text())
        assert code == 0
        assert (told["n_people"], told["n_photos"], told["n_failed"], told["template_bytes"]) == (3, 5, 0, 128)
        assert told["lfw_accuracy"] >= 0.5
        assert told["fnmr"] == {"1e-3": None, "1e-4": None, "1e-5": None}
        assert told["fnir"] == []
        assert "cannot be told: 1,000 different-person pairs are needed; there are 7" in out
        assert "cannot be told: 100 people with 2 photographs with a face are needed; there are 1" in out
        page = (tmp_path / "f.html").read_text(encoding="utf-8")
        assert "obama/obama2.jpg" in page
        assert "<img" not in page
        ElementTree.fromstring(page)  # noqa: S314  our own page

    def test_the_page_says_how_it_was_made_also_of_a_network_without_scores(
        self, evaluate: Evaluate, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "models").mkdir()
        for file in [*(ROOT / "models").glob("*.tflite"), ROOT / "models" / "manifest.toml"]:
            (tmp_path / "models" / file.name).symlink_to(file)
        monkeypatch.setenv("MUSTER_MODELS", str(tmp_path / "models"))
        (tmp_path / "muster.toml").write_text('matching.combination = "nearest"\n')
        monkeypatch.setenv("MUSTER_CONFIG", str(tmp_path / "muster.toml"))
        _, out, _ = evaluate(people, "--html", tmp_path / "f.html")
        page = (tmp_path / "f.html").read_text(encoding="utf-8")
        assert "No promise of the budget can be tried" in out
        assert "by the nearest of them (matching.combination: nearest)" in page
        assert f"by muster {__version__} with facenet" in page
        assert "unit's distance" not in page, "it has none"

    def test_faces_are_in_the_page_only_when_asked_for(self, evaluate: Evaluate, people: Path, tmp_path: Path) -> None:
        assert evaluate(people, "--html", tmp_path / "f.html", "--with-faces")[0] == 65, "too few for a single figure"
        page = (tmp_path / "f.html").read_text(encoding="utf-8")
        assert page.count('src="data:image/jpeg;base64,') == page.count("<img ") >= 4
        assert "biometric data" in page

    def test_a_page_with_faces_is_for_its_owner_alone(self, evaluate: Evaluate, people: Path, tmp_path: Path) -> None:
        page = tmp_path / "f.html"
        for options, mode in (((), 0o644), (("--with-faces",), 0o600), ((), 0o644)):
            evaluate(people, "--html", page, "--json", tmp_path / "f.json", *options)
            assert stat.S_IMODE(page.stat().st_mode) == mode
            assert stat.S_IMODE((tmp_path / "f.json").stat().st_mode) == 0o644

    def test_twice_gives_the_same_bytes(self, evaluate: Evaluate, people: Path, tmp_path: Path) -> None:
        for number in "12":
            evaluate(people, "--json", tmp_path / f"{number}.json", "--html", tmp_path / f"{number}.html")
        for kind in ("json", "html"):
            assert (tmp_path / f"1.{kind}").read_bytes() == (tmp_path / f"2.{kind}").read_bytes()

    def test_one_person_only(self, evaluate: Evaluate, people: Path) -> None:
        for name in ("biden", "astronaut"):
            shutil.rmtree(people / name)
        code, out, _ = evaluate(people)
        assert code == 65
        assert "only one person has a photograph with a face, so there is no different-person pair" in out

    def test_no_stranger(self, evaluate: Evaluate, people: Path, tmp_path: Path) -> None:
        for name in ("biden", "astronaut"):
            picture = cv2.imread(str(next((people / name).iterdir())))
            cv2.imwrite(str(people / name / "mirrored.png"), np.ascontiguousarray(picture[:, ::-1]))
        code, out, _ = evaluate(people, "--json", tmp_path / "f.json", "--html", tmp_path / "f.html", "--methods")
        assert code == 65
        assert out.count("Put one photograph each of people who are not enrolled") == 1
        assert out.count("cannot be told: 100 people with 2 photographs with a face are needed; there are 3") == 1
        told = json.loads((tmp_path / "f.json").read_text())
        assert (told["fnir"], told["lfw_accuracy"]) == ([], None)

    def test_a_thousand_copies_of_one_picture(self, evaluate: Evaluate, people: Path, tmp_path: Path) -> None:
        """The same file a thousand times, and the same picture saved anew: neither makes the rates."""
        original = people / "obama" / "obama.jpg"
        for number in range(1000):
            os.link(original, people / "obama" / f"copy {number}.jpg")
        picture = cv2.imread(str(original))
        for quality in (80, 90, 97):
            cv2.imwrite(str(people / "obama" / f"saved {quality}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        code, out, _ = evaluate(people, "--json", tmp_path / "f.json", "--html", tmp_path / "f.html")
        told = json.loads((tmp_path / "f.json").read_text())
        assert code == 65, "six different photographs of three people are too few"
        assert told["n_photos"] == 1008
        assert "Copies of another photograph of the same person, left out: 1,000." in out
        assert "3 photographs show no more than another one of the same person" in out
        assert "there are 13" in out, "pairs of two people: six of one with two others, and the two; copies make none"

    @pytest.mark.parametrize("has_others", [True, False])
    def test_one_face_under_two_names(self, evaluate: Evaluate, people: Path, has_others: bool) -> None:
        """Different photographs of one person in two folders, with and without other people's pairs to compare with."""
        (people / "barack").mkdir()
        (people / "obama" / "obama3.jpg").rename(people / "barack" / "speaker.jpg")
        if not has_others:
            (people / "obama" / "obama2.jpg").unlink()
        _, out, _ = evaluate(people)
        assert out.count("look like one person") == 1
        assert "barack/speaker.jpg and obama/obama" in out
        assert "are both in the right folder?" in out

    def test_a_photograph_under_two_names_and_copies_of_one(self, evaluate: Evaluate, people: Path) -> None:
        shutil.copy(people / "biden" / "biden.jpg", people / "astronaut" / "twin.jpg")
        shutil.copy(people / "obama" / "obama.jpg", people / "obama" / "copy.jpg")
        _, out, _ = evaluate(people)
        assert "Copies of another photograph of the same person, left out: 1." in out
        assert "in several people's folders: astronaut/twin.jpg, biden/biden.jpg" in out
        assert "astronaut/twin.jpg and biden/biden.jpg look like one person (distance 0.00" in out


class TestBadInput:
    def blank(self, folder: Path) -> Path:
        folder.mkdir(parents=True)
        (folder / "blank.png").write_bytes(cv2.imencode(".png", np.zeros((120, 120, 3), np.uint8))[1].tobytes())
        return folder.parent

    @pytest.mark.parametrize("what", ["missing", "empty"])
    def test_no_people(self, evaluate: Evaluate, tmp_path: Path, what: str) -> None:
        if what == "empty":
            (tmp_path / "people").mkdir()
        code, _, err = evaluate(tmp_path / "people")
        assert code == 65
        assert "people" in err

    def test_no_face(self, evaluate: Evaluate, tmp_path: Path) -> None:
        code, out, err = evaluate(self.blank(tmp_path / "people" / "Ann"))
        assert (code, out) == (65, "")
        assert "no face is found in any of its photographs (1)" in err

    def test_pairs_of_another_folder_are_refused_before_anything_is_measured(self, evaluate: Evaluate, tmp_path: Path) -> None:
        listed = pairs(tmp_path / "pairs.csv", (0, "Ann/blank.png", "Bob/1.jpg", 0), (1, "Ann/blank.png", "Bob/2.jpg", 0))
        code, out, err = evaluate(self.blank(tmp_path / "people" / "Ann"), "--pairs", listed)
        assert (code, out) == (65, "")
        assert "2 of its photographs are not in the folder, the first is 'Bob/1.jpg'" in err

    def test_where_nothing_can_be_written_is_said_at_once(self, evaluate: Evaluate, tmp_path: Path) -> None:
        folder = self.blank(tmp_path / "people" / "Ann")
        for option in ("--json", "--html"):
            for target in (tmp_path / "nowhere" / "f", tmp_path):
                code, _, err = evaluate(folder, option, target)
                assert code == 78
                assert "Name a file in a folder that is there" in err

    def test_wrong_usage_is_said_as_argparse_says_it(
        self, evaluate: Evaluate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit):
            evaluate(tmp_path, "--with-faces")
        told = capsys.readouterr().err
        assert told.startswith("usage: muster evaluate ")
        assert "muster evaluate: error: argument --with-faces: not allowed without argument --html" in told

    def test_methods_need_scikit_learn_and_say_so_at_once(
        self, evaluate: Evaluate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "sklearn", None)
        code, out, err = evaluate(self.blank(tmp_path / "people" / "Ann"), "--methods")
        assert (code, out) == (78, "")
        assert "--methods needs scikit-learn, which is not installed" in err
        assert "requirements/classifiers.txt" in err


@pytest.mark.faces
@pytest.mark.skipif(not FACES.is_dir(), reason="the development faces are not here: MUSTER_FACES names no folder")
def test_development_people_are_told_apart(evaluate: Evaluate, tmp_path: Path) -> None:
    """Sixty people with four photographs or more, and as many strangers."""
    by_number = {folder: len(list(folder.iterdir())) for folder in sorted(FACES.iterdir())}
    known = [folder for folder, n in by_number.items() if n >= 4][:60]
    strangers = [folder for folder, n in by_number.items() if n == 1][:60]
    for folder in (*known, *strangers):
        shutil.copytree(folder, tmp_path / "people" / folder.name)
    code, _, _ = evaluate(tmp_path / "people", "--json", tmp_path / "f.json", "--html", tmp_path / "f.html")
    told = json.loads((tmp_path / "f.json").read_text())
    assert code == 0
    assert told["n_people"] == 120
    assert told["n_failed"] <= 0.02 * told["n_photos"]
    assert told["fnmr"]["1e-3"] < 0.2
    assert told["fnmr"]["1e-4"] >= told["fnmr"]["1e-3"]
    assert {(row["n"], row["fpir"]) for row in told["fnir"] if row["g"] == 1} == {(60, 0.05)}, "a hundred are needed for more"


@pytest.mark.faces
@pytest.mark.skipif(not FACES.is_dir(), reason="the development faces are not here: MUSTER_FACES names no folder")
def test_without_strangers_pairs_are_told_and_the_door_is_not(evaluate: Evaluate, tmp_path: Path) -> None:
    """A hundred people with two photographs each, and nobody with one."""
    for folder in [folder for folder in sorted(FACES.iterdir()) if len(list(folder.iterdir())) == 2][:100]:
        shutil.copytree(folder, tmp_path / "people" / folder.name)
    code, out, _ = evaluate(tmp_path / "people", "--json", tmp_path / "f.json", "--html", tmp_path / "f.html")
    told = json.loads((tmp_path / "f.json").read_text())
    assert code == 0
    assert told["fnmr"]["1e-3"] < 0.3
    assert told["fnir"] == []
    assert "N=100 g=1 q=1 cannot be told: there is no stranger: nobody has a single photograph only" in " ".join(out.split())
