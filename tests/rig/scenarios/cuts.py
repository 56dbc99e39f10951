"""The power fails, again and again, while rows are recorded as fast as the machine can."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from rig.bench import Bench
from rig.cuts import Way, found_in, judged
from rig.ledger_check import Acknowledged
from rig.machine import Machine, call
from rig.mount import mounted
from rig.replay import copy
from rig.scenarios.power import until_ready
from rig.scenarios.scenario import Scenario
from rig.writelog import WriteLog

RECORDER = Path(__file__).parents[1] / "recorder.py"
PYTHON = "/opt/muster/current/.venv/bin/python"
RECORDING = "while rows are recorded"
N_KILLS, N_POINTS, SEED = 20, 100, 20261122
RECORDED_S = 30.0


def record(machine: Machine, *options: str) -> None:
    """Have the recorder begin in a machine whose unit is stopped; wait for its first row."""
    machine.must("systemctl stop muster")
    machine.write("/root/recorder.py", RECORDER.read_text())
    ports = "--notes /dev/vdb2 --said /dev/virtio-ports/rig.said"
    command = f"{PYTHON} /root/recorder.py --data /var/lib/muster --unit rig --user muster {ports} {' '.join(options)}"
    machine.must(f"systemd-run --quiet --unit=recorder {command}")
    machine.wait("the first row", lambda: any(line.startswith("row") for line in machine.said()), limit_s=120)


def raw(image: Path) -> Path:
    """The content of a disk as raw bytes, beside it."""
    target = image.with_suffix(".raw")
    call("qemu-img", "convert", "-O", "raw", image, target)
    return target


def recovered(bench: Bench, data: Path) -> str:
    """Switch the machine on with a disk that a cut has left: the unit must be at work, and its chain verify."""
    began_s = time.time()
    with bench.off(data=data) as machine:
        seconds = until_ready(machine, since_s=began_s)
        said = machine.must("muster ledger verify", limit_s=180)
        machine.must("journalctl -b -u systemd-fsck@dev-vdb1 -o cat | tail -n 3")
    return f"at work {seconds:.0f} s after a reboot: {said.strip().splitlines()[-1]}"


def _killed(bench: Bench) -> str:
    with bench.awake() as machine:
        record(machine)
        bench.keep(RECORDING, machine)
        noted = machine.said()
    chance, n_rows, last = Random(SEED), 0, Path()  # noqa: S311  when the power fails is no secret
    for number in range(N_KILLS):
        with bench.awake(RECORDING) as machine:
            machine.wait("it records", machine.said, limit_s=30, pause_s=0.02)
            time.sleep(chance.uniform(0.2, 3.0))
            machine.kill()
            known = Acknowledged.of([*noted, *machine.said()])
            last = raw(machine.disks["data"].path)
        if number == N_KILLS - 1:
            copy(last, bench.folder / "killed.raw")
        found = found_in(last, known)
        assert not found, f"kill {number + 1}, {len(known.rows)} rows acknowledged: {found}"
        last.unlink()
        n_rows += len(known.rows)
    seen = f"{N_KILLS} times, {n_rows / N_KILLS:,.0f} rows acknowledged each time, none lost, every chain verifies"
    return f"{seen}; {recovered(bench, bench.folder / 'killed.raw')}"


@contextmanager
def _logged(bench: Bench, *options: str) -> Iterator[tuple[WriteLog, Path]]:
    """A log of all writes to the data disk while rows are recorded, and the disk as it was before."""
    with bench.awake(log=True) as machine:
        base = raw(bench.built.frozen_data)
        record(machine, *options)
        time.sleep(RECORDED_S)
        machine.kill()
        log = machine.disks["data"].log
    assert log is not None
    with WriteLog.open(log) as opened:
        yield opened, base


def _replayed(bench: Bench) -> str:
    worst = bench.folder / "cut.raw"

    with _logged(bench) as (log, base):
        verdicts = []
        for verdict in judged(log, base, n=N_POINTS, seed=SEED, way=_copying(worst)):
            assert not verdict.found, str(verdict)
            verdicts.append(verdict)
        base.unlink()
    dropped = sum(verdict.cut.n_pending - verdict.cut.n_survived for verdict in verdicts)
    seen = f"{len(verdicts)} cuts, {dropped:,} unflushed requests dropped, {verdicts[-1].n_acknowledged:,} rows acknowledged"
    return f"{seen}, none lost; {recovered(bench, worst)}"


def _copying(kept: Path) -> Way:
    """Like `mounted`; the latest image is kept as it was before anybody looked."""

    @contextmanager
    def way(image: Path) -> Iterator[Path]:
        copy(image, kept)
        with mounted(image) as folder:
            yield folder

    return way


def _control(bench: Bench) -> str:
    with _logged(bench, "--synchronous-off") as (log, base):
        verdicts = list(judged(log, base, n=N_POINTS, seed=SEED))
        base.unlink()
    spoilt = sum(bool(verdict.found) for verdict in verdicts)
    assert spoilt, "synchronous=OFF has lost nothing, so the scenario above would not see a loss either"
    return f"{spoilt} of {len(verdicts)} cuts lost rows, as they must"


SCENARIOS = (
    Scenario("power cuts, the emulator killed: no acknowledged row is lost", _killed, leaves=RECORDING),
    Scenario("power cuts, unflushed writes dropped: no acknowledged row is lost", _replayed),
    Scenario("the same with synchronous=OFF, a control: rows are lost", _control),
)
