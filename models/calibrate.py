"""The true inputs of every stage: what each network is called with when the unit's own float32 pipeline looks at faces."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from tqdm import tqdm

from edge.device.network import load
from edge.ports import Network
from edge.types import Backend, Floats
from edge.vision.facenet import Facenet
from models import MANIFEST, compare, faces
from models.networks import NAMES

MAX_ROWS = 2000
"""So many inputs of one network are kept; R-Net alone sees some thousand candidates."""


class RecordingNetwork:
    """A network that also keeps the batches that it was called with."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.batches: list[Floats] = []

    @property
    def backend(self) -> Backend:
        """That of the network."""
        return self._network.backend

    def __call__(self, batch: Floats) -> Mapping[str, Floats]:
        """Keep the batch and run the network."""
        self.batches.append(batch)
        return self._network(batch)

    def rows(self) -> list[Floats]:
        """All inputs, (1, h, w, 3) each, or MAX_ROWS of them drawn with a fixed seed."""
        rows = [batch[row : row + 1] for batch in self.batches for row in range(len(batch))]
        kept = np.sort(np.random.default_rng(faces.SEED).permutation(len(rows))[:MAX_ROWS])
        return [rows[row] for row in kept]


def stage_inputs() -> dict[str, list[Floats]]:
    """The inputs of each network on the calibration photographs, by name of the network.

    Raises:
        MissingFacesError: the photographs are not here.
    """
    recorders = {name: RecordingNetwork(load(MANIFEST, name, variant="float32")) for name in NAMES}
    mtcnn = compare.detector(recorders)
    facenet = Facenet(recorders["facenet"])
    for path in tqdm(faces.calibration_photographs(), "calibration photographs", mininterval=2):
        pixels = faces.read(path)
        facenet.templates(pixels, mtcnn.detect(pixels))
    return {name: recorder.rows() for name, recorder in recorders.items()}
