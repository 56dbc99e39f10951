"""The configuration: defaults that hold, every fault in one go, and text that comes back."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import Config, UnitConfig, describe, load, of_text, parse
from edge.errors import ConfigError


def faults(**tables: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(tables)
    assert caught.value.exit_code == 78
    return caught.value.faults


def test_no_file_and_an_empty_file_are_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "muster.toml").touch()
    assert load(None) == load(tmp_path / "muster.toml") == Config()


def test_what_is_described_reads_back_equal() -> None:
    assert parse(tomllib.loads(describe(Config()))) == Config()


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]))),
)
def test_any_name_and_folder_reads_back_equal(name: str, destinations: list[str]) -> None:
    defaults = Config()
    config = replace(defaults, unit=UnitConfig(name=name), sync=replace(defaults.sync, destinations=tuple(destinations)))
    assert parse(tomllib.loads(describe(config))) == config


def test_every_value_has_an_explanation() -> None:
    for section in fields(Config):
        values = getattr(Config(), section.name)
        assert type(values).__doc__, section.name
        assert all(len(item.metadata["explanation"]) >= 6 for item in fields(values)), section.name


def test_every_default_passes_its_own_check() -> None:
    for section in fields(Config):
        values = getattr(Config(), section.name)
        for item in fields(values):
            check = item.metadata["check"]
            assert check is None or check(getattr(values, item.name)) is None, f"{section.name}.{item.name}"


def test_all_faults_come_at_once_and_in_the_order_of_the_file() -> None:
    found = faults(unit={"name": "", "nmae": 1, "zone": 2}, camera={"width": "wide"}, detecton={})
    assert [fault.split("'")[1] for fault in found] == ["detecton", "unit.nmae", "unit.zone", "unit.name", "camera.width"]


@pytest.mark.parametrize(
    ("section", "key", "value", "sentence"),
    [
        ("unit", "nmae", "x", "did you mean 'unit.name'?"),
        ("unit", "min_face", 60, "known here: name, timezone"),
        ("unit", "policy", "open", "is not a key here; write it below [stick]: it is 'stick.policy'."),
        ("unit", "colour", "x", "known here: name, timezone"),
        ("unit", "name", "  ", "must not be empty; it is '  '"),
        ("unit", "timezone", "Mars/Base", "such as 'Europe/Vienna'"),
        ("camera", "source", "webcam", "'usb:N'"),
        ("camera", "source", "usb:", "'usb:N'"),
        ("camera", "source", "replay:", "replay:PATH"),
        ("camera", "width", 640.0, "must be a whole number"),
        ("camera", "width", True, "must be a whole number"),
        ("camera", "width", 1, "between 64 and 4096"),
        ("camera", "fps", float("nan"), "between"),
        ("camera", "fps", float("inf"), "between"),
        ("detection", "thresholds", [0.6, 0.7], "three numbers"),
        ("detection", "thresholds", [0.6, "0.7", 0.7], "a list, each item a number"),
        ("detection", "thresholds", [0.6, True, 0.7], "a list, each item a number"),
        ("detection", "variant", "int4", "'float32', 'int8'"),
        ("matching", "false_positives_per_year", 0, "more than 0 and at most 1,000,000,000; it is 0"),
        ("matching", "strangers_per_day", -10.0, "more than 0 and at most 1,000,000"),
        ("matching", "strangers_per_day", float("nan"), "more than 0"),
        ("matching", "strangers_a_day", 10, "did you mean 'matching.strangers_per_day'?"),
        ("recognition", "max_distance", 0.8, "is now 'matching.max_distance'."),
        ("recognition", "min_margin", 0.1, "is now 'matching.min_margin'."),
        ("recognition", "n_agree", 3, "is now 'recognition.n_least'."),
        ("matching", "max_distance", -0.1, "between 0.0 and 4.0"),
        ("sync", "destinations", "/media/stick", "a list, each item a text in quotes"),
        ("attendance", "duplicate_window_s", 60_000_000, "between 0.0 and 59999940.0"),
        ("attendance", "direction", "break", "'break out', 'break in', 'overtime in', 'overtime out'"),
        ("attendance", "day_ends", "24:00", "a time of day from '00:00' to '23:59'; it is '24:00'"),
        ("attendance", "day_ends", "4:00", "a time of day from '00:00'"),
        ("attendance", "day_ends", "04:00\n", "a time of day from '00:00'"),
        ("attendance", "schedule", "06:00 in", "a list, each item a text in quotes"),
        ("attendance", "schedule", ["06:00 in", "6:30 out"], "as in '06:00 in' (states: in, out, break out, "),
        ("attendance", "schedule", ["06:00 in", "6:30 out"], "'6:30 out' is not that"),
        ("attendance", "schedule", ["06:00 lunch"], "'06:00 lunch' is not that"),
        ("attendance", "schedule", ["06:00  in"], "'06:00  in' is not that"),
        ("attendance", "schedule", ["25:00 in"], "'25:00 in' is not that"),
        ("attendance", "schedule", ["06:00 in", "15:00 out", "06:00 out"], "each time once, and 06:00 is there 2 times"),
    ],
)
def test_a_fault_says_what_is_wrong_and_what_there_is(section: str, key: str, value: object, sentence: str) -> None:
    (fault,) = faults(**{section: {key: value}})
    assert f"'{section}.{key}'" in fault
    assert sentence in fault


def test_a_section_must_be_a_table() -> None:
    (fault,) = faults(unit="muster-1")
    assert fault.endswith("'unit' must be a table: write [unit].")


def test_values_that_are_wrong_together_are_said_together() -> None:
    found = faults(recognition={"n_least": 6, "n_window": 5}, panel={"red_pin": 22, "buzzer_pin": 22})
    assert any("so many frames are never fused" in fault for fault in found)
    assert any("give each its own" in fault for fault in found)


def test_what_lies_out_of_the_window_is_said_with_what_to_do() -> None:
    (fault,) = faults(recognition={"n_least": 6})
    assert fault.endswith(
        "'recognition.n_least' is 6, larger than 'recognition.n_window', which is 5; so many frames are never fused."
        " Set n_least to at most 5, or n_window to 6 or more."
    )


def test_a_key_outside_of_its_section_is_told_where_it_belongs(tmp_path: Path) -> None:
    path = tmp_path / "muster.toml"
    path.write_text("\nname = 'door-1'\n")
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert caught.value.faults == [
        f"{path}, line 2: 'name' is not a key outside of a section; write it below [unit]: it is 'unit.name'."
    ]
    (several,) = faults(variant="int8")
    assert "write it below" not in several, "two sections have that key"


@pytest.mark.parametrize("attendance", [{"direction": "schedule"}, {"schedule": ["06:00 in"]}])
def test_a_schedule_that_nothing_would_come_of_is_said(attendance: dict[str, object]) -> None:
    (fault,) = faults(attendance=attendance)
    assert "'attendance.schedule' and 'attendance.direction' belong together" in fault


def test_the_longest_duplicate_window_is_999_999_minutes() -> None:
    assert parse({"attendance": {"duplicate_window_s": 999_999 * 60}}).attendance.duplicate_window_s == 59_999_940


def test_a_whole_number_is_a_number_too() -> None:
    assert parse({"camera": {"fps": 15}}).camera.fps == 15.0


def test_a_byte_order_mark_of_a_windows_editor_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "muster.toml").write_bytes(b'\xef\xbb\xbf[unit]\nname = "Z\xc3\xbcrich"')
    assert load(tmp_path / "muster.toml").unit.name == "Zürich"


@pytest.mark.parametrize(
    "content",
    [b"[unit", b"[unit]\nname = 'a'\nname = 'b'", b"\xff\xfe[\0", b"a = " + b"[" * 100_000],
    ids=["torn", "twice", "UTF-16", "endless brackets"],
)
def test_what_is_no_toml_is_said_with_the_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "muster.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"muster\.toml: not a TOML file"):
        load(tmp_path / "muster.toml")


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("[unit]\nname = door-1", "'unit.name' must be a text in quotes: put it in quotes, name = \"door-1\"."),
        ("[unit]\nname = 3rd floor # the door", "'unit.name' must be a text in quotes: put it in quotes, name = \"3rd floor\"."),
        ("[unit]\r\nname = \u201cdoor\u201d\r\n", "'unit.name' must be a text in quotes: put it in quotes, name = \"door\"."),
        ("\nunit.name = door-1", "'unit.name' must be a text in quotes: put it in quotes, name = \"door-1\"."),
        ("[panel]\nred_pin = GPIO17", "'panel.red_pin' must be a number such as 17; it is 'GPIO17'."),
        ("[panel]\nred_pin = none", "'panel.red_pin' must be a number such as 17; it is 'none'."),
        ("[camera]\nfps = fast", "'camera.fps' must be a number such as 15.0; it is 'fast'."),
        ("[sync]\nmust_be_mounted = yes", "'sync.must_be_mounted' must be true or false; it is 'yes'."),
        ("[sync]\ndestinations = /mnt/x", 'must be a list, each item a text in quotes, such as destinations = ["/mnt/x"].'),
        ("[unit]\nnmae = door-1", "'unit.nmae' must be a text in quotes: put it in quotes, nmae = \"door-1\"."),
        ("\nunit = door-1", "'unit' must be a table: write [unit]."),
    ],
)
def test_a_value_without_quotes_is_said_with_its_key_and_what_to_write(tmp_path: Path, written: str, sentence: str) -> None:
    path = tmp_path / "muster.toml"
    path.write_text(written, newline="")
    with pytest.raises(ConfigError) as caught:
        load(path)
    (fault,) = caught.value.faults
    assert fault.startswith(f"{path}, line 2: '")
    assert fault.endswith(sentence)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["", "[unit]\n", "[panel]\nred_pin = ", "unit = "]))
def test_whatever_stands_there_is_a_configuration_or_a_fault(text: str, before: str) -> None:
    with suppress(ConfigError):
        of_text(before + text, origin="it")


def test_a_file_that_cannot_be_read_is_said_with_what_to_do(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.toml"):
        with pytest.raises(ConfigError, match=r"cannot be read.*\. Name a file that is there and that you may read\.$"):
            load(path)
