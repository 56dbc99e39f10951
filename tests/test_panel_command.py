"""``muster panel``: the LED says something though no unit does, even where the configuration is what is wrong."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from test_signals import AT_WORK, READY, SAFE, Pins

from edge.arguments.unit import SIGNALS
from edge.cli import main
from edge.config import Config, PanelConfig, panel_alone
from edge.device.announcements import Announcements
from edge.device.lock import alone
from edge.types import Signal
from edge.wiring.signals import SharedPanel

ROOT = Path(__file__).parent.parent
FAULT = Signal.FAULT


@pytest.fixture
def at_work(tmp_path: Path) -> Iterator[Announcements]:
    """A unit at work in the folder, as far as others see it."""
    with alone(tmp_path), closing(Announcements(tmp_path)) as announcements:
        yield announcements


def muster(data: Path, *words: str) -> int:
    return main(["--data", str(data), "panel", *words])


def test_every_signal_can_be_named() -> None:
    assert sorted(SIGNALS) == sorted(each.value for each in Signal)


def test_a_fault_is_shown_on_pins_of_its_own_and_given_up_to_a_unit_that_starts(tmp_path: Path) -> None:
    pins = Pins()
    panel = SharedPanel(tmp_path, pins.open)
    panel.show(FAULT)
    assert (pins.signals, pins.is_closed) == ([FAULT], False)
    with alone(tmp_path):
        panel.look()
        assert pins.is_closed
        panel.look()
        assert pins.n_opened == 1
    panel.close()


def test_a_unit_at_work_is_told_of_sticks_and_its_faults_are_its_own(
    tmp_path: Path, at_work: Announcements, capsys: pytest.CaptureFixture[str]
) -> None:
    assert muster(tmp_path, "safe to pull") == 0
    assert at_work.latest() is SAFE
    assert muster(tmp_path, "fault") == 69
    assert "what its panel says of 'fault' is its own. Stop it first." in capsys.readouterr().err
    assert at_work.latest() is None
    assert AT_WORK.value in SIGNALS
    assert READY.value in SIGNALS


def test_a_configuration_with_a_fault_is_no_reason_to_be_dark(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "muster.toml").write_text("[panel]\nkind = 'none'\n[camera]\nsource = 'pie'\n")
    assert muster(tmp_path, "fault") == 0
    assert "'camera.source'" in caplog.text


@pytest.mark.parametrize(
    ("text", "panel"),
    [
        ("[panel]\nred_pin = 5\n[camera]\nsource = 'pie'\n", PanelConfig(red_pin=5)),
        ("[panel]\nred_pin = 5\ngreen_pin = 99\nblu_pin = 4\n", PanelConfig(red_pin=5)),
        ("[panel]\nred_pin = 5\ngreen_pin = 5\n", PanelConfig(red_pin=5)),
        ("[panel]\nred_pin = 22\n", PanelConfig(red_pin=22, buzzer_pin=-1)),
        ("[panel]\nbuzzer_pin = 17\n", PanelConfig()),
        ("[panel]\nred_pin = 'five'\ngreen_pin = 17\nreserved = ['can']\n", PanelConfig()),
        ("[panel]\nred_pin = -1\nkind = 'gpoi'\nblue_pin = 6\n", PanelConfig(red_pin=-1, blue_pin=6)),
        ("panel = 5\n", PanelConfig()),
        ("[panel\n", PanelConfig()),
        ("\xff", PanelConfig()),
    ],
)
def test_of_a_configuration_with_faults_the_good_part_about_the_panel_is_taken(
    tmp_path: Path, text: str, panel: PanelConfig
) -> None:
    path = tmp_path / "muster.toml"
    path.write_text(text, encoding="latin-1")
    assert panel_alone(path).panel == panel
    assert panel_alone(tmp_path / "nowhere") == Config()


def test_it_stays_as_long_as_it_is_told_and_ends_at_once_when_it_is_asked_to(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edge", "--data", str(tmp_path), "panel", "fault", "--for", "600"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)
        process.send_signal(signal.SIGTERM)
        assert (process.wait(20), process.stderr.read()) == (143, "")
