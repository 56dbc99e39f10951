"""Bad input under a real systemd: a faulty configuration, a camera that is not there, a card too small; said, and worked with."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from machine import CONFIG, Machine, why_not

from edge import wiring

_WHY_NOT = why_not()
pytestmark = [
    pytest.mark.machine,
    pytest.mark.skipif(bool(_WHY_NOT), reason=_WHY_NOT or "-"),
    pytest.mark.skipif(not wiring.manifest_path().exists(), reason="no models: `make models` builds them"),
]

MUSTER = "/opt/muster/current/.venv/bin/muster"
SETTINGS = "/etc/muster/muster.toml"
SOON = "[Service]\nRestartSec=0\n"

Boot = Callable[..., Machine]


@pytest.fixture
def boot(tmp_path: Path) -> Iterator[Boot]:
    """Machines that end with the test."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(Machine(tmp_path / "machine", **settings))


def ask(machine: Machine, *words: str) -> subprocess.CompletedProcess[str]:
    """A command as /usr/local/bin/muster gives it."""
    environment = ["env", "MUSTER_DATA=/var/lib/muster", f"MUSTER_CONFIG={SETTINGS}"]
    return machine.run("setpriv", "--reuid=muster", "--regid=muster", "--init-groups", *environment, MUSTER, *words)


def ready(boot: Boot, *, config: str = CONFIG) -> Machine:
    """A unit that has been ready."""
    machine = boot(config=config, drop_in=SOON)
    assert machine.run("systemctl", "start", "muster").returncode == 0, machine.log()
    machine.run("sh", "-c", "until [ -e /var/lib/muster/muster.last-good.toml ]; do sleep 0.05; done")
    return machine


WRONG = '[unit]\nnmae = "gate"\n[panel]\nred_pin = 40\ngreen_pin = 5\nbuzzer_pin = 5\n'
SAID = (
    f"{SETTINGS}, line 8: 'unit.nmae' is not a key; did you mean 'unit.name'?",
    f"{SETTINGS}, line 10: 'panel.red_pin' must lie between -1 and 27; it is 40.",
    f"{SETTINGS}, line 12: 'panel.buzzer_pin' is 5, and so is 'panel.green_pin'",
)


def test_a_unit_works_on_through_a_wrong_edit_and_a_restart(boot: Boot) -> None:
    machine = ready(boot)
    machine.write(SETTINGS, CONFIG + WRONG)
    assert machine.systemctl("is-active", "muster") == "active"
    told, checked = ask(machine, "doctor").stdout, ask(machine, "config", "--check").stderr
    assert all(words in told and words in checked for words in SAID), told + checked

    machine.run("systemctl", "restart", "muster")
    assert machine.systemctl("is-active", "muster") == "active", machine.log()
    assert machine.systemctl("is-active", "muster-fault") != "active"
    log = machine.log()
    assert all(f"WARNING: {words}" in log for words in SAID)
    assert "attention: LED amber" in log
    told, asked = ask(machine, "doctor").stdout, ask(machine, "status").stdout
    assert all(words in told and words in asked for words in SAID), told + asked
    machine.systemctl("start", "muster-sync")
    assert "no destination" not in machine.log(), "deliveries go by the last configuration that worked, too"

    machine.write(SETTINGS, CONFIG)
    machine.run("systemctl", "restart", "muster")
    assert "ok       configuration" in ask(machine, "doctor").stdout
    assert ask(machine, "status").returncode == 0


def test_a_unit_that_never_worked_shows_a_fault_of_its_panel_too(boot: Boot) -> None:
    machine = boot(config=CONFIG + "[panel]\nred_pin = 22\nbuzzer_pin = 22\n")
    assert machine.run("systemctl", "start", "muster").returncode != 0
    machine.until("is-active", "muster-fault", says="active")
    assert (machine.show("muster", "ExecMainStatus"), machine.show("muster", "NRestarts")) == ("78", "0")
    assert f"{SETTINGS}, line 9: 'panel.buzzer_pin' is 22, and so is 'panel.red_pin'" in machine.log()


def test_a_camera_that_was_never_there_is_said_and_waited_for(boot: Boot) -> None:
    machine = boot(config=CONFIG.replace("replay:/srv/frames", "usb:77"))
    machine.systemctl("start", "--no-block", "muster")
    machine.until_log(r"ERROR: camera: /dev/video77 is not there")
    machine.until_log(r"fault: LED red")
    assert machine.show("muster", "StatusText").startswith("fault: camera: /dev/video77 is not there")
    assert "FAULT    camera: /dev/video77 is not there" in ask(machine, "doctor").stdout


def test_a_recording_that_is_not_there_ends_in_a_fault_on_the_panel(boot: Boot) -> None:
    machine = boot(config=CONFIG.replace("/srv/frames", "/srv/nowhere"), drop_in=SOON)
    machine.systemctl("start", "--no-block", "muster")
    machine.until("is-active", "muster-fault", says="active")
    assert machine.show("muster", "ExecMainStatus") == "69"
    assert "/srv/nowhere is not there. Name a folder of pictures" in machine.log()


def test_a_camera_that_was_named_wrongly_leaves_the_one_before_at_work(boot: Boot) -> None:
    machine = ready(boot)
    machine.write(SETTINGS, CONFIG.replace("replay:/srv/frames", "usb:77"))
    assert "'camera.source' is 'usb:77'. /dev/video77 is not there" in ask(machine, "config", "--check").stderr
    machine.run("systemctl", "restart", "muster")
    assert machine.systemctl("is-active", "muster") == "active", machine.log()
    assert "WARNING: /dev/video77 is not there" in machine.log()
    assert "FAULT    camera: /dev/video77 is not there" in ask(machine, "doctor").stdout


def small(machine: Machine, size: str) -> None:
    """A data partition of that size."""
    machine.run("install", "-d", "-o", "muster", "-g", "muster", "-m", "0700", "/var/lib/muster")
    machine.run("mount", "-t", "tmpfs", "-o", f"size={size},mode=0700,uid=muster,gid=muster", "data", "/var/lib/muster")


def test_a_card_on_which_there_is_little_room_is_said_and_worked_with(boot: Boot) -> None:
    machine = boot()
    small(machine, "60m")
    assert machine.run("systemctl", "start", "muster").returncode == 0, machine.log()
    machine.until_log(r"attention: LED amber")
    assert "ERROR: the disk: " in machine.log()
    assert "warning  disk: " in ask(machine, "doctor").stdout


def test_a_card_on_which_there_is_none_is_a_fault(boot: Boot) -> None:
    machine = boot(drop_in=SOON)
    small(machine, "40k")
    machine.systemctl("start", "--no-block", "muster")
    machine.until("is-active", "muster-fault", says="active")
    assert machine.show("muster", "ExecMainStatus") == "74", machine.log()
    assert "FAULT    disk: " in ask(machine, "doctor").stdout
