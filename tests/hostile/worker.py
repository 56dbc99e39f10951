"""A process that plays some cases; `opens.c` is preloaded into it. Its answer is a `Tally` on stdout."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import cv2
from hostile.case import Stage
from hostile.controls import CONTROLS, LIMIT_S
from hostile.oracle import MAX_SECONDS
from hostile.subject import REAL, unit
from hostile.tally import Tally


def main() -> None:
    """The argument is the order, as JSON: a folder of its own, the seed, the numbers of cases, a control or nothing."""
    order = json.loads(sys.argv[1])
    folder, control = Path(order["folder"]), order["control"]
    cv2.setNumThreads(1)  # threads do not come along into a child
    stage = Stage(
        folder,
        unit(folder / "unit"),
        Path(os.environ["HOSTILE_LOG"]),
        is_light=order["is_light"] or bool(control),
        limit_s=LIMIT_S if control else MAX_SECONDS,
    )
    tally = Tally()
    serve, words = CONTROLS[control] if control else (REAL, "")
    for number in order["numbers"]:
        result = stage.play(order["seed"], number, serve)
        if control:
            result.faults = [fault for fault in result.faults if words in fault]
        tally.note(result)
        if control and result.faults:
            break
    sys.stdout.buffer.write(tally.content())


if __name__ == "__main__":
    main()
