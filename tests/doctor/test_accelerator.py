"""What the doctor says of an Edge TPU at its plug, in every state that it can be in."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from doctor.units import FINE, Examine
from edgetpu.plugged import BOOTLOADER, READY, as_nobody, card, plug

from edge.config import Config, parse
from edge.device.tpu.opening import Claim
from edge.doctor import Finding, Places, State
from edge.doctor.accelerator import accelerator
from edge.doctor.stick import no_permission


def configured(**accelerator_config: str) -> Config:
    return parse({"accelerator": accelerator_config})


# All is well


@pytest.mark.native
def test_one_that_is_in_order_is_opened_and_passes_its_self_test(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    found = look()
    assert found["edge tpu"] == Finding("edge tpu", State.OK, "USB 2-1 (usb:0, 5000 Mbit/s)")
    assert found["edge tpu library"].state is State.OK
    use = found["edge tpu use"]
    assert use.state is State.OK
    near = r"its self-test is right: onet is 0\.\d steps off \(12 are allowed\), rnet is 0\.\d steps off \(6 are allowed\)"
    assert re.search(near, use.sentence)
    assert "2." in use.sentence, "the runtime is named"


def test_one_on_pcie_is_in_order_too(look: Examine, tmp_path: Path) -> None:
    card(tmp_path, 0)
    found = look()
    assert found["edge tpu"] == Finding("edge tpu", State.OK, "PCIe apex_0 (pci:0)")
    assert found["edge tpu use"].state is State.OK


def test_before_its_firmware_it_is_fine(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", BOOTLOADER)
    found = look()
    assert found["edge tpu"].state is State.OK
    assert "before its firmware, which it gets at its first use" in found["edge tpu"].sentence
    assert found["edge tpu use"].state is State.OK


# Not there


def test_none_is_fine_unless_it_is_demanded(look: Examine) -> None:
    found = look()
    assert {each.state for each in found.values()} == {State.OK}
    assert found["edge tpu"].sentence == "none is plugged in; the networks run on the CPU"
    assert "rnet, onet (no Edge TPU can be used)" in found["placement"].sentence
    demanded = look(kind="edgetpu")
    assert demanded["edge tpu"].state is State.FAULT
    assert "nothing starts without one" in demanded["edge tpu"].sentence
    assert demanded["edge tpu"].advice.startswith("plug it in")
    assert demanded["edge tpu use"].advice == "see to the edge tpu first"


def test_another_than_the_one_that_is_named(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    found = look(device="usb:1")["edge tpu"]
    assert found.state is State.WARNING
    assert found.sentence == 'accelerator.device = "usb:1" is not plugged in; there is USB 2-1 (usb:0, 5000 Mbit/s)'


def test_one_on_pcie_without_driver(look: Examine, tmp_path: Path) -> None:
    device = tmp_path / "sys/bus/pci/devices/0000:01:00.0"
    device.mkdir(parents=True)
    (device / "vendor").write_text("0x1ac1\n")
    (device / "device").write_text("0x089a\n")
    found = look()["edge tpu"]
    assert found.state is State.WARNING
    assert "no driver" in found.sentence


def test_left_alone_as_configured(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    found = look(kind="cpu")
    assert found["edge tpu"] == Finding("edge tpu", State.OK, 'left alone, as configured: accelerator.kind = "cpu"')
    assert found["placement"].sentence == "on the CPU: pnet, rnet, onet, facenet (as configured)"
    assert set(found) == {"edge tpu", "placement"}


# There, and not to be used


def test_a_slow_link_is_a_warning_and_it_is_used_all_the_same(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "1-1", READY, speed="480")
    found = look(kind="edgetpu")
    assert found["edge tpu"].state is State.WARNING
    assert "480 Mbit/s" in found["edge tpu"].sentence
    assert "USB 2 link, 3 to 7 times slower" in found["edge tpu"].sentence
    assert "blue port" in found["edge tpu"].advice
    assert found["edge tpu use"].state is State.OK


@pytest.mark.parametrize(("kind", "state"), [("auto", State.WARNING), ("edgetpu", State.FAULT)])
def test_no_permission_names_the_device_and_who_may(places: Places, kind: str, state: State) -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        root = Path(folder)
        root.chmod(0o755)
        node = plug(root, "2-1", READY)
        node.chmod(0o600)
        where = replace(places, sysfs=root / "sys", dev=root / "dev")
        data = root / "data"
        with as_nobody():
            named = {each.name: each for each in accelerator(configured(kind=kind), data, where, found_models=FINE)}
            assert named["edge tpu"].state is state
            assert f"may not open {node}" in named["edge tpu"].sentence
            assert named["edge tpu"].advice.startswith("install the udev rule for both of its ids")
            assert "60-muster-edgetpu.rules" in named["edge tpu"].advice
            assert named["edge tpu use"].sentence == "not opened, because of the edge tpu"


@pytest.mark.parametrize(
    ("mode", "advice"),
    [(0o660, "put nobody into its group: `sudo usermod -aG"), (0o640, "install the udev rule for both of its ids")],
)
def test_where_a_group_may_open_it_one_is_to_join_the_group(places: Places, mode: int, advice: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may give a file to another group")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        node = plug(root, "2-1", READY)
        node.chmod(mode)
        os.chown(node, 0, 46)  # plugdev on every Debian (base-passwd)
        where = replace(places, sysfs=root / "sys", dev=root / "dev")
        with as_nobody():
            found = next(accelerator(configured(), root / "data", where, found_models=FINE))
        assert "no permission" in found.sentence
        assert found.advice.startswith(advice)


def test_nobody_is_told_to_join_roots_own_group(tmp_path: Path) -> None:
    node = plug(tmp_path, "2-1", READY)
    node.chmod(0o660)
    if node.stat().st_gid:
        pytest.skip("only root makes files of root's group")
    assert no_permission(node)[1].startswith("install the udev rule for both of its ids")


def test_one_that_goes_away_while_its_rights_are_looked_at_is_told(tmp_path: Path) -> None:
    wrong, advice = no_permission(tmp_path / "003")
    assert wrong == f"{tmp_path / '003'} went away at this moment"
    assert "ask again" in advice


def test_a_device_without_its_node(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY).unlink()
    found = look()["edge tpu"]
    assert found.state is State.WARNING
    assert "in a container" in found.advice


def test_busy_names_the_process(look: Examine, tmp_path: Path) -> None:
    node = plug(tmp_path, "2-1", READY)
    (tmp_path / "proc/77/fd").mkdir(parents=True)
    (tmp_path / "proc/77/fd/9").symlink_to(node)
    (tmp_path / "proc/77/cmdline").write_bytes(b"frigate.detectors\0coral\0")
    found = look()
    assert found["edge tpu"].state is State.WARNING
    assert "busy: process 77 (frigate.detectors coral) has it open" in found["edge tpu"].sentence
    assert found["edge tpu use"].sentence == "not opened, because of the edge tpu"
    (tmp_path / "proc/77/cmdline").write_bytes(b'python\0-m\0edge.device.tpu.child\0{"parent": 5}')
    assert "busy: another `muster run` or `muster evaluate`" in look()["edge tpu"].sentence


def test_this_process_is_not_in_its_own_way(look: Examine, tmp_path: Path) -> None:
    node = plug(tmp_path, "2-1", READY)
    (tmp_path / f"proc/{os.getpid()}/fd").mkdir(parents=True)
    (tmp_path / f"proc/{os.getpid()}/fd/9").symlink_to(node)
    assert look()["edge tpu"].state is State.OK


def test_one_that_another_muster_has_claimed_is_busy(look: Examine, tmp_path: Path) -> None:
    plug(tmp_path, "2-1", READY)
    claim = Claim()
    assert claim.take(f"{tmp_path / 'sys'} USB 2-1")
    found = look()["edge tpu use"]
    claim.release()
    assert found.state is State.WARNING
    assert "busy: another process of Muster has it" in found.sentence
    assert look()["edge tpu use"].state is State.OK
