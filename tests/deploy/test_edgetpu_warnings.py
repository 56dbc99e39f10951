"""What the installer of libedgetpu warns of and does all the same; and the udev rule that it puts in place."""

from __future__ import annotations

import pytest
from debian import GOOD, INSTALL, Debian

RULES = INSTALL.parent / "60-muster-edgetpu.rules"


@pytest.mark.parametrize(
    ("file", "built"),
    [
        (f"libedgetpu1-std_{GOOD}.trixie_arm64.deb", "trixie"),
        (f"libedgetpu1-std_{GOOD}.ubuntu24.04_arm64.deb", "ubuntu24.04"),
    ],
)
def test_a_build_for_another_debian_is_a_warning(debian: Debian, file: str, built: str) -> None:
    outcome = debian.run("--check", debian.package(file=file))
    assert outcome.code == 0
    assert f"built for {built}, and this system is bookworm" in outcome.complained
    assert ".bookworm_" in outcome.complained


def test_the_release_in_the_version_counts_too(debian: Debian) -> None:
    outcome = debian.run("--check", debian.package(version="16.0tf2.19.1-1.trixie", file="it.deb"))
    assert outcome.code == 0
    assert "built for trixie" in outcome.complained


def test_a_name_that_tells_no_release_is_no_reason_to_warn(debian: Debian) -> None:
    outcome = debian.run("--check", debian.package(file="libedgetpu.deb"))
    assert (outcome.code, outcome.complained) == (0, "")


@pytest.mark.parametrize("ids", ["1a6e:089a", "18d1:9302"])
def test_a_usb_2_connection_is_a_warning(debian: Debian, ids: str) -> None:
    debian.usb("1-1.2", ids, "480")
    outcome = debian.run("--check", debian.package(depends="libc6"), here=True)
    assert outcome.code == 0
    assert "the Edge TPU at 1-1.2 has a USB 2 connection (480 Mbit/s): 3 to 7 times slower" in outcome.complained
    assert "blue port" in outcome.complained


def test_a_usb_3_connection_and_other_peoples_devices_are_none(debian: Debian) -> None:
    debian.usb("2-1", "18d1:9302", "5000")
    debian.usb("1-1", "046d:c077", "1.5")
    debian.usb("1-2", "18d1:4ee7", "480")  # a telephone of the same vendor
    outcome = debian.run("--check", debian.package(), here=True)
    assert outcome.code == 0
    assert "USB" not in outcome.complained
    assert "No Edge TPU" not in outcome.said


def test_a_link_of_unknown_speed_is_not_called_slow(debian: Debian) -> None:
    debian.usb("2-1", "18d1:9302", "unknown")
    outcome = debian.run("--check", debian.package(), here=True)
    assert outcome.code == 0
    assert "USB" not in outcome.complained
    assert "integer" not in outcome.complained


def test_no_stick_is_no_obstacle(debian: Debian) -> None:
    outcome = debian.run("--check", debian.package(), here=True)
    assert outcome.code == 0
    assert "No Edge TPU is plugged in now" in outcome.said


def test_a_pcie_module_without_its_driver_is_a_warning(debian: Debian) -> None:
    module = debian.sysfs / "bus/pci/devices/0000:01:00.0"
    module.mkdir(parents=True)
    (module / "vendor").write_text("0x1ac1\n")
    assert "has no driver for it" in debian.run("--check", debian.package(), here=True).complained
    (debian.sysfs / "class/apex/apex_0").mkdir(parents=True)
    outcome = debian.run("--check", debian.package(), here=True)
    assert "driver" not in outcome.complained
    assert "No Edge TPU" not in outcome.said


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo throttled=0x50005", "the voltage is too low at this moment"),
        ("echo throttled=0x1", "the voltage is too low at this moment"),
        ("echo throttled=0x50000", "the voltage has been too low since this Pi was started"),
        ("echo VCHI initialization failed >&2; exit 1", "gave no answer (VCHI initialization failed)"),
        ("exit 1", "gave no answer ()"),
        ("exec sleep 30", "gave no answer ()"),
    ],
)
def test_a_weak_supply_is_a_warning(debian: Debian, script: str, words: str) -> None:
    debian.program("vcgencmd", script)
    outcome = debian.run("--check", debian.package(), here=True)
    assert outcome.code == 0
    assert words in outcome.complained


@pytest.mark.parametrize("bits", ["0x0", "0xe000e"])
def test_a_good_supply_and_mere_heat_are_none(debian: Debian, bits: str) -> None:
    debian.program("vcgencmd", f'[ "$*" = get_throttled ] && echo throttled={bits}')
    outcome = debian.run("--check", debian.package(), here=True)
    assert outcome.code == 0
    assert "voltage" not in outcome.complained
    assert "gave no answer" not in outcome.complained


@pytest.mark.parametrize(
    ("metadata", "is_warned_of"),
    [
        ("Name: pycoral\nSummary: Simple CLI for Allen Coral Atlas\n", True),
        ("Name: pycoral-pi5\nSummary: Coral\n", True),
        ("Name: pycoral\nSummary: Coral Python API\n", False),
    ],
)
def test_the_pycoral_of_the_reefs_is_recognised(debian: Debian, metadata: str, is_warned_of: bool) -> None:
    environment = debian.folder / "an environment"
    info = environment / "lib/python3.11/site-packages/pycoral-0.2.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\n{metadata}")
    outcome = debian.run("--check", debian.package(), environment=[("VIRTUAL_ENV", str(environment))])
    assert outcome.code == 0
    assert ("coral reefs" in outcome.complained) == is_warned_of


def test_a_library_that_would_be_found_first_is_a_warning(debian: Debian) -> None:
    local = debian.root / "usr/local/lib"
    local.mkdir(parents=True)
    (local / "libedgetpu.so.1").touch()
    assert "is found first" in debian.run("--check", debian.package()).complained


def rules() -> list[dict[str, str]]:
    """Each rule as key (with its operator's first sign) -> value."""
    lines = [line for line in RULES.read_text().splitlines() if line and not line.startswith("#")]
    parts = [[part.strip() for part in line.split(",")] for line in lines]
    return [dict(part.replace("==", "=", 1).replace('"', "").split("=", 1) for part in line) for line in parts]


def test_the_rule_names_both_identities_of_the_stick_and_the_pcie_module() -> None:
    usb = {(rule["ATTR{idVendor}"], rule["ATTR{idProduct}"]) for rule in rules() if rule["SUBSYSTEM"] == "usb"}
    assert usb == {("1a6e", "089a"), ("18d1", "9302")}
    assert [rule["KERNEL"] for rule in rules() if rule["SUBSYSTEM"] == "apex"] == ["apex_[0-9]*"]


def test_the_device_is_the_groups_and_not_the_worlds() -> None:
    assert {(rule["GROUP"], rule["MODE"]) for rule in rules()} == {("plugdev", "0660")}


def test_the_rule_sorts_after_the_systems_and_the_packages_own() -> None:
    names = ["50-udev-default.rules", "60-libedgetpu1-std.rules", "60-libedgetpu1-max.rules", RULES.name]
    assert max(names) == RULES.name
