"""The recorder in the guest, and what its disk holds once the power is gone."""

from __future__ import annotations

from pathlib import Path

from rig.cuts import Verdict, found_in, judged
from rig.ledger_check import Acknowledged
from rig.machine import Machine, call
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


def raw(disk: Path, image: Path) -> Path:
    """The content of a disk that no machine uses, as raw bytes."""
    call("qemu-img", "convert", "-O", "raw", disk, image)
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
