"""The unit's handle on the Edge TPU's process: begin it, ask it, outlive it.

The child may die at any moment, hang for ever or say nonsense; all of that is a `TpuFailure` here, and nothing is left behind.
"""

from __future__ import annotations

import math
import select
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from edge.device.manifest import NetworkSpec, read_specs
from edge.device.tpu.last_words import ending, printable
from edge.device.tpu.memory import REGION_BYTES, Memory, n_bytes, n_rows_that_fit
from edge.device.tpu.messages import MAX_BYTES, Done, Failed, Message, Ready, Request, decode, encode
from edge.device.tpu.messages import Order as Order  # noqa: PLC0414 -- whoever starts a process names it from here
from edge.device.tpu.spawn import PROGRAM, Spawned, reap, spawn
from edge.errors import ModelError

QUOTED = "; it said: "
"""Behind it a failure quotes the last words of the process, which may hold anything."""


class TpuFailure(Exception):  # noqa: N818 -- what failed is the device, and somebody else takes over
    """The Edge TPU's process is of no more use and must be closed; the text says why, as a clause for the journal."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a process says once it is ready.

    Attributes:
        runtime: what runs the networks, "tflite-runtime 2.14.0".
        answers: each network's outputs for its self-test picture, in the order of the manifest, first axis 1.
        library: what the library calls itself; empty where it says nothing.
    """

    runtime: str
    answers: Mapping[str, list[NDArray[Any]]]
    library: str = ""


