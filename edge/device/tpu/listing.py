"""What a genuine pycoral lists: ``python -m edge.device.tpu.listing`` asks it, in a process of its own.

pycoral is linked to libedgetpu, which can end the process that loads it; so nobody else imports it. Muster needs none.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress

from edge import programs
from edge.device.tpu.last_words import ending

PROGRAM = programs.command("edge.device.tpu.listing")

DEADLINE_S = 5.0


def list_edge_tpus(*, environment: Mapping[str, str] | None = None, deadline_s: float = DEADLINE_S) -> list[str]:
    """What pycoral calls each Edge TPU that it finds: "usb /sys/bus/usb/devices/2-1".

    Args:
        environment: variables of the process, beside those of this one.
        deadline_s: how long it may take.

    Raises:
        ValueError: it gives no answer; the words say why.
        OSError: no process can be started.
    """
    process = subprocess.Popen(  # noqa: S603 -- our own program
        PROGRAM,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=programs.environment(environment),
        start_new_session=True,
        text=True,
        errors="replace",
    )
    try:
        said, _ = process.communicate(timeout=deadline_s)
    except subprocess.TimeoutExpired as error:
        _end(process)
        raise ValueError(f"gave no answer within {deadline_s:g} s") from error
    if process.returncode:
        raise ValueError(f"cannot be asked: its process {ending(process.returncode)}")
    return _read(said)


def _read(said: str) -> list[str]:
    """The last line is the answer: a library may have said something before."""
    try:
        found = json.loads(said.strip().rpartition("\n")[2])
        return [f"{each['type']} {each['path']}" for each in found]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError("answers what nobody understands") from error


def _end(process: subprocess.Popen[str]) -> None:
    """Kill it. One in uninterruptible sleep, waiting for a device, is left to Python, which reaps it later."""
    os.killpg(process.pid, signal.SIGKILL)
    if process.stdout:
        process.stdout.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=0.5)


def main() -> None:
    """Print what pycoral lists, as JSON."""
    from pycoral.utils.edgetpu import list_edge_tpus as listed

    sys.stdout.write(json.dumps(listed()) + "\n")


if __name__ == "__main__":
    main()
