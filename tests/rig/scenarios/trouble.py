"""What goes wrong on the wall while the unit is at work."""

from __future__ import annotations

import time

from rig import recording
from rig.bench import Bench
from rig.build import CONFIG
from rig.machine import Machine
from rig.scenarios.scenario import Scenario

from edge.ledger import verify
from edge.types import Signal

TOLD_S = 300.0
"""Within which the panel must have said it."""

FILL = """
cd /var/lib/muster
fallocate -l $(($(stat -f -c '%a * %S' .) - 262144)) filler
dd if=/dev/zero of=filler-of-the-rest bs=4k
sync
"""


def back_at_work(machine: Machine, *, since_s: float) -> float:
    """Seconds from a moment until the panel says ready again."""
    return machine.wait_for(Signal.READY, since_s=since_s, limit_s=400)


def _camera(bench: Bench) -> str:
    with bench.awake() as machine:
        began_s = time.time()
        machine.must("echo vivid.0 >/sys/bus/platform/drivers/vivid/unbind")
        told_s = machine.wait_for(Signal.FAULT, since_s=began_s, limit_s=TOLD_S)
        mended_s = time.time()
        machine.must("echo vivid.0 >/sys/bus/platform/drivers/vivid/bind")
        seconds = back_at_work(machine, since_s=mended_s)
        log = machine.must("journalctl -b -u muster -o cat")
    assert "camera" in log.lower(), log
    return f"FAULT after {told_s:.0f} s, ready {seconds:.0f} s after it was back"


def _disk(bench: Bench) -> str:
    with bench.awake() as machine:
        known = recording.rows(machine, 3)
        began_s = time.time()
        machine.run(FILL)
        refused = machine.run('muster people add 7 "Jane Doe"')
        told_s = machine.wait_for(Signal.FAULT, since_s=began_s, limit_s=TOLD_S)
        mended_s = time.time()
        machine.must("rm /var/lib/muster/filler*")
        seconds = back_at_work(machine, since_s=mended_s)
        known += recording.rows(machine, 3)
        machine.kill()
        with bench.database(machine) as store:
            found, faults = (
                [entry.event_id for entry in store.entries()],
                list(verify(store.entries(), n_written=store.n_written())),
            )
    assert refused.code, "something was acknowledged on a full disk"
    assert found == known, (found, known)
    assert not faults, faults
    words = (refused.err or refused.out).strip().splitlines()[-1][:120]
    seen = f"refused with {refused.code} ({words}), FAULT after {told_s:.0f} s, ready {seconds:.0f} s after there was room"
    return f"{seen}; the chain verifies"


def _hangs(bench: Bench) -> str:
    with bench.awake() as machine:
        before = machine.must("systemctl show -P MainPID muster").strip()
        began_s = time.time()
        machine.must(f"kill -STOP {before}")
        machine.wait(
            "systemd starts it anew", lambda: machine.must("systemctl show -P NRestarts muster").strip() != "0", limit_s=300
        )
        machine.wait("it is at work", lambda: machine.run("systemctl is-active muster").code == 0, limit_s=400)
        seconds = time.time() - began_s
        log = machine.must("journalctl -b -u muster -o cat")
        back_at_work(machine, since_s=time.time())
    assert "Watchdog timeout" in log, log
    return f"the watchdog's limit is 90 s; at work again after {seconds:.0f} s"


def _configuration(bench: Bench) -> str:
    with bench.awake() as machine:
        machine.write("/etc/muster/muster.toml", CONFIG.replace("red_pin", "red_pn"))
        began_s = time.time()
        machine.run("systemctl restart muster", limit_s=400)
        machine.wait(
            "the journal has it", lambda: "red_pin" in machine.run("journalctl -b -u muster -o cat | tail -n 30").out, limit_s=120
        )
        seconds = machine.wait_for(Signal.ATTENTION, since_s=began_s, limit_s=TOLD_S)
        doctor = machine.run("muster doctor", limit_s=600).out
        state = machine.run("systemctl is-active muster").out.strip()
    assert "red_pin" in doctor, doctor
    assert state == "active", state
    return f"two winks on the LED line after {seconds:.0f} s, journal and doctor name the key; the unit is at work"


SCENARIOS = (
    Scenario("the camera vanishes and comes back: the panel says so, the unit goes on", _camera),
    Scenario("the disk fills and has room again: no row is acknowledged that is not kept", _disk),
    Scenario("the loop hangs: the watchdog starts it anew", _hangs),
    Scenario("a configuration with an unknown key: said everywhere, the unit works as before", _configuration),
)
