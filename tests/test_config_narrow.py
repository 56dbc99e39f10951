"""A typo elsewhere does not keep open what somebody has just closed."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.cli import main
from edge.config import Config, describe, differences, keep, narrowed, parse

OPEN = parse(
    {
        "unit": {"name": "door"},
        "stick": {"policy": "open"},
        "sync": {"destinations": ["/mnt/office", "/mnt/old"], "must_be_mounted": True},
        "backup": {"recipient": "age1old"},
    }
)
TYPO = "[unit]\nnmae = 'gate'\n"


def closed(text: str | None) -> list[str]:
    return sorted(differences(narrowed(OPEN, text), OPEN))


def test_what_the_present_one_closes_is_closed() -> None:
    sections = "[stick]\npolicy = 'paired'\n[sync]\ndestinations = ['/mnt/new', '/mnt/office']\n[backup]\nrecipient = 'age1new'\n"
    found = narrowed(OPEN, TYPO + sections)
    assert found.stick.policy == "paired"
    assert found.sync.destinations == ("/mnt/office",), "neither where it is no longer to go, nor where nothing has worked yet"
    assert found.sync.must_be_mounted
    assert found.backup.recipient == "age1new"
    assert found.unit.name == "door"


def test_what_is_left_out_is_closed_as_by_default() -> None:
    assert closed(TYPO) == ["'backup.recipient'", "'stick.policy'", "'sync.destinations'"]


def test_the_present_one_opens_nothing() -> None:
    text = f"{TYPO}[stick]\npolicy = 'open'\n[sync]\ndestinations = ['/mnt/new']\n"
    found = narrowed(Config(), text)
    assert (found.stick.policy, found.sync.destinations) == ("paired", ())


@pytest.mark.parametrize("text", [None, "", "[unit", "[stik]\npolicy = 'paired'\n"])
def test_what_cannot_be_told_beyond_doubt_is_as_it_was(text: str | None) -> None:
    assert closed(text) == []


@pytest.mark.parametrize("text", ["[stick]\npolicy = 'pared'\n", "[stick]\npolcy = 'paired'\n", "stick = 1\n"])
def test_a_section_with_a_fault_of_its_own_is_as_it_was_and_the_others_count(text: str) -> None:
    assert closed(text) == ["'backup.recipient'", "'sync.destinations'"]


def test_a_unit_says_what_it_has_closed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    keep(describe(OPEN), tmp_path)
    rest = "[sync]\ndestinations = ['/mnt/office', '/mnt/old']\n[backup]\nrecipient = 'age1old'\n"
    (tmp_path / "muster.toml").write_text(f"{TYPO}[stick]\npolicy = 'paired'\n{rest}")
    assert main(["--data", str(tmp_path), "config"]) == 0
    shown = capsys.readouterr().out
    assert 'policy = "paired"' in shown
    assert 'name = "door"' in shown
    assert [record.getMessage() for record in caplog.records][-1].startswith("'stick.policy': as in the present one")
    caplog.clear()
    (tmp_path / "muster.toml").write_text(f"{TYPO}[stick]\npolicy = 'open'\n{rest}")
    assert main(["--data", str(tmp_path), "config"]) == 0
    assert "as in the present one" not in caplog.text
