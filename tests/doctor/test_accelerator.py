"""What the doctor says of an Edge TPU, on trees of files that look like the kernel's."""

from __future__ import annotations

from pathlib import Path

from edgetpu.plugged import BOOTLOADER, READY, plug

from edge.doctor.accelerator import edge_tpu


def test_an_edge_tpu_is_seen(tmp_path: Path) -> None:
    assert "none is plugged in" in edge_tpu(tmp_path / "sys").sentence
    plug(tmp_path, "2-1", BOOTLOADER)
    plug(tmp_path, "2-2", READY)
    assert edge_tpu(tmp_path / "sys").sentence == "USB 2-1; USB 2-2"
