"""What turns pixels into templates, together: whoever enrols and whoever stands at the door go through the same two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge.types import Backend
from edge.vision.facenet import Facenet
from edge.vision.mtcnn import Mtcnn


@dataclass(frozen=True, slots=True)
class Recogniser:
    """Detector and embedder of one unit.

    Attributes:
        detector: finds faces.
        embedder: makes a template of each.
        model: what made the templates, "facenet-20180408-102900+head-0cf5ccfa/int8" for one; no others are compared with them.
    """

    detector: Mtcnn
    embedder: Facenet
    model: str

    def backends(self) -> Mapping[str, Backend]:
        """Where each network really ran when it was last asked, by the names of `edge.types.NETWORKS`, in their order."""
        stages = self.detector.networks
        networks = {"pnet": stages.pnet, "rnet": stages.rnet, "onet": stages.onet, "facenet": self.embedder.network}
        return {name: network.backend for name, network in networks.items()}
