"""The networks of a unit, on its CPU, and the recogniser that is made of networks wherever they run."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from edge.config import Config
from edge.device import network
from edge.device.manifest import NetworkSpec, read_spec
from edge.device.network import TfliteNetwork
from edge.ports import Network
from edge.vision.facenet import Facenet
from edge.vision.mtcnn import Mtcnn, MtcnnNetworks
from edge.vision.recogniser import Recogniser
from edge.wiring.places import manifest_path


def recogniser(config: Config, *, manifest: Path | None = None) -> Recogniser:
    """The networks, checked and loaded, all on the CPU.

    Args:
        config: which variants, and how faces are looked for.
        manifest: names the files; `manifest_path` when None.

    Raises:
        ModelError: a network's file is missing, altered, or not what the manifest says.
    """
    networks = on_cpu(config, manifest or manifest_path())
    return assembled(config, networks, networks["facenet"].spec)


def on_cpu(config: Config, manifest: Path) -> dict[str, TfliteNetwork]:
    """Name -> each network on the CPU, in the order in which a frame meets them.

    Raises:
        ModelError: a network's file is missing, altered, or not what the manifest says.
    """
    detection, recognition = config.detection, config.recognition
    load = partial(network.load, manifest, threads=recognition.threads)
    with ThreadPoolExecutor() as pool:  # hashing and preparing FaceNet takes as long as all the others, beside each other
        facenet = pool.submit(load, "facenet", variant=recognition.variant)
        # A crop of R- or O-Net (0.03 and 0.15 ms) is too little to share out; several of them run side by side instead.
        stages = {
            "pnet": load("pnet", variant=detection.variant),
            "rnet": load("rnet", variant=detection.variant, threads=1, workers=recognition.threads),
            "onet": load("onet", variant=detection.variant, threads=1, workers=recognition.threads),
        }
    return stages | {"facenet": facenet.result()}


def assembled(config: Config, networks: Mapping[str, Network], facenet: NetworkSpec) -> Recogniser:
    """What finds faces and makes templates of them.

    Args:
        config: how faces are looked for.
        networks: name -> network.
        facenet: which FaceNet it is. On the Edge TPU runs the int8 variant that runs on the CPU: what was enrolled with one is
            known to the other.
    """
    detection = config.detection
    stages = MtcnnNetworks(networks["pnet"], networks["rnet"], networks["onet"])
    detector = Mtcnn(stages, detection.min_face_px, detection.scale_factor, detection.thresholds)
    return Recogniser(detector, Facenet(networks["facenet"]), _model(facenet))


def model(config: Config, *, manifest: Path | None = None) -> str:
    """What makes this unit's templates, as the store names it; nothing is loaded.

    Raises:
        ModelError: the manifest is missing or damaged, or knows no such variant.
    """
    return _model(read_spec(manifest or manifest_path(), "facenet", variant=config.recognition.variant))


def _model(spec: NetworkSpec) -> str:
    return f"{spec.model}/{spec.variant}"
