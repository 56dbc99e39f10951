"""Other people's code on the same frame: same smallest face, same number of threads, in turn with ours in one run."""

from __future__ import annotations

import importlib.util

from edge.types import Image
from tests.bench.timing import Call


def facenet_pytorch(pixels: Image, *, min_face_px: int, threads: int) -> dict[str, Call]:
    """facenet-pytorch: its MTCNN, and MTCNN with its Inception-ResNet v1.

    Its trained embedding weights are a download that nobody needs here: untrained ones take the same time.
    """
    if importlib.util.find_spec("facenet_pytorch") is None:
        return {}
    import facenet_pytorch as peer
    import torch

    torch.set_num_threads(threads)
    detector = peer.MTCNN(min_face_size=min_face_px, keep_all=True, image_size=160, margin=32)
    embedder = peer.InceptionResnetV1().eval()

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def recognise() -> object:
        return embedder(detector(pixels))

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def embed() -> object:
        return embedder(torch.zeros(1, 3, 160, 160))

    return {
        "detection": lambda: detector.detect(pixels, landmarks=True),
        "template of one face": embed,
        "recognition": recognise,
    }


def mtcnn(pixels: Image, *, min_face_px: int, threads: int) -> dict[str, Call]:
    """The package mtcnn: detection only."""
    if importlib.util.find_spec("mtcnn") is None:
        return {}
    import mtcnn as peer
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    detector = peer.MTCNN()
    return {"detection": lambda: detector.detect_faces(pixels, min_face_size=min_face_px)}


PEERS = {"facenet-pytorch": facenet_pytorch, "mtcnn": mtcnn}
