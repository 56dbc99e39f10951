"""The unit is switched on."""

from __future__ import annotations

import re
import time

from rig.bench import Bench
from rig.machine import Machine
from rig.recording import rows
from rig.scenarios.scenario import Scenario

from edge.types import Signal

SWITCHED_ON_S = 300.0
"""How long it may take until it is at work; emulation is some twenty times slower than a Pi 4."""


def until_ready(machine: Machine, *, since_s: float) -> float:
    """Seconds from a moment until the panel says that the unit is ready, and systemd agrees."""
    seconds = machine.wait_for(Signal.READY, since_s=since_s, limit_s=SWITCHED_ON_S)
    machine.wait_until_up()
    machine.wait(
        "systemd says that it is ready", lambda: machine.run("systemctl is-active muster").code == 0, limit_s=180, pause_s=1
    )
    return seconds


def reached_s(machine: Machine, unit: str) -> float:
    """When a unit became active, in seconds of the guest since its kernel began."""
    return int(machine.must(f"systemctl show -P ActiveEnterTimestampMonotonic {unit}")) / 1e6


def _power_on(bench: Bench) -> str:
    began_s = time.time()
    with bench.off() as machine:
        seconds = until_ready(machine, since_s=began_s)
        shown = Signal.FAULT in machine.signals()
        assert not shown, "the panel has said FAULT on the way"
        others, ours = reached_s(machine, "multi-user.target"), reached_s(machine, "muster.service")
        log = machine.must("journalctl -b -u muster -o cat | grep ready")
    how = re.search(r"ready .* s after the start", log)
    return (
        f"ready on the LED line {seconds:.0f} s after power on; in the guest multi-user.target at {others:.0f} s, "
        f"muster.service at {ours:.0f} s ({how.group() if how else log.strip()})"
    )


def _read_only_root(bench: Bench) -> str:
    began_s = time.time()
    with bench.off(further="overlayroot=tmpfs:recurse=0") as machine:
        seconds = until_ready(machine, since_s=began_s)
        root, data = (machine.must(f"findmnt -n -o FSTYPE --target {path}").strip() for path in ("/", "/var/lib/muster"))
        assert (root, data) == ("overlay", "ext4"), (root, data)
        (row,) = rows(machine, 1)
        machine.must("touch /etc/gone-with-the-power; sync")
        machine.kill()
        for disk in machine.disks.values():
            disk.over = None
        machine.start()
        machine.wait_until_up()
        assert machine.run("test -e /etc/gone-with-the-power").code, "the root was written to"
        machine.kill()
    with bench.database(machine) as store:
        assert [event.event_id for event in store.events()] == [row], "the row is gone"
    return f"ready after {seconds:.0f} s; after a power cut the row on its partition is there, a file in /etc is not"


SCENARIOS = (
    Scenario("power on: the unit is at work and says so", _power_on),
    Scenario("power on with a root that nothing is written to: the ledger is kept, nothing else", _read_only_root),
)
