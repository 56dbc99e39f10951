"""Compares detectors and networks on photographs; needs no TensorFlow, so that tests measure with it too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm

from edge.config import DetectionConfig
from edge.device.network import load
from edge.ports import Network
from edge.types import Faces, Floats
from edge.vision.facenet import Facenet
from edge.vision.geometry import iou
from edge.vision.mtcnn import Mtcnn, MtcnnNetworks
from models import MANIFEST, faces

SAME_FACE_IOU = 0.5


def detector(networks: Mapping[str, Network]) -> Mtcnn:
    """The unit's detector with its default configuration over networks by name."""
    detection = DetectionConfig()
    cascade = MtcnnNetworks(networks["pnet"], networks["rnet"], networks["onet"])
    return Mtcnn(cascade, detection.min_face_px, detection.scale_factor, detection.thresholds)


def load_cascade(variant: str) -> dict[str, Network]:
    """P-, R- and O-Net of one variant."""
    return {name: load(MANIFEST, name, variant=variant) for name in ("pnet", "rnet", "onet")}


def load_facenet(variant: str) -> Network:
    """FaceNet of one variant."""
    return load(MANIFEST, "facenet", variant=variant, threads=2)


@dataclass
class DetectionParity:
    """What one detector finds of what another found.

    Attributes:
        n_reference: faces that the reference finds.
        n_missed: of these, the other one does not find (no box with an IoU of SAME_FACE_IOU).
        n_extra: faces that only the other one finds.
        ious: of the pairs.
        landmark_errors: mean distance of the five landmarks as a share of the reference's box, of the pairs.
    """

    n_reference: int = 0
    n_missed: int = 0
    n_extra: int = 0
    ious: list[float] = field(default_factory=list)
    landmark_errors: list[float] = field(default_factory=list)

    def add(self, reference: Faces, other: Faces) -> None:
        """Count one photograph; each face of the reference, best first, takes the face that overlaps it most."""
        free = np.ones(len(other), bool)
        for face in reference:
            overlaps = np.where(free, iou(face.box, other.boxes), 0) if len(other) else np.zeros(0)
            self.n_reference += 1
            if not len(other) or overlaps.max() < SAME_FACE_IOU:
                self.n_missed += 1
                continue
            row = int(overlaps.argmax())
            free[row] = False
            self.ious.append(float(overlaps[row]))
            distances = np.linalg.norm(face.landmarks - other.landmarks[row], axis=1)
            self.landmark_errors.append(float(distances.mean()) / face.size_px)
        self.n_extra += int(free.sum())

    def figures(self) -> dict[str, float]:
        """The figures as the manifest holds them."""
        return {
            "n_faces": self.n_reference,
            "found": round(1 - self.n_missed / self.n_reference, 4),
            "n_missed": self.n_missed,
            "n_extra": self.n_extra,
            "iou_median": round(float(np.median(self.ious)), 4),
            "landmark_error_median": round(float(np.median(self.landmark_errors)), 4),
            "landmark_error_95": round(float(np.quantile(self.landmark_errors, 0.95)), 4),
        }


def detection_parity(photographs: Sequence[Path], reference: Mtcnn, other: Mtcnn) -> DetectionParity:
    """Compare two detectors on photographs."""
    parity = DetectionParity()
    for path in tqdm(photographs, "detection", mininterval=2):
        pixels = faces.read(path)
        parity.add(reference.detect(pixels), other.detect(pixels))
    return parity


def cosines(photographs: Sequence[Path], mtcnn: Mtcnn, networks: Sequence[Network]) -> Floats:
    """Cosine between the templates that two networks make of the central face of each photograph, (n,)."""
    one, other = (Facenet(network) for network in networks)
    found = []
    for path in tqdm(photographs, "templates", mininterval=2):
        pixels = faces.read(path)
        central = faces.central(pixels, mtcnn.detect(pixels))
        found += [float(a @ b) for a, b in zip(one.templates(pixels, central), other.templates(pixels, central), strict=True)]
    return np.array(found, np.float32)
