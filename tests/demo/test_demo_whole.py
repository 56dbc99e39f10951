"""The whole demonstration, as `make run` plays it: real networks, real faces, the real command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.demo import portraits, stage
from scripts.demo.cast import visitors
from scripts.demo.story import MUSTER, StoryError, tell

pytestmark = pytest.mark.demo
MISSING = portraits.missing(portraits.FOLDER)


def demonstrate(*options: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.demo", *map(str, options)]
    return subprocess.run(command, cwd=portraits.ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.skipif(bool(MISSING), reason="var/portraits is not complete: `make portraits` fetches it")
@pytest.mark.skipif(not MUSTER.exists(), reason="the muster command is not installed in this environment")
def test_two_are_recognised_and_the_stranger_gets_no_row(tmp_path: Path) -> None:
    done = demonstrate("--folder", tmp_path / "demo", "--svg", tmp_path / "demo.svg")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [path.read_text(encoding="utf-8-sig").splitlines() for path in (tmp_path / "demo").rglob("attendance-*.csv")]
    people = sorted(line.split(",")[2:4] for lines in rows for line in lines[1:])
    assert people == [["1001", "Barack Obama"], ["1002", "Eileen Collins"]]
    table = done.stdout.split("came as")[1].splitlines()
    assert any(line.startswith("Joe Biden") and "Not in database" in line and line.endswith("no") for line in table)
    assert (tmp_path / "demo.svg").read_text(encoding="utf-8").startswith("<svg")


def test_without_portraits_it_says_what_to_do(tmp_path: Path) -> None:
    done = demonstrate("--folder", tmp_path / "demo", "--portraits", tmp_path)
    assert done.returncode == 1
    assert "obama.jpg" in done.stderr
    assert "make portraits" in done.stderr


def test_a_folder_with_somebody_elses_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("keep me")
    with pytest.raises(stage.StageError, match="holds something that no demonstration has put there"):
        stage.set_up(tmp_path, portraits.FOLDER)
    assert (tmp_path / "letters.txt").read_text() == "keep me"


def test_what_an_earlier_demonstration_left_is_cleared(tmp_path: Path) -> None:
    (tmp_path / stage.MARK).touch()
    (tmp_path / "unit").mkdir()
    (tmp_path / "unit" / "old.sqlite").touch()
    stage.clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [stage.MARK]


@pytest.mark.skipif(bool(MISSING), reason="var/portraits is not complete: `make portraits` fetches it")
@pytest.mark.skipif(not MUSTER.exists(), reason="the muster command is not installed in this environment")
def test_a_unit_that_takes_anybody_for_somebody_fails_the_demonstration(tmp_path: Path) -> None:
    careless = stage.set_up(tmp_path / "demo", portraits.FOLDER)
    with careless.config.open("a", encoding="utf-8") as file:
        file.write("\n[matching]\nmax_distance = 4.0\n")
    with pytest.raises(StoryError, match=r"Joe Biden was answered 'a[a-z]+' as 100[12]; it had to be 'not in database'"):
        tell(careless, visitors())
