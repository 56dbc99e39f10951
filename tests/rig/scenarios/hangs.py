"""The loop hangs, and nothing else does."""

from __future__ import annotations

import time

from PIL import Image
from rig.bench import Bench
from rig.build import CONFIG
from rig.scenarios.scenario import Scenario
from rig.scenarios.trouble import TOLD_S, back_at_work, process

HUNG_S = 400.0
"""Until the pictures have been seen and the watchdog has waited."""

DOOR = "/srv/door"
N_SEEN, N_PICTURES = 80, 800
"""Of a recording: so many pictures are there, and behind them pipes that nobody writes into."""

RECORD = f"""
import os
os.mkdir("{DOOR}")
for number in range(1, {N_PICTURES}):
    os.link("/srv/empty.png", f"{DOOR}/{{number:04d}}.png")
"""
BLOCK = f"""
import os
for number in range({N_SEEN}, {N_PICTURES}):
    os.remove(f"{DOOR}/{{number:04d}}.png")
    os.mkfifo(f"{DOOR}/{{number:04d}}.png")
"""


def _hangs(bench: Bench) -> str:
    picture = bench.place() / "empty.png"
    Image.new("RGB", (320, 240), "grey").save(picture)
    with bench.awake() as machine:
        machine.carry(picture.parent, "/srv")
        machine.must(f"python3 -c '{RECORD}'")
        machine.configure(CONFIG.replace("usb:0", f"replay:{DOOR}"))
        before = process(machine)
        machine.must(f"python3 -c '{BLOCK}'")
        began_s = time.time()
        machine.wait("systemd starts it anew", lambda: process(machine)["NRestarts"] == "1", limit_s=HUNG_S, pause_s=2)
        seconds = time.time() - began_s
        machine.wait("it is at work", lambda: machine.run("systemctl is-active muster").code == 0, limit_s=TOLD_S, pause_s=2)
        back_at_work(machine, since_s=time.time())
        log = machine.must("journalctl -b -u muster -o cat")
    assert before["NRestarts"] == "0", before
    assert "Watchdog timeout" in log, log
    return (
        f"it waited for a picture that never came, its other threads ran; started anew {seconds:.0f} s later (the limit is 90 s)"
    )


SCENARIOS = (Scenario("the loop hangs: the watchdog starts it anew", _hangs),)
