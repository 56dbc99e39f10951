"""Pins: each key its own, none that something else on the header uses, and all of it said before anything is switched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edge.config import Config, PanelConfig, panel_alone, parse
from edge.config.pins import BCM_PINS, BUSES, IDENTIFICATION, PIN_KEYS
from edge.errors import ConfigError

ROOT = Path(__file__).parent.parent


def faults(**tables: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(tables)
    return [fault.removeprefix("configuration: ") for fault in caught.value.faults]


def test_every_key_of_a_pin_is_looked_at() -> None:
    assert set(PIN_KEYS) == {name for name in Config().panel.__dataclass_fields__ if name.endswith("_pin")}


def test_two_keys_on_one_pin_are_both_named() -> None:
    found = faults(panel={"red_pin": 22, "buzzer_pin": 22})
    assert found == ["'panel.buzzer_pin' is 22, and so is 'panel.red_pin'; give each its own pin."]


@pytest.mark.parametrize(("written", "pin", "other"), [("red_pin", 27, "green_pin"), ("buzzer_pin", 17, "red_pin")])
def test_a_key_that_is_not_in_the_file_is_named_as_a_default(written: str, pin: int, other: str) -> None:
    assert faults(panel={written: pin}) == [
        f"'panel.{written}' is {pin}, the default of 'panel.{other}'; take another pin, or write {other} with its own (-1: none)."
    ]


def test_three_keys_on_one_pin_are_all_named() -> None:
    found = faults(panel=dict.fromkeys(("red_pin", "green_pin", "blue_pin"), 5))
    assert [fault.split("'")[1] for fault in found] == ["panel.green_pin", "panel.blue_pin"]
    assert all("'panel.red_pin'" in fault for fault in found)


def test_pins_that_are_left_out_are_in_nobodys_way() -> None:
    assert parse({"panel": dict.fromkeys(PIN_KEYS, -1)}).panel.red_pin == -1


@pytest.mark.parametrize("pin", IDENTIFICATION)
def test_the_pins_by_which_add_on_boards_identify_themselves_are_never_free(pin: int) -> None:
    (fault,) = faults(panel={"green_pin": pin})
    assert fault.startswith(f"'panel.green_pin' is {pin}, where add-on boards identify themselves")


@pytest.mark.parametrize(("bus", "pin"), [(bus, pin) for bus, pins in BUSES.items() for pin in pins])
def test_a_pin_of_a_bus_is_refused_where_the_bus_is_in_use_and_only_there(bus: str, pin: int) -> None:
    assert parse({"panel": {"red_pin": pin}}).panel.red_pin == pin
    (fault,) = faults(panel={"red_pin": pin, "reserved": [bus]})
    assert f"'panel.red_pin' is {pin}, which 'panel.reserved' keeps for {bus} (GPIO" in fault
    assert f"GPIO{pin}" in fault
    others = [other for other in BUSES if other != bus]
    assert parse({"panel": {"red_pin": pin, "reserved": others}}).panel.reserved == tuple(others)


def test_the_pins_of_the_drawing_are_free_whatever_the_header_is_used_for() -> None:
    assert parse({"panel": {"reserved": list(BUSES)}}).panel.red_pin == Config().panel.red_pin


@pytest.mark.parametrize("pin", range(BCM_PINS))
def test_the_pin_that_is_proposed_can_be_taken(pin: int) -> None:
    panel = {"red_pin": 0, "green_pin": pin, "blue_pin": 5, "buzzer_pin": 6, "reserved": list(BUSES)}
    (fault,) = [fault for fault in faults(panel=panel) if fault.startswith("'panel.red_pin'")]
    proposed = int(fault.rpartition(" ")[2].rstrip("."))
    assert proposed not in (pin, 5, 6)
    alone = {**dict.fromkeys(PIN_KEYS, -1), "red_pin": proposed, "reserved": list(BUSES)}
    assert parse({"panel": alone}).panel.red_pin == proposed


def test_an_unknown_bus_is_said_with_those_that_there_are() -> None:
    (fault,) = faults(panel={"reserved": ["i2c", "can"]})
    assert fault == "'panel.reserved' must hold nothing but 'i2c', 'one-wire', 'spi', 'uart', 'pcm'; it is ['i2c', 'can']."


def test_pins_and_everything_else_that_is_wrong_are_said_at_once() -> None:
    found = faults(unit={"name": ""}, camera={"source": "pie"}, panel={"red_pin": 5, "green_pin": 5, "blue_pin": 99})
    assert [fault.split("'")[1] for fault in found] == ["unit.name", "camera.source", "panel.blue_pin", "panel.green_pin"]


@pytest.mark.parametrize(
    "panel", [{"red_pin": 22, "buzzer_pin": 99}, {"red_pin": 22, "buzer_pin": 5}, {"red_pin": 22, "kind": "x"}]
)
def test_a_conflict_with_what_is_wrong_by_itself_or_not_written_is_not_made_up(panel: dict[str, object]) -> None:
    """The default of a key takes the place of what was wrong; a conflict with that would send the reader the wrong way."""
    (fault,) = faults(panel=panel)
    assert "and so is" not in fault


def test_the_fault_is_shown_on_pins_that_the_file_says_without_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "muster.toml"
    path.write_text("[panel]\nred_pin = 2\ngreen_pin = 6\nreserved = ['i2c']\n")
    assert panel_alone(path).panel == PanelConfig(green_pin=6, reserved=("i2c",))


@pytest.mark.parametrize("command", ["doctor", "run"])
def test_doctor_and_a_unit_that_starts_name_both_keys(command: str, tmp_path: Path) -> None:
    path = tmp_path / "muster.toml"
    path.write_text("[panel]\nred_pin = 22\nbuzzer_pin = 22\ngreen_pin = 3\nreserved = ['i2c']\n[camera]\nwidth = 1\n")
    words = [sys.executable, "-m", "edge", "--data", str(tmp_path / "data"), "--config", str(path), command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT, timeout=60)
    assert done.returncode == 78
    for words_wanted in (
        "'panel.buzzer_pin' is 22, and so is 'panel.red_pin'",
        "'panel.reserved' keeps for i2c",
        "'camera.width'",
    ):
        assert words_wanted in done.stderr
