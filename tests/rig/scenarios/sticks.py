"""Sticks are plugged in, and pulled."""

from __future__ import annotations

import csv
import shutil
import time
from pathlib import Path

from PIL import Image
from rig.bench import Bench, Skipped
from rig.machine import Machine
from rig.scenarios.scenario import Scenario, first_sentence
from rig.stick import Stick

from edge.store.audit import STICK_REFUSED
from edge.types import Signal

ENROLLED = "with people enrolled"
PORTRAITS = Path(__file__).parents[3] / "var/portraits"
PEOPLE = {"1001 Barack Obama": ("obama.jpg", "obama2.jpg"), "1002 Eileen Collins": ("astronaut.png",)}
LONGER_SIDE_PX = 512
"""Of the photographs on the stick: emulation is slow."""

SLOW, FASTER = 64 << 10, 256 << 10
"""Bytes a second of an old stick."""

SERVED_S = 600.0
SERVICE = "muster-stick@sda.service"


def served(machine: Machine, *, limit_s: float = SERVED_S) -> str:
    """Wait until the stick's service has come and gone; how it ended."""
    state = f"systemctl show -P ActiveState {SERVICE}"
    begun = f"systemctl show -P ExecMainStartTimestamp {SERVICE}"
    machine.wait("the stick's service has begun", lambda: machine.must(begun).strip(), limit_s=180, pause_s=1)
    machine.wait("the stick is served", lambda: machine.must(state).strip() in {"inactive", "failed"}, limit_s=limit_s, pause_s=1)
    return machine.must(f"systemctl show -P Result {SERVICE}; journalctl -b -o cat -u {SERVICE} | tail -n 20")


def people_folder(folder: Path) -> Path:
    """Photographs as an office would bring them.

    Raises:
        Skipped: there are no portraits here.
    """
    if not (PORTRAITS / "obama.jpg").exists():
        raise Skipped("needs the demonstration's portraits: make portraits")
    for person, photographs in PEOPLE.items():
        (folder / "enrol" / person).mkdir(parents=True)
        for name in photographs:
            with Image.open(PORTRAITS / name) as picture:
                picture.thumbnail((LONGER_SIDE_PX, LONGER_SIDE_PX))
                picture.convert("RGB").save(folder / "enrol" / person / f"{Path(name).stem}.jpg", quality=92)
    return folder


def paired(machine: Machine, stick: Stick) -> None:
    """Make a stick the unit's, as somebody does at the unit with the stick plugged in."""
    machine.plug(stick.image)
    served(machine)
    machine.must("mount -o uid=muster,gid=muster,umask=077 /dev/sda /mnt && muster stick pair /mnt --name office && umount /mnt")
    machine.unplug()


def _unpaired(bench: Bench) -> str:
    stick = Stick.new(bench.place() / "stick.img")
    stick.put(people_folder(bench.place()))
    before = stick.image.read_bytes()
    with bench.awake() as machine:
        began_s = time.time()
        machine.plug(stick.image)
        seconds = machine.wait_for(Signal.STICK_REFUSED, since_s=began_s, limit_s=SERVED_S)
        served(machine)
        machine.kill()
    with bench.database(machine) as store:
        people, actions = store.people(), [line.what for line in store.audit()]
    assert stick.image.read_bytes() == before, "something was written to it"
    assert not people, people
    assert actions == [STICK_REFUSED], actions
    return f"refused on the LED line after {seconds:.0f} s, nothing was written to it, a line in the audit log"


def _paired(bench: Bench) -> str:
    stick = Stick.new(bench.place() / "stick.img")
    with bench.awake() as machine:
        paired(machine, stick)
        stick.prepare(people_folder(bench.place()))
        began_s = time.time()
        machine.plug(stick.image)
        seconds = machine.wait_for(Signal.SAFE_TO_PULL, since_s=began_s, limit_s=SERVED_S)
        machine.unplug()
        receipt = next((stick.take(bench.place()) / "receipts").glob("*-enrol.csv"))
        verdicts = [row["verdict"] for row in csv.DictReader(receipt.read_text(encoding="utf-8-sig").splitlines())]
        assert verdicts == ["enrolled"] * 3, receipt.read_text()
        shutil.copy(stick.image, bench.folder / "paired.img")
        machine.must("sync")
        bench.keep(ENROLLED, machine)
    people = people_of(bench, machine)
    assert people == sorted(PEOPLE), people
    return f"2 people from 3 photographs, safe to pull {seconds:.0f} s after it was plugged in; the receipt was read from its FAT"