class TpuProcess:
    """One child process that has, or opens, or could not open the Edge TPU. Not thread-safe.

    It ends with the *thread* that started it (PR_SET_PDEATHSIG), so that is to be the one that runs the loop.
    """

    def __init__(self, spawned: Spawned, specs: Mapping[str, NetworkSpec]) -> None:
        self._spawned, self._specs = spawned, specs
        self._process, self._connection = spawned.process, spawned.connection
        self._memory, self._words = spawned.memory, spawned.words
        self._poll = select.poll()
        self._poll.register(spawned.connection, select.POLLIN)
        if spawned.words.descriptor is not None:
            self._poll.register(spawned.words.descriptor, select.POLLIN)
        self._opened: Opened | None = None
        self._sequence = 0
        self._is_closed = False

    @classmethod
    def start(
        cls,
        order: Order,
        *,
        environment: Mapping[str, str] | None = None,
        program: Sequence[str] = PROGRAM,
        region_bytes: int = REGION_BYTES,
    ) -> Self:
        """Begin a process that opens the networks, and return at once.

        Args:
            order: what it is to open.
            environment: variables of its own, beside those that this process has.
            program: what is run, before the one argument.
            region_bytes: how much memory there is for rows, and as much again for answers.

        Raises:
            TpuFailure: there is no such program, memory or descriptor, or a row of a network does not fit into the memory.
        """
        reap()
        try:
            specs = read_specs(order.manifest, order.names, variant="int8")
            _check_that_rows_fit(list(specs.values()), region_bytes)
            memory = Memory.create(n_in=region_bytes, n_out=region_bytes)
            return cls(spawn(program, order, memory, environment or {}), specs)
        except ModelError as error:
            raise TpuFailure(_clause(str(error))) from error
        except OSError as error:
            what = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
            raise TpuFailure(f"its process cannot be started ({what})") from error

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def opened(self, wait_s: float) -> Opened | None:
        """What it says once it is ready; None when it is not, after so long.

        Raises:
            TpuFailure: it has ended, or says why it cannot open the Edge TPU.
        """
        if self._is_closed:
            raise TpuFailure("its process is not open")
        if self._opened is None and (message := self._receive(time.monotonic() + wait_s)):
            if not isinstance(message, Ready):
                raise self._said(message)
            self._opened = Opened(message.runtime, self._self_test(), message.library)
        return self._opened

    def run(self, name: str, rows: NDArray[np.int8], *, deadline_s: float) -> list[NDArray[Any]]:
        """Run a batch, as many rows at a time as fit into the memory.

        Args:
            name: the network.
            rows: (n, h, w, 3) int8, in the input's own numbers; n may be 0.
            deadline_s: for the whole batch.

        Returns:
            One array an output, in the order of the manifest, in its own numbers, first axis n.

        Raises:
            TpuFailure: no answer in time; it has ended; it could not run them; it is not open.
            ValueError: the network takes no such rows.
        """
        spec = self._specs[name]
        if rows.shape[1:] != spec.input.shape[1:] or rows.dtype != spec.input.dtype:
            raise ValueError(f"{name} takes {spec.input.dtype} rows of {spec.input.shape[1:]}, not {rows.dtype} {rows.shape[1:]}")
        if self._is_closed or self._opened is None:
            raise TpuFailure("its process is not open")
        until_s = time.monotonic() + deadline_s
        n_at_once = n_rows_that_fit(spec, n_in=self._memory.n_in, n_out=self._memory.n_out)
        results = [np.empty((len(rows), *output.shape[1:]), output.dtype) for output in spec.outputs]
        for begin in range(0, len(rows), n_at_once):
            part = slice(begin, begin + n_at_once)
            answers = self._ask(spec, rows[part], until_s)
            if answers is None:
                raise self._failure(f"it did not answer within {deadline_s:g} s")
            for result, answer in zip(results, answers, strict=True):
                result[part] = answer
        return results

    def check(self) -> None:
        """Hear whether it is still there, at once; for the time between two requests.

        Raises:
            TpuFailure: it has ended, or speaks though nobody asked.
        """
        if message := self._receive(time.monotonic()):
            raise self._said(message)

    def close(self) -> None:
        """Kill the process and release all that it was reached by. Closing twice is allowed.

        Waits for no more than a moment: a process that cannot end now is reaped by one of the next calls.
        """
        if not self._is_closed:
            self._is_closed = True
            self._spawned.end()
        reap()

    def _ask(self, spec: NetworkSpec, rows: NDArray[np.int8], until_s: float) -> list[NDArray[Any]] | None:
        """The answers to rows that fit into the memory; None when they do not come in time."""
        self._sequence += 1
        self._memory.put(rows)
        self._send(Request(self._sequence, spec.name, len(rows)))
        while message := self._receive(until_s):
            if isinstance(message, Done) and message.sequence == self._sequence:
                return self._memory.answers(spec.outputs, len(rows))
            is_late = isinstance(message, Done | Failed) and message.sequence < self._sequence
            if not is_late:
                raise self._said(message)
            if time.monotonic() >= until_s:
                return None
        return None

    def _send(self, message: Message) -> None:
        try:
            self._connection.send(encode(message))
        except BlockingIOError as error:
            raise self._failure("its process does not take requests") from error
        except OSError as error:
            raise self._death() from error

    def _receive(self, until_s: float) -> Message | None:
        """The next message; None when there is none in time."""
        while True:
            left_s = max(0.0, until_s - time.monotonic())
            ready = [descriptor for descriptor, _ in self._poll.poll(math.ceil(1000 * left_s))]
            if self._words.descriptor in ready:
                self._listen()
            if self._connection.fileno() in ready:
                return self._read()
            if not left_s:
                return None

    def _read(self) -> Message:
        try:
            packet = self._connection.recv(MAX_BYTES)
        except OSError as error:
            raise self._death() from error
        if not packet:
            raise self._death()
        try:
            return decode(packet)
        except ValueError as error:
            raise self._failure("its process said something that nobody understands") from error

    def _listen(self) -> None:
        """Take what it wrote to stderr."""
        descriptor = self._words.descriptor
        self._words.drain()
        if descriptor is not None and self._words.descriptor is None:
            self._poll.unregister(descriptor)

    def _self_test(self) -> dict[str, list[NDArray[Any]]]:
        answers = iter(self._memory.answers([output for spec in self._specs.values() for output in spec.outputs], 1))
        return {name: [next(answers) for _ in spec.outputs] for name, spec in self._specs.items()}

    def _said(self, message: Message) -> TpuFailure:
        if isinstance(message, Failed):
            return TpuFailure(_clause(message.words))
        return self._failure("its process said something that it was not asked")

    def _death(self) -> TpuFailure:
        status = self._spawned.await_end()
        how = "closed its connection" if status is None else ending(status)
        return self._failure(f"its process {how}{'' if self._opened else ' while it loaded the library and opened the Edge TPU'}")

    def _failure(self, what: str) -> TpuFailure:
        self._listen()
        return TpuFailure(f"{what}{QUOTED}{self._words}" if str(self._words) else what)


def _check_that_rows_fit(specs: Sequence[NetworkSpec], region_bytes: int) -> None:
    for spec in specs:
        if not n_rows_that_fit(spec, n_in=region_bytes, n_out=region_bytes):
            raise TpuFailure(f"one row of {spec.name} does not fit into the {region_bytes} bytes that are shared with it")
    if sum(n_bytes(output) for spec in specs for output in spec.outputs) > region_bytes:
        raise TpuFailure(f"the answers to the self-test do not fit into the {region_bytes} bytes that are shared with it")


def _clause(sentences: str) -> str:
    """What may stand behind a colon: one line, and no full stop of its own."""
    return printable(sentences).removesuffix(".")
