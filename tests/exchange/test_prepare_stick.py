"""The office's tool and the unit agree to the byte; the tool runs alone, as it would in an office."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from office import NOW, SECRET, STICK_ID, TOOL, blank, known, prepare, put, tool

from edge.errors import StickError
from edge.exchange.enrolment import folder as enrolment
from edge.exchange.enrolment.photographs import MAX_BYTES as MAX_PHOTOGRAPH
from edge.exchange.stick import manifest as ours
from edge.exchange.stick.manifest import MANIFEST, Manifest, read_listed
from edge.exchange.stick.pairing import Wishes, pair
from edge.exchange.stick.tree import MAX_DEPTH, Tree
from edge.exchange.stick.trust import KEY, STICK, examine
from edge.store import Store

GOLDEN = Path(__file__).parent / "golden" / "muster-manifest.json"
"""Made with `python tests/exchange/golden_manifest.py`; the digests are of the bytes b"face", b"code,name\\n" and of none."""

FILES: dict[str, dict[str, object]] = {
    "enrol/1042 Ada Zoë/1.jpg": {"sha256": "0282d9b79f42c74c1550b20ff2dd16aafc3fe5d8ae9a00b2f66996d0ae882775", "size": 4},
    "enrol/\udcff 7.jpg": {"sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "size": 0},
    "people.csv": {"sha256": "a71e0581e283b94badc8641a8eee7bc94daffd15eeb442fa4df21ce34304737f", "size": 10},
}
PEOPLE = b"code,name\n"


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """A paired stick with a photograph and a table."""
    stick = blank(tmp_path / "stick")
    put(stick, {"enrol/1042 Ada/1.jpg": b"face", "people.csv": PEOPLE})
    return stick


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Of whoever prepares sticks."""
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def read(stick: Path) -> Manifest:
    return Manifest.parse((stick / MANIFEST).read_bytes(), key=SECRET, stick_id=STICK_ID)


class TestAgreement:
    def test_the_golden_manifest_is_what_the_tool_writes_and_what_the_unit_reads(self) -> None:
        content = GOLDEN.read_bytes()
        written = tool().manifest(STICK_ID, SECRET, files=FILES, serial=1795335300, made_utc="2026-11-22T08:15:00Z")
        assert written == content
        found = Manifest.parse(content, key=SECRET, stick_id=STICK_ID)
        assert (found.serial, found.made_utc) == (1795335300, "2026-11-22T08:15:00Z")
        assert {name: digest._asdict() for name, digest in found.files.items()} == FILES

    def test_both_know_the_same_names_and_limits(self) -> None:
        theirs = tool()
        for name in ("MANIFEST", "PHOTOGRAPHS", "TABLES", "PREFIX", "MAX_FILES", "MAX_BYTES", "MAX_NAME"):
            assert getattr(theirs, name) == getattr(ours, name), name
        assert (theirs.STICK, theirs.KEY, theirs.MAX_DEPTH) == (STICK, KEY, MAX_DEPTH)
        assert theirs.MAX_PHOTOGRAPH == MAX_PHOTOGRAPH
        assert all(enrolment.is_left_behind(name) for name in theirs.LEFT_BEHIND)
        assert not enrolment.is_left_behind("1.jpg")

    def test_it_is_python_3_8_and_needs_nothing_else(self) -> None:
        tree = ast.parse(TOOL.read_text(encoding="utf-8"), feature_version=(3, 8))
        names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        names += [str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        in_3_8 = {"__future__", "argparse", "contextlib", "hashlib", "hmac", "json", "os", "pathlib", "re", "stat", "sys", "time"}
        assert set(names) <= in_3_8 | {"typing", "unicodedata"}
        assert not {"removeprefix", "removesuffix", "is_relative_to", "readlink"} & {
            node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)
        }


