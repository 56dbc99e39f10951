"""Whether the networks' files for the Edge TPU are there, and belong to the files beside them."""

from __future__ import annotations

from collections.abc import Sequence

from edge.device.compiled import CompiledError, CompiledState
from edge.device.tpu.candidates import Candidate
from edge.doctor.finding import Finding, State, split
from edge.errors import ModelError

NAME = "compiled models"

ALL_ON_THE_CPU = "every network is placed on the CPU, by the configuration"
COMPILE = (
    "run `make edgetpu` on an x86-64 Linux and copy *_edgetpu.tflite and manifest.toml from its models folder to this one;"
    ' or place these networks under [placement] with "cpu"'
)


def compiled(candidates: Sequence[Candidate], *, bad: State, is_needed: bool) -> Finding:
    """What could run on the Edge TPU, and what keeps the other networks from it.

    Args:
        candidates: the networks.
        bad: how bad it is that none can run there.
        is_needed: an Edge TPU is plugged in, or must be.
    """
    usable = [each.name for each in candidates if each.compiled]
    obstacles = {each.name: each.obstacle for each in candidates if each.obstacle}
    missing = [name for name, obstacle in obstacles.items() if _is_missing(obstacle)]
    if not usable and not obstacles:
        if bad is State.FAULT:
            return Finding(NAME, bad, ALL_ON_THE_CPU, 'set accelerator.kind = "auto" or "cpu", or place a network elsewhere')
        return Finding(NAME, State.OK, f"not needed: {ALL_ON_THE_CPU}")
    if not usable and not is_needed and len(missing) == len(obstacles):
        return Finding(NAME, State.OK, "there are none, and none is needed as long as no Edge TPU is plugged in")
    words = [f"{', '.join(usable)} can run on it" if usable else "no network can run on it"]
    words += [f"{', '.join(missing)}: missing"] if missing else []
    words += [_sentence(name, obstacle) for name, obstacle in obstacles.items() if name not in missing]
    if not obstacles or (not is_needed and len(missing) == len(obstacles)):
        return Finding(NAME, State.OK, "; ".join(words))
    advice = split(next(iter(obstacles.values())))[1] if len(obstacles) == 1 else COMPILE
    return Finding(NAME, State.WARNING if usable else bad, "; ".join(words), advice)


def _is_missing(obstacle: ModelError) -> bool:
    return isinstance(obstacle, CompiledError) and obstacle.state is CompiledState.MISSING


def _sentence(name: str, obstacle: ModelError) -> str:
    sentence = split(obstacle)[0]
    return sentence if name in sentence else f"{name}: {sentence}"
