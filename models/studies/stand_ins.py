"""The unit's two backends as far as a CPU can play them, and what each makes of the development faces, kept between runs.

A stand-in ends before FaceNet's last layer: the head is folded into that, and only a head that has not seen the people may be
measured on them. So the 1792 int8 numbers before it are kept, and `Int8Head` does the last layer as the int8 network would.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.device.manifest import read_spec
from edge.device.network import dequantise, quantise
from edge.evaluation.samples import Rows
from edge.exchange.collection.collect import Listing, collect
from edge.exchange.enrolment.folder import Candidate
from edge.ports import Network
from edge.types import Faces, Floats, Image
from edge.vectors import unit
from edge.vision.facenet import Facenet, face_crops
from edge.vision.geometry import Mipmap
from edge.vision.mtcnn import standardised
from edge.vision.recogniser import Recogniser
from models import BUILD, MANIFEST
from models.compare import detector, load_cascade
from models.head.embeddings import Embeddings, fingerprint
from models.head.linear import Head
from models.studies.arithmetic import Computed, Errors, Kernels, before_the_last_layer, erring, truncating


@dataclass(frozen=True, slots=True)
class StandIn:
    """One backend as it is played.

    Attributes:
        name: as tables and files have it.
        kernels: that compute the int8 networks.
        is_all_int8: whether P-, R- and O-Net are int8 too; they are float32 on a CPU.
        errors: by which FaceNet's layers err; None for not at all.
    """

    name: str
    kernels: Kernels
    is_all_int8: bool
    errors: Errors | None = None

    def facenet(self) -> Computed:
        """FaceNet in int8 up to its last layer."""
        spec = read_spec(MANIFEST, "facenet", variant="int8")
        content = spec.path.read_bytes()
        cut, rest = before_the_last_layer(spec, erring(content, self.errors) if self.errors else content)
        return Computed(cut, self.kernels, content=rest)

    def cascade(self) -> dict[str, Network]:
        """P-, R- and O-Net."""
        if not self.is_all_int8:
            return load_cascade("auto")
        return {name: Computed(read_spec(MANIFEST, name, variant="int8"), self.kernels) for name in ("pnet", "rnet", "onet")}


CPU = StandIn("CPU", Kernels.XNNPACK, is_all_int8=False)
EDGETPU = StandIn("Edge TPU", Kernels.BUILTIN, is_all_int8=True)
TRUNCATING = StandIn("Edge TPU, rounding down", Kernels.XNNPACK, is_all_int8=True, errors=truncating)


@dataclass(frozen=True)
class Seen:
    """What a stand-in made of the photographs in which it found a face.

    Attributes:
        upright: (n, 1792) float32, before the last layer.
        mirrored: (n, 1792) float32, of the same crop with left and right exchanged.
        rows: (n,) which photograph of the listing each is of, ascending.
        persons: (n,) the number of each one's person.
        n_photographs: (p,) how many photographs each person has.
    """

    upright: Floats
    mirrored: Floats
    rows: Rows
    persons: Rows
    n_photographs: Rows

    def only(self, rows: Rows) -> Embeddings:
        """Of these photographs of the listing; the people and their numbers stay."""
        kept = np.isin(self.rows, rows)
        return Embeddings(self.upright[kept], self.mirrored[kept], self.persons[kept], self.n_photographs)


def seen(stand_in: StandIn, listed: Listing) -> Seen:
    """Through the whole pipeline; from ``models/build`` where it was made before."""
    facenet = stand_in.facenet()
    (output,) = facenet.spec.outputs
    networks = "".join(read_spec(MANIFEST, name, variant="int8").sha256 for name in ("pnet", "rnet", "onet", "facenet"))
    digest = hashlib.sha256(f"{fingerprint(listed)} {networks} {stand_in.name}".encode()).hexdigest()[:16]
    kept = BUILD / f"before-the-last-layer-{digest}.npz"
    if not kept.exists():
        part = kept.with_suffix(".part.npz")
        BUILD.mkdir(parents=True, exist_ok=True)
        made = _make(stand_in, facenet, listed)
        views = {name: quantise(getattr(made, name), output) for name in ("upright", "mirrored")}
        np.savez(part, **(vars(made) | views))
        part.replace(kept)
    with np.load(kept) as arrays:
        loaded = Seen(**arrays)
    return replace(loaded, upright=dequantise(loaded.upright, output), mirrored=dequantise(loaded.mirrored, output))


class _Views(Facenet):
    """Gives the network's output in the places of the two templates."""

    def both(self, pixels: Image, faces: Faces) -> tuple[Floats, Floats]:
        crops = face_crops(Mipmap.of(pixels), faces.boxes)  # (n, 160, 160, 3)
        views = (crops, np.ascontiguousarray(crops[:, :, ::-1]))
        upright, mirrored = (next(iter(self.network(standardised(each)).values())) for each in views)
        return upright.reshape(len(crops), -1), mirrored.reshape(len(crops), -1)


