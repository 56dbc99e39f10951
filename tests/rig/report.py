"""The table of scenarios: scenario, result, seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

BEGINS, ENDS = "<!-- the rig's table begins -->", "<!-- the rig's table ends -->"


@dataclass(frozen=True)
class Result:
    """How a scenario went.

    Attributes:
        name: of the scenario.
        outcome: passed, FAILED, or skipped.
        detail: what was seen, or why not.
        seconds: it took.
    """

    name: str
    outcome: str
    detail: str
    seconds: float

    @property
    def has_failed(self) -> bool:
        """Whether somebody has to look at it."""
        return self.outcome == "FAILED"


HEAD = ["| scenario | result | seconds | seen |", "|---|---|---|---|"]


def table(results: Sequence[Result]) -> str:
    """In Markdown."""
    return "\n".join([*HEAD, *map(_row, results)])


def summary(results: Sequence[Result], *, seconds: float, day: date) -> str:
    """How it went, in a sentence."""
    passed = sum(result.outcome == "passed" for result in results)
    return f"{passed} of {len(results)} scenarios passed, in {seconds / 60:.0f} minutes, on {day.isoformat()}."


def _row(result: Result) -> str:
    return f"| {result.name} | {result.outcome} | {result.seconds:.0f} | {result.detail.replace('|', '/')} |"


def write_into(path: Path, results: Sequence[Result], *, told: str = "", others_stay: bool = False) -> None:
    """Put the table between its marks.

    Args:
        path: of a file with the marks.
        results: a row each.
        told: a sentence below it.
        others_stay: rows of other scenarios stay as they are, in their places.

    Raises:
        ValueError: the marks are not there.
    """
    before, rest = path.read_text(encoding="utf-8").split(BEGINS)
    there, after = rest.split(ENDS)
    rows = {_name(row): row for row in there.splitlines() if row.startswith("|") and row not in HEAD} if others_stay else {}
    rows |= {result.name: _row(result) for result in results}
    written = "\n".join([*HEAD, *rows.values()]) + (f"\n\n{told}" if told else "")
    path.write_text(f"{before}{BEGINS}\n\n{written}\n\n{ENDS}{after}", encoding="utf-8")


def _name(row: str) -> str:
    return row.split("|")[1].strip()