def people_of(bench: Bench, machine: Machine) -> list[str]:
    """Who is enrolled on the disk of a machine that was ended, with their codes."""
    with bench.database(machine) as store:
        return [f"{person.code} {person.name}" for person in store.people()]


def _another(bench: Bench, code: str) -> Stick:
    """The paired stick with a table that brings in somebody without photographs; the service is quick with it."""
    bench.left(ENROLLED)
    stick = Stick(bench.place() / "stick.img")
    shutil.copy(bench.folder / "paired.img", stick.image)
    folder = bench.place()
    stick.take(folder)
    (folder / "people.csv").write_text(f"code,name\n{code},Somebody {code}\n")
    stick.prepare(folder)
    return stick


def _not_written(bench: Bench) -> str:
    stick = _another(bench, "21")
    with bench.awake(ENROLLED) as machine:
        locked_s, locked = _refused(machine, stick, read_only=True)
    filler = bench.place() / "filler"
    filler.write_bytes(bytes(stick.free() - 512))
    stick.put(filler.parent)
    with bench.awake(ENROLLED) as machine:
        full_s, full = _refused(machine, stick)
        stick.remove("filler")
        began_s = time.time()
        machine.plug(stick.image)
        machine.wait_for(Signal.SAFE_TO_PULL, since_s=began_s, limit_s=SERVED_S)
        machine.kill()
    assert "21 Somebody 21" in people_of(bench, machine), "somebody is missing"
    assert any(name.endswith("-people.csv") for name in stick.names()), stick.names()
    told = f"failed on the LED line, with its switch on after {locked_s:.0f} s ({locked}), full after {full_s:.0f} s ({full})"
    return f"{told}; then all went well"


def _refused(machine: Machine, stick: Stick, *, read_only: bool = False) -> tuple[float, str]:
    """Plug a stick in that cannot be written, and pull it: seconds until the panel said so, and what the journal says."""
    began_s = time.time()
    machine.plug(stick.image, read_only=read_only)
    seconds = machine.wait_for(Signal.STICK_FAILED, since_s=began_s, limit_s=SERVED_S)
    said = _sentence(served(machine))
    machine.unplug()
    return seconds, said


def _pulled(bench: Bench) -> str:
    stick = _another(bench, "22")
    with bench.awake(ENROLLED) as machine:
        began_s = time.time()
        machine.plug(stick.image, bytes_per_s=SLOW)
        machine.wait("it writes", lambda: machine.n_written("stick") > 0, limit_s=SERVED_S, pause_s=0.02)
        machine.unplug()
        seconds = machine.wait_for(Signal.STICK_FAILED, since_s=began_s, limit_s=SERVED_S)
        assert machine.run("systemctl is-active muster").code == 0, "the unit has stopped"
        mounts = machine.run("findmnt -n /run/muster-stick/sda").out
        began_s = time.time()
        machine.plug(stick.image, bytes_per_s=FASTER)
        machine.wait_for(Signal.STICK_AT_WORK, since_s=began_s, limit_s=SERVED_S)
        again_s = machine.wait_for(Signal.SAFE_TO_PULL, since_s=began_s, limit_s=SERVED_S)
        machine.kill()
    assert not mounts, mounts
    assert "22 Somebody 22" in people_of(bench, machine), "somebody is missing"
    told = f"failed on the LED line {seconds:.0f} s after it was plugged in, and nothing stays mounted"
    return f"{told}; plugged in again at 256 KiB/s 'at work' was shown, and it was safe to pull after {again_s:.0f} s"


def _sentence(said: str) -> str:
    """What Muster said last, short."""
    sentences = [line for line in said.splitlines() if line.startswith("muster: ")]
    return first_sentence("\n".join(sentences) or said)


PAIRING = (Scenario("a paired stick: people come in, receipts go out", _paired, leaves=ENROLLED),)
SCENARIOS = (
    Scenario("a stick that nobody has paired: refused, and left as it is", _unpaired),
    Scenario("a stick that is read-only, then full: said so, nothing is lost", _not_written),
    Scenario("a stick that is slow and pulled while it is written to: said so, the next time it goes on", _pulled),
)
