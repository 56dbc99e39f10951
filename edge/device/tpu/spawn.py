"""Begins the Edge TPU's process and ends it, so that neither a descriptor nor a process is left behind."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from edge import programs
from edge.device.tpu.last_words import LastWords
from edge.device.tpu.memory import Memory
from edge.device.tpu.messages import Order

PROGRAM = programs.command("edge.device.tpu.child")
END_S = 0.2
"""How long an ending process is waited for; one that was killed takes a millisecond or two."""

_dying: list[subprocess.Popen[bytes]] = []
"""Killed, and not gone yet: a process that waits for a device (state D) hears no signal before the device answers."""


@dataclass(frozen=True, slots=True)
class Spawned:
    """A process that runs, and all that it is reached by.

    Attributes:
        process: the process, whose leader it is: it has a session of its own.
        connection: SOCK_SEQPACKET, non-blocking.
        words: what it writes to stdout and stderr.
        memory: what it shares.
    """

    process: subprocess.Popen[bytes]
    connection: socket.socket
    words: LastWords
    memory: Memory

    def await_end(self) -> int | None:
        """How it ended, as `subprocess` says it; None when it has not after a moment."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(END_S)
        return self.process.returncode

    def end(self) -> None:
        """Kill it, and close everything. It is waited for no longer than a moment; `reap` lets go of it later."""
        self.process.kill()
        self.connection.close()
        self.words.close()
        self.memory.close()
        if self.await_end() is None:
            _dying.append(self.process)


def reap() -> None:
    """Let go of the processes that were killed and have ended since."""
    _dying[:] = [process for process in _dying if process.poll() is None]


def dying() -> frozenset[int]:
    """The processes that were killed and have not ended: they keep what they had open."""
    reap()
    return frozenset(process.pid for process in _dying)


def spawn(program: Sequence[str], order: Order, memory: Memory, environment: Mapping[str, str]) -> Spawned:
    """Begin a process.

    Args:
        program: what is run, before the one argument that tells it everything.
        order: what it is to open.
        memory: what it is to share; closed here when there is no process in the end.
        environment: variables of its own, beside those that this process has.

    Raises:
        OSError: there is no such program, or no descriptor or process is left.
    """
    with ExitStack() as undo, ExitStack() as always:
        undo.callback(memory.close)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        always.callback(theirs.close)
        undo.callback(ours.close)
        ours.setblocking(False)
        read_end, write_end = os.pipe()
        always.callback(os.close, write_end)
        words = LastWords(read_end)
        undo.callback(words.close)
        nothing = always.enter_context(Path(os.devnull).open("rb"))
        always.enter_context(_deaf())
        connection, shared = _copy(theirs.fileno(), always), _copy(memory.descriptor, always)
        process = subprocess.Popen(  # noqa: S603 -- our own program
            [*program, _told(order, memory, connection=connection, shared=shared)],
            stdin=nothing,
            stdout=write_end,  # nothing of it may reach the terminal of `muster run`
            stderr=write_end,
            pass_fds=(connection, shared),
            env=programs.environment(environment),
            start_new_session=True,  # a Ctrl-C in the terminal is for the unit
        )
        undo.pop_all()
    return Spawned(process, ours, words, memory)


@contextmanager
def _deaf() -> Iterator[None]:
    """What is begun meanwhile is deaf to what systemd and a terminal send to everybody at once.

    The child says the same itself, but only after all its imports, and until then a stop of the unit would look like its death.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _copy(descriptor: int, closed_by: ExitStack) -> int:
    """A descriptor's copy for the child, none of 0, 1 and 2: those are its stdin, stdout and stderr.

    Where whoever began this process has closed one of the three, the next thing that is opened gets its number.
    """
    copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    closed_by.callback(os.close, copy)
    return copy


def _told(order: Order, memory: Memory, *, connection: int, shared: int) -> str:
    return json.dumps(
        {
            "parent": os.getpid(),
            "socket": connection,
            "memory": shared,
            "n_in": memory.n_in,
            "n_out": memory.n_out,
            "library": order.library,
            "device": order.device,
            "manifest": str(order.manifest),
            "names": order.names,
        }
    )
