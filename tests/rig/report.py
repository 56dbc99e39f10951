"""The table of scenarios: scenario, result, seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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

    @property
    def was_slow(self) -> bool:
        """Whether it only did not come to its end in time."""
        return self.detail.startswith("TimeoutError")


def table(results: Sequence[Result]) -> str:
    """In Markdown."""
    lines = ["| scenario | result | seconds | seen |", "|---|---|---|---|"]
    lines += [f"| {r.name} | {r.outcome} | {r.seconds:.0f} | {r.detail.replace('|', '/')} |" for r in results]
    return "\n".join(lines)


def write_into(path: Path, results: Sequence[Result]) -> None:
    """Put the table between its marks.

    Raises:
        ValueError: the marks are not there.
    """
    before, rest = path.read_text(encoding="utf-8").split(BEGINS)
    _, after = rest.split(ENDS)
    path.write_text(f"{before}{BEGINS}\n\n{table(results)}\n\n{ENDS}{after}", encoding="utf-8")
