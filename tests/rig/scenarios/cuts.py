"""The power fails, again and again, while rows are recorded as fast as the machine can."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

from rig import recording
from rig.bench import Bench
from rig.cuts import Verdict
from rig.ledger_check import ROWS_LOST
from rig.machine import Machine
from rig.scenarios.power import until_ready
from rig.scenarios.scenario import Scenario

RECORDING = "while rows are recorded"
N_KILLS, N_POINTS, N_HARMFUL, SEED = 20, 140, 100, 20261122
"""Of the points of the log some lie where nothing was under way; at so many something that was not flushed is lost."""

RECORDED_S = 30.0
FEWEST_ROWS = 100
"""That must have been acknowledged: with nothing to lose nothing is lost."""


def begun(machine: Machine, *options: str) -> None:
    """Have the recorder begin, and wait for its first row."""
    recording.begin(machine, *options)
    machine.wait("the first row", lambda: any(line.startswith("row") for line in machine.said()), limit_s=180)


def recovered(bench: Bench, data: Path, said: str) -> str:
    """Switch the machine on with a disk that a cut has left: the unit must be at work, and nothing be missing."""
    began_s = time.time()
    with bench.off(data=data) as machine:
        seconds = until_ready(machine, since_s=began_s)
        found = recording.found_in_guest(machine, said)
        machine.must("muster ledger verify", limit_s=180)
    assert not found, found
    return f"at work {seconds:.0f} s after a reboot, and the chain verifies"


def _killed(bench: Bench) -> str:
    with bench.awake() as machine:
        begun(machine)
        bench.keep(RECORDING, machine)
        before = machine.said()
    chance, n_rows = Random(SEED), 0  # noqa: S311  when the power fails is no secret
    for _ in range(N_KILLS):
        with bench.awake(RECORDING) as machine:
            machine.wait("it records", machine.said, limit_s=60, pause_s=0.02)
            time.sleep(chance.uniform(0.2, 3.0))
            machine.kill()
            said = "".join(f"{line}\n" for line in [*before, *machine.said()])
            n, found = recording.left_by_kill(machine, said)
        assert not found, f"{n} rows acknowledged: {found}"
        n_rows += n
    last = recording.raw(machine.disks["data"].path, bench.folder / "killed.img")
    seen = f"{N_KILLS} times, {n_rows / N_KILLS:,.0f} rows acknowledged each time, none lost, every chain verifies"
    return f"{seen}; the last one {recovered(bench, last, said)}"


def _logged(bench: Bench, *options: str) -> Machine:
    """A machine that was killed, with a log of all that its data disk was asked to write while rows were recorded."""
    with bench.awake(log=True) as machine:
        begun(machine, *options)
        time.sleep(RECORDED_S)
    return machine


def _judged(bench: Bench, machine: Machine) -> list[Verdict]:
    verdicts = recording.left_by_cuts(machine, bench.built.frozen_data, n=N_POINTS, seed=SEED)
    assert len(verdicts) == N_POINTS, len(verdicts)
    assert verdicts[-1].n_acknowledged >= FEWEST_ROWS, verdicts[-1]
    return verdicts


def _replayed(bench: Bench) -> str:
    machine, cut = _logged(bench), bench.folder / "cut.img"
    verdicts = _judged(bench, machine)
    worst = [str(verdict) for verdict in verdicts if verdict.found]
    assert not worst, worst[:3]
    lost = [verdict.cut.n_lost for verdict in verdicts if verdict.cut.n_lost]
    assert len(lost) >= N_HARMFUL, lost
    said = recording.disk_after_cut(machine, bench.built.frozen_data, cut, seed=SEED)
    seen = f"{len(verdicts)} cuts, {len(lost)} of them with unflushed requests dropped or torn ({sum(lost):,} in all)"
    rows = f"up to {verdicts[-1].n_acknowledged:,} rows acknowledged, none lost"
    return f"{seen}; {rows}; one of them {recovered(bench, cut, said)}"


def _control(bench: Bench) -> str:
    verdicts = _judged(bench, _logged(bench, "--synchronous-off"))
    spoilt = sum(ROWS_LOST in " ".join(verdict.found) for verdict in verdicts)
    assert spoilt > N_POINTS / 4, "with synchronous=OFF too little was lost, so the scenario above would not see a loss either"
    return f"{spoilt} of {len(verdicts)} cuts lost rows, as they must"


SCENARIOS = (
    Scenario("power cuts, the emulator killed: no acknowledged row is lost", _killed),
    Scenario("power cuts, unflushed writes dropped: no acknowledged row is lost", _replayed),
    Scenario("the same with synchronous=OFF, a control: rows are lost", _control),
)
