"""Speaks with QEMU and with the agent in the guest: one JSON object a line, both ways, over a socket of the system."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any


class WireError(Exception):
    """The other side has refused, has gone, or did not answer in time."""


class Wire:
    """One connection. Not for several threads.

    Args:
        path: of the socket.
        limit_s: how long an answer may take.
    """

    def __init__(self, path: Path, *, limit_s: float = 30.0) -> None:
        self._path, self.limit_s = path, limit_s
        self._socket = _connected(path, limit_s)
        self._rest = b""

    def close(self) -> None:
        """No more words."""
        self._socket.close()

    def ask(self, command: str, **arguments: Any) -> Any:
        """The answer to a command; what happens meanwhile (events) is passed over.

        Raises:
            WireError: it was refused, or no answer came.
        """
        request: dict[str, Any] = {"execute": command}
        if arguments:
            request["arguments"] = {name.replace("_", "-"): value for name, value in arguments.items()}
        self._send(json.dumps(request).encode() + b"\n")
        until = time.monotonic() + self.limit_s
        while True:
            answer = self._line(until)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise WireError(f"{command}: {answer['error'].get('desc')}")

    def greet(self) -> None:
        """What QEMU's own monitor wants first."""
        self._line(time.monotonic() + self.limit_s)
        self.ask("qmp_capabilities")

    def align(self, token: int) -> None:
        """What the guest's agent wants first: whatever it still has to say to somebody else is thrown away.

        Raises:
            WireError: no agent is listening yet.
        """
        self._send(b"\xff" + json.dumps({"execute": "guest-sync-delimited", "arguments": {"id": token}}).encode() + b"\n")
        until = time.monotonic() + self.limit_s
        while self._line(until).get("return") != token:
            pass

    def _send(self, content: bytes) -> None:
        try:
            self._socket.sendall(content)
        except OSError as error:
            raise WireError(f"{self._path.name}: {error}") from error

    def _line(self, until: float) -> dict[str, Any]:
        while b"\n" not in self._rest:
            self._socket.settimeout(max(until - time.monotonic(), 0.01))
            try:
                more = self._socket.recv(1 << 16)
            except OSError as error:
                raise WireError(f"{self._path.name}: no answer ({error})") from error
            if not more:
                raise WireError(f"{self._path.name}: the other side has gone")
            self._rest += more
        line, self._rest = self._rest.split(b"\n", 1)
        try:
            answer = json.loads(line.rsplit(b"\xff", 1)[-1])
        except ValueError:
            return {}  # half a line from before the connection
        return answer if isinstance(answer, dict) else {}


def _connected(path: Path, limit_s: float) -> socket.socket:
    """QEMU makes the socket a moment after it has started."""
    until = time.monotonic() + limit_s
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(path))
        except OSError as error:
            connection.close()
            if time.monotonic() > until:
                raise WireError(f"{path.name}: nobody listens ({error})") from error
            time.sleep(0.05)
        else:
            return connection
