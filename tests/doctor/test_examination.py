"""The examination as a whole."""

from __future__ import annotations

from pathlib import Path

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
