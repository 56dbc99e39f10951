"""What is around the unit: camera, pins, clock, disk, and where rows are delivered."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge import wiring
from edge.config import Config
from edge.device.button import GpioButton, open_button
from edge.device.camera import open_camera
from edge.device.clock import SystemClock
from edge.device.header import has_pins
from edge.device.panel import open_lights
from edge.device.stop import Stop
from edge.doctor.finding import Finding, State, split
from edge.doctor.unit import Unit
from edge.errors import DeviceError
from edge.exchange.delivery.errand import Order, run_errands
from edge.exchange.delivery.mounts import MOUNTINFO, mount_of
from edge.store.room import Room, Usage

ANSWER_S = 10.0
"""How long a destination is waited for."""


FORGETFUL = dict.fromkeys(("tmpfs", "ramfs"), "in memory") | {"overlay": "laid over a disk, mostly in memory"}
"""Kinds of file system whose content is gone, or mostly is, when the power is."""

KEEP = (
    "give it a partition of its own (docs/operate.md: a root that nothing is written to); afterwards findmnt --target with that"
    " folder must say ext4"
)


def camera(config: Config, *, user: Unit | None = None) -> Finding:
    """Whether the camera gives a picture; where a unit at work has it, whether it is there."""
    source = config.camera.source
    try:
        if user:
            wiring.look_for(config.camera)
            return Finding("camera", State.OK, f"{source} is there, and left to {user}")
        with closing(open_camera(wiring.wanted(config.camera), SystemClock(), Stop())) as opened:
            frame = opened.read()
    except DeviceError as error:
        return Finding("camera", State.FAULT, *split(error))
    if frame is None:
        return Finding("camera", State.FAULT, f"{source} has not one picture that can be read", "name another camera.source")
    height, width = frame.pixels.shape[:2]
    return Finding("camera", State.OK, f"{source} gives {width} x {height}")


def pins(config: Config, board: Path, *, user: Unit | None = None) -> Finding:
    """Whether LED, buzzer and push button can be reached; a unit at work has them."""
    kind = config.panel.kind
    if kind in {"none", "mock"} or (kind == "auto" and not has_pins(board)):
        words = {"none": "left out", "mock": "mock pins, as configured", "auto": "no Raspberry Pi: mock pins in the terminal"}
        return Finding("pins", State.OK, words[kind])
    if user:
        return Finding("pins", State.OK, f"left to {user}")
    try:
        open_lights(wiring.pins(config.panel)).close()
        button = open_button(kind, config.panel.button_pin, board=board)
    except DeviceError as error:
        return Finding("pins", State.FAULT, *split(error))
    return push_button(button) if button else Finding("pins", State.OK, "LED and buzzer can be switched")


def push_button(button: GpioButton) -> Finding:
    """Whether it is open, as it is where nobody presses it just now; closes it."""
    with closing(button):
        if not button.is_down:
            return Finding("pins", State.OK, "LED and buzzer can be switched, and the push button is open")
    advice = "let go of it; if nobody presses it, it is stuck, or its pin is wired to ground, and the unit does not hear it"
    return Finding("pins", State.WARNING, f"the push button on GPIO{button.pin} is pressed", advice)


def clock(system: SystemClock) -> Finding:
    """Whether the time of an event can be believed."""
    now = datetime.now(UTC)
    words = f"{now:%Y-%m-%d %H:%M:%S} UTC, {now.astimezone():%H:%M} local"
    if system.is_trusted():
        return Finding("clock", State.OK, words)
    advice = "connect the unit to a time server, or fit a battery clock; until then rows are marked clock_ok = false"
    return Finding("clock", State.WARNING, f"{words}; nothing has set it", advice)


def disk(data: Path, *, usage: Callable[[Path], Usage] = shutil.disk_usage, mountinfo: Path = MOUNTINFO) -> Finding:
    """Whether rows can be written, for how long there is room, and whether they are still there after the power was cut."""
    folder = next(path for path in (data, *data.absolute().parents) if path.is_dir())
    try:
        room = Room.on(folder, usage=usage)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0" * 4096)
    except OSError as error:
        return Finding(
            "disk", State.FAULT, f"{folder} cannot be written ({error.strerror})", "check its owner and its file system"
        )
    words = f"{room} in {folder}"
    if room.is_short:
        return Finding("disk", State.FAULT if room.is_none else State.WARNING, words, Room.ADVICE)
    kind = mount_of(folder, mountinfo).kind
    if kind in FORGETFUL:
        return Finding(
            "disk", State.WARNING, f"{words}, which is {FORGETFUL[kind]} ({kind}): it forgets everybody and every row", KEEP
        )
    return Finding("disk", State.OK, words)


def destinations(config: Config) -> Finding:
    """Whether the destinations are there and prove that they are; each is asked by a process of its own, for one may hang."""
    configured = config.sync.destinations
    if not configured:
        return Finding("destinations", State.OK, "none is configured; `muster sync --to FOLDER` delivers by hand")
    terms = Order(
        task="look",
        destination="",
        must_be_mounted=config.sync.must_be_mounted,
        ssh_key=config.sync.ssh_key,
        ssh_known_hosts=config.sync.ssh_known_hosts,
    )
    orders = [replace(terms, destination=name) for name in configured]
    answers = dict(zip(configured, run_errands(orders, limit_s=ANSWER_S), strict=True))
    wrong = [split(trouble) for name, answer in answers.items() if (trouble := _trouble(name, answer))]
    if wrong:
        sentences, advice = ("; ".join(filter(None, dict.fromkeys(words))) for words in zip(*wrong, strict=True))
        return Finding("destinations", State.WARNING, sentences, f"{advice}; until then rows wait")
    return Finding("destinations", State.OK, ", ".join(configured))


def _trouble(name: str, answer: dict[str, Any] | None) -> str:
    """What is wrong with a destination, and what to do; nothing for one that proves what it is."""
    if answer is None:
        return f"{name}: it does not answer within {ANSWER_S:g} s. Is its server there, and the network?"
    if not answer:
        return f"{name}: it could not be asked. What is said above tells why"
    return str(answer["failed"]["text"]) if "failed" in answer else ""
