"""What the Edge TPU's process said before it ended: libedgetpu writes its reason to stderr, and then aborts."""

from __future__ import annotations

import os
import signal

KEPT_BYTES = 4096
N_LINES = 3
_READ_BYTES = 65536
_MOST_READS = 32
"""A pipe holds 64 KiB, at most 1 MiB: two MiB at a time are all that a process that has ended can have left."""
_NO_NEWS = ("INFO:", "W0000 ", "I0000 ")
"""How lines begin in which the runtimes tell what they always tell, in the process that lives as in the one that dies."""


class LastWords:
    """The end of what comes out of a pipe, read whenever there is something and never waited for.

    Args:
        descriptor: the pipe's end to read from; from now on closed by this object.
    """

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor: int | None = descriptor
        self._kept = b""

    def drain(self) -> None:
        """Take what there is, so that the writer never waits; of all of it the end is kept."""
        for _ in range(_MOST_READS):
            if self.descriptor is None:
                return
            try:
                read = os.read(self.descriptor, _READ_BYTES)
            except BlockingIOError:
                return
            if not read:
                self.close()
            self._kept = (self._kept + read)[-KEPT_BYTES:]

    def close(self) -> None:
        """Close the pipe. What was said stays. Closing twice is allowed."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def __str__(self) -> str:
        """The last lines, printable, one behind the other."""
        told = [printable(line) for line in self._kept.decode(errors="replace").splitlines()]
        return " / ".join([line for line in told if line and not line.startswith(_NO_NEWS)][-N_LINES:])


def printable(text: str) -> str:
    """A text that another process wrote, as one line that may stand in the journal and on a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def ending(status: int) -> str:
    """How a process ended, by what `subprocess` says of it: the signal's number below zero, or the exit code."""
    if status >= 0:
        return f"ended with exit code {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:  # a real-time signal has no name
        name = f"signal {-status}"
    return f"died of {name}"
