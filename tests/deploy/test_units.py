"""The units as systemd reads them: nothing is wrong in them, and each may do little more than its work."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "deploy/systemd"
SERVICES = sorted(UNITS.glob("*.service"))
AT_MOST = 2.5
"""Of systemd's own exposure level, from 0 to 10."""
UPDATES = "muster-update-check.service"
"""Root's, because it puts units and rules in place."""

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze (package systemd)")


def settings(unit: Path) -> dict[str, list[str]]:
    """Key -> values, of all sections."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        key, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


@needs_systemd
@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_a_service_is_exposed_to_little(service: Path) -> None:
    ran = subprocess.run(
        check=False,
        args=["systemd-analyze", "security", "--offline=yes", f"--threshold={AT_MOST * 10:.0f}", service],
        capture_output=True,
        text=True,
    )
    level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", ran.stdout)
    assert level, ran.stderr
    assert (ran.returncode, float(level[1]) <= AT_MOST) == (0, True), ran.stdout


@needs_systemd
def test_systemd_finds_nothing_wrong_in_any_unit(tmp_path: Path) -> None:
    """The program lies where no test may put one; the trial takes another that is there, and nothing else is changed."""
    for unit in [*SERVICES, *UNITS.glob("*.timer"), *UNITS.glob("*.path")]:
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/muster/current/.venv/bin/muster", "/bin/true"))
    ran = subprocess.run(
        check=False,
        args=["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *sorted(tmp_path.iterdir())],
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")


@pytest.mark.parametrize("service", [unit for unit in SERVICES if unit.name != UPDATES], ids=lambda path: path.name)
def test_every_service_is_the_units_own_user_and_leaves_no_core(service: Path) -> None:
    found = settings(service)
    assert (found["User"], found["LimitCORE"], found["UMask"]) == (["muster"], ["0"], ["0077"])


@pytest.mark.parametrize(
    "service", [unit for unit in SERVICES if "LoadCredentialEncrypted" in settings(unit)], ids=lambda p: p.name
)
def test_who_opens_the_database_can_ask_whether_the_clock_is_set(service: Path) -> None:
    """ProtectClock= and @system-service both leave out adjtimex(2), by which the clock is known to be right."""
    found = settings(service)
    assert "ProtectClock" not in found
    assert "adjtimex clock_adjtime" in found["SystemCallFilter"][-1]


def test_the_loop_has_no_network_and_no_other_devices_than_it_uses() -> None:
    found = settings(UNITS / "muster.service")
    assert found["RestrictAddressFamilies"] == ["AF_UNIX AF_NETLINK"]
    assert found["IPAddressDeny"] == ["any"]
    assert {line.split()[0] for line in found["DeviceAllow"]} == {
        *("char-gpiochip", "char-video4linux", "char-media", "char-dma_heap", "char-usb_device", "char-apex")
    }


def test_a_stick_is_mounted_so_that_nothing_on_it_runs_and_only_the_unit_reads_it() -> None:
    *_, mount = settings(UNITS / "muster-stick@.service")["ExecStartPre"]
    options = set(mount.split(" -o ")[1].split()[0].split(","))
    assert {"nosuid", "nodev", "noexec", "uid=muster", "gid=muster", "umask=077"} <= options
    assert " -t vfat,exfat " in mount


@pytest.mark.parametrize("name", ["muster-sync", "muster-retention"])
def test_a_unit_without_a_database_has_nothing_to_deliver_or_remove(name: str) -> None:
    assert settings(UNITS / f"{name}.service")["ConditionPathExists"] == ["/var/lib/muster/muster.db"]


def test_no_timer_or_path_waits_for_something_that_is_not_there() -> None:
    for unit in [*UNITS.glob("*.timer"), *UNITS.glob("*.path")]:
        assert unit.with_suffix(".service").exists()


@pytest.mark.parametrize("path", sorted(UNITS.glob("*.path")), ids=lambda path: path.name)
def test_a_wish_lies_in_memory_where_the_loop_alone_can_leave_one_and_is_taken_away_before_it_is_granted(path: Path) -> None:
    """One that stayed would shut down every start of the system; one that was not taken would be granted again and again."""
    found = settings(UNITS / "muster.service")
    assert (found["RuntimeDirectory"], found["RuntimeDirectoryMode"]) == (["muster"], ["0700"])
    (wish,) = settings(path)["PathExists"]
    assert Path(wish).parent == Path("/run/muster")
    granting = settings(path.with_suffix(".service"))
    taken = [*granting.get("ExecCondition", []), *granting["ExecStart"]][0]
    assert taken in {f"/bin/rm -f {wish}", f"/bin/rm {wish}"}
    assert "-/run/muster" in granting["ReadWritePaths"][0].split()


def test_nobody_gets_a_right_to_shut_down_and_what_was_not_asked_for_does_not_happen() -> None:
    found = settings(UNITS / "muster-shutdown.service")
    assert (found["User"], found["SuccessAction"], found["CapabilityBoundingSet"]) == (["muster"], ["poweroff"], [""])
    assert found["ExecStart"] == ["/bin/rm /run/muster/shutdown"], "fails where there is no wish, and then nothing is shut down"
