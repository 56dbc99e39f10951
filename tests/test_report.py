"""What `muster run --report` leaves for a program to read."""

from __future__ import annotations

import json
import logging
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from decisions import accepted

from edge.commands.run import Report
from edge.errors import ConfigError
from edge.journal import Verdict
from edge.types import Decision, Direction, Event, Outcome, Person

AT = datetime(2026, 11, 22, 7, 0, 1, 250_000, tzinfo=UTC)
ADA = Person(1, "P0", "Ada")
EVENT = Event(1, "0b7e2f0e", "door", "P0", "Ada", AT, Direction.IN, 0.4375, clock_ok=True)
RAN = "pnet=cpu rnet=cpu onet=cpu facenet=edgetpu"
CAME = Verdict(accepted(AT), ADA, 1.25, 1, "0010.jpg", EVENT, RAN)
STRANGER = Decision(Outcome.NOT_IN_DATABASE, None, None, 1.7, 3, 13.0, AT, clock_ok=True)
REFUSED = Verdict(STRANGER, None, 0.1, 2, "", None)


def test_every_verdict_is_one_line_of_json_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = Report(tmp_path / "decisions.jsonl")
    for verdict in (CAME, REFUSED):
        report.add(verdict)
    came, refused = map(json.loads, (tmp_path / "decisions.jsonl").read_text().splitlines())
    report.close()
    assert came == {
        "frame": "0010.jpg",
        "at_s": 12.0,
        "at_utc": "2026-11-22T07:00:01.250Z",
        "outcome": "accepted",
        "person_code": "P0",
        "distance": 0.4375,
        "margin": 1.25,
        "n_frames": 3,
        "direction": "in",
        "event_id": "0b7e2f0e",
        "backends": RAN,
    }
    assert [refused[key] for key in ("outcome", "person_code", "direction", "event_id")] == ["not in database", None, None, None]
    assert capsys.readouterr().out == f"{CAME}\n{REFUSED}\n"


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    Report(tmp_path / "decisions.jsonl").close()
    assert stat.S_IMODE((tmp_path / "decisions.jsonl").stat().st_mode) == 0o600


def test_a_file_that_fails_is_said_once_and_the_verdicts_go_on(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    report = Report(Path("/dev/full"))
    for verdict in (CAME, REFUSED):
        report.add(verdict)
    report.close()
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == [
        "--report /dev/full: No space left on device"
    ]


def test_a_file_that_cannot_be_made_is_said_before_anything_is_opened(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"decisions\.jsonl: cannot be written \(No such file or directory\)"):
        Report(tmp_path / "nowhere" / "decisions.jsonl")