def _make(stand_in: StandIn, facenet: Network, listed: Listing) -> Seen:
    recogniser = Recogniser(detector(stand_in.cascade()), _Views(facenet), stand_in.name)

    def with_bar(candidates: Sequence[Candidate]) -> Iterable[Candidate]:
        bar: Iterable[Candidate] = tqdm(candidates, stand_in.name, mininterval=10)
        return bar

    collected = collect(listed, recogniser, progress=with_bar)
    numbers = {listed.place(candidate): row for row, candidate in enumerate(listed.photographs)}
    copies = set(collected.copies)
    rows = np.array([numbers[place] for place in collected.rows if place not in copies], np.intp)
    samples = collected.samples
    return Seen(samples.templates, samples.in_gallery, rows, samples.persons, samples.n_photographs)


@dataclass(frozen=True)
class Int8Head:
    """FaceNet's last layer with a head folded in, as its int8 file has it: weights and outputs in whole steps.

    Attributes:
        matrix: (c, m) float32, each column in 255 steps of its own.
        bias: (m,) float32.
        low: the smallest output that can be told.
        step: between two outputs.
    """

    matrix: Floats
    bias: Floats
    low: float
    step: float

    @classmethod
    def of(cls, head: Head, layer: tuple[Floats, Floats], calibration: Floats) -> Self:
        """Fold a head in.

        Args:
            head: trained on the outputs of the float32 layer.
            layer: matrix (c, d) and bias (d,) of that.
            calibration: (n, c) inputs, whose outputs all lie within the range.
        """
        matrix, bias = head.after(*layer)
        scales = np.abs(matrix).max(axis=0) / 127
        matrix = np.asarray(np.rint(matrix / scales) * scales, np.float32)
        outputs = calibration @ matrix + bias
        return cls(matrix, bias, float(outputs.min()), float(np.ptp(outputs)) / 255)

    def __call__(self, values: Floats) -> Floats:
        """(n, c) -> (n, m) unit vectors."""
        return unit(self.steps(values))

    def steps(self, values: Floats) -> Floats:
        """(n, c) -> (n, m) whole numbers; a step is as long in every direction."""
        lowest = np.rint(self.low / self.step)
        return np.asarray(np.clip(np.rint((values @ self.matrix + self.bias) / self.step), lowest, lowest + 255), np.float32)

    def disturbed(self, most: int, generator: np.random.Generator) -> Callable[[Floats], Floats]:
        """The same, but each output errs by chance by up to so many steps to either side."""

        def templates(values: Floats) -> Floats:
            steps = self.steps(values)
            return unit(steps + generator.integers(-most, most + 1, steps.shape).astype(np.float32))

        return templates


def in_common(all_seen: Sequence[Seen]) -> Rows:
    """The photographs of the listing in which every stand-in found a face."""
    rows: NDArray[np.intp] = all_seen[0].rows
    for each in all_seen[1:]:
        rows = np.intersect1d(rows, each.rows)
    return rows
