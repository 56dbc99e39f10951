"""The table of scenarios in the documents."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from rig.report import BEGINS, ENDS, Result, summary, table, write_into

OLD = [Result("power on: ready", "passed", "84 s", 92.4), Result("uninstall", "passed", "a | b", 7)]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "operate.md"
    path.write_text(f"Before\n\n{BEGINS}\n\n{ENDS}\n\nAfter\n", encoding="utf-8")
    write_into(path, OLD)
    return path


def rows(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("|")][2:]


def test_the_whole_table_is_replaced_and_the_rest_of_the_page_stays(page: Path) -> None:
    write_into(page, [Result("uninstall", "skipped", "no time", 0)], told="None passed.")
    assert rows(page) == ["| uninstall | skipped | 0 | no time |"]
    text = page.read_text(encoding="utf-8")
    assert text.startswith("Before\n")
    assert "\n\nNone passed.\n\n" in text
    assert text.endswith("After\n")


def test_rows_that_were_played_are_replaced_in_their_places_and_new_ones_come_last(page: Path) -> None:
    played = [Result("a camera", "passed", "back", 3), Result("power on: ready", "FAILED", "dark", 300)]
    write_into(page, played, others_stay=True)
    assert rows(page) == [
        "| power on: ready | FAILED | 300 | dark |",
        "| uninstall | passed | 7 | a / b |",
        "| a camera | passed | 3 | back |",
    ]
    once = page.read_text(encoding="utf-8")
    write_into(page, played, others_stay=True)
    assert page.read_text(encoding="utf-8") == once


def test_what_passed_is_counted() -> None:
    told = summary([*OLD, Result("a camera", "FAILED", "gone", 3)], seconds=899, day=date(2026, 11, 22))
    assert told == "2 of 3 scenarios passed, in 15 minutes, on 2026-11-22."


def test_a_page_without_marks_is_not_written_to(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no marks")
    with pytest.raises(ValueError, match="unpack"):
        write_into(page, OLD)
    assert page.read_text() == "no marks"


def test_a_bar_in_what_was_seen_does_not_make_a_column() -> None:
    assert table([Result("uninstall", "passed", "a | b", 7)]).splitlines()[-1].count("|") == 5
