"""The command line, as somebody at a terminal or a script meets it."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from decisions import Decide

from edge import __version__, wiring
from edge.cli import main
from edge.config import Config
from edge.store import FILE_NAME, Store
from edge.types import Direction

Muster = Callable[..., tuple[int, str, str]]
ROOT = Path(__file__).parent.parent
FACES = Path(os.environ.get("MUSTER_FACES") or ROOT.parent / "shared" / "faces" / "lfw-dev")
RAN = "pnet=cpu rnet=cpu onet=cpu facenet=edgetpu"
MUSTER = Path(sys.executable).with_name("muster")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder that the environment names."""
    monkeypatch.setenv("MUSTER_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("MUSTER_CONFIG", raising=False)
    monkeypatch.setenv("TZ", "UTC")
    return tmp_path / "data"


@pytest.fixture
def muster(data: Path, capsys: pytest.CaptureFixture[str]) -> Muster:
    """Runs a command: exit code, what it printed, what it complained."""

    def run(*words: str) -> tuple[int, str, str]:
        try:
            code = main(words)
        except SystemExit as error:  # argparse's own
            code = error.code
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def populated(data: Path, decide: Decide) -> Path:
    """Two people and three events."""
    with Store.open(data / FILE_NAME, unit="door-1") as store:
        jane, john = store.add_person("1042", "Jane Doe"), store.add_person("7", "=John, Roe")
        store.record(jane, decide(datetime(2026, 11, 22, 7, tzinfo=UTC)))
        store.record(john, decide(datetime(2026, 11, 22, 23, 30, tzinfo=UTC), clock_ok=False))
        store.record(jane, decide(datetime(2026, 11, 23, 16, tzinfo=UTC), Direction.OUT), backends=RAN)
    return data


def configure(data: Path, text: str) -> None:
    data.mkdir(exist_ok=True)
    (data / "muster.toml").write_text(text, encoding="utf-8")


class TestFirstSteps:
    def test_without_a_command_it_helps(self, muster: Muster) -> None:
        code, out, _ = muster()
        assert code == 0
        assert "muster enrol" not in out
        for command in ("run", "enrol", "people", "events", "sync", "status", "doctor", "config", "version"):
            assert f"\n    {command} " in out
        assert "exit codes:" in out

    def test_version_waits_for_nothing_heavy(self) -> None:
        script = "import sys; from edge.cli import main; main(['version']); print(sorted(HEAVY & set(sys.modules)))"
        heavy = "{'numpy', 'cv2', 'sqlite_utils', 'PIL', 'tqdm', 'edge.wiring'}"
        done = subprocess.run([sys.executable, "-c", script.replace("HEAVY", heavy)], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines() == [f"muster {__version__}", "[]"]

    def test_the_module_is_the_command(self) -> None:
        for command in ([sys.executable, "-m", "edge"], [MUSTER]):
            done = subprocess.run([*command, "version"], capture_output=True, text=True, check=True, cwd=ROOT)
            assert done.stdout == f"muster {__version__}\n"

    @pytest.mark.parametrize("words", [["dance"], ["people"], ["events", "--json", "--csv"], ["enrol"]])
    def test_wrong_usage_is_said_with_the_usage(self, muster: Muster, words: list[str]) -> None:
        code, _, err = muster(*words)
        assert code == 2
        assert "usage: muster" in err

    @pytest.mark.parametrize(
        "words",
        [
            ["people", "rename", "\udcff", "X"],
            ["people", "rename", "7", "\udcff"],
            ["people", "remove", "\udcff"],
            ["events", "--code", "\udcff"],
            ["sync", "--to", "/media/\udcff"],
        ],
    )
    def test_what_is_not_utf8_is_wrong_usage(self, muster: Muster, words: list[str]) -> None:
        code, _, err = muster(*words)
        assert code == 2
        assert "is not UTF-8" in err

    def test_where_there_is_no_output_nothing_is_printed(self, populated: Path) -> None:
        done = subprocess.run(["sh", "-c", '"$0" people list >&-', MUSTER], capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")

    def test_documents_are_current(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "scripts.docs", "--check"], capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert (done.returncode, done.stdout) == (0, "")


class TestWhere:
    def test_the_folder_is_made_for_its_owner_alone(self, muster: Muster, data: Path) -> None:
        assert muster("enrol", str(data.parent))[0] == 65
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        assert stat.S_IMODE((data / FILE_NAME).stat().st_mode) == 0o600

    def test_data_may_stand_before_or_after_the_command(self, muster: Muster, populated: Path, tmp_path: Path) -> None:
        with Store.open(tmp_path / "other" / FILE_NAME, unit="door-2"):
            pass
        for words in (
            ["--data", str(tmp_path / "other"), "people", "list"],
            ["people", "list", "--data", str(tmp_path / "other")],
        ):
            assert muster(*words)[1] == "0 people.\n"
        assert muster("people", "list")[1].endswith("2 people.\n")

    def test_the_configuration_in_the_data_folder_is_used_unless_another_is_named(
        self, muster: Muster, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def name() -> str:
            return next(line for line in muster("config")[1].splitlines() if line.startswith("name"))

        assert name() == 'name = "muster-1"'
        configure(data, '[unit]\nname = "cellar"')
        assert name() == 'name = "cellar"'
        (tmp_path / "other.toml").write_text('[unit]\nname = "attic"')
        monkeypatch.setenv("MUSTER_CONFIG", str(tmp_path / "other.toml"))
        assert name() == 'name = "attic"'
        assert 'name = "cellar"' in muster("--config", str(data / "muster.toml"), "config")[1]

    def test_a_configuration_that_was_named_must_be_there(self, muster: Muster) -> None:
        code, _, err = muster("--config", "/nowhere/muster.toml", "people", "list")
        assert code == 78
        assert err.startswith("muster: /nowhere/muster.toml: cannot be read")

    def test_every_fault_of_the_configuration_is_a_line(self, muster: Muster, data: Path) -> None:
        configure(data, '[unit]\nnmae = "x"\n[camera]\nwidth = "wide"')
        code, out, err = muster("events")
        assert (code, out, len(err.splitlines())) == (78, "", 2)
        assert "did you mean 'unit.name'?" in err

    def test_the_defaults_can_be_printed_whatever_is_wrong_with_the_configuration(self, muster: Muster, data: Path) -> None:
        configure(data, "this is no TOML")
        assert muster("config")[0] == 78
        assert muster("config", "--defaults")[0] == 0


class TestPeople:
    def test_are_listed_for_people_and_for_programs(self, muster: Muster, populated: Path) -> None:
        assert muster("people", "list")[1] == "1042  Jane Doe  (0 templates)\n7     =John, Roe  (0 templates)\n2 people.\n"
        john = {"code": "7", "name": "=John, Roe", "templates": 0, "active": True, "valid_from": None, "valid_until": None}
        john |= {"retain_until": None, "basis": "", "language": ""}
        assert json.loads(muster("people", "list", "--json")[1])[1] == john

    def test_are_valid_between_two_days_or_not_at_all(self, muster: Muster, populated: Path) -> None:
        told = "Outside of that the door answers as to a stranger.\n"
        done = muster("people", "set", "7", "--from", "2026-12-01", "--until", "2027-05-31")
        assert done == (0, f"7 =John, Roe: from 2026-12-01, until 2027-05-31. {told}", "")
        done = muster("people", "set", "7", "--active", "no", "--from", "none")
        assert done == (0, f"7 =John, Roe: not active, until 2027-05-31. {told}", "")
        assert "7     =John, Roe  (0 templates; not active, until 2027-05-31)\n" in muster("people", "list")[1]
        john = json.loads(muster("people", "list", "--json")[1])[1]
        assert (john["active"], john["valid_from"], john["valid_until"]) == (False, None, "2027-05-31")
        muster("people", "set", "7", "--active", "yes", "--until", "none")
        assert "7     =John, Roe  (0 templates)\n" in muster("people", "list")[1]

    @pytest.mark.parametrize(
        ("words", "code", "sentence"),
        [
            (["7"], 2, "say what to set: --active, --from, --until, --basis, --retain-until or --language"),
            (["7", "--retain-until", "never"], 2, "'never' is no date as in 2026-11-22"),
            (["7", "--language", "auf Deutsch"], 65, "give a tag as in de, en-GB or pt-BR"),
            (["9", "--basis", "consent"], 65, "nobody has the code '9'"),
            (["7", "--from", "2026-13-01"], 2, "'2026-13-01' is no date as in 2026-11-22"),
            (["7", "--until", "20261122"], 2, "'20261122' is no date as in 2026-11-22"),
            (["7", "--active", "maybe"], 2, "invalid choice: 'maybe'"),
            (["7", "--from", "2026-12-02", "--until", "2026-12-01"], 65, "until 2026-12-01 lies before from 2026-12-02"),
            (["9", "--active", "no"], 65, "nobody has the code '9'"),
        ],
    )
    def test_what_cannot_be_set_is_said_and_changes_nothing(
        self, muster: Muster, populated: Path, words: list[str], code: int, sentence: str
    ) -> None:
        before = muster("people", "list")[1]
        done = muster("people", "set", *words)
        assert (done[0], sentence in done[2]) == (code, True), done
        assert muster("people", "list")[1] == before

    def test_whoever_has_templates_of_another_model_is_pointed_out(
        self, muster: Muster, populated: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Store.open(populated / FILE_NAME, unit="door-1") as store:
            for number, (person, model) in enumerate(zip(store.people(), (wiring.model(Config()), "older/int8"), strict=True)):
                store.add_template(person.id, np.ones(2, np.float32), model=model, photo_sha256=f"{number:064}")
        lines = muster("people", "list")[1].splitlines()
        assert lines[:3] == ["1042  Jane Doe  (1 template)", "7     =John, Roe  (1 template of another model)", "2 people."]
        assert lines[3].startswith("But 1 person cannot be recognised")
        assert lines[3].endswith("muster enrol FOLDER")
        monkeypatch.setenv("MUSTER_MODELS", str(populated))
        assert muster("people", "list")[1].splitlines()[1:] == ["7     =John, Roe  (1 template)", "2 people."]

    def test_are_renamed(self, muster: Muster, populated: Path) -> None:
        assert muster("people", "rename", "1042", "Jane Roe")[0] == 0
        assert "Jane Roe" in muster("people", "list")[1]

    def test_are_removed_with_a_word_on_what_stays(self, muster: Muster, populated: Path) -> None:
        code, out, _ = muster("people", "remove", "1042", "--yes")
        assert code == 0
        assert "Removed 1042 Jane Doe:" in out
        assert "Kept: 2 attendance rows" in out
        assert "1 person." in muster("people", "list")[1]

    def test_a_script_has_to_say_that_it_means_it(self, muster: Muster, populated: Path) -> None:
        code, out, errors = muster("people", "remove", "1042")
        assert (code, out) == (65, "")
        assert "Say it with --yes" in errors
        assert "2 people." in muster("people", "list")[1]

    def test_a_folder_without_a_database_is_said_and_none_is_made(self, tmp_path: Path, muster: Muster) -> None:
        for words in (["people", "list"], ["events"], ["sync", "--to", str(tmp_path)]):
            code, _, errors = muster(*words, "--data", str(tmp_path / "mistyped"))
            assert code == 74
            assert "there is no database in" in errors
        assert not (tmp_path / "mistyped").exists()

    def test_an_output_that_is_full_is_said(self, populated: Path) -> None:
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run([MUSTER, "people", "list"], stdout=full, stderr=subprocess.PIPE, check=False)
        assert (done.returncode, done.stderr.count(b"\n")) == (74, 1)
        assert b"the output cannot be written (No space left on device)" in done.stderr

    @pytest.mark.parametrize(("answer", "n_left"), [(b"no\n", 2), (b"yes\n", 1), (b"\n", 2)])
    def test_somebody_at_a_terminal_is_asked(self, populated: Path, answer: bytes, n_left: int) -> None:
        terminal, other_end = os.openpty()
        os.write(terminal, answer)
        done = subprocess.run([MUSTER, "people", "remove", "1042"], stdin=other_end, capture_output=True, check=True)
        os.close(terminal)
        os.close(other_end)
        assert b"Remove 1042 Jane Doe? This cannot be undone." in done.stdout
        with Store.open(populated / FILE_NAME, unit="door-1") as store:
            assert len(store.people()) == n_left

    def test_somebody_unknown_is_said(self, muster: Muster, populated: Path) -> None:
        for words in (["rename", "9", "X"], ["remove", "9"]):
            assert muster("people", *words) == (
                65,
                "",
                "muster: nobody has the code '9'. `muster people list` shows who is enrolled.\n",
            )

    def test_who_can_be_taken_for_whom(self, muster: Muster, populated: Path) -> None:
        assert muster("people", "confusable")[1] == "Pairs of people who can be taken for each other: 0.\n"
        with Store.open(populated / FILE_NAME, unit="door-1") as store:
            for number, person in enumerate(store.people()):
                template = np.array([1, number / 10], np.float32)
                store.add_template(person.id, template, model=wiring.model(Config()), photo_sha256=f"{number:064}")
            other = store.add_person("8", "Jane Doe's Twin")
            store.add_template(other.id, np.array([1, 0], np.float32), model="older/float32", photo_sha256=f"{9:064}")
        lines = muster("people", "confusable")[1].splitlines()
        assert lines[:2] == [
            "1042 Jane Doe and 7 =John, Roe (distance at the door 0.01)",
            "Pairs of people who can be taken for each other: 1.",
        ]
        assert "muster people remove CODE" in lines[2]
        assert lines[3].startswith("Left out: 1 person cannot be recognised"), "bytes of another model say nothing"
        assert json.loads(muster("people", "confusable", "--json")[1]) == [{"codes": ["1042", "7"], "distance": 0.01}]

    def test_no_name_steers_the_terminal(self, muster: Muster, data: Path) -> None:
        with Store.open(data / FILE_NAME, unit="door-1") as store:
            store.add_person("1", "\x1b[2JJane\nDoe")
        assert "\\x1b[2JJane\\nDoe" in muster("people", "list")[1]


class TestEnrol:
    """With the real networks."""

    def test_a_receipt_that_cannot_be_written_is_said_when_all_is_done(self, muster: Muster, tmp_path: Path) -> None:
        (tmp_path / "stick").mkdir()
        (tmp_path / "stick" / "7 John Roe.png").write_bytes(b"torn")
        code, out, err = muster("enrol", str(tmp_path / "stick"), "--receipt", str(tmp_path / "nowhere" / "receipt.csv"))
        assert (code, "Not enrolled at all: 7 John Roe." in out) == (65, True)
        assert "everything above is done, but the receipt" in err
        assert "Name a folder that you may write into." in err

    def test_whoever_cannot_be_told_by_a_name_is_not_enrolled(self, muster: Muster, tmp_path: Path) -> None:
        (tmp_path / "stick").mkdir()
        (tmp_path / "stick" / "IMG_1234.jpg").write_bytes(b"torn")
        code, out, _ = muster("enrol", str(tmp_path / "stick"))
        assert (code, out.splitlines()[3]) == (65, "Not enrolled at all: IMG_1234.jpg.")

    def test_a_folder_without_a_face_enrols_nobody_and_says_why(self, muster: Muster, tmp_path: Path) -> None:
        for name, pixels in (("1042 Jane Doe.png", np.full((300, 300, 3), 128, np.uint8)), ("7 John Roe.png", None)):
            (tmp_path / "stick").mkdir(exist_ok=True)
            content = b"torn" if pixels is None else cv2.imencode(".png", pixels)[1].tobytes()
            (tmp_path / "stick" / name).write_bytes(content)
        code, out, _ = muster("enrol", str(tmp_path / "stick"), "--receipt", str(tmp_path / "receipt.csv"))
        assert code == 65
        assert out.splitlines()[0] == "1042 Jane Doe"
        assert out.splitlines()[1].startswith("  no face           1042 Jane Doe.png: ")
        assert out.splitlines()[-3:] == [
            "2 photographs: 1 no face, 1 unreadable.",
            "Not enrolled at all: 1042 Jane Doe, 7 John Roe.",
            "Nobody can be recognised: no stranger is given a name.",
        ]
        with (tmp_path / "receipt.csv").open(newline="") as file:
            assert [row["verdict"] for row in csv.DictReader(file)] == ["no face", "unreadable"]

    def test_who_has_templates_of_another_model_only_is_said_with_the_command_that_helps(
        self, muster: Muster, data: Path, tmp_path: Path
    ) -> None:
        with Store.open(data / FILE_NAME, unit="door-1") as store:
            person = store.add_person("1042", "Jane Doe")
            store.add_template(person.id, np.ones(128, np.float32), model="another/int8", photo_sha256="0" * 64)
        (tmp_path / "7 John Roe.png").write_bytes(cv2.imencode(".png", np.full((300, 300, 3), 128, np.uint8))[1].tobytes())
        _, out, _ = muster("enrol", str(tmp_path))
        assert "Still nobody can be recognised: templates were made by another model (1 by another/int8;" in out
        assert out.endswith("; enrol their photographs again: muster enrol FOLDER\n")

    def test_a_method_that_the_door_cannot_use_is_said_when_people_are_enrolled(
        self, muster: Muster, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "sklearn", None)
        data.mkdir(exist_ok=True)
        (data / "muster.toml").write_text('[matching]\nmethod = "svm"\n')
        (tmp_path / "7 John Roe.png").write_bytes(cv2.imencode(".png", np.full((300, 300, 3), 128, np.uint8))[1].tobytes())
        _, out, _ = muster("enrol", str(tmp_path))
        assert 'Warning: matching.method = "svm" needs scikit-learn' in out.splitlines()[-1]
        assert 'matching.method = "svm" gives the names' in out.splitlines()[-2]

    def test_a_folder_that_is_not_there_is_said(self, muster: Muster, tmp_path: Path) -> None:
        code, out, err = muster("enrol", str(tmp_path / "stick"))
        assert (code, out) == (65, "")
        assert f"muster: {tmp_path}/stick: No such file or directory." in err

    @pytest.mark.faces
    @pytest.mark.skipif(not FACES.is_dir(), reason="the development faces are not here; name them with MUSTER_FACES")
    def test_real_people_are_enrolled_once(self, muster: Muster, tmp_path: Path) -> None:
        folders = sorted(folder for folder in FACES.iterdir() if len(list(folder.glob("*.jpg"))) == 4)[:10]
        for folder in folders:
            shutil.copytree(folder, tmp_path / "stick" / folder.name)
        assert muster("enrol", str(tmp_path / "stick"))[0] == 0
        people = json.loads(muster("people", "list", "--json")[1])
        assert len(people) == 10
        assert sum(person["templates"] for person in people) >= 34, "a tenth of these photographs shows somebody else as large"
        assert "40 photographs" in muster("enrol", str(tmp_path / "stick"))[1]
        assert json.loads(muster("people", "list", "--json")[1]) == people


class TestCapture:
    """With the real networks; somebody is photographed in tests/demo/test_demo_capture.py."""

    @pytest.fixture
    def empty_room(self, tmp_path: Path) -> str:
        folder = tmp_path / "recording"
        folder.mkdir()
        for number in range(3):
            cv2.imwrite(str(folder / f"{number}.png"), np.full((240, 320, 3), 128, np.uint8))
        return f"replay:{folder}"

    def test_nobody_before_the_camera_is_said_and_leaves_nothing(self, muster: Muster, tmp_path: Path, empty_room: str) -> None:
        code, out, _ = muster("capture", "1042 Jane Doe", "--into", str(tmp_path / "people"), "--camera", empty_room)
        assert code == 65
        assert out.splitlines() == [
            "1 of 5: look straight into the camera.",
            "Nothing was kept.",
            "Fewer than were asked for, because the camera had no more to give. Nobody stood in front of the camera.",
            "The same command goes on from there.",
        ]
        assert not (tmp_path / "people").exists()

    @pytest.mark.parametrize(
        ("camera", "code", "said"),
        [
            ("replay:nowhere", 69, "nowhere is not there"),
            ("usb:97", 69, "/dev/video97 is not there"),
            ("webcam", 78, "--camera: 'camera.source' must be"),
        ],
    )
    def test_a_camera_that_is_not_there_is_said(self, muster: Muster, tmp_path: Path, camera: str, code: int, said: str) -> None:
        done = muster("capture", "Jane Doe", "--into", str(tmp_path / "people"), "--camera", camera)
        assert done[0] == code
        assert said in done[2]
        assert not (tmp_path / "people").exists()

    @pytest.mark.parametrize(
        "words",
        [["Jane"], ["Jane", "--into", "x", "--n", "0"], ["Jane", "--into", "x", "--seconds", "-1"], ["\udcff", "--into", "x"]],
    )
    def test_wrong_usage(self, muster: Muster, words: list[str]) -> None:
        assert muster("capture", *words)[0] == 2

    def test_what_is_nobodys_name_is_said(self, muster: Muster, tmp_path: Path, empty_room: str) -> None:
        code, _, errors = muster("capture", "a/b", "--into", str(tmp_path / "people"), "--camera", empty_room)
        assert (code, "cannot be the name of a person's folder" in errors) == (65, True)


class TestAlign:
    """With the real networks."""

    def test_where_nothing_can_be_aligned_it_says_why(self, muster: Muster, tmp_path: Path) -> None:
        (tmp_path / "in" / "Jane").mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "in" / "Jane" / "wall.png"), np.full((240, 320, 3), 128, np.uint8))
        (tmp_path / "in" / "torn.jpg").write_bytes(b"torn")
        code, out, _ = muster("align", str(tmp_path / "in"), str(tmp_path / "out"))
        assert code == 65
        assert out.splitlines() == [
            "not aligned: torn.jpg: not a picture that Muster reads (JPEG, PNG, WEBP, BMP, TIFF, GIF)",
            "not aligned: Jane/wall.png: no face",
            "2 photographs: 0 aligned, 0 already, 2 not.",
        ]

    def test_a_size_that_cannot_be_is_wrong_usage(self, muster: Muster) -> None:
        code, _, errors = muster("align", "in", "out", "--size", "1.5")
        assert (code, "'1.5' is not a whole number between 16 and 2048" in errors) == (2, True)


class TestEvents:
    def test_are_printed_in_local_time(self, muster: Muster, populated: Path) -> None:
        configure(populated, '[unit]\ntimezone = "Europe/Vienna"')
        assert muster("events")[1].splitlines() == [
            "1  2026-11-22 08:00:00+01:00  in   1042  Jane Doe  0.44",
            "2  2026-11-23 00:30:00+01:00  in   7  =John, Roe  0.44  (the clock was not set)",
            "3  2026-11-23 17:00:00+01:00  out  1042  Jane Doe  0.44",
            "3 events.",
        ]

    @pytest.mark.parametrize(
        ("words", "n"),
        [
            (["--since", "2026-11-23"], 2),
            (["--until", "2026-11-22"], 1),
            (["--since", "2026-11-23", "--until", "2026-11-23"], 2),
            (["--since", "2026-11-23T00:30", "--until", "2026-11-23T17:00"], 1),
            (["--since", "2026-11-22T23:30Z"], 2),
            (["--code", "1042"], 2),
            (["--code", "8"], 0),
        ],
    )
    def test_are_chosen_by_local_day_moment_and_code(self, muster: Muster, populated: Path, words: list[str], n: int) -> None:
        configure(populated, '[unit]\ntimezone = "Europe/Vienna"')
        assert len(json.loads(muster("events", "--json", *words)[1])) == n

    def test_as_csv_they_are_what_sync_delivers(self, muster: Muster, populated: Path) -> None:
        configure(populated, '[unit]\ntimezone = "Europe/Vienna"')
        rows = list(csv.DictReader(io.StringIO(muster("events", "--csv")[1])))
        assert [row["person_name"] for row in rows] == ["Jane Doe", "'=John, Roe", "Jane Doe"]
        assert rows[0]["at_local"] == "2026-11-22T08:00:00.000+01:00"
        assert [row["backends"] for row in rows] == ["", "", RAN]

    def test_as_json_numbers_are_numbers(self, muster: Muster, populated: Path) -> None:
        _, row, latest = json.loads(muster("events", "--json")[1])
        assert (row["distance"], row["clock_ok"], row["person_name"]) == (0.4375, False, "=John, Roe")
        assert (row["backends"], latest["backends"]) == ("", RAN)

    @pytest.mark.parametrize("when", ["yesterday", "2026-13-01", "22.11.2026", "0001-01-01", "9999-12-31T23:59-12:00"])
    def test_a_day_that_is_none_is_said(self, muster: Muster, data: Path, when: str) -> None:
        configure(data, '[unit]\ntimezone = "Asia/Tokyo"')
        code, _, err = muster("events", "--since", when)
        assert code == 78
        assert "neither a day such as" in err


class TestSync:
    def test_goes_where_the_configuration_says(self, muster: Muster, populated: Path, tmp_path: Path) -> None:
        (tmp_path / "stick").mkdir()
        configure(populated, f'[sync]\ndestinations = ["{tmp_path}/stick", "{tmp_path}/share"]')
        assert muster("sync", "--prepare", f"{tmp_path}/stick")[:1] == (0,)
        code, out, err = muster("sync")
        assert (code, out) == (75, f"{tmp_path}/stick: 3 new rows, in attendance-2026-11.csv\n")
        assert err.startswith(f"muster: {tmp_path}/share: it is not there")
        (tmp_path / "share").mkdir()
        muster("sync", "--prepare", f"{tmp_path}/share")
        code, out, err = muster("sync")
        assert (code, out.splitlines()[0], err) == (0, f"{tmp_path}/stick: nothing new", "")

    def test_goes_where_it_is_told_and_there_again(self, muster: Muster, populated: Path, tmp_path: Path) -> None:
        (tmp_path / "stick").mkdir()
        for options, n in (([], "3 new rows"), ([], "nothing new"), (["--again"], "nothing new")):
            assert n in muster("sync", "--to", str(tmp_path / "stick"), *options)[1]
        assert len((tmp_path / "stick" / "attendance-2026-11.csv").read_text().splitlines()) == 4

    def test_who_chooses_a_dialect_gets_its_files_beside_the_table(self, muster: Muster, populated: Path, tmp_path: Path) -> None:
        (tmp_path / "stick").mkdir()
        sync = ("sync", "--to", str(tmp_path / "stick"))
        muster(*sync)
        configure(populated, '[ledger]\ndialect = "frappe"\n[unit]\ntimezone = "Europe/Vienna"')
        out = muster(*sync)[1]
        (frappe,) = (tmp_path / "stick").glob("frappe-door-1-*-2026-11.csv")
        assert f"no new row; written anew: {frappe.name}" in out
        assert [row["Employee"] for row in csv.DictReader(frappe.read_text("utf-8-sig").splitlines())] == ["1042", "7", "1042"]
        assert "nothing new" in muster(*sync)[1]

    def test_who_names_a_folder_by_hand_is_told_that_it_is_a_destination_now(
        self, muster: Muster, populated: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "stick").mkdir()
        told = "is a destination from now on"
        assert [told in muster("sync", "--to", str(tmp_path / "stick"))[1] for _ in range(2)] == [True, False]

    @pytest.mark.parametrize("options", [[], ["--to", "{}/share/"]], ids=["configured", "the same by hand"])
    def test_a_configured_folder_without_its_marker_is_refused_and_stays_empty(
        self, muster: Muster, populated: Path, tmp_path: Path, options: list[str]
    ) -> None:
        (tmp_path / "share").mkdir()
        configure(populated, f'[sync]\ndestinations = ["{tmp_path}/share"]')
        code, out, err = muster("sync", *(option.format(tmp_path) for option in options))
        assert (code, out) == (75, "")
        assert "it is not mounted and this is the empty folder beneath" in err
        assert "this is another one" in err
        assert f"`muster sync --prepare {tmp_path}/share" in err
        assert list((tmp_path / "share").iterdir()) == []

    def test_a_folder_of_the_units_own_disk_can_be_refused(self, muster: Muster, populated: Path, tmp_path: Path) -> None:
        (tmp_path / "share").mkdir()
        configure(populated, f'[sync]\nmust_be_mounted = true\ndestinations = ["{tmp_path}/share"]')
        for options in ([], ["--prepare", f"{tmp_path}/share"], ["--to", str(tmp_path)]):
            code, _, err = muster("sync", *options)
            assert code == 75
            assert "nothing is mounted there" in err
        assert list((tmp_path / "share").iterdir()) == []

    def test_what_waiting_does_not_mend_is_not_tried_again(self, muster: Muster, populated: Path, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        code, _, err = muster("sync", "--for", "86400", "--to", f"{tmp_path}/file")
        assert (code, err.count("it is not a folder")) == (75, 1)

    def test_a_file_that_was_changed_is_mentioned(self, muster: Muster, populated: Path, tmp_path: Path) -> None:
        (tmp_path / "attendance-2026-11.csv").write_text("something else")
        assert "kept as attendance-2026-11.set-aside-1.csv" in muster("sync", "--to", str(tmp_path))[1]

    def test_nowhere_to_go_is_said(self, muster: Muster) -> None:
        code, _, err = muster("sync")
        assert code == 78
        assert "--to" in err


class TestTrouble:
    def test_a_damaged_database(self, muster: Muster, populated: Path) -> None:
        (populated / FILE_NAME).write_bytes(b"not a database, however you look at it")
        code, out, err = muster("people", "list")
        assert (code, out) == (74, "")
        assert "is damaged (file is not a database)" in err

    def test_a_newer_database(self, muster: Muster, populated: Path) -> None:
        raw = sqlite3.connect(populated / FILE_NAME)
        raw.execute("PRAGMA user_version = 99")
        raw.close()
        assert muster("people", "list")[0] == 78

    def test_a_camera_that_is_none(self, muster: Muster) -> None:
        code, _, err = muster("run", "--camera", "webcam")
        assert code == 78
        assert "'camera.source' must be 'pi'" in err

    def test_a_reader_that_goes_away_is_no_drama(self, populated: Path) -> None:
        with Store.open(populated / FILE_NAME, unit="door-1") as store, store.transaction():
            for number in range(5000):
                store.add_person(f"p{number}", "Somebody with a name that fills the pipe" * 3)
        with subprocess.Popen([MUSTER, "people", "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
            child.stdout.readline()
            child.stdout.close()
            assert (child.stderr.read(), child.wait(20)) == (b"", 128 + signal.SIGPIPE)

    @pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_a_signal_ends_it_quietly_and_closes_everything(
        self, populated: Path, tmp_path: Path, number: signal.Signals, exit_code: int
    ) -> None:
        """It waits for the answer to a question of a terminal when the signal comes: at the one place where it is sure to be."""
        terminal, other_end = os.openpty()
        # Whoever starts the tests in the background has SIGINT ignored, which children inherit.
        command = ["env", "--default-signal=INT", MUSTER, "people", "remove", "1042"]
        with subprocess.Popen(command, stdin=other_end, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
            assert b"Type yes:" in child.stdout.readline()
            child.send_signal(number)
            assert (child.wait(20), child.stderr.read()) == (exit_code, b"")
        os.close(terminal)
        os.close(other_end)
        assert [path.name for path in populated.iterdir()] == [FILE_NAME], "the write-ahead log is closed"
        with Store.open(populated / FILE_NAME, unit="door-1") as store:
            assert store.find_person("1042")


def test_every_command_has_an_example_and_every_option_a_meaning(muster: Muster) -> None:
    for words in (["run"], ["enrol"], ["people"], ["people", "list"], ["people", "rename"], ["events"], ["sync"], ["doctor"]):
        code, out, _ = muster(*words, "--help")
        assert code == 0
        assert "example: muster" in out
