"""The examination as a whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from edgetpu.plugged import READY, plug
from PIL import Image

from edge.arguments import build_parser
from edge.cli import main
from edge.commands.doctor import run
from edge.config import parse
from edge.doctor import Places, State, examine
from edge.doctor.finding import split


def test_every_finding_is_one_line_and_what_is_wrong_comes_with_advice(tmp_path: Path) -> None:
    findings = list(
        examine(parse({"camera": {"source": "usb:63"}}), tmp_path, Places(tmp_path, tmp_path / "model", [str(tmp_path)]))
    )
    names = [
        "runtime",
        "models",
        "sealing",
        "database",
        "matching",
        "camera",
        "pins",
        "edge tpu",
        "edge tpu library",
        "compiled models",
        "edge tpu use",
        "placement",
        "power",
        "pycoral",
        "clock",
        "disk",
        "card",
        "update",
        "destinations",
    ]
    assert [found.name for found in findings] == names
    for found in findings:
        assert "\n" not in found.sentence + found.advice
        assert found.advice or found.state is State.OK


class Impatience(dict[str, str]):
    """Whoever looks into it, as for the variables of an Edge TPU's process, is interrupted as by Ctrl-C."""

    def __bool__(self) -> bool:
        raise KeyboardInterrupt


def test_each_finding_is_printed_as_soon_as_it_is_made(
    places: Places, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An Edge TPU that hangs is waited for: until then the fault of the camera is not kept back."""
    monkeypatch.delenv("MUSTER_CONFIG", raising=False)
    plug(tmp_path, "2-1", READY)
    (tmp_path / "muster.toml").write_text('[camera]\nsource = "usb:63"\n')
    given = build_parser().parse_args(["--data", str(tmp_path), "doctor"])
    with pytest.raises(KeyboardInterrupt):
        run(given, places=replace(places, environment=Impatience()))
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("FAULT    camera: ") for line in lines)
    assert lines[-1].startswith("warning  compiled models: ")


def test_what_others_say_ends_no_sentence_of_ours_and_advice_is_one_clause() -> None:
    assert split("x: is no model (a. b. C). Reinstall Muster.") == ("x: is no model (a. b. C)", "reinstall Muster")
    assert split("no brackets (at all. Mend it.") == ("no brackets (at all", "mend it")
    assert split("one sentence alone.") == ("one sentence alone", "")
    assert split("gone. USB is out.") == ("gone", "USB is out")


def test_warnings_are_no_fault_for_whoever_asks_in_a_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MUSTER_CONFIG", raising=False)
    (tmp_path / "frames").mkdir()
    Image.new("RGB", (640, 480), (90, 90, 90)).save(tmp_path / "frames" / "0.png")

    def asked(source: str) -> tuple[int, list[str]]:
        (tmp_path / "muster.toml").write_text(
            f'[camera]\nsource = "{source}"\n[panel]\nkind = "mock"\n[accelerator]\nkind = "cpu"\n'
            f'[sync]\ndestinations = ["{tmp_path / "gone"}"]\n'
        )
        return main(["--data", str(tmp_path), "doctor"]), capsys.readouterr().out.splitlines()

    code, lines = asked(f"replay:{tmp_path / 'frames'}")
    assert code == 0, lines
    assert lines[-1].startswith(f"warning  destinations: {tmp_path / 'gone'}: it is not there -> plug in the stick")
    code, lines = asked("usb:63")
    assert code == 69
    assert next(line for line in lines if " camera: " in line).startswith("FAULT    camera: ")
