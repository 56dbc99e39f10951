"""Where each network runs, or will run, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from edge.device.tpu.candidates import Candidate
from edge.doctor.finding import Finding, State
from edge.status import NetworkStatus, Status
from edge.types import Backend

NAME = "placement"

SIDES = {Backend.EDGETPU: "on the Edge TPU", Backend.CPU: "on the CPU"}
FASTER = "on the faster of the two, as the next start finds"

NO_EDGE_TPU = "no Edge TPU can be used"
DEMANDED = Finding(
    NAME,
    State.WARNING,
    'nowhere: with accelerator.kind = "edgetpu" nothing starts until all of it is in order',
    'see to the faults above; or set accelerator.kind = "auto", and the CPU does its work',
)
NO_MODELS = Finding(NAME, State.WARNING, "nowhere: nothing starts without the models", "see to the models first")


def now(found: Status) -> Finding:
    """Where the networks of a unit at work run."""
    words = _grouped((_side(each), each.name, each.reason) for each in found.networks)
    if found.is_degraded:
        return Finding(NAME, State.WARNING, f"now {words}", "see to the Edge TPU; until then everything is recognised, slower")
    return Finding(NAME, State.OK, f"now {words}")


def at_the_next_start(candidates: Sequence[Candidate], latest: Status | None, *, is_usable: bool) -> Finding:
    """Where they will run.

    Args:
        candidates: the networks.
        latest: what the latest unit at work in this folder has left.
        is_usable: whether an Edge TPU is there and can be opened, as far as one can see.
    """
    ran = {each.name: each for each in latest.networks} if latest else {}
    return Finding(NAME, State.OK, _grouped(_will_run(each, ran, is_usable=is_usable) for each in candidates))


def _will_run(each: Candidate, ran: Mapping[str, NetworkStatus], *, is_usable: bool) -> tuple[str, str, str]:
    """Side, network, reason."""
    place = each.place
    if place is not None and place.backend is Backend.CPU:
        return SIDES[Backend.CPU], each.name, place.reason
    if not is_usable:
        return SIDES[Backend.CPU], each.name, NO_EDGE_TPU
    if place is not None:
        return SIDES[Backend.EDGETPU], each.name, place.reason
    latest = ran.get(each.name)
    return FASTER, each.name, f"last time {SIDES[latest.placement]}, {latest.reason}" if latest else "not measured yet"


def _side(each: NetworkStatus) -> str:
    return f"{SIDES[each.backend]}, due {SIDES[each.placement]}" if each.is_elsewhere else SIDES[each.backend]


def _grouped(networks: Iterable[tuple[str, str, str]]) -> str:
    """Side by side, and networks of one reason together: "on the CPU: pnet, rnet (as configured); on the Edge TPU: ..."."""
    sides: dict[str, dict[str, list[str]]] = {}
    for side, name, reason in networks:
        sides.setdefault(side, {}).setdefault(reason, []).append(name)
    return "; ".join(f"{side}: {', '.join(_named(reasons))}" for side, reasons in sides.items())


def _named(reasons: Mapping[str, Sequence[str]]) -> list[str]:
    return [f"{', '.join(names)} ({reason})" for reason, names in reasons.items()]
