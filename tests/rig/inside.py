"""What is done inside the guest, by its agent."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rig.wire import Wire, WireError


@dataclass(frozen=True)
class Outcome:
    """How a command in the guest has ended."""

    code: int
    out: str
    err: str


class Inside:
    """The ways into a machine that runs; `rig.machine.Machine` is one."""

    folder: Path
    _agent: Wire | None

    def wait(self, what: str, condition: Callable[[], Any], *, limit_s: float, pause_s: float = 0.2) -> Any:
        """What a condition gives as soon as that is true; the machine's own."""
        raise NotImplementedError

    def agent(self, command: str, **arguments: Any) -> Any:
        """Ask the agent in the guest."""
        if self._agent is None:
            wire = Wire(self.folder / "agent", limit_s=20)
            wire.align(os.getpid())
            self._agent = wire
        return self._agent.ask(command, **arguments)

    def is_up(self) -> bool:
        """Whether the agent answers yet."""
        try:
            self.agent("guest-ping")
        except WireError:
            if self._agent:
                self._agent.close()
                self._agent = None
            return False
        return True

    def run(self, script: str, *, limit_s: float = 120.0) -> Outcome:
        """A shell script as root in the guest."""
        started = self.agent("guest-exec", path="/bin/bash", arg=["-euc", script], capture_output=True)
        until, pause_s = time.monotonic() + limit_s, 0.05
        while not (done := self.agent("guest-exec-status", pid=started["pid"]))["exited"]:
            if time.monotonic() > until:
                raise TimeoutError(f"in the guest, after {limit_s:.0f} s: {script}")
            time.sleep(pause_s)
            pause_s = min(1.0, pause_s * 1.3)  # each question keeps the emulated processor from what it is asked about
        out, err = (base64.b64decode(done.get(name, "")).decode(errors="replace") for name in ("out-data", "err-data"))
        return Outcome(done.get("exitcode", -int(done.get("signal", 1))), out, err)

    def must(self, script: str, *, limit_s: float = 120.0) -> str:
        """What a script in the guest says; it must succeed."""
        done = self.run(script, limit_s=limit_s)
        if done.code:
            raise AssertionError(f"in the guest: {script!r} ended with {done.code}: {done.out[-600:]}{done.err[-600:]}")
        return done.out

    def write(self, path: str, content: str) -> None:
        """A small file in the guest."""
        packed = base64.b64encode(content.encode()).decode()
        self.must(f"mkdir -p $(dirname {path}) && echo {packed} | base64 -d >{path}")

    def configure(self, text: str) -> None:
        """Another configuration, and the unit started anew with it."""
        self.write("/etc/muster/muster.toml", text)
        self.must("systemctl restart muster", limit_s=180)

    def wait_until_up(self, *, limit_s: float = 300.0) -> None:
        """After it was switched on."""
        self.wait("the guest's agent answers", self.is_up, limit_s=limit_s)
