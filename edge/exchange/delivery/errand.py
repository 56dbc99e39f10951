"""A destination that hangs keeps nobody waiting: each is reached by a process of its own, within a time of its own.

Whoever touches a folder of a server that is gone waits in the kernel, often for ever, and no time limit of a thread ends that.
A process can be left behind. Its program is `edge.exchange.delivery.child`; it gets its order as JSON and answers so.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import IO, Any

from edge import programs

PROGRAM = programs.command("edge.exchange.delivery.child")
END_S = 0.5
"""How long a process that was killed is waited for. One that waits for a device hears nothing before the device answers."""

_left: dict[str, subprocess.Popen[bytes]] = {}
"""Killed and not gone yet, by destination: each waits for a device. Nobody else is sent there until it is gone, or a destination
that hangs for a day of tries would fill the unit's memory with them."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the process of one destination is to do.

    Attributes:
        task: ``deliver``, ``prepare`` or ``look``.
        destination: as configured.
        database: path of the file; only a delivery opens it.
        unit: its name.
        timezone: IANA name; empty for the system's own.
        must_be_mounted: see `edge.exchange.delivery.terms.Terms`, as for the next two.
        prepare: the same.
        again: the same.
        ssh_key: see `edge.exchange.delivery.address.Access`.
        ssh_known_hosts: the same.
        stick: see `edge.exchange.delivery.terms.Terms`, as for the next one.
        dialect: the same.
        key_file: ``privacy.key_file``; the credential of systemd reaches the process with the other variables.
    """

    task: str
    destination: str
    database: str = ""
    unit: str = ""
    timezone: str = ""
    must_be_mounted: bool = False
    prepare: bool = False
    again: bool = False
    ssh_key: str = ""
    ssh_known_hosts: str = ""
    stick: str = ""
    dialect: str = ""
    key_file: str = ""


def run_errands(orders: Sequence[Order], *, limit_s: float, program: Sequence[str] = PROGRAM) -> list[dict[str, Any] | None]:
    """Send every process off at once, and wait for their answers.

    Args:
        orders: one for each destination.
        limit_s: how long each has.
        program: what is run, before the order.

    Returns:
        For each order the answer of the child; None where there was none in time, or where the one before still hangs, and an
        empty one where it broke down, after its last words have gone to stderr.
    """
    for name in [name for name, process in _left.items() if process.poll() is not None]:
        del _left[name]
    with ExitStack() as stack:
        until = time.monotonic() + limit_s
        under_way = [None if order.destination in _left else stack.enter_context(_sent(order, program)) for order in orders]
        return [sent and _answer(*sent, until) for sent in under_way]


@contextmanager
def _sent(order: Order, program: Sequence[str]) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """A process under way, and the file into which it writes its answer; at the end it is gone, or left behind."""
    with os.fdopen(os.memfd_create("muster"), "w+b") as file:  # a unit may have no room for files, or no disk that is written
        process = subprocess.Popen(  # noqa: S603 -- our own program
            [*program, json.dumps(asdict(order))],
            stdin=subprocess.DEVNULL,
            stdout=file,
            env=programs.environment(),
            start_new_session=True,  # a Ctrl-C in the terminal is for whoever waits here, who then ends this
        )
        try:
            yield process, file
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # it leads its group, with the ssh that it may have begun
                with suppress(subprocess.TimeoutExpired):
                    process.wait(END_S)
            if process.returncode is None:
                _left[order.destination] = process


def _answer(process: subprocess.Popen[bytes], file: IO[bytes], until: float) -> dict[str, Any] | None:
    try:
        process.wait(max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        return None
    file.seek(0)
    content = file.read()
    try:
        return dict(json.loads(content)) if process.returncode == 0 else {}
    except ValueError:
        sys.stderr.write(f"{content.decode(errors='backslashreplace')}\n")  # not its own words: they may tell why
        return {}
