"""Whether an accelerator computes what the CPU computes: asked after each opening, before it may serve.

It is shown a picture that needs no file and holds nobody's face, and its answers are held against those of the int8 networks on
this CPU. They need not be equal: the Edge TPU rounds otherwise than TFLite does. How much is allowed lies between what honest
arithmetic does (`make study STUDY=backends`, all on CPUs: nobody here has the stick) and where recognition begins to suffer:
docs/models.md, "Two backends, one gallery".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from edge.device.interpreter import Interpreter
from edge.device.manifest import NetworkSpec, TensorSpec
from edge.device.network import dequantise
from edge.types import Floats
from edge.vectors import unit

TEMPLATE = "template"
"""The output that is compared by distance, as templates are."""

MAX_DISTANCE = 0.04
"""Squared L2 that may lie between the two backends' templates of one crop, each of length one.

Of 400 faces two other implementations come to 0.0022 at most and a third, of 20, to 0.0020; layers that all round down to 0.024
(0.028 on this picture). Errors by chance of 0.02 make a unit miss 0.8 in 100 more at the distance that it has, of 0.07 three. The
same picture mirrored is 0.048 away, upside down 0.43.
"""
MAX_LENGTH = 0.15
"""Share by which a template's length before it is scaled may differ: a distance does not see a wrong scale.

Other implementations differ by 0.02, layers that all round down by 0.08.
"""
MAX_STEPS = {"pnet": 12.0, "rnet": 6.0, "onet": 12.0}
"""Steps of its own scale that any other output may be off, as the root of the mean square over its numbers.

Other implementations come to 1.0, layers that all round down to 11.6, 2.4 and 4.4; another picture is off by more in at least one
output of each: mirrored by 21, 18 and 25.
"""

_SPAN = 1024
"""The pattern is drawn in so many parts of the picture's width and height, whatever its size."""
_WAVES = ((3, 1, 170, 90), (-2, 5, 410, 60), (7, -4, 90, 45))
"""Of each channel: waves per width and per height, where they begin, how strong they are."""


