"""`muster enrol` on real faces with the real networks: what an office brings on a stick, mistakes included."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import cv2
import pytest

from edge.cli import main
from scripts.demo import portraits

pytestmark = [
    pytest.mark.demo,
    pytest.mark.skipif(
        bool(portraits.missing(portraits.FOLDER)), reason="var/portraits is not complete: `make portraits` fetches it"
    ),
]


def bring(stick: Path) -> None:
    """One person with a copy and a wrong photograph, the same person again under another code, and somebody else."""
    brought = {
        "1001 Barack Obama": ["obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg"],
        "1002 Eileen Collins": ["astronaut.png"],
        "1003 The President": ["obama2.jpg"],
    }
    for person, names in brought.items():
        (stick / person).mkdir(parents=True)
        for name in names:
            shutil.copy(portraits.FOLDER / name, stick / person / name)
    again = cv2.imread(str(stick / "1003 The President" / "obama2.jpg"))
    cv2.imwrite(str(stick / "1001 Barack Obama" / "saved again.jpg"), again, [cv2.IMWRITE_JPEG_QUALITY, 80])
    cv2.imwrite(str(stick / "1003 The President" / "obama2.jpg"), again[:, ::-1])


def test_mistakes_are_found_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MUSTER_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("MUSTER_CONFIG", raising=False)
    bring(tmp_path / "stick")
    command = ["enrol", str(tmp_path / "stick"), "--receipt", str(tmp_path / "receipt.csv")]
    assert main(command) == 65, "somebody is not enrolled"
    with (tmp_path / "receipt.csv").open(newline="", encoding="utf-8") as file:
        rows = {Path(row["photograph"]).name if "1003" not in row["photograph"] else "1003": row for row in csv.DictReader(file)}
    assert {name: row["verdict"] for name, row in rows.items()} == {
        "obama.jpg": "enrolled",
        "obama2.jpg": "enrolled",
        "obama3.jpg": "enrolled",
        "biden.jpg": "refused",
        "saved again.jpg": "not needed",
        "astronaut.png": "enrolled",
        "1003": "refused",
    }
    assert (rows["1003"]["other_code"], rows["biden.jpg"]["other_code"]) == ("1001", "")
    assert float(rows["1003"]["distance"]) < 0.3
    assert float(rows["biden.jpg"]["distance"]) > 1.2
    assert "the only photograph of Eileen Collins" in rows["astronaut.png"]["reason"]
    assert "With 2 people: one stranger in " in capsys.readouterr().out

    assert main([*command, "--look-alike", "1003"]) == 0
    said = capsys.readouterr().out
    assert "1001 Barack Obama and 1003 The President (distance " in said
    assert main(["people", "confusable"]) == 0
    assert "1001 Barack Obama and 1003 The President (distance " in capsys.readouterr().out
