"""The process that is cut: does a scenario in a folder, and says through a pipe what the store has promised.

It runs with `disk_log.c` preloaded and waits for orders on standard input, one JSON object a line; each is done by a child of
its own, which is forked before anything is opened, so that a death costs no second start of Python.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import cv2
from faults.scenarios import SCENARIOS
from faults.scene import Scene

NEVER = -1
"""In place of the number of the call at which to die."""


def main() -> None:
    """Do one order after the other; a line with how the child ended closes each."""
    acknowledgements = os.dup(1)
    cv2.setNumThreads(1)  # threads do not come along into a child
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _obey(json.loads(line), acknowledgements)
        _, status = os.waitpid(child, 0)
        os.write(1, f"{json.dumps({'ended': os.waitstatus_to_exitcode(status)})}\n".encode())


def _obey(order: dict[str, Any], acknowledgements: int) -> None:
    scenario = next(each for each in SCENARIOS if each.name == order["scenario"])
    os.chdir(order["folder"])
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # commands print

    def say(what: dict[str, Any]) -> None:
        os.write(acknowledgements, f"{json.dumps(what)}\n".encode())

    scene = Scene(say, sabotage=order["sabotage"])
    log = ctypes.CDLL(None)
    folder = str(Path(order["folder"]).resolve())
    log.faults_arm(
        *(folder.encode(), order["log"].encode(), acknowledgements), ctypes.c_long(order["kill_at"]), int(order["tears"])
    )
    try:
        (scenario.act if order["acts"] else scenario.prepare)(scene)
    except BaseException:  # noqa: BLE001  whatever it is, the child must not go on as a second parent
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