def picture(spec: NetworkSpec) -> NDArray[np.int8]:
    """The self-test's picture for one network: slanting waves, a disc and bars in three colours; nobody's face.

    Whole numbers throughout, so that it is the same on every machine.

    Args:
        spec: its input says how large; (1, h, w, 3) int8.

    Returns:
        The input's shape, int8, in the tensor's own numbers.
    """
    _, height, width, n_channels = spec.input.shape
    v, u = np.arange(height)[:, np.newaxis] * _SPAN // height, np.arange(width) * _SPAN // width  # (h, 1), (w,)
    is_disc = (u - 640) ** 2 + (v - 370) ** 2 < 230**2
    is_bar = (v > 700) & (u // 96 % 2 == 0)
    channels = []
    for number in range(n_channels):
        across, down, begin, height_of_wave = _WAVES[number]
        waves = _triangle(across * u + down * v + begin) * height_of_wave // (_SPAN // 2)
        channels.append(waves + (50 - 60 * number) * is_disc + (70 * number - 90) * is_bar)
    numbers: NDArray[np.int8] = np.clip(np.stack(channels, axis=-1), -128, 127).astype(np.int8)
    return numbers[np.newaxis]


@dataclass(frozen=True)
class SelfTest:
    """What the CPU's int8 networks answer to their pictures.

    Attributes:
        twins: name -> the int8 network that runs on the CPU.
        expected: name -> its outputs in the order of the manifest, in their own numbers, the first axis 1.
    """

    twins: Mapping[str, NetworkSpec]
    expected: Mapping[str, Sequence[NDArray[Any]]]

    @classmethod
    def by_cpu(cls, twins: Iterable[NetworkSpec]) -> Self:
        """Run every network once on this CPU.

        Raises:
            ModelError: a file is missing, altered, or not what the manifest says.
        """
        named = {spec.name: spec for spec in twins}
        return cls(named, {name: Interpreter(spec).run(picture(spec)) for name, spec in named.items()})

    def fault(self, answers: Mapping[str, Sequence[NDArray[Any]]]) -> str | None:
        """What is wrong with an accelerator's answers to the same pictures, in one sentence; None where nothing is.

        Args:
            answers: name -> outputs in the order of the manifest, in their own numbers, the first axis 1.
        """
        for name, spec in self.twins.items():
            if name not in answers:
                return f"{name}: it gave no answer"
            found = _fault(spec, self.expected[name], answers[name])
            if found:
                return f"{name}: {found}"
        return None

    def told(self, answers: Mapping[str, Sequence[NDArray[Any]]]) -> str:
        """How near the CPU's answers are in which there is no `fault`, and how near they must be; a clause for log and doctor.

        Nobody has measured it on an Edge TPU yet, so whoever has one is told, and not only when something is wrong.

        Args:
            answers: name -> outputs in the order of the manifest, in their own numbers, the first axis 1.
        """
        parts = []
        for name, spec in self.twins.items():
            outputs = list(zip(spec.outputs, self.expected[name], answers[name], strict=True))
            parts += [
                f"{name}'s template is {_apart(*each):.2g} from the CPU's ({MAX_DISTANCE} is allowed)"
                for each in outputs
                if each[0].name == TEMPLATE
            ]
            off = [steps(ours, theirs) for output, ours, theirs in outputs if output.name != TEMPLATE]
            if off:
                parts.append(f"{name} is {max(off):.1f} steps off ({_max_steps(name):g} are allowed)")
        return ", ".join(reversed(parts))


def _fault(spec: NetworkSpec, expected: Sequence[NDArray[Any]], actual: Sequence[NDArray[Any]]) -> str | None:
    if len(actual) != len(expected):
        return f"it gave {len(actual)} outputs, not {len(expected)}"
    for output, ours, theirs in zip(spec.outputs, expected, actual, strict=True):
        if theirs.shape != ours.shape or theirs.dtype != ours.dtype:
            return f"{output.name} is {theirs.dtype}{list(theirs.shape)}, not {ours.dtype}{list(ours.shape)}"
        if output.name == TEMPLATE:
            found = _template_fault(output, ours, theirs)
        else:
            found = _steps_fault(output.name, steps(ours, theirs), _max_steps(spec.name))
        if found:
            return found
    return None


def _template_fault(output: TensorSpec, ours: NDArray[Any], theirs: NDArray[Any]) -> str | None:
    apart = _apart(output, ours, theirs)
    if not apart <= MAX_DISTANCE:
        return f"the template is {apart:.2g} from the CPU's; {MAX_DISTANCE} is allowed"
    lengths = [float(np.linalg.norm(dequantise(each, output))) for each in (ours, theirs)]
    ratio = lengths[1] / lengths[0]
    if abs(ratio - 1) > MAX_LENGTH:
        return f"the template is {ratio:.2f} times as long as the CPU's; {1 - MAX_LENGTH:g} to {1 + MAX_LENGTH:g} is allowed"
    return None


def _apart(output: TensorSpec, ours: NDArray[Any], theirs: NDArray[Any]) -> float:
    return distance(dequantise(ours, output)[0], dequantise(theirs, output)[0])


def _max_steps(name: str) -> float:
    return MAX_STEPS.get(name, min(MAX_STEPS.values()))


def _steps_fault(output: str, off: float, allowed: float) -> str | None:
    return f"{output} is {off:.1f} steps from the CPU's; {allowed:g} are allowed" if off > allowed else None


def steps(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Root of the mean square of what lies between two outputs in their own numbers.

    Not the largest: of P-Net's 30,000 numbers some are 9 steps apart between two honest implementations on this picture.
    """
    return float(np.sqrt(np.mean((a.astype(np.float64) - b) ** 2)))


def distance(a: Floats, b: Floats) -> float:
    """Squared L2 between two (d,) templates, each scaled to length one first."""
    return float(np.sum((unit(a) - unit(b)) ** 2))


def _triangle(x: NDArray[np.int_]) -> NDArray[np.int_]:
    """A wave of straight lines, as long as the pattern, between plus and minus half of `_SPAN`."""
    return np.abs((x + _SPAN // 2) % (2 * _SPAN) - _SPAN) - _SPAN // 2
