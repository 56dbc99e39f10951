"""Faces walk up: the real networks in the guest, on pictures of a recording."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
from rig.bench import Bench, Skipped
from rig.build import CONFIG
from rig.machine import BUZZER, Machine
from rig.recording import rows
from rig.scenarios.scenario import Scenario
from rig.scenarios.sticks import ENROLLED, PORTRAITS

from edge.device.patterns import Colour
from edge.ledger import verify
from edge.types import EventKind
from scripts.demo import cast, walk

FRAMES = "/srv/frames"
N_BEFORE, N_SHOWN, N_AFTER = 3, 16, 12
"""Of each visit: an empty door, the last steps, and at the end of all an empty door again; emulation is slow."""

BEEPS_S = 3.0
"""Until all beeps of an answer were heard."""

DAY_S = 86_400
"""When a Raspberry Pi without a battery clock believes to be, more or less."""

AT_MOST_OFF_S = 30.0
"""Emulated, the recorder begins many seconds after it was asked for."""

JOURNAL = "journalctl -b -u muster -o cat"

DECIDED_S = 600.0
SYNCED = """
import ctypes, time
# struct timex of 64-bit Linux: modes, offset, freq, maxerror, esterror, status; what a time daemon says once it knows the time
words = (ctypes.c_long * 26)()
words[0], words[3], words[4], words[5] = 0x10 | 0x4 | 0x8, 1000, 1000, 0
assert ctypes.CDLL(None, use_errno=True).adjtimex(words) != -1, ctypes.get_errno()
"""


def recording(folder: Path) -> Path:
    """The demonstration's visitors, a few frames of each.

    Raises:
        Skipped: there are no portraits here.
    """
    if not (PORTRAITS / "obama3.jpg").exists():
        raise Skipped("needs the demonstration's portraits: make portraits")
    frames = list(walk.walk_ups([walk.cut_out(visitor, PORTRAITS) for visitor in cast.visitors()]))
    empty = next(pixels for who, pixels in frames if who is None)
    seen = []
    for index in range(len(cast.visitors())):
        seen += [empty] * N_BEFORE + [pixels for who, pixels in frames if who == index][-N_SHOWN:]
    for number, pixels in enumerate([*seen, *[empty] * N_AFTER]):
        cv2.imwrite(str(folder / f"{number:03d}.jpg"), pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
    return folder


def know_the_time(machine: Machine) -> None:
    """What a time server does: set the clock, and say that it is right."""
    machine.must(f"date -s @{time.time():.0f}")
    machine.must(f"python3 - <<'END'\n{SYNCED}\nEND")


def walked_up(bench: Bench, machine: Machine) -> None:
    """Have the recording before the camera of a unit that starts anew."""
    machine.carry(recording(bench.place()), FRAMES)
    machine.write("/etc/muster/muster.toml", CONFIG.replace("usb:0", f"replay:{FRAMES}"))
    machine.must("systemctl --no-block restart muster")


def codes(bench: Bench, machine: Machine) -> list[str]:
    """Whose rows are on the data disk at this moment."""
    with bench.database(machine) as store:
        return [event.person_code for event in store.events()]


def _walk_up(bench: Bench) -> str:
    with bench.awake(ENROLLED) as machine:
        know_the_time(machine)
        began_s = time.time()
        walked_up(bench, machine)
        machine.wait("the buzzer sounds", lambda: machine.is_on(BUZZER), limit_s=DECIDED_S, pause_s=0.0)
        machine.monitor("stop")
        first = codes(bench, machine)
        machine.monitor("cont")
        machine.wait("three answers", lambda: len(machine.beeps(since_s=began_s)) >= 3, limit_s=DECIDED_S)
        answers = machine.beeps(since_s=began_s)
        machine.kill()
        recorded = codes(bench, machine)
    assert first == ["1001"], f"when the buzzer rose, the disk had {first}"
    assert answers == [(Colour.GREEN, 1), (Colour.GREEN, 1), (Colour.RED, 1)], answers
    assert recorded == ["1001", "1002"], recorded
    return "two people accepted, a stranger not; when the first buzz began, the machine was stopped: the row was on the disk"


def _clock(bench: Bench) -> str:
    with bench.awake(ENROLLED) as machine:
        machine.must(f"echo 9010000.pl031 >/sys/bus/amba/drivers/rtc-pl031/unbind; date -s @{DAY_S}")
        began_s = time.time()
        walked_up(bench, machine)
        machine.wait("an answer", lambda: machine.beeps(since_s=began_s), limit_s=DECIDED_S)
        time.sleep(BEEPS_S)
        answer = machine.beeps(since_s=began_s)[0]
        machine.configure(CONFIG)  # a recording says nothing about when it was taken, so its rows keep their time
        recorded_s = time.time()
        live = rows(machine, 3)
        know_the_time(machine)
        machine.wait("the unit tells of it", lambda: "got the time" in machine.must(JOURNAL), limit_s=180, pause_s=2)
        machine.kill()
        with bench.database(machine) as store:
            years = {event.at_utc.year for event in store.events() if event.kind is EventKind.PUNCH}
            standing = {event.event_id: event for event in store.standing()}
            faults = list(verify(store.entries(), n_written=store.n_written()))
    assert answer == (Colour.GREEN, 3), answer
    assert years == {1970}, years
    off_s = max(abs(standing[row].at_utc.timestamp() - recorded_s) for row in live)
    assert off_s < AT_MOST_OFF_S, standing
    assert all(standing[row].clock_ok for row in live), standing
    assert not faults, faults
    told = "three beeps, rows of 1970"
    return f"{told}; once the clock was set the unit gave them their true time, at most {off_s:.0f} s off; the chain verifies"


SCENARIOS = (
    Scenario("faces walk up: light and sound, and the row before them", _walk_up),
    Scenario("the clock begins in 1970 and jumps: rows get their true time", _clock),
)
