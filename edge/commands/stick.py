"""``muster stick``: which sticks are this unit's. What is done when one is plugged in is `edge.commands.stick_serve`."""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from edge import wiring
from edge.commands.installation import Installation, say
from edge.exchange.delivery.mounts import is_mounted
from edge.exchange.stick.hardware import hardware_at
from edge.exchange.stick.pairing import README, TOOL, Wishes, pair, unpair
from edge.exchange.stick.trust import KEY
from edge.store import Store
from edge.store.sticks import Stick
from edge.types import utc_text
from edge.words import counted

SCRIPT = wiring.shipped("scripts/prepare-stick")
"""The office's tool, which Muster comes with."""


def run(arguments: argparse.Namespace) -> int:
    """Do what the second word says."""
    installation = Installation.of(arguments)
    with installation.store_or_new() if arguments.action == "pair" else installation.store() as store:
        if arguments.action == "pair":
            _pair(store, Path(arguments.mountpoint), arguments.name)
        elif arguments.action == "unpair":
            _unpair(store, arguments.stick)
        else:
            _list(store, as_json=arguments.json)
    return 0


def _pair(store: Store, mountpoint: Path, name: str | None) -> None:
    moment = wiring.now()
    tool = SCRIPT if SCRIPT.is_file() else None
    known = {each.id: each for each in store.sticks()}
    wishes = Wishes(name, hardware_at(mountpoint), moment.at_utc, moment.clock_ok, tool)
    stick, written = pair(mountpoint, store, wishes)
    say(f"{mountpoint}: stick '{stick.name}', {stick.id}, {_as(stick)}.")
    if known.get(stick.id) == stick:
        say("It was paired with this unit before, and stays so.")
    if written:
        say(f"Written on it: {', '.join(written)}.")
    if KEY in written:
        say(f"{KEY} is secret: whoever has it can enrol people and take rows away. {README} says how to keep it elsewhere.")
    if tool:
        say(f"{TOOL} has the SHA-256 {hashlib.sha256(tool.read_bytes()).hexdigest()}.")
    if not is_mounted(mountpoint):
        say(f"But nothing is mounted at {mountpoint}: it is a folder of this unit's own disk. Was a stick meant? Mount it there.")


def _unpair(store: Store, named: str) -> None:
    moment = wiring.now()
    stick_id = unpair(named, store, at_utc=moment.at_utc, clock_ok=moment.clock_ok)
    say(f"Stick {stick_id} is not paired with this unit any more, and its key is erased here. What lies on the stick stays.")


def _list(store: Store, *, as_json: bool) -> None:
    sticks = store.sticks()
    if as_json:
        print(json.dumps([_row(stick) for stick in sticks], ensure_ascii=False, indent=1))
        return
    for stick in sticks:
        say(f"{stick.id}  {stick.name}  (since {stick.paired_utc:%Y-%m-%d}, {_as(stick)}, {_brought(stick)})")
    say(f"{counted(len(sticks), 'stick')}.")


def _row(stick: Stick) -> dict[str, object]:
    """What a program reads of a stick: everything but its key."""
    row = {name: value for name, value in asdict(stick).items() if name != "key"}
    return row | {"paired_utc": utc_text(stick.paired_utc)}


def _as(stick: Stick) -> str:
    return f"hardware {stick.hardware}" if stick.hardware else "hardware that cannot be told from a copy"


def _brought(stick: Stick) -> str:
    if not stick.serial:
        return "nothing taken in yet"
    return f"manifest {stick.serial} {'taken in' if stick.is_done else 'begun and not finished'}"
