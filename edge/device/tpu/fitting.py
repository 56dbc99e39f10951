"""The networks of a unit, each in its place: on the Edge TPU or on the CPU, with the reason why.

Where the configuration leaves it open, the faster of the two is taken, once the Edge TPU serves and both were timed: at the
start, or, when the stick is plugged in later, in a moment in which nobody waits at the door. Until then the CPU runs them.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from edge.device.interpreter import runtime_name_and_version
from edge.device.manifest import NetworkSpec
from edge.device.network import TfliteNetwork
from edge.device.tpu.candidates import Candidate
from edge.device.tpu.edgetpu import NOT_PLUGGED_IN, AcceleratorReport, EdgeTpu, State
from edge.device.tpu.network import PlacedNetwork
from edge.device.tpu.placement import TO_SAVE, Contest, Place, Timing, as_in_a_frame
from edge.device.tpu.timings import Bench, Key
from edge.ports import Network
from edge.types import Backend, Floats

log = logging.getLogger(__name__)

N_TRIES = 3
"""So often it is measured anew when the Edge TPU fails meanwhile; then the CPU keeps the networks until the next start."""

NOT_YET = Place(Backend.CPU, "not measured yet")
NO_TIME = Place(Backend.CPU, "the others took all the time for measuring")
GIVEN_UP = Place(Backend.CPU, f"the Edge TPU failed {N_TRIES} times while it was measured")
LEFT_ALONE = f"it is left alone: no network was found to save {TO_SAVE} on it"
SIDES = {Backend.CPU: "CPU", Backend.EDGETPU: "Edge TPU"}


class Port(Protocol):
    """Where the Edge TPU is plugged in."""

    def absence(self) -> str:
        """Why it is not there, a clause."""

    def close(self) -> None:
        """Let others have it."""


class FittedNetwork:
    """A network that may change its place between two calls; implements `edge.ports.Network`.

    Args:
        cpu: as it runs on the CPU.
        edgetpu: as it runs on the Edge TPU, and on the CPU when that does not answer; None where it cannot run there.
        place: where it belongs.

    Attributes:
        n_batches: how many were answered where.
    """

    def __init__(self, cpu: TfliteNetwork, edgetpu: PlacedNetwork | None, place: Place) -> None:
        self.cpu, self.edgetpu, self.place = cpu, edgetpu, place
        self.n_batches: Counter[Backend] = Counter()
        self._latest: Backend | None = None

    @property
    def backend(self) -> Backend:
        """Where the latest batch really ran; before the first, where one would run now."""
        return self._latest or self._network.backend

    def __call__(self, batch: Floats) -> Mapping[str, Floats]:
        """Run the network where it belongs; see `edge.ports.Network`."""
        network = self._network
        result = network(batch)
        if len(batch):
            self._latest = network.backend
            self.n_batches[self._latest] += 1
        return result

    @property
    def _network(self) -> Network:
        return self.edgetpu if self.edgetpu and self.place.backend is Backend.EDGETPU else self.cpu


class Fitting:
    """Who runs what; implements `edge.ports.Accelerator`. Not thread-safe: for the unit's loop alone.

    Args:
        candidates: one for each network, the small ones first.
        cpu: name -> the network as it runs on the CPU.
        tpu: the Edge TPU; None where it has nothing to run.
        bench: how networks are timed.
        port: where it is plugged in; closed when no network was found to be faster on it.

    Attributes:
        networks: name -> the network in its place.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        cpu: Mapping[str, TfliteNetwork],
        tpu: EdgeTpu | None,
        *,
        bench: Bench,
        port: Port | None = None,
    ) -> None:
        self._tpu, self._bench, self._port = tpu, bench, port
        self._n_tries, self._n_recoveries, self._is_left_alone = 0, 0, False
        self._compiled = {each.name: each.compiled for each in candidates if each.compiled}
        self.networks: dict[str, FittedNetwork] = {}
        for each in candidates:
            edgetpu = PlacedNetwork(cpu[each.name], each.compiled.twin, tpu) if each.compiled and tpu else None
            self.networks[each.name] = FittedNetwork(cpu[each.name], edgetpu, each.place or NOT_YET)
        self._open_to_both = [name for name in self.networks if self._is_undecided(name)]

    def is_degraded(self) -> bool:
        """Whether the CPU does at the moment what belongs on the Edge TPU.

        Whoever asks has time: nobody waits at the door. So what is still to be decided is decided now, where that is possible.
        """
        is_degraded = self._tpu is not None and self._tpu.is_degraded()
        if self.decide():
            log.info(str(self))
        return is_degraded

    def decide(self) -> bool:
        """Give the networks that may run on either side to the faster one, if the Edge TPU serves; at most two seconds.

        One that was away may have come back on another port. So what was measured is then looked up again, and measured where
        nothing is known of that port.

        Returns:
            Whether a network has another place now, or another reason for it.
        """
        if not self._tpu or self._tpu.report().state is not State.SERVING:
            return False
        n_recoveries = self._tpu.report().n_recoveries
        undecided = [name for name in self._open_to_both if n_recoveries != self._n_recoveries or self._is_undecided(name)]
        self._n_recoveries = n_recoveries
        if not undecided:
            return False
        told = str(self)
        return self._give(undecided, self._tpu) and str(self) != told

    def _is_undecided(self, name: str) -> bool:
        return self.networks[name].place is NOT_YET

    def _give(self, undecided: Sequence[str], tpu: EdgeTpu) -> bool:
        """Give these networks to the faster side; False when it failed while they were timed, and is worth another try."""
        timings = self._bench.timings(self._contests(undecided), {name: self._files(name) for name in undecided})
        if timings is None:
            self._n_tries += 1
            if self._n_tries < N_TRIES:
                return False
            self._open_to_both = []
        for name in undecided:
            self.networks[name].place = _place(name, timings)
        if timings is not None and all(network.place.backend is Backend.CPU for network in self.networks.values()):
            self._leave_alone(tpu)
        return True

    def _leave_alone(self, tpu: EdgeTpu) -> None:
        """Let others have it, for good."""
        tpu.close()
        if self._port:
            self._port.close()
        self._is_left_alone = True

    def report(self) -> AcceleratorReport | None:
        """How the Edge TPU is; None where it has nothing to run."""
        report = self._tpu.report() if self._tpu else None
        if report and self._is_left_alone:
            return replace(report, reason=LEFT_ALONE)
        if report and report.state is State.ABSENT and self._port:
            return replace(report, reason=self._port.absence())
        return report

    def ran(self) -> dict[str, dict[str, int]]:
        """Network -> backend -> how many batches it has answered there."""
        return {name: {each.value: n for each, n in network.n_batches.items()} for name, network in self.networks.items()}

    def spec(self, name: str, backend: Backend) -> NetworkSpec:
        """The file of a network that runs on this side; the CPU's where there is none for the Edge TPU."""
        is_compiled = backend is Backend.EDGETPU and name in self._compiled
        return self._compiled[name].as_network() if is_compiled else self.networks[name].cpu.spec

    def __str__(self) -> str:
        """Which network runs where, and why."""
        report = self.report()
        state = report.state if report else None
        if report and state is State.ABSENT and not self._is_left_alone:
            why = "No Edge TPU is plugged in; until one" if report.reason == NOT_PLUGGED_IN else f"{report.reason}. Until it"
            return f"{why} is, every network runs on the CPU."
        reasons: dict[tuple[Backend, str], list[str]] = {}
        for name, network in self.networks.items():
            reasons.setdefault((network.place.backend, network.place.reason), []).append(name)
        told = [f"{', '.join(names)} on the {SIDES[side]} ({reason})" for (side, reason), names in reasons.items()]
        is_elsewhere = state is not State.SERVING and any(side is Backend.EDGETPU for side, _ in reasons)
        until_then = ", on the CPU until the Edge TPU serves and then so" if is_elsewhere else ""
        left_alone = " The Edge TPU is closed again and left alone until the next start." if self._is_left_alone else ""
        return f"Where the networks run{until_then}: {'; '.join(told)}.{left_alone}"

    def _contests(self, names: Iterable[str]) -> dict[str, Contest]:
        """What is timed of each network that runs on either side."""
        pairs = ((name, self.networks[name], self._compiled[name].twin) for name in names)
        return {name: Contest(each.cpu, each.edgetpu, as_in_a_frame(twin)) for name, each, twin in pairs if each.edgetpu}

    def _files(self, name: str) -> Key:
        """What a timing depends on of the network itself: the files, and what runs them."""
        return {
            "compiled": self._compiled[name].sha256,
            "cpu": self.networks[name].cpu.spec.sha256,
            "cpu_runtime": " ".join(runtime_name_and_version()),
            "edgetpu_runtime": self._tpu.report().runtime if self._tpu else "",
        }


def _place(name: str, timings: Mapping[str, Timing] | None) -> Place:
    """Where a network belongs after all were timed, or could not be."""
    if timings is None:
        return GIVEN_UP
    return timings[name].place if name in timings else NO_TIME
