"""What FaceNet without its head says of every photograph of a folder, by the unit's own pipeline, kept between runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from edge.device.manifest import read_spec
from edge.device.network import load
from edge.errors import ModelError
from edge.evaluation.samples import Rows
from edge.exchange.collection.collect import Listing, collect, listing
from edge.exchange.enrolment.folder import Candidate
from edge.types import Faces, Floats, Image
from edge.vision.facenet import Facenet, face_crops
from edge.vision.geometry import Mipmap
from edge.vision.mtcnn import standardised
from edge.vision.recogniser import Recogniser
from models import BUILD, MANIFEST
from models.compare import detector, load_cascade

TRUNK = ("facenet-trunk", "float32")
"""The network and variant that heads are trained on: the unit's own has a head already."""


@dataclass(frozen=True)
class Embeddings:
    """The trunk's output "template" before it is scaled to length one, at most one for each photograph.

    Attributes:
        upright: (n, d) float32.
        mirrored: (n, d) float32, of the same crop with left and right exchanged.
        persons: (n,) the number of each one's person.
        n_photographs: (p,) how many different photographs each person has, also those in which no face was found.
        n_failed: failures to acquire.
    """

    upright: Floats
    mirrored: Floats
    persons: Rows
    n_photographs: Rows
    n_failed: int = 0


class RawViews(Facenet):
    """Gives the network's own outputs in the places of the two templates, neither of unit length."""

    def both(self, pixels: Image, faces: Faces) -> tuple[Floats, Floats]:
        """The crop's, and the mirrored crop's: (n, d) each."""
        crops = face_crops(Mipmap.of(pixels), faces.boxes)  # (n, 160, 160, 3)
        views = (crops, np.ascontiguousarray(crops[:, :, ::-1]))
        upright, mirrored = (self.network(standardised(each))["template"] for each in views)
        return upright, mirrored


def embeddings(folder: Path) -> Embeddings:
    """Those of a folder that has one sub-folder for each person; from ``models/build`` where they were made before.

    Raises:
        EnrolError: there is no such folder, nobody is in it, or not one face.
        ModelError: a network's file is missing or altered; FaceNet without its head is made by `make oracle`.
    """
    listed = listing(folder)
    kept = BUILD / f"embeddings-{fingerprint(listed)}.npz"
    if not kept.exists():
        made = _make(listed)
        BUILD.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part.npz")
        np.savez(part, **vars(made))
        part.replace(kept)
    with np.load(kept) as arrays:
        upright, mirrored, persons, n_photographs = (arrays[each] for each in ("upright", "mirrored", "persons", "n_photographs"))
        return Embeddings(upright, mirrored, persons, n_photographs, int(arrays["n_failed"]))


def fingerprint(listed: Listing) -> str:
    """Of the networks' files and of the photographs: names, sizes and times of change."""
    digest = hashlib.sha256(str(listed.folder.resolve()).encode())
    for name, variant in (("pnet", "auto"), ("rnet", "auto"), ("onet", "auto"), TRUNK):
        digest.update(read_spec(MANIFEST, name, variant=variant).sha256.encode())
    for photograph in listed.photographs:
        state = photograph.path.stat()
        digest.update(f"{listed.place(photograph)}\n{state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _make(listed: Listing) -> Embeddings:
    name, variant = TRUNK
    if not read_spec(MANIFEST, name, variant=variant).path.exists():
        raise ModelError("FaceNet without its head is not here: too large to be kept with the rest. Run `make oracle` first.")
    trunk = load(MANIFEST, name, variant=variant, threads=2)
    recogniser = Recogniser(detector(load_cascade("auto")), RawViews(trunk), f"{trunk.spec.model}/{variant}")
    collected = collect(listed, recogniser, progress=_with_bar)
    samples = collected.samples
    return Embeddings(samples.templates, samples.in_gallery, samples.persons, samples.n_photographs, len(collected.failures))


def _with_bar(candidates: Sequence[Candidate]) -> Iterable[Candidate]:
    bar: Iterable[Candidate] = tqdm(candidates, "templates", mininterval=2)
    return bar
