"""Why an Edge TPU does not work, and what to do: from the reason that an attempt to open it, or the unit at work, has given.

What Muster says itself is told apart from what it only quotes: the last words of a library, an error of the system. Whatever is
quoted may hold any sentence, and none of them is advice.
"""

from __future__ import annotations

import os
import re

from edge.device.tpu import sticks
from edge.device.tpu.edgetpu import PLUGGED_IN_AGAIN
from edge.device.tpu.library import LEAST
from edge.device.tpu.process import QUOTED
from edge.device.tpu.sticks import Stick
from edge.doctor.finding import as_advice
from edge.doctor.stick import INSTALL_RULES, NAME_ANOTHER, PLUG_IN, no_permission

REPLACE_LIBRARY = f"install libedgetpu1-std {LEAST} or newer in its place: docs/install.md says how"
REPLUG = "unplug it and plug it in again; if that does not help, another blue port, another cable, a stronger supply"
OVER_USB = "its connection over USB broke: another cable, another blue port, a stronger supply, or a powered USB 3 hub"
RESTART = "restart the computer; if that does not help, `sudo dmesg` shows what its driver says"
COMPILE_AGAIN = "compile the networks again (`make edgetpu`); if they are right, the device is not: use another"
PLUG_IN_AGAIN = f"{PLUG_IN}, and it is found by itself; if nobody pulled it out: another cable, another port, a stronger supply"
WAIT = "wait a minute, it is tried again by itself"

CRASHES = re.compile(r"its process died of SIGSEGV while it ")  # loaded and opened, and not at work

BEGINNINGS = {
    "its library cannot be loaded": REPLACE_LIBRARY,
    "its self-test went wrong": COMPILE_AGAIN,
    "its process cannot be started": "end other programs, which use up the memory or the open files; then start Muster anew",
    "its process died of SIGKILL": f"{WAIT}; if nobody ended it, the system may have run out of memory: `sudo dmesg` tells",
    "its process died of SIGSEGV": f"{WAIT}; if it dies again, {REPLACE_LIBRARY}",
    PLUGGED_IN_AGAIN: WAIT,
}
"""How a reason begins -> what to do."""

OWN_ADVICE = re.compile(r"\. (?=Install |Set accelerator\.|End that one|A container |Unplug |Run `make |Reinstall |Use the )")
"""Where in Muster's own reasons what is wrong ends, and what to do begins (edge/device/tpu, edge/device/compiled.py)."""


def explained(reason: str, stick: Stick | None, *, library: str) -> tuple[str, str]:
    """What is wrong, and what to do.

    Args:
        reason: why it does not work, a clause.
        stick: how it looks now; None when it is not there.
        library: with which it was opened, by path or name.
    """
    own, _, quoted = reason.partition(QUOTED)
    if CRASHES.match(own):
        return (
            f"{library} crashes the process that loads it, as one built for an older TensorFlow does: {reason}",
            REPLACE_LIBRARY,
        )
    if stick is None:
        return reason, NAME_ANOTHER if own.startswith("accelerator.device") else PLUG_IN_AGAIN
    known = next((advice for beginning, advice in BEGINNINGS.items() if own.startswith(beginning)), "")
    if known:
        return reason, known
    ends = list(OWN_ADVICE.finditer(own))
    if ends:
        return own[: ends[-1].start()], as_advice(own[ends[-1].end() :])
    return _second_id(reason, stick) or (reason, _at_the_plug(own, quoted, stick))


def _second_id(reason: str, stick: Stick) -> tuple[str, str] | None:
    """Whether it failed on its way to the id that it has with its firmware, which a rule may have forgotten."""
    if not stick.has_firmware:
        wrong = "its firmware could not be sent, or this user may not open it under the id that it has then (18d1:9302)"
        return f"{wrong}: {reason}", f"{INSTALL_RULES}; if that does not help, another blue port, another cable"
    if os.access(stick.node, os.F_OK) and not sticks.is_writable(stick.node):
        wrong, advice = no_permission(stick.node)
        return f"it has its firmware now, and under its second id there is {wrong}", advice
    return None


def _at_the_plug(own: str, quoted: str, stick: Stick) -> str:
    if stick.speed_mbps is None and stick.device.startswith("pci"):
        again = RESTART
    else:
        again = OVER_USB if "SIGABRT" in own and "usb" in quoted.lower() else REPLUG
    if "finds no Edge TPU" in own and os.geteuid():
        # To libedgetpu one that is busy is none, and only root sees who has it when that is another user's process.
        return f"see whether another user's process has it: `sudo fuser -v {stick.node}`; else {again}"
    return again
