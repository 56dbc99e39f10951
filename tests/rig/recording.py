"""The recorder in the guest, and what its disk holds once the power is gone."""

from __future__ import annotations

from pathlib import Path
from random import Random

from rig.cuts import Verdict, found_in, judged
from rig.ledger_check import Acknowledged
from rig.machine import Machine
from rig.parts import call
from rig.replay import Replay
from rig.writelog import WriteLog

PYTHON = "/opt/muster/current/.venv/bin/python"
SERVICE = "rig-recorder"
SAID = "/dev/virtio-ports/rig.said"
NOTES = "/dev/disk/by-id/virtio-data-part2"


def begin(machine: Machine, *options: str) -> None:
    """Let the recorder write into the unit's database as fast as it can, until the machine ends; the unit itself rests.

    Args:
        machine: with the recorder's second partition, and `SAID` as a port to the host.
        options: of the recorder, such as ``--synchronous-off``.
    """
    machine.write("/root/recorder.py", Path(__file__).with_name("recorder.py").read_text())
    machine.must("systemctl stop muster")
    words = f"--user muster --unit rig --notes {NOTES} --said {SAID} {' '.join(options)}"
    machine.must(f"systemd-run --quiet --unit {SERVICE} {PYTHON} /root/recorder.py {words}")


def rows(machine: Machine, n: int, *, may_fail: bool = False) -> list[str]:
    """Record some rows beside a unit that may be at work: their event_ids.

    Args:
        machine: that runs.
        n: how many.
        may_fail: whether fewer will do; those that were acknowledged are told all the same.
    """
    machine.write("/root/recorder.py", Path(__file__).with_name("recorder.py").read_text())
    done = machine.run(f"{PYTHON} /root/recorder.py --user muster --unit rig --notes-at-most {n + 1}")
    assert may_fail or not done.code, done
    return [line.split()[2] for line in done.out.splitlines() if line.startswith("row ")]


def raw(disk: Path, image: Path) -> Path:
    """The content of a disk, which no machine may be writing to, as raw bytes."""
    call("qemu-img", "convert", "-U", "-O", "raw", disk, image)
    return image


def left_by_kill(machine: Machine, said: str) -> tuple[int, list[str]]:
    """What is wrong on the data disk of a machine that was killed, as this machine's kernel finds it.

    Args:
        machine: killed; its disk stays as it is, so it can be switched on afterwards.
        said: what the recorder has said until then.

    Returns:
        How many rows had been acknowledged, and the findings.
    """
    known = Acknowledged.said(said)
    image = raw(machine.disks["data"].path, machine.folder / "killed.img")
    found = found_in(image, known)
    image.unlink()
    return len(known.rows), found


def left_by_cuts(machine: Machine, base: Path, *, n: int, seed: int) -> list[Verdict]:
    """What is wrong after the power is cut at points of the log of the data disk of a machine that was killed.

    Args:
        machine: killed; its data disk was logged.
        base: the disk that it woke with, of any format.
        n: how many points.
        seed: of the chance.

    Raises:
        ValueError: nothing was recorded.
    """
    log = machine.disks["data"].log
    assert log
    image = raw(base, machine.folder / "base.img")
    with WriteLog.open(log) as opened:
        verdicts = list(judged(opened, image, n=n, seed=seed))
    image.unlink()
    return verdicts


def disk_after_cut(machine: Machine, base: Path, disk: Path, *, seed: int) -> str:
    """Make the disk of one such cut, somewhere in the later half of the log, to switch a machine on with.

    Args:
        machine: killed; its data disk was logged.
        base: the disk that it woke with, of any format.
        disk: is written, raw.
        seed: of the chance.

    Returns:
        What had been acknowledged, a line each, as `found_in_guest` takes it.
    """
    log = machine.disks["data"].log
    assert log
    image = raw(base, machine.folder / "base.img")
    with WriteLog.open(log) as opened, Replay(opened, image, machine.folder / "flushed.img") as replay:
        n = len(opened.entries)
        replay.forward(Random(seed).randrange(n // 2, n))  # noqa: S311
        cut = replay.cut(disk, seed=seed)
        noted = [f"{note.text}\n" for note in opened.acknowledged() if note.entry <= cut.entry]
    for done in (image, machine.folder / "flushed.img"):
        done.unlink()
    return "".join(noted)


def found_in_guest(machine: Machine, said: str) -> list[str]:
    """What is wrong in the database of a machine that was switched on again; its unit may be at work."""
    machine.write("/run/rig/ledger_check.py", Path(__file__).with_name("ledger_check.py").read_text())
    machine.write("/run/rig/said", said)
    done = machine.run(f"runuser -u muster -- {PYTHON} /run/rig/ledger_check.py /var/lib/muster /run/rig/said")
    if done.code not in (0, 1) or bool(done.code) != bool(done.out):
        raise AssertionError(f"the check has ended with {done.code}: {done.out}{done.err}")
    return done.out.splitlines()
