"""The examination as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from edge.cli import main
from edge.config import parse
from edge.doctor import Places, State, examine


def test_every_finding_is_one_line_and_what_is_wrong_comes_with_advice(tmp_path: Path) -> None:
    findings = examine(parse({"camera": {"source": "usb:63"}}), tmp_path, Places(tmp_path, tmp_path / "model", [str(tmp_path)]))
    names = [
        "runtime",
        "models",
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
        "destinations",
    ]
    assert [found.name for found in findings] == names
    for found in findings:
        assert "\n" not in found.sentence + found.advice
        assert found.advice or found.state is State.OK


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
    assert lines[-1].startswith(f"warning  destinations: not there: {tmp_path / 'gone'} -> plug in the stick")
    code, lines = asked("usb:63")
    assert code == 69
    assert next(line for line in lines if " camera: " in line).startswith("FAULT    camera: ")
