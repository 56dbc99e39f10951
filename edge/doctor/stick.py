"""Whether an Edge TPU is plugged in, fast enough, free, and open to this user."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge.config import AcceleratorConfig
from edge.device.tpu import sticks
from edge.device.tpu.sticks import Holder, Stick
from edge.doctor.finding import Finding, State
from edge.doctor.places import Places
from edge.doctor.unit import Unit

NAME = "edge tpu"

ON_THE_CPU = "the networks run on the CPU"
NAME_ANOTHER = 'name one that is there, or any: accelerator.device = ""'
PLUG_IN = "plug it in, into a blue port (USB 3)"
BY_ITSELF = "it is found by itself"
RULES = "deploy/edgetpu/60-muster-edgetpu.rules"
INSTALL_RULES = (
    f"install the udev rule for both of its ids: `sudo cp {RULES} /etc/udev/rules.d/`, `sudo udevadm control --reload`,"
    " then plug it in again"
)
FASTER = "plug it into a blue port (USB 3), with its own cable and no USB 2 hub between"
OURS = "edge.device.tpu.child"
"""In the command of every process with which a Muster has an Edge TPU open."""


@dataclass(frozen=True, slots=True)
class Plug:
    """What was found of an Edge TPU at its plug.

    Attributes:
        finding: in words.
        is_there: one is plugged in, though perhaps not the one that is meant, or not to be used.
        is_usable: the one that is meant can be opened, as far as one can see from outside.
        stick: the one that is meant; None when that is not there.
    """

    finding: Finding
    is_there: bool
    is_usable: bool
    stick: Stick | None = None


def edge_tpu(config: AcceleratorConfig, places: Places, *, bad: State, at_work: Unit | None) -> Plug:
    """What is plugged in.

    Args:
        config: which one is meant.
        places: where to look.
        bad: how bad it is that none can be used.
        at_work: the `muster run` of this unit; what that may and does is not asked of this user.
    """
    found = sticks.sticks(places.sysfs, places.dev)
    meant = sticks.chosen(config.device, found)
    if not meant:
        is_there = bool(found) or sticks.without_driver(places.sysfs)
        if at_work and at_work.is_degraded and not is_there:
            lost = Finding(NAME, bad, f"none is plugged in, and {at_work} misses it; {ON_THE_CPU}", f"{PLUG_IN}; {BY_ITSELF}")
            return Plug(lost, is_there, is_usable=False)
        return Plug(_absent(config, found, is_there=is_there, bad=bad), is_there, is_usable=False)
    stick = meant[0]
    words = "; ".join([_words(stick), *(f"also {_words(other)}" for other in found if other is not stick)])
    obstacle = None if at_work else _obstacle(stick, places)
    finding = Finding(NAME, State.OK, words)
    if obstacle:
        finding = Finding(NAME, bad, f"{words}: {obstacle[0]}", obstacle[1])
    elif stick.is_slow:
        finding = Finding(NAME, State.WARNING, f"{words}; a USB 2 link, 3 to 7 times slower than USB 3", FASTER)
    return Plug(finding, is_there=True, is_usable=not obstacle, stick=stick)


def no_permission(node: Path) -> tuple[str, str]:
    """That this user may not open a device, and what to do: depending on whether a rule has given it to a group."""
    try:
        found = node.stat()
    except FileNotFoundError:
        return (
            f"{node} went away at this moment",
            "ask again; if it goes away again: another port, another cable, a stronger supply",
        )
    group, user = _name(grp.getgrgid, found.st_gid), _name(pwd.getpwuid, os.geteuid())
    owner = _name(pwd.getpwuid, found.st_uid)
    wrong = f"no permission: {user} may not open {node}, which is {owner}:{group} {stat.filemode(found.st_mode)}"
    if found.st_mode & 0o060 == 0o060 and found.st_gid:
        return wrong, f"put {user} into its group: `sudo usermod -aG {group} {user}`, then log in again, or restart the service"
    return wrong, INSTALL_RULES


def _absent(config: AcceleratorConfig, found: list[Stick], *, is_there: bool, bad: State) -> Finding:
    if found:
        there = ", ".join(_words(stick) for stick in found)
        advice = f"{NAME_ANOTHER}; or {PLUG_IN}"
        return Finding(NAME, bad, f'accelerator.device = "{config.device}" is not plugged in; there is {there}', advice)
    if is_there:
        return Finding(NAME, bad, "one is on PCIe, and the kernel has no driver for it", "install its driver: docs/install.md")
    if config.kind == "edgetpu":
        wrong = 'none is plugged in, and with accelerator.kind = "edgetpu" nothing starts without one'
        return Finding(NAME, bad, wrong, f'{PLUG_IN}; or set accelerator.kind = "auto"')
    return Finding(NAME, State.OK, f"none is plugged in; {ON_THE_CPU}")


def _words(stick: Stick) -> str:
    """Where it is, how fast, and in which of its two identities."""
    speed = f", {stick.speed_mbps:g} Mbit/s" if stick.speed_mbps else ""
    firmware = "" if stick.has_firmware else ", before its firmware, which it gets at its first use"
    return f"{stick.place} ({stick.device}{speed}{firmware})"


def _obstacle(stick: Stick, places: Places) -> tuple[str, str] | None:
    """What keeps this user from opening it, and what to do."""
    if not os.access(stick.node, os.F_OK):
        advice = "in a container, pass /dev/bus/usb (or /dev/apex_0) into it; elsewhere see whether udev runs"
        return f"{stick.node} is not there, though the kernel lists it", advice
    if not sticks.is_writable(stick.node):
        return no_permission(stick.node)
    others = [holder for holder in sticks.holders(stick.node, places.proc) if holder.pid != os.getpid()]
    return _busy(others[0]) if others else None


def _busy(holder: Holder) -> tuple[str, str]:
    if OURS in holder.command:
        who = f"another `muster run` or `muster evaluate` (its process {holder.pid})"
    else:
        who = f"process {holder.pid} ({holder.command[:80]})"
    return f"busy: {who} has it open", "end that one, or name another Edge TPU: accelerator.device; only one process can use one"


def _name(look_up: Callable[[int], grp.struct_group | pwd.struct_passwd], number: int) -> str:
    """A user's or group's name, or the number where it has none."""
    with suppress(KeyError):
        return str(look_up(number)[0])
    return str(number)
