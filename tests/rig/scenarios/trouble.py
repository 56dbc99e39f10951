"""What goes wrong on the wall while the unit is at work."""

from __future__ import annotations

import time

from rig import recording
from rig.bench import Bench
from rig.build import CONFIG
from rig.machine import Machine
from rig.scenarios.scenario import Scenario, first_sentence

from edge.ledger import verify
from edge.types import Signal

TOLD_S = 300.0
"""Within which the panel must have said it."""

FILL = """
cd /var/lib/muster
fallocate -l $(($(stat -f -c '%a * %S' .) - 262144)) filler
dd if=/dev/zero of=filler-of-the-rest bs=4k || sync
"""


def back_at_work(machine: Machine, *, since_s: float) -> float:
    """Seconds from a moment until the panel says ready again."""
    return machine.wait_for(Signal.READY, since_s=since_s, limit_s=400)


def process(machine: Machine) -> dict[str, str]:
    """Which process the unit is (MainPID), and how often systemd has started it anew (NRestarts)."""
    said = machine.must("systemctl show -p MainPID -p NRestarts muster")
    return dict(line.split("=", 1) for line in said.splitlines())


def _camera(bench: Bench) -> str:
    with bench.awake() as machine:
        before, began_s = process(machine), time.time()
        machine.must("echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind")
        told_s = machine.wait_for(Signal.FAULT, since_s=began_s, limit_s=TOLD_S)
        mended_s = time.time()
        machine.must("echo vivid.0 >/sys/bus/platform/drivers/vivid/bind")
        seconds = back_at_work(machine, since_s=mended_s)
        log = machine.must("journalctl -b -u muster -o cat")
        after = process(machine)
    assert "camera" in log.lower(), log
    assert before == after, (before, after, log)
    return f"FAULT after {told_s:.0f} s, ready {seconds:.0f} s after it was back, in the same process"


def _disk(bench: Bench) -> str:
    with bench.awake() as machine:
        known = recording.rows(machine, 3)
        began_s = time.time()
        machine.run(FILL)
        refused = machine.run('muster people add 7 "Jane Doe"')
        known += recording.rows(machine, 3, may_fail=True)
        told_s = machine.wait_for(Signal.FAULT, since_s=began_s, limit_s=TOLD_S)
        mended_s = time.time()
        machine.must("rm /var/lib/muster/filler*")
        seconds = back_at_work(machine, since_s=mended_s)
        known += recording.rows(machine, 3)
        machine.kill()
        with bench.database(machine) as store:
            found = [entry.event_id for entry in store.entries()]
            faults = list(verify(store.entries(), n_written=store.n_written()))
    words = refused.err or refused.out
    assert refused.code == 74, (refused.code, words)
    assert found == known, (found, known)
    assert len(known) >= 6, known
    assert not faults, faults
    seen = f"refused with 74 ({first_sentence(words)}), FAULT after {told_s:.0f} s, ready {seconds:.0f} s after there was room"
    return f"{seen}; the chain verifies"


def _configuration(bench: Bench) -> str:
    with bench.awake() as machine:
        machine.write("/etc/muster/muster.toml", CONFIG.replace("red_pin", "red_pn"))
        began_s = time.time()
        machine.run("systemctl restart muster", limit_s=400)
        seconds = machine.wait_for(Signal.ATTENTION, since_s=began_s, limit_s=TOLD_S)
        log = machine.must("journalctl -b -u muster -o cat")
        doctor = machine.run("muster doctor", limit_s=600).out
        state = machine.run("systemctl is-active muster").out.strip()
    assert "red_pin" in log, log
    assert "red_pin" in doctor, doctor
    assert state == "active", state
    return f"two winks on the LED line after {seconds:.0f} s, journal and doctor name the key; the unit is at work"


SCENARIOS = (
    Scenario("the camera vanishes and comes back: the panel says so, the unit goes on", _camera),
    Scenario("the disk fills and has room again: no row is acknowledged that is not kept", _disk),
    Scenario("a configuration with an unknown key: said everywhere, the unit works as before", _configuration),
)