class TestPreparing:
    def test_the_unit_takes_what_the_tool_prepared(self, stick: Path, home: Path, store: Store) -> None:
        known(store)
        done = prepare(stick, home)
        assert (done.returncode, done.stderr) == (0, "")
        assert "1 photograph, 1 folder of people, people.csv: prepared" in done.stdout
        trust = examine(stick, store, policy="paired", hardware="")
        assert trust.manifest
        with Tree(stick) as tree:
            assert read_listed(tree, trust.manifest, "enrol/1042 Ada/1.jpg", at_most=10) == b"face"
            assert read_listed(tree, trust.manifest, "people.csv", at_most=10) == PEOPLE

    def test_from_the_stick_itself_it_needs_no_word(self, stick: Path, home: Path) -> None:
        program = stick / "prepare-stick.py"
        program.write_bytes(TOOL.read_bytes())
        assert prepare(home, home, program=program).returncode == 1  # who names a folder means that one
        assert not (stick / MANIFEST).exists()
        assert prepare(None, home, program=program).returncode == 0
        assert sorted(read(stick).files) == ["enrol/1042 Ada/1.jpg", "people.csv"]

    def test_the_same_files_again_make_no_other_manifest_unless_that_is_asked_for(self, stick: Path, home: Path) -> None:
        prepare(stick, home)
        before = (stick / MANIFEST).read_bytes()
        assert "nothing has changed" in prepare(stick, home).stdout
        assert (stick / MANIFEST).read_bytes() == before
        first = read(stick).serial
        prepare(stick, home, "--again")
        assert read(stick).serial > first

    def test_a_change_makes_a_later_one_also_where_the_clock_was_set_back(self, stick: Path, home: Path) -> None:
        late = tool().manifest(STICK_ID, SECRET, files={}, serial=4_000_000_000, made_utc="2096-10-02T07:06:40Z")
        (stick / MANIFEST).write_bytes(late)
        prepare(stick, home)
        assert read(stick).serial == 4_000_000_001

    def test_a_forged_manifest_does_not_set_the_next_serial(self, stick: Path, home: Path) -> None:
        forged = tool().manifest(STICK_ID, bytes(32), files={}, serial=9_999_999_999, made_utc="2286-11-20T17:46:39Z")
        (stick / MANIFEST).write_bytes(forged)
        prepare(stick, home)
        assert read(stick).serial < 4_000_000_000

    def test_a_table_that_no_unit_looks_for_is_told(self, stick: Path, home: Path) -> None:
        wrong = ("people.csv.csv", "People.xlsx", "remove (1).csv", "people.csv.txt")
        put(stick, dict.fromkeys((*wrong, "peoples.txt", "remove.csv", ".people.csv.swp"), b"x"))
        done = prepare(stick, home)
        assert [line.split(":")[1].strip() for line in done.stdout.splitlines() if line.startswith("left out")] == sorted(wrong)
        assert sorted(read(stick).files) == ["enrol/1042 Ada/1.jpg", "people.csv", "remove.csv"]

    def test_what_nobody_meant_is_left_out_and_what_cannot_come_is_told(self, stick: Path, home: Path, tmp_path: Path) -> None:
        put(stick, {f"enrol/{name}": b"x" for name in (".DS_Store", "Thumbs.db", "1042 Ada/._1.jpg", "$RECYCLE.BIN/x")})
        put(stick, {"other/x.jpg": b"x", "enrol" + "/d" * 9 + "/x.jpg": b"x"})
        put(tmp_path, {"secret": b"x"})
        (stick / "enrol" / "link.jpg").symlink_to(tmp_path / "secret")
        (stick / "enrol" / "linked").symlink_to(tmp_path)
        os.mkfifo(stick / "enrol" / "pipe.jpg")
        for name, size in (("enrol/huge.jpg", 4_000_000_000), ("remove.csv", 5_000_001)):
            (stick / name).touch()
            os.truncate(stick / name, size)
        done = prepare(stick, home)
        assert done.returncode == 0
        assert sorted(read(stick).files) == ["enrol/1042 Ada/1.jpg", "people.csv"]
        for name in ("link.jpg", "linked", "pipe.jpg", "huge.jpg", "d/d/d", "remove.csv"):
            assert f"{name}: " in done.stdout

    def test_folders_without_end_are_told_and_left(self, stick: Path, home: Path) -> None:
        descriptor = os.open(stick / "enrol", os.O_RDONLY)
        for _ in range(1_200):
            os.mkdir("d", dir_fd=descriptor)
            below = os.open("d", os.O_RDONLY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        os.close(descriptor)
        done = prepare(stick, home)
        subprocess.run(["rm", "-r", stick / "enrol" / "d"], check=True)  # `shutil.rmtree` of Python 3.11 gets lost in there
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.count("too deep") == 1
        assert "enrol/1042 Ada/1.jpg" in read(stick).files

    def test_a_file_lies_as_deep_as_a_unit_looks_and_no_deeper(self, stick: Path, home: Path) -> None:
        deepest = f"enrol{'/d' * (MAX_DEPTH - 1)}/1.jpg"
        put(stick, {deepest: b"face", f"enrol{'/e' * MAX_DEPTH}/1.jpg": b"face"})
        prepare(stick, home)
        assert sorted(read(stick).files) == ["enrol/1042 Ada/1.jpg", deepest, "people.csv"]

    def test_a_name_does_nothing_to_the_terminal(self, stick: Path, home: Path) -> None:
        (stick / "enrol" / "\x1b[2J\x9b1m\n\u202egpj.1").symlink_to("nowhere")
        done = prepare(stick, home)
        assert done.returncode == 0
        assert "enrol/\\x1b[2J\\x9b1m\\n\\u202egpj.1: a link" in done.stdout
        assert all(line.isprintable() for line in done.stdout.splitlines())

    def test_letters_and_accents_apart_are_one_name(self, stick: Path, home: Path) -> None:
        put(stick, {unicodedata.normalize("NFD", "enrol/Zoë/1.jpg"): b"face"})
        prepare(stick, home)
        assert "enrol/Zoë/1.jpg" in read(stick).files
        put(stick, {"enrol/Zoë/1.jpg": b"another"})
        assert "rename one" in prepare(stick, home).stdout

    def test_names_that_are_no_text_can_come_too(self, stick: Path, home: Path) -> None:
        put(stick, {"enrol/\udcff 7.jpg": b"face"})
        done = prepare(stick, home)
        assert done.returncode == 0
        with Tree(stick) as tree:
            assert read_listed(tree, read(stick), "enrol/\udcff 7.jpg", at_most=10) == b"face"

    def test_a_stick_without_anything_has_an_empty_manifest(self, tmp_path: Path, home: Path) -> None:
        stick = blank(tmp_path / "empty")
        assert prepare(stick, home).returncode == 0
        assert read(stick).files == {}

    def test_more_files_than_a_unit_takes_are_refused(self, stick: Path, home: Path, tmp_path: Path) -> None:
        smaller = TOOL.read_text(encoding="utf-8").replace("MAX_FILES = 20_000", "MAX_FILES = 2")
        (tmp_path / "smaller").write_text(smaller, encoding="utf-8")
        assert prepare(stick, home, program=tmp_path / "smaller").returncode == 0
        before = (stick / MANIFEST).read_bytes()
        put(stick, {"enrol/2.jpg": b"x"})
        done = prepare(stick, home, program=tmp_path / "smaller")
        assert (done.returncode, "more than 2 files" in done.stderr) == (1, True)
        assert (stick / MANIFEST).read_bytes() == before

    def test_names_that_are_too_long_for_a_manifest_that_a_unit_reads_are_refused(
        self, stick: Path, home: Path, tmp_path: Path
    ) -> None:
        smaller = TOOL.read_text(encoding="utf-8").replace("MAX_BYTES = 8_000_000", "MAX_BYTES = 400")
        (tmp_path / "smaller").write_text(smaller, encoding="utf-8")
        done = prepare(stick, home, program=tmp_path / "smaller")
        assert (done.returncode, "too long for one manifest" in done.stderr) == (1, True)
        assert not (stick / MANIFEST).exists()

    @pytest.mark.parametrize(
        ("spoil", "told"),
        [
            (lambda stick: (stick / STICK).unlink(), "no stick of Muster's"),
            (lambda stick: (stick / STICK).write_bytes(b'id = "../../x"'), "is damaged"),
            (lambda stick: (stick / KEY).unlink(), "there is no key"),
            (lambda stick: (stick / KEY).write_bytes(b"short"), "is damaged"),
            (lambda stick: (stick / KEY).unlink() or os.mkfifo(stick / KEY), "no file. Remove it"),
            (lambda stick: (stick / STICK).rename(stick / "s") and (stick / STICK).symlink_to("s"), "no file. Remove it"),
            (lambda stick: (stick / "enrol").rename(stick / "e") and (stick / "enrol").symlink_to(stick / "e"), "is a link"),
        ],
    )
    def test_what_is_wrong_is_said_in_a_sentence(self, stick: Path, home: Path, spoil: object, told: str) -> None:
        assert callable(spoil)
        spoil(stick)
        done = prepare(stick, home)
        assert (done.returncode, done.stdout) == (1, "")
        assert told in done.stderr
        assert "Traceback" not in done.stderr
        assert not (stick / MANIFEST).exists()


class TestKey:
    def test_taken_off_the_stick_it_still_prepares_it_on_this_computer_alone(
        self, stick: Path, home: Path, tmp_path: Path, store: Store
    ) -> None:
        known(store)
        assert prepare(stick, home, "--take-key").returncode == 0
        assert not (stick / KEY).exists()
        (kept,) = (home / ".config" / "muster").iterdir()
        assert (kept.name, kept.stat().st_mode & 0o777) == (f"{STICK_ID}.key", 0o600)
        assert prepare(stick, home).returncode == 0
        assert examine(stick, store, policy="paired", hardware="").manifest
        (tmp_path / "another").mkdir()
        assert "there is no key" in prepare(stick, tmp_path / "another", "--again").stderr

    def test_what_is_taken_off_is_overwritten_first(self, stick: Path, home: Path, tmp_path: Path) -> None:
        (tmp_path / "the same file").hardlink_to(stick / KEY)
        prepare(stick, home, "--take-key")
        assert (tmp_path / "the same file").read_bytes().strip() == b"0" * 64

    def test_it_goes_there_and_back_and_twice_is_once(self, stick: Path, home: Path) -> None:
        for option in ("--take-key", "--take-key", "--give-key", "--give-key", "--take-key", "--give-key"):
            assert prepare(stick, home, option).returncode == 0, option
        assert (stick / KEY).read_text().strip() == SECRET.hex()

    def test_somebody_elses_key_on_the_stick_is_told(self, stick: Path, home: Path) -> None:
        prepare(stick, home, "--take-key")
        (stick / KEY).write_text(bytes(range(1, 33)).hex())
        for option in ("--again", "--take-key", "--give-key"):
            done = prepare(stick, home, option)
            assert (done.returncode, "another key" in done.stderr) == (1, True)
        assert not (stick / MANIFEST).exists()

    def test_a_stick_that_is_pulled_while_the_key_is_taken_has_no_key(self, stick: Path, home: Path, store: Store) -> None:
        prepare(stick, home, "--take-key")
        (stick / KEY).write_bytes(b"0" * 64 + b"\n")  # overwritten, and not removed yet
        with pytest.raises(StickError, match="its key is not on it"):
            pair(stick, store, Wishes(None, "", NOW, clock_ok=True))
        assert prepare(stick, home).returncode == 0
        assert prepare(stick, home, "--take-key").returncode == 0
        assert not (stick / KEY).exists()

    def test_a_key_that_was_half_given_back_is_taken_too(self, stick: Path, home: Path) -> None:
        prepare(stick, home, "--take-key")
        (stick / f".{KEY}.part").write_text(SECRET.hex())  # pulled before it got its name
        assert prepare(stick, home, "--take-key").returncode == 0
        assert not list(stick.glob(f"*{KEY}*")) + list(stick.glob(f".*{KEY}*"))

    def test_on_a_full_stick_nothing_is_left_half_written(self, stick: Path, home: Path) -> None:
        prepare(stick, home)
        prepare(stick, home, "--take-key")
        before = {path: path.read_bytes() for path in stick.rglob("*") if path.is_file()}
        for option in ("--give-key", "--again"):
            full = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", sys.executable, "-I", TOOL, stick, option]
            environment = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
            done = subprocess.run(full, capture_output=True, text=True, check=False, env=environment, timeout=60)
            assert (done.returncode, "not full" in done.stderr) == (1, True), option
            assert {path: path.read_bytes() for path in stick.rglob("*") if path.is_file()} == before

    def test_through_a_link_no_other_file_is_overwritten(self, stick: Path, home: Path) -> None:
        prepare(stick, home, "--take-key")
        (kept,) = (home / ".config" / "muster").iterdir()
        for name in (KEY, f".{KEY}.part"):
            (stick / name).symlink_to(kept)
            prepare(stick, home, "--take-key")
            (stick / name).unlink(missing_ok=True)
            assert kept.read_text().strip() == SECRET.hex()

    def test_it_is_never_printed(self, stick: Path, home: Path) -> None:
        for options in ([], ["--take-key"], ["--give-key"]):
            done = prepare(stick, home, *options)
            assert SECRET.hex() not in done.stdout + done.stderr
        assert SECRET.hex() not in (stick / MANIFEST).read_text()
        assert json.loads((stick / MANIFEST).read_text())["stick"] == STICK_ID
