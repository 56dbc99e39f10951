"""Tells the story with the command line of Muster: enrol, run, sync; reads what it reports, and judges it."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from scripts.demo.cast import Visitor
from scripts.demo.judge import Answer, Outcome, faults, outcomes
from scripts.demo.stage import Stage

MUSTER = Path(sys.executable).with_name("muster")

DISCLAIMER = "Public domain portraits, taken out of hashed packages. The people in them have nothing to do with Muster."


class StoryError(Exception):
    """The demonstration did not go as it must; the message says where."""


class Terminal:
    """Runs `muster` on one stage, shows what it prints, and remembers every line."""

    def __init__(self, stage: Stage) -> None:
        self._environment = {**os.environ, "MUSTER_DATA": str(stage.data)}
        self._environment.pop("MUSTER_CONFIG", None)
        self.lines: list[str] = []
        self.say(f"$ export MUSTER_DATA={stage.data}")

    def say(self, line: str = "") -> None:
        """Show a line and remember it."""
        print(line, flush=True)
        self.lines.append(line)

    def muster(self, *words: str, good_codes: tuple[int, ...] = (0,)) -> None:
        """Run one command and show it with its output.

        Raises:
            StoryError: it ended with another exit code than the good ones.
        """
        self.say(f"$ muster {' '.join(words)}")
        pipe = {"stdout": subprocess.PIPE, "text": True, "encoding": "utf-8", "env": self._environment}
        with subprocess.Popen([str(MUSTER), *words], **pipe) as process:  # noqa: S603 -- our own words
            for line in process.stdout:
                self.say(f"  {line.rstrip()}")
        if process.returncode not in good_codes:
            raise StoryError(f"`muster {words[0]}` ended with exit code {process.returncode}.")
        self.say()


def tell(stage: Stage, visitors: list[Visitor]) -> list[str]:
    """Enrol, let the visitors come, deliver, and check.

    Returns:
        Every line that was shown.

    Raises:
        StoryError: a command failed, somebody was not recognised, a stranger got a row, or anything else is off.
    """
    terminal = Terminal(stage)
    terminal.muster("enrol", str(stage.photographs))
    terminal.muster("run", "--report", str(stage.report))
    answers = read_answers(stage.report)
    terminal.muster("sync", "--prepare", str(stage.attendance))
    terminal.muster("sync")
    codes = read_codes(stage.attendance)
    for line in closing_table(outcomes(visitors, stage.shown, answers, codes)):
        terminal.say(line)
    terminal.say(f"The rows: {', '.join(str(path) for path in sorted(stage.attendance.glob('*.csv')))}")
    terminal.say(DISCLAIMER)
    wrong = faults(visitors, stage.shown, answers, codes)
    if wrong:
        raise StoryError("\n".join(["The demonstration failed:", *wrong]))
    return terminal.lines


def tell_live(stage: Stage) -> list[str]:
    """Enrol the same people and watch a webcam until Ctrl-C."""
    terminal = Terminal(stage)
    terminal.muster("enrol", str(stage.photographs))
    terminal.say("Show the camera one of the pictures, or yourself; Ctrl-C ends it.")
    # Ctrl-C goes to both processes: Muster ends by it, and we wait until its devices are closed.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        terminal.muster("run", good_codes=(0, 130, -signal.SIGINT))
    finally:
        signal.signal(signal.SIGINT, before)
    return terminal.lines


def read_answers(report: Path) -> list[Answer]:
    """The decisions that `muster run --report` wrote."""
    lines = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    return [Answer(line["frame"], line["outcome"], line["person_code"] or "", line["distance"]) for line in lines]


def read_codes(folder: Path) -> list[str]:
    """The person's code of each row in the CSV files of a destination."""
    codes = []
    for path in sorted(folder.glob("attendance-*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            codes += [row["person_code"] for row in csv.DictReader(file)]
    return codes


def closing_table(found: list[Outcome]) -> list[str]:
    """Who came, as what, and what happened: one line each."""
    rows = [("visitor", "came as", "decision", "distance", "row")]
    for outcome in found:
        visitor, last = outcome.visitor, outcome.answers[-1] if outcome.answers else None
        decision = f"{last.outcome} {last.code}".strip() if last else "no answer"
        distance = f"{last.distance:.2f}" if last else "-"
        rows.append((visitor.name, visitor.comes_as, decision.capitalize(), distance, "yes" if outcome.n_rows else "no"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [lines[0], "-" * max(map(len, lines)), *lines[1:], ""]
