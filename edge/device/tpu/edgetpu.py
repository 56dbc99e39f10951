"""The Edge TPU as something that may fail at any moment: used while it works, opened again when it did not.

There is no thread here and nothing waits but `EdgeTpu.settle` and a request itself. Every call from the unit's loop moves the
state on by what the clock and the child process say; so the child is always started by the loop's thread, whose end it dies with.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.device.live import PAUSES_S
from edge.device.tpu.attempts import Attempts
from edge.device.tpu.process import Opened, TpuFailure, TpuProcess
from edge.device.tpu.selftest import SelfTest
from edge.device.tpu.spawn import reap

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often the system is asked whether it lists the stick. Each look reads a few small files and takes less than a
millisecond; whoever plugs it in or pulls it out sees the panel follow."""

ANSWER_SHARE = 0.78
"""Share of a request's time in which the answer must be there. The rest is for ending the child when it is not: a millisecond or
two, but 0.4 s when it hangs up, is waited for, and cannot end because it waits for a device (`edge.device.tpu.spawn`)."""

NOT_PLUGGED_IN = "it is not plugged in"
PLUGGED_IN_AGAIN = "it was away and has not been opened again yet"


class State(Enum):
    """How the Edge TPU is; the values are words for status and doctor."""

    ABSENT = "absent"
    OPENING = "opening"
    SERVING = "serving"
    DEGRADED = "degraded"


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long it is waited for.

    Attributes:
        request_s: from a request until its answer is there or the CPU may begin.
        open_s: for a child that loads the library, sends the firmware and runs every network once.
        pauses_s: before it is opened again after the first failure, the second, ...; the last one repeats.
    """

    request_s: float = 2.0
    open_s: float = 15.0
    pauses_s: tuple[float, ...] = PAUSES_S


@dataclass(frozen=True, slots=True)
class AcceleratorReport:
    """How the Edge TPU is, for status and doctor.

    Attributes:
        state: DEGRADED from a failure until it serves again, also while it is being opened again; OPENING is the first opening.
        reason: why it is absent or degraded, a clause for "The Edge TPU does not work: ..."; else empty.
        since_s: when this state began, on the monotonic clock.
        n_failures: how often it failed, at work or at being opened.
        n_recoveries: how often it served again after that.
        runtime: what runs it, "tflite-runtime 2.14.0"; empty before it has served.
        self_test: how near the CPU it was in its latest self-test that it passed; empty before it has served.
    """

    state: State
    reason: str
    since_s: float
    n_failures: int
    n_recoveries: int
    runtime: str
    self_test: str = ""


class EdgeTpu:
    """One Edge TPU in its child process; implements `edge.ports.Accelerator`. Not thread-safe: for the unit's loop alone.

    Args:
        start: begins a child process and returns at once.
        self_test: what it must compute before it serves.
        is_listed: whether the system lists the stick at this moment.
        now_s: seconds of a clock that never jumps.
        deadlines: how long it is waited for.
        is_demanded: whether nothing starts without it. Whoever waits for it then says why it does not serve, and until it has
            served once the log is silent.
    """

    def __init__(
        self,
        start: Callable[[], TpuProcess],
        self_test: SelfTest,
        *,
        is_listed: Callable[[], bool],
        now_s: Callable[[], float] = time.monotonic,
        deadlines: Deadlines = Deadlines(),
        is_demanded: bool = False,
    ) -> None:
        self._start, self._self_test, self._is_listed, self._now_s = start, self_test, is_listed, now_s
        self._deadlines, self._is_demanded = deadlines, is_demanded
        self._attempts = Attempts(deadlines.pauses_s)
        self._process: TpuProcess | None = None
        self._state, self._reason, self._runtime, self._told = State.ABSENT, NOT_PLUGGED_IN, "", ""
        self._n_failures = self._n_recoveries = 0
        self._is_closed = False
        self._has_answered = False  # since it serves
        self._is_unplugged = False  # since it failed
        self._failing_since_s: float | None = None  # None while nothing is amiss
        self._entered_s = now_s()  # the state
        self._look_s = -math.inf  # not before

    def run(self, name: str, rows: NDArray[np.int8]) -> list[NDArray[Any]] | None:
        """Compute a batch, or say at once that somebody else must.

        Args:
            name: the network.
            rows: (n, h, w, 3) int8, in the input's own numbers.

        Returns:
            One array an output, in the order of the manifest, in its own numbers, first axis n. None: the CPU shall answer.
        """
        self.advance()
        if self._state is not State.SERVING or self._process is None:
            return None
        try:
            answers = self._process.run(name, rows, deadline_s=ANSWER_SHARE * self._deadlines.request_s)
        except (TpuFailure, OSError) as error:
            self._fail(str(error))
            return None
        self._has_answered = True
        return answers

    def advance(self) -> None:
        """Do what is due: look for the stick, begin to open it, hear whether it is open. Never waits."""
        if self._is_closed:
            return
        if self._state is State.OPENING:
            self._hear(wait_s=0)
        elif self._now_s() >= self._look_s:
            self._look()

    def settle(self, at_most_s: float = math.inf) -> None:
        """Wait for the end of an opening, at most as long as one may take. For the start, before there is a frame to answer."""
        self.advance()
        if self._state is State.OPENING:
            self._hear(wait_s=at_most_s)

    def is_degraded(self) -> bool:
        """Whether the CPU does at the moment what belongs there. One that was never there is not missed.

        Asking does what is due, too: while nobody stands at the door no network is run, and it is to be back before the next one.
        """
        self.advance()
        return self._failing_since_s is not None

    def report(self) -> AcceleratorReport:
        """How it is, as of the latest call of any other method."""
        state, since_s = self._state, self._entered_s
        if self._failing_since_s is not None:
            state, since_s = State.DEGRADED, self._failing_since_s
        return AcceleratorReport(state, self._reason, since_s, self._n_failures, self._n_recoveries, self._runtime, self._told)

    def close(self) -> None:
        """End the child process, whatever it does. From now on the CPU answers. Closing twice is allowed."""
        self._is_closed = True
        self._end_process()
        self._failing_since_s = None
        self._reason = "it was closed"
        self._enter(State.ABSENT)

    def _look(self) -> None:
        """Whether the system lists it and its process lives, and what follows from that."""
        reap()  # a process that could not end may have ended since, and no other may begin for long: it was pulled out
        is_listed = self._listed()
        if self._state is State.SERVING:
            self._check(is_listed)
        elif is_listed is False:
            self._is_unplugged, self._reason = True, NOT_PLUGGED_IN
        elif is_listed:
            self._approach(self._now_s())
        self._look_s = self._attempts.next_s(self._now_s(), at_most_s=LOOK_S)

    def _listed(self) -> bool | None:
        """Whether the system lists it; None when that cannot be said now, as when this process has too many files open."""
        try:
            return self._is_listed()
        except OSError:
            return None

    def _check(self, is_listed: bool | None) -> None:
        """It serves: whether it still could. One that is asked seldom is to be back before it is asked again."""
        if is_listed is False:
            self._fail(NOT_PLUGGED_IN)
        elif self._process is not None:
            try:
                self._process.check()
            except (TpuFailure, OSError) as error:
                self._fail(str(error))

    def _approach(self, now_s: float) -> None:
        """It is there: open it, unless it is too early for that."""
        if self._is_unplugged:
            self._is_unplugged, self._reason = False, PLUGGED_IN_AGAIN
            self._attempts.plug_in(now_s)
        if self._attempts.is_due(now_s):
            self._open()

    def _open(self) -> None:
        try:
            self._process = self._start()
        except (TpuFailure, OSError) as error:
            self._fail(str(error))
            return
        if self._failing_since_s is None:
            self._reason = ""
        self._enter(State.OPENING)

    def _hear(self, *, wait_s: float) -> None:
        """Whether the child has opened it; for so long, and no longer than an opening may take."""
        left_s = max(0.0, self._entered_s + self._deadlines.open_s - self._now_s())
        try:
            opened = self._process.opened(min(wait_s, left_s)) if self._process else None
        except (TpuFailure, OSError) as error:
            self._fail(str(error))
            return
        if opened is not None:
            self._test(opened)
        elif wait_s >= left_s:
            self._fail(f"it was not open within {self._deadlines.open_s:g} s")

    def _test(self, opened: Opened) -> None:
        """Let it serve if it computes rightly."""
        fault = self._self_test.fault(opened.answers)
        if fault:
            self._fail(f"its self-test went wrong: {fault}")
            return
        self._runtime, self._told = opened.runtime, self._self_test.told(opened.answers)
        self._reason, self._has_answered, self._is_demanded = "", False, False
        self._enter(State.SERVING)
        if self._failing_since_s is None:
            log.info("The Edge TPU is open (%s). Its self-test: %s.", opened.runtime, self._told)
            return
        self._n_recoveries += 1
        log.info("The Edge TPU works again after %s (%s).", _span(self._now_s() - self._failing_since_s), opened.runtime)
        self._failing_since_s = None

    def _fail(self, what: str) -> None:
        """It does not work. Somebody is told, unless it has not worked since they were told before."""
        self._end_process()
        now_s = self._now_s()
        has_served = self._state is State.SERVING and self._has_answered
        self._attempts.fail(now_s, served_s=now_s - self._entered_s if has_served else 0.0)
        self._look_s = self._attempts.next_s(now_s, at_most_s=LOOK_S)
        self._is_unplugged = self._listed() is False
        self._reason = NOT_PLUGGED_IN if self._is_unplugged else what.rstrip(".")
        self._n_failures += 1
        self._enter(State.DEGRADED)
        if self._failing_since_s is None:
            self._failing_since_s = now_s
            if self._is_demanded:
                return
            when, cause = f"in {self._attempts.pause_s:g} s", " `muster doctor` looks for the cause."
            if self._is_unplugged:
                when, cause = "when it is plugged in", ""
            told = what.rstrip(".")
            log.error("The Edge TPU does not work: %s. The CPU answers now; it is tried again %s.%s", told, when, cause)

    def _enter(self, state: State) -> None:
        self._state, self._entered_s = state, self._now_s()

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.close()


def _span(seconds: float) -> str:
    """How long it took, in the largest unit that leaves a whole number of at least two."""
    for unit_s, name in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:.0f} {name}"
    return f"{seconds:.0f} s"
