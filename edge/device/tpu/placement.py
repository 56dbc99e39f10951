"""Which network runs where: as the configuration says, or on the faster of the two, measured once on this unit.

The Edge TPU is not the faster one for every network: a request to it costs a round trip over USB, for which a small network
would long be done on the CPU, and on a USB 2 port a large one has to be sent anew with each picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import numpy as np

from edge.device.manifest import NetworkSpec
from edge.ports import Network
from edge.types import Backend, Floats

LIMIT_S = 2.0
"""What measuring may add to the start of a unit, all networks together."""
N_ROUNDS = 15
"""So many calls on each side are enough, where there is time for so many."""
LEAST_GAIN = 0.1
"""Share of the CPU's time that the Edge TPU must save. Less is a tie, and a tie goes to the CPU, which cannot be unplugged. A
network timed against itself came out that much faster in 30 of 240 cases, on two cores that had three times as much to do; a
wrong choice within such noise costs no more than that."""
TO_SAVE = f"{100 * LEAST_GAIN:.0f} % of the CPU's time"

ROWS = {"pnet": 1, "rnet": 16, "onet": 4, "facenet": 1}
"""What a frame with one face asks of each network: a canvas, some windows of P-Net, the few that R-Net leaves, the face."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a network belongs, and why, in a clause."""

    backend: Backend
    reason: str


@dataclass(frozen=True, slots=True)
class Timing:
    """What one call of a network took on either side: medians, in milliseconds."""

    cpu_ms: float
    edgetpu_ms: float

    @property
    def place(self) -> Place:
        """The faster of the two; the CPU where they are as good as even."""
        backend = Backend.EDGETPU if self.edgetpu_ms < self.cpu_ms * (1 - LEAST_GAIN) else Backend.CPU
        is_tie = backend is Backend.CPU and self.edgetpu_ms < self.cpu_ms
        rule = f"; it would have to save {TO_SAVE}" if is_tie else ""
        return Place(backend, f"measured: Edge TPU {self.edgetpu_ms:.1f} ms, CPU {self.cpu_ms:.1f} ms{rule}")


@dataclass(frozen=True, slots=True)
class Contest:
    """One network on both sides, and what both are shown: (n, h, w, 3) float32, standardised."""

    cpu: Network
    edgetpu: Network
    batch: Floats


def as_in_a_frame(spec: NetworkSpec) -> Floats:
    """A batch as large as a frame has it, (n, h, w, 3) in [-1, 1]. What is in the pictures changes no network's time."""
    shape = (ROWS[spec.name], *spec.input.shape[1:])
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


def measure(contests: Mapping[str, Contest], *, now_s: Callable[[], float]) -> dict[str, Timing] | None:
    """Time both sides in turns, for `LIMIT_S` in all; what is begun by then is ended.

    Each network gets an equal share of the time that is left, so those that come first had better be small. One whose turn
    comes when there is none left is missing in what comes back.

    Args:
        contests: name -> network.
        now_s: seconds of a clock that never jumps.

    Returns:
        Name -> timing; None when the Edge TPU failed meanwhile: what the CPU did in its place says nothing.
    """
    end_s, timings = now_s() + LIMIT_S, {}
    for number, (name, contest) in enumerate(contests.items()):
        share_s = (end_s - now_s()) / (len(contests) - number)
        rounds = _rounds(contest, share_s, now_s)
        if rounds is None:
            return None
        if rounds:
            # The first calls prepare what the others find ready: the CPU's caches, the network in the Edge TPU's memory.
            cpu_s, edgetpu_s = zip(*(rounds[1:] or rounds), strict=True)
            timings[name] = Timing(round(1000 * median(cpu_s), 3), round(1000 * median(edgetpu_s), 3))
    return timings


def _rounds(contest: Contest, share_s: float, now_s: Callable[[], float]) -> list[tuple[float, float]] | None:
    """Seconds of each call, (CPU, Edge TPU); no round begins that would probably end after its share of the time."""
    begin_s = now_s()
    rounds: list[tuple[float, float]] = []
    longest_s = 0.0
    while len(rounds) <= N_ROUNDS and now_s() - begin_s + longest_s < share_s:
        before_s = now_s()
        contest.cpu(contest.batch)
        between_s = now_s()
        contest.edgetpu(contest.batch)
        after_s = now_s()
        if contest.edgetpu.backend is not Backend.EDGETPU:
            return None
        rounds.append((between_s - before_s, after_s - between_s))
        longest_s = max(longest_s, after_s - before_s)
    return rounds
