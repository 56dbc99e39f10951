"""Which networks the Edge TPU could run, told from the files before anything is opened."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from edge.device.compiled import CompiledError, CompiledSpec, CompiledState, read_compiled
from edge.device.interpreter import verified_bytes
from edge.device.manifest import NetworkSpec
from edge.device.tpu.placement import Place
from edge.errors import ModelError
from edge.types import Backend

AS_CONFIGURED = "as configured"
CPU_ALONE = "made for the CPU alone"


class Wish(StrEnum):
    """What the configuration says of a network's place."""

    AUTO = "auto"
    EDGETPU = "edgetpu"
    CPU = "cpu"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One network, and whether the Edge TPU could run it.

    Attributes:
        name: pnet, rnet, onet or facenet.
        wish: what the configuration says.
        compiled: its file for the Edge TPU; None where it is to run on the CPU.
        obstacle: why there is none although one may be wished for.
    """

    name: str
    wish: Wish
    compiled: CompiledSpec | None = None
    obstacle: ModelError | None = None

    @property
    def place(self) -> Place | None:
        """Where it belongs, as far as that can be said before anything is measured."""
        if self.compiled is None:
            return Place(Backend.CPU, _clause(self.obstacle) if self.obstacle else AS_CONFIGURED)
        return Place(Backend.EDGETPU, AS_CONFIGURED) if self.wish is Wish.EDGETPU else None


def _clause(obstacle: ModelError) -> str:
    """What is in the way, in a few words: whoever wants to know what to do asks the doctor."""
    if isinstance(obstacle, CompiledError):
        is_missing = obstacle.state is CompiledState.MISSING  # as of every network on a unit without an Edge TPU: no defect
        return CPU_ALONE if is_missing else f"compiled file: {obstacle.state.value}"
    return str(obstacle).partition(". ")[0]


def candidate(manifest: Path, name: str, wish: Wish, *, variant: str, canvas_size: tuple[int, int]) -> Candidate:
    """Look whether the Edge TPU could run a network.

    Args:
        manifest: names the files.
        name: pnet, rnet, onet or facenet.
        wish: what the configuration says of its place.
        variant: which variant is configured: auto, int8 or float32.
        canvas_size: (width, height) that P-Net is shown.
    """
    if wish is Wish.CPU:
        return Candidate(name, wish)
    try:
        if variant == "float32":
            raise ModelError("float32 is configured, which the Edge TPU does not compute")
        compiled = read_compiled(manifest, name)
        _check_canvas(compiled.twin, canvas_size)
        verified_bytes(compiled.twin)  # without it nobody could tell whether the Edge TPU computes rightly
    except ModelError as error:
        return Candidate(name, wish, obstacle=error)
    return Candidate(name, wish, compiled)


def _check_canvas(spec: NetworkSpec, canvas_size: tuple[int, int]) -> None:
    """On the CPU P-Net takes a canvas of any size, and what it was compiled for is one size."""
    height, width = spec.input.shape[1:3]
    if spec.free_axes and (width, height) != canvas_size:
        raise ModelError(
            f"{spec.name} is compiled for a canvas of {width} x {height} px, and this configuration makes one of "
            f"{canvas_size[0]} x {canvas_size[1]} px. Take the default camera.width, camera.height, detection.min_face_px and "
            f'detection.scale_factor; or set {spec.name} = "cpu" under [placement].'
        )
