"""The four networks of a unit, and FaceNet without its head: their weights, what they take, where each variant runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.config import CameraConfig, DetectionConfig
from edge.types import Floats
from edge.vision.facenet import INPUT_PX
from edge.vision.mtcnn import ONET_PX, RNET_PX, PyramidLayout
from models import BUILD, FOLDER, HEAD, facenet_graph, mtcnn_networks, mtcnn_original, weights
from models.convert import Function
from models.head.linear import Head

N_NOISE = 8

NAMES = ("pnet", "rnet", "onet", "facenet")


@dataclass(frozen=True, slots=True)
class Variant:
    """One file that is made of a network.

    Attributes:
        runs_on: placements that this variant is meant for: cpu, edgetpu.
        free_axes: axes of the input that the unit may resize: P-Net's canvas has any size.
        folder: where the file goes.
    """

    runs_on: tuple[str, ...]
    free_axes: tuple[int, ...]
    folder: Path = FOLDER


@dataclass(frozen=True, slots=True)
class Network:
    """What is to be built.

    Attributes:
        name: pnet, rnet, onet, facenet or facenet-trunk.
        source: the weights' origin.
        licence: of the weights, as SPDX names it.
        shape: of the input as the files have it, (1, h, w, 3).
        variants: by name, float32 and int8.
        head: what is folded into its last layer.
        whole_output: whether the range of its outputs holds every value: a template with one that is cut off points elsewhere.
    """

    name: str
    source: weights.Source
    licence: str
    shape: tuple[int, int, int, int]
    variants: Mapping[str, Variant]
    head: Path | None = None
    whole_output: bool = False

    @property
    def model(self) -> str:
        """What its outputs are outputs of; another head is another model."""
        return f"{self.source.model}+{Head.read(self.head).name}" if self.head else self.source.model

    def path(self, variant: str) -> Path:
        """Where a variant's file lies."""
        return self.variants[variant].folder / f"{self.name}-{variant}.tflite"


def canvas_shape() -> tuple[int, int, int, int]:
    """P-Net's input for the default camera and the default smallest face: the canvas of the whole pyramid."""
    camera, detection = CameraConfig(), DetectionConfig()
    layout = PyramidLayout.pack((camera.width, camera.height), detection.min_face_px, detection.scale_factor)
    width, height = layout.canvas_size
    return (1, height, width, 3)


# XNNPACK has no int8 PReLU: on a CPU the float32 MTCNN is the faster one (docs/models.md).
_CANVAS = {"float32": Variant(("cpu",), (1, 2)), "int8": Variant(("edgetpu",), (1, 2))}
_CROPS = {"float32": Variant(("cpu",), ()), "int8": Variant(("edgetpu",), ())}
_FACENET = {"float32": Variant((), (), BUILD), "int8": Variant(("cpu", "edgetpu"), ())}

NETWORKS = (
    Network("pnet", weights.MTCNN, "MIT", canvas_shape(), _CANVAS),
    Network("rnet", weights.MTCNN, "MIT", (1, RNET_PX, RNET_PX, 3), _CROPS),
    Network("onet", weights.MTCNN, "MIT", (1, ONET_PX, ONET_PX, 3), _CROPS),
    Network("facenet", weights.FACENET, "MIT", (1, INPUT_PX, INPUT_PX, 3), _FACENET, HEAD, whole_output=True),
)
"""What a unit runs."""

TRUNK = Network("facenet-trunk", weights.FACENET, "MIT", (1, INPUT_PX, INPUT_PX, 3), {"float32": Variant((), (), BUILD)})
"""FaceNet without its head, which heads are trained on."""


def functions(archives: Path) -> dict[str, Function]:
    """Each network as a TensorFlow function, after it was compared with the published one.

    Args:
        archives: the folder that `weights.fetch` filled.

    Raises:
        ValueError: a network is not what was published.
    """
    arrays = weights.read_mtcnn(archives)
    frozen = weights.read(weights.FACENET, archives)
    made: dict[str, Function] = {name: mtcnn_networks.as_function(mtcnn_networks.fold(name, arrays[name])) for name in arrays}
    graph, head = facenet_graph.parse(frozen), Head.read(HEAD)
    made["facenet"], made["facenet-trunk"] = facenet_graph.as_function(graph, head), facenet_graph.trunk(graph)
    compare: dict[str, Callable[[], float]] = {
        name: lambda name=name: mtcnn_original.largest_difference(name, arrays[name])  # type: ignore[misc]
        for name in arrays
    }
    compare["facenet-trunk"] = lambda: facenet_graph.largest_difference(frozen)
    for name, largest_difference in compare.items():
        print(f"{name}: differs from the published network by at most {largest_difference():.1e}")
    prove_fold(made, "noise", facenet_graph.noise(N_NOISE))
    return made


def prove_fold(made: Mapping[str, Function], what: str, images: Floats) -> None:
    """Print how near FaceNet with its head folded in is to the head after FaceNet.

    Raises:
        ValueError: not near enough.
    """
    smallest = facenet_graph.smallest_cosine(made["facenet"], made["facenet-trunk"], Head.read(HEAD), images)
    print(f"facenet: with its head folded in, on {len(images)} pictures of {what}, a cosine of 1 - {1 - smallest:.1e} or more")
