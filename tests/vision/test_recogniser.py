"""Detector and embedder together say where each of their networks ran."""

from __future__ import annotations

from edge.device.fakes import ScriptedNetwork
from edge.types import NETWORKS, Backend
from edge.vision.facenet import Facenet
from edge.vision.mtcnn import Mtcnn, MtcnnNetworks
from edge.vision.recogniser import Recogniser


def test_each_network_is_asked_for_itself_each_time() -> None:
    networks = {name: ScriptedNetwork([]) for name in NETWORKS}
    detector = Mtcnn(MtcnnNetworks(*(networks[name] for name in ("pnet", "rnet", "onet"))), 60, 0.7, (0.6, 0.7, 0.7))
    recogniser = Recogniser(detector, Facenet(networks["facenet"]), "scripted/1")
    for moved in NETWORKS:
        networks[moved].backend = Backend.EDGETPU
        assert recogniser.backends() == {
            name: Backend.EDGETPU if name == moved else Backend.CPU for name in ("pnet", "rnet", "onet", "facenet")
        }
        networks[moved].backend = Backend.CPU
    assert tuple(recogniser.backends()) == NETWORKS
