"""Edge TPUs as the kernel lists them, on trees of files that look like its own."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from edgetpu.plugged import BOOTLOADER, READY, as_nobody, card, plug

from edge.device.tpu.sticks import Holder, chosen, holders, is_writable, listed, sticks, without_driver


def test_nothing_is_there_where_nothing_is_plugged_in(tmp_path: Path) -> None:
    assert sticks(tmp_path / "sys", tmp_path / "dev") == []
    plug(tmp_path, "1-1", ("046d", "0825"))
    (tmp_path / "sys/bus/usb/devices/usb1").mkdir()
    assert sticks(tmp_path / "sys", tmp_path / "dev") == []
    assert not listed("", tmp_path / "sys", tmp_path / "dev")


def test_a_stick_is_known_before_and_after_its_firmware(tmp_path: Path) -> None:
    nodes = [plug(tmp_path, "1-1", BOOTLOADER, speed="480"), plug(tmp_path, "2-1.4", READY, devnum=12)]
    first, second = sticks(tmp_path / "sys", tmp_path / "dev")
    assert (first.device, first.place, first.node, first.has_firmware, first.is_slow) == (
        "usb:0",
        "USB 1-1",
        nodes[0],
        False,
        True,
    )
    assert (second.device, second.place, second.node, second.has_firmware, second.is_slow) == (
        "usb:1",
        "USB 2-1.4",
        nodes[1],
        True,
        False,
    )
    assert second.node == tmp_path / "dev/bus/usb/002/012"


def test_a_link_of_unknown_speed_is_not_called_slow(tmp_path: Path) -> None:
    plug(tmp_path, "1-1", READY, speed="unknown")
    assert [(stick.speed_mbps, stick.is_slow) for stick in sticks(tmp_path / "sys", tmp_path / "dev")] == [(None, False)]


def test_ports_are_counted_as_numbers_and_pcie_comes_after_usb(tmp_path: Path) -> None:
    for place in ("2-10", "2-9", "10-1"):
        plug(tmp_path, place, READY)
    for number in (10, 0):
        card(tmp_path, number)
    found = sticks(tmp_path / "sys", tmp_path / "dev")
    assert [(stick.device, stick.place) for stick in found] == [
        ("usb:0", "USB 2-9"),
        ("usb:1", "USB 2-10"),
        ("usb:2", "USB 10-1"),
        ("pci:0", "PCIe apex_0"),
        ("pci:1", "PCIe apex_10"),
    ]
    assert found[-1].node == tmp_path / "dev/apex_10"
    assert found[-1].has_firmware
    assert not found[-1].is_slow


@pytest.mark.parametrize(
    ("device", "meant"),
    [
        ("", ["usb:0", "usb:1", "pci:0"]),
        ("usb", ["usb:0", "usb:1"]),
        ("usb:1", ["usb:1"]),
        ("usb:2", []),
        ("pci", ["pci:0"]),
        ("pci:0", ["pci:0"]),
        ("pci:1", []),
    ],
)
def test_a_name_in_the_configuration_means_these(tmp_path: Path, device: str, meant: list[str]) -> None:
    plug(tmp_path, "1-1", READY)
    plug(tmp_path, "1-2", BOOTLOADER)
    card(tmp_path, 0)
    found = sticks(tmp_path / "sys", tmp_path / "dev")
    assert [stick.device for stick in chosen(device, found)] == meant
    assert listed(device, tmp_path / "sys", tmp_path / "dev") == bool(meant)


def test_the_first_is_not_taken_for_the_tenth(tmp_path: Path) -> None:
    for port in range(1, 12):
        plug(tmp_path, f"1-{port}", READY)
    assert [stick.place for stick in chosen("usb:1", sticks(tmp_path / "sys", tmp_path / "dev"))] == ["USB 1-2"]


def test_it_is_listed_no_longer_once_it_is_pulled(tmp_path: Path) -> None:
    plug(tmp_path, "1-1", READY)
    assert listed("usb:0", tmp_path / "sys", tmp_path / "dev")
    for file in (tmp_path / "sys/bus/usb/devices/1-1").iterdir():
        file.unlink()
    assert not listed("usb:0", tmp_path / "sys", tmp_path / "dev")


@pytest.mark.parametrize("not_yet", ["busnum", "devnum"])
def test_half_of_a_stick_is_none_while_it_is_plugged_in(tmp_path: Path, not_yet: str) -> None:
    plug(tmp_path, "1-1", READY)
    plug(tmp_path, "1-2", BOOTLOADER)
    (tmp_path / "sys/bus/usb/devices/1-1" / not_yet).unlink()
    assert [(stick.device, stick.place) for stick in sticks(tmp_path / "sys", tmp_path / "dev")] == [("usb:0", "USB 1-2")]


def test_one_on_pcie_without_its_driver_is_seen(tmp_path: Path) -> None:
    device = tmp_path / "sys/bus/pci/devices/0000:01:00.0"
    device.mkdir(parents=True)
    (device / "vendor").write_text("0x1ac1\n")
    (device / "device").write_text("0x089a\n")
    assert without_driver(tmp_path / "sys")
    assert not sticks(tmp_path / "sys", tmp_path / "dev")
    card(tmp_path, 0)
    assert not without_driver(tmp_path / "sys")


# Permission


def test_a_node_that_this_user_may_not_write_is_told_from_one_that_is_free() -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        Path(folder).chmod(0o755)
        node = Path(folder) / "003"
        node.touch()
        node.chmod(0o666)
        with as_nobody():
            assert is_writable(node)
        node.chmod(0o444)
        with as_nobody():
            assert not is_writable(node)
        assert not is_writable(Path(folder) / "missing")


# Busy


def test_the_process_that_has_it_open_is_named(tmp_path: Path) -> None:
    node = plug(tmp_path, "1-1", READY)
    for pid, target in ((41, "/dev/null"), (7, str(node)), (140, str(node))):
        process = tmp_path / f"proc/{pid}"
        (process / "fd").mkdir(parents=True)
        (process / "fd/3").symlink_to(target)
        (process / "cmdline").write_bytes(b"frigate\0--detector\0coral\0")
    (tmp_path / "proc/140/cmdline").write_bytes(b"")
    (tmp_path / "proc/140/comm").write_text("kworker\n")
    (tmp_path / "proc/self").mkdir()
    (tmp_path / "proc/9").mkdir()  # ended while one looks
    assert holders(node, tmp_path / "proc") == [Holder(7, "frigate --detector coral"), Holder(140, "kworker")]


def test_this_very_process_is_found_and_gone_once_it_has_closed_it(tmp_path: Path) -> None:
    node = plug(tmp_path, "1-1", READY)
    with node.open("rb"):
        assert os.getpid() in [holder.pid for holder in holders(node)]
    assert holders(node) == []
