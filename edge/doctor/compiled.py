"""Whether the networks' files for the Edge TPU are there, and belong to the files beside them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from edge.device.compiled import CompiledError, CompiledState
from edge.device.tpu.candidates import Candidate, Wish
from edge.doctor.finding import Finding, State, split
from edge.errors import ModelError

NAME = "compiled models"

ALL_ON_THE_CPU = "every network is placed on the CPU, by the configuration"
COMPILE = (
    "run `make edgetpu` on an x86-64 Linux and copy *_edgetpu.tflite and manifest.toml from its models folder to this one;"
    ' or place these networks under [placement] with "cpu"'
)
INT8 = (
    'set detection.variant (pnet, rnet, onet) or recognition.variant (facenet, and then enrol everybody again) to "auto";'
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
    wished = [each.name for each in candidates if each.obstacle and each.wish is Wish.EDGETPU]
    if not usable and not obstacles:
        return Finding(NAME, State.OK, f"not needed: {ALL_ON_THE_CPU}")
    is_missed = is_needed or bool(wished)
    if not usable and not is_missed and all(map(_is_missing, obstacles.values())):
        return Finding(NAME, State.OK, "there are none, and none is needed as long as no Edge TPU is plugged in")
    words = _words(usable, obstacles)
    if not obstacles or (not is_missed and not any(map(_is_wrong, obstacles.values()))):
        return Finding(NAME, State.OK, words)
    if wished:
        words += f"; and {', '.join(wished)} {'is' if len(wished) == 1 else 'are'} to run there by [placement]"
    # A unit that must not start without an Edge TPU does not start either without the file of a network that is placed there.
    return Finding(NAME, bad if wished or not usable else State.WARNING, words, _advice(obstacles.values()))


def _words(usable: Sequence[str], obstacles: Mapping[str, ModelError]) -> str:
    missing = [name for name, obstacle in obstacles.items() if _is_missing(obstacle)]
    words = [f"{', '.join(usable)} can run on the Edge TPU" if usable else "no network can run on the Edge TPU"]
    words += [f"{', '.join(missing)}: missing"] if missing else []
    words += [_sentence(name, obstacle) for name, obstacle in obstacles.items() if name not in missing]
    return "; ".join(words)


def _advice(obstacles: Collection[ModelError]) -> str:
    """What to do about each of them, said once: files that are missing or wrong, then what the configuration asks for."""
    files = [obstacle for obstacle in obstacles if isinstance(obstacle, CompiledError)]
    advice = [split(files[0])[1] if len(files) == 1 else COMPILE] if files else []
    advice += [split(obstacle)[1] or INT8 for obstacle in obstacles if not isinstance(obstacle, CompiledError)]
    return "; ".join(dict.fromkeys(each.rstrip(".") for each in advice))


def _is_missing(obstacle: ModelError) -> bool:
    return isinstance(obstacle, CompiledError) and obstacle.state is CompiledState.MISSING


def _is_wrong(obstacle: ModelError) -> bool:
    """Whether there is a file that is not to be used: worth a word also where no Edge TPU is."""
    return isinstance(obstacle, CompiledError) and obstacle.state is not CompiledState.MISSING


def _sentence(name: str, obstacle: ModelError) -> str:
    sentence = split(obstacle)[0]
    return sentence if name in sentence else f"{name}: {sentence}"
