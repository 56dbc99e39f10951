"""Whether the power supply is strong enough, as the Raspberry Pi's own firmware has seen it.

An Edge TPU on USB draws up to 500 mA at the standard clock and 900 mA at the maximum clock. Where the supply sags, the
firmware notes it and throttles, and sticks fall off the bus.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

CONDITIONS = {0: "undervoltage", 1: "processor frequency capped", 2: "throttled", 3: "soft temperature limit reached"}
"""Bit of `vcgencmd get_throttled` -> what it says of this moment; the same 16 bits higher: since boot.
Raspberry Pi documentation, "vcgencmd", get_throttled."""

UNDERVOLTAGE = 0
SINCE_BOOT = 16
ANSWER = re.compile(r"throttled=0x([0-9a-fA-F]{1,8})")


@dataclass(frozen=True, slots=True)
class Power:
    """What the firmware says about power and heat.

    Attributes:
        now: what holds at this moment, in words.
        since_boot: what has held at some time since the unit was started, in words; it contains what holds now.
        fault: why nothing is known, with what to do next; empty when the firmware answered.
    """

    now: tuple[str, ...] = ()
    since_boot: tuple[str, ...] = ()
    fault: str = ""

    @property
    def is_low_now(self) -> bool:
        """Whether the voltage is too low at this moment."""
        return CONDITIONS[UNDERVOLTAGE] in self.now

    @property
    def was_low(self) -> bool:
        """Whether the voltage has been too low at any time since boot."""
        return CONDITIONS[UNDERVOLTAGE] in self.since_boot


def undervoltage(vcgencmd: Path | None, *, deadline_s: float = 2.0) -> Power | None:
    """Whether the voltage is too low, or has been since boot.

    Args:
        vcgencmd: Raspberry Pi OS has it as /usr/bin/vcgencmd; None where the system has no such program.
        deadline_s: the program is killed after so many seconds.

    Returns:
        None where there is no such program (it is no Raspberry Pi); with a fault where it gave no usable answer.
    """
    if vcgencmd is None or not vcgencmd.is_file():
        return None
    try:
        said = _said_by(vcgencmd, deadline_s)
    except subprocess.TimeoutExpired:
        return Power(
            fault=f"{vcgencmd} did not answer within {deadline_s:g} s. Start the unit again; if it stays, update its firmware."
        )
    except OSError as error:
        return Power(
            fault=f"{vcgencmd} cannot be run: {error.strerror}. Install raspi-utils again (older systems: libraspberrypi-bin)."
        )
    return _read(said, vcgencmd)


def _read(said: str, vcgencmd: Path) -> Power:
    answer = ANSWER.fullmatch(said)
    if not answer:
        words = f'said "{said[:120]}"' if said else "said nothing"
        return Power(
            fault=f"{vcgencmd} get_throttled {words} in place of throttled=0x…. "
            "Its user must be in the group video: sudo usermod -aG video USER, then log in again."
        )
    bits = int(answer[1], 16)
    now = _words(bits)
    return Power(now=now, since_boot=_words(bits | bits >> SINCE_BOOT))


def _words(bits: int) -> tuple[str, ...]:
    return tuple(words for bit, words in CONDITIONS.items() if bits >> bit & 1)


def _said_by(program: Path, deadline_s: float) -> str:
    """Both outputs of the program, in one line. It asks the firmware through a device, and can hang there beyond any signal."""
    child = subprocess.Popen(  # noqa: S603 - the caller's path, no shell
        [program, "get_throttled"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
        errors="replace",
    )
    try:
        said, _ = child.communicate(timeout=deadline_s)
    except subprocess.TimeoutExpired:
        _end(child)
        raise
    return " ".join(said.split())


def _end(child: subprocess.Popen[str]) -> None:
    """Kills the program with all that it started; one in uninterruptible sleep is left to Python, which reaps it later."""
    os.killpg(child.pid, signal.SIGKILL)
    if child.stdout:
        child.stdout.close()
    with suppress(subprocess.TimeoutExpired):
        child.wait(timeout=0.5)
