"""What the doctor says of the latest update."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.doctor.finding import State
from edge.doctor.update import update


@pytest.mark.parametrize(
    ("outcome", "state", "words"),
    [
        (None, State.OK, "none was tried"),
        ("2026-11-22T07:00:00Z\ninstalled\nUpdated: 2 is at work.\n", State.OK, "2026-11-22T07:00:00Z: Updated: 2 is at work."),
        ("2026-11-22T07:00:00Z\nrefused\nthe bundle is for arm64\n", State.WARNING, "refused: the bundle is for arm64"),
        ("2026-11-22T07:00:00Z\nreturned\n1 is back.\n", State.WARNING, "returned: 1 is back."),
        ("", State.OK, "nobody can say"),
        ("\xff" * 9_000, State.OK, "nobody can say"),
    ],
)
def test_the_latest_outcome_is_told(tmp_path: Path, outcome: str | None, state: State, words: str) -> None:
    if outcome is not None:
        (tmp_path / "outcome").write_text(outcome, encoding="latin-1")
    found = update(tmp_path)
    assert (found.state, words in found.sentence, bool(found.advice)) == (state, True, state is State.WARNING)


def test_a_trial_that_has_no_end_is_told_before_anything_else(tmp_path: Path) -> None:
    (tmp_path / "outcome").write_text("2026-11-22T07:00:00Z\ninstalled\nUpdated.\n")
    (tmp_path / "trial").write_text("old=/opt/muster/versions/1\n")
    assert "on trial" in update(tmp_path).sentence
