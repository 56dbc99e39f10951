"""What the demonstration lets pass and what it calls a failure."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.commands.run import Report
from edge.journal import Verdict
from edge.types import Decision, Direction, Outcome, Person
from scripts.demo.cast import Visitor, visitors
from scripts.demo.judge import Answer, faults, outcomes
from scripts.demo.story import closing_table, read_answers

CAST = visitors()
SHOWN = {"01.jpg": 0, "02.jpg": 0, "11.jpg": 1, "21.jpg": 2, "22.jpg": 2}
RIGHT = [
    Answer("02.jpg", "accepted", "1001", 0.5),
    Answer("11.jpg", "accepted", "1002", 0.4),
    Answer("21.jpg", "not in database", "", 1.8),
]
ROWS = ["1001", "1002"]


def test_two_recognised_and_one_stranger_is_right() -> None:
    assert faults(CAST, SHOWN, RIGHT, ROWS) == []


@pytest.mark.parametrize(
    ("answers", "rows", "sentence"),
    [
        (RIGHT[1:], ROWS, "Barack Obama was at the door and got no answer."),
        ([*RIGHT[:2]], ROWS, "Joe Biden was at the door and got no answer."),
        ([*RIGHT, Answer("22.jpg", "accepted", "1001", 0.9)], ROWS, "Joe Biden was answered 'accepted' as 1001"),
        (
            [Answer("02.jpg", "not in database", "", 1.1), *RIGHT[1:]],
            ROWS,
            "Barack Obama was answered 'not in database'; it had to",
        ),
        ([Answer("02.jpg", "accepted", "1002", 0.9), *RIGHT[1:]], ROWS, "Barack Obama was answered 'accepted' as 1002"),
        ([*RIGHT, Answer("15.jpg", "not in database", "", 1.9)], ROWS, "answered at frame 15.jpg, where nobody is"),
        (RIGHT, ["1001"], "Eileen Collins has 0 rows in the CSV; it had to be 1."),
        (RIGHT, ["1001", "1002", "1002"], "Eileen Collins has 2 rows in the CSV"),
        (RIGHT, ["1001", "1002", "1003"], "a row for 1003, who was not at the door"),
        ([], [], "no answer"),
    ],
)
def test_anything_else_is_a_failure_in_one_sentence(answers: list[Answer], rows: list[str], sentence: str) -> None:
    assert any(sentence in fault for fault in faults(CAST, SHOWN, answers, rows))


def test_the_closing_table_names_everybody_with_distance_and_row() -> None:
    head, _, *lines, _ = closing_table(outcomes(CAST, SHOWN, RIGHT, ROWS))
    assert head.split() == ["visitor", "came", "as", "decision", "distance", "row"]
    assert [line.split("  ")[0] for line in lines] == [visitor.name for visitor in CAST]
    assert ["0.50" in lines[0], "mirrored, darker, softer" in lines[1], lines[2].endswith("no")] == [True] * 3


def test_the_table_survives_a_visitor_without_an_answer() -> None:
    nobody = Visitor("Nobody", "x.png", "nothing", 1, (0, 0), [])
    assert "No answer" in "".join(closing_table(outcomes([nobody], {}, [], [])))


def test_decisions_are_read_as_muster_reports_them(tmp_path: Path) -> None:
    at, ada = datetime(2026, 11, 22, tzinfo=UTC), Person(1, "10 (b)", "Ada: in (charge)")
    came = Decision(Outcome.ACCEPTED, 1, Direction.IN, 0.444, 3, at_s=1.0, at_utc=at, clock_ok=True)
    refused = Decision(Outcome.NOT_IN_DATABASE, None, None, 1.7, 3, at_s=12.3, at_utc=at, clock_ok=True)
    verdicts = [Verdict(came, ada, 1.2, 1, "0010.jpg", None), Verdict(refused, None, 0.1, 2, "0123.jpg", None)]
    report = Report(tmp_path / "decisions.jsonl")
    for verdict in verdicts:
        report.add(verdict)
    report.close()
    assert read_answers(tmp_path / "decisions.jsonl") == [
        Answer("0010.jpg", "accepted", "10 (b)", 0.444),
        Answer("0123.jpg", "not in database", "", 1.7),
    ]
