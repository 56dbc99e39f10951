"""What can be seen and heard of a machine at the door: its GPIO lines, read from outside the guest."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rig.lines import Change, beeps, signals, spans

from edge.device.patterns import Colour
from edge.types import Signal

GPIO_DATA = 0x0903_03FC
"""All eight lines at once: PL061 technical reference manual, 3.3.1, at the address that `-M virt` gives it."""

RED, GREEN, BUZZER, BUTTON = 5, 6, 7, 4
"""The lines that the rig's configuration names; 3 is the machine's own power button."""

_CHANGE = re.compile(r"@(?P<at>[0-9.]+):pl061_set_output .* setting output (?P<line>\d) to (?P<level>[01])")


class Panel:
    """The lines of a machine; `rig.machine.Machine` has them."""

    folder: Path

    def monitor(self, command: str, **arguments: Any) -> Any:
        """Ask QEMU; the machine's own."""
        raise NotImplementedError

    def wait(self, what: str, condition: Callable[[], Any], *, limit_s: float, pause_s: float = 0.2) -> Any:
        """What a condition gives as soon as that is true; the machine's own."""
        raise NotImplementedError

    def lines(self) -> int:
        """The eight GPIO lines, bit by bit, read from outside the guest."""
        said = self.monitor("human-monitor-command", command_line=f"xp /1xw 0x{GPIO_DATA:x}")
        return int(said.split(":")[1], 16) & 0xFF

    def is_on(self, line: int) -> bool:
        """Whether a line is high."""
        return bool(self.lines() >> line & 1)

    def line_changes(self) -> list[Change]:
        """Every change of a line that QEMU has seen so far."""
        return [
            Change(float(found["at"]), int(found["line"]), found["level"] == "1")
            for found in _CHANGE.finditer((self.folder / "lines.log").read_text(errors="replace"))
        ]

    def signals(self, *, since_s: float = 0.0) -> list[Signal]:
        """What LED and buzzer have said, from a moment of the host's clock (`time.time()`) on."""
        seen = spans(self.line_changes(), red=RED, green=GREEN, buzzer=BUZZER, until_s=time.time())
        return [signal for at_s, signal in signals(seen) if at_s >= since_s]

    def beeps(self, *, since_s: float) -> list[tuple[Colour, int]]:
        """The answers that were heard from a moment on: the light with each, and how many beeps."""
        seen = spans(self.line_changes(), red=RED, green=GREEN, buzzer=BUZZER, until_s=time.time())
        return [(colour, n) for at_s, colour, n in beeps(seen) if at_s >= since_s]

    def wait_for(self, signal: Signal, *, since_s: float, limit_s: float) -> float:
        """Seconds from a moment until LED and buzzer have said this, pattern and all."""

        def found() -> list[float]:
            seen = spans(self.line_changes(), red=RED, green=GREEN, buzzer=BUZZER, until_s=time.time())
            return [at_s - since_s for at_s, said in signals(seen) if at_s >= since_s and said is signal]

        return float(self.wait(f"the panel says {signal.value!r}", found, limit_s=limit_s)[0])
