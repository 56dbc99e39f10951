"""What the bench measures: one 640 x 480 frame with one face, and the unit's own pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import cv2
import numpy as np

from edge import wiring
from edge.config import Config, RecognitionConfig
from edge.device.fakes import ManualClock, RecordingPanel, ScriptedCamera
from edge.matching.gallery import Gallery, NearestTemplate
from edge.matching.matcher import Rule
from edge.store import Store
from edge.types import Frame, Image
from edge.unit import Hands, Unit
from edge.vectors import unit
from edge.vision.geometry import Mipmap
from edge.vision.mtcnn import Mtcnn, PyramidLayout, standardised
from edge.vision.recogniser import Recogniser
from tests.bench.timing import Call

ROOT = Path(__file__).parents[2]
FRAME_SIZE = (640, 480)
FPS = 15


def frame_with_a_face() -> Image:
    """(480, 640, 3) uint8: the astronaut of the demonstration, whose face is 115 px high, in the middle of a grey frame.

    Raises:
        SystemExit: the portraits are not here.
    """
    portrait = cv2.imread(str(ROOT / "var" / "portraits" / "astronaut.png"))
    if portrait is None:
        raise SystemExit("The bench needs the demonstration portraits: run `make portraits` first.")
    frame = np.full((FRAME_SIZE[1], FRAME_SIZE[0], 3), 90, np.uint8)
    frame[:, 64:576] = portrait[: FRAME_SIZE[1], :, ::-1]
    return frame


def pipeline(*, threads: int) -> Recogniser:
    """The networks as a unit loads them."""
    cv2.setNumThreads(threads)
    return wiring.recogniser(Config(recognition=RecognitionConfig(threads=threads)))


def stages(recogniser: Recogniser, pixels: Image) -> dict[str, Call]:
    """Name -> one stage alone, on the real inputs of that stage."""
    detector, embedder = recogniser.detector, recogniser.embedder
    frame = Mipmap.of(pixels)
    layout = PyramidLayout.pack(FRAME_SIZE, detector.min_face_px, detector.scale_factor)
    canvas = standardised(layout.draw(frame))[None]
    proposals = detector.propose(frame)
    refined = detector.refine(frame, proposals)
    faces = detector.output(frame, refined)
    return {
        "pyramid of the frame": lambda: layout.draw(Mipmap.of(pixels)),
        "P-Net, one canvas": lambda: detector.networks.pnet(canvas),
        f"R-Net and NMS, {len(proposals)} boxes": lambda: detector.refine(frame, proposals),
        f"O-Net and NMS, {len(refined)} boxes": lambda: detector.output(frame, refined),
        "detection, whole": lambda: detector.detect(pixels),
        "template of one face": lambda: embedder.templates(pixels, faces[:1]),
    }


def recognition(recogniser: Recogniser, pixels: Image) -> Call:
    """Detect, embed, match against 100 people."""
    gallery = random_gallery(100, dimensions=recogniser.embedder.templates(pixels, recogniser.detector.detect(pixels)).shape[1])
    matcher = NearestTemplate(gallery, Rule(1.0))

    def recognise() -> object:
        faces = recogniser.detector.detect(pixels)
        return [matcher.match(probe) for probe in recogniser.embedder.templates(pixels, faces)]

    return recognise


def random_gallery(n: int, *, dimensions: int, n_each: int = 1) -> Gallery:
    """n unit vectors, so many of each person."""
    vectors = np.random.default_rng(n).standard_normal((n, dimensions), np.float32)
    return Gallery(unit(vectors), np.arange(n) // n_each)


@contextmanager
def turns(recogniser: Recogniser, pixels: Image, *, recheck_s: float) -> Iterator[Call]:
    """One turn of the unit's loop on the same frame, after the person was recorded; with recheck 0 tracking saves nothing."""
    faces = recogniser.detector.detect(pixels)
    template = recogniser.embedder.templates(pixels, faces[:1])[0]
    with Store.open(":memory:", unit="bench") as store:
        person = store.add_person("1", "Bench")
        store.add_template(person.id, template, model=recogniser.model, photo_sha256="0" * 64)
        hands = Hands(ScriptedCamera([]), RecordingPanel(), ManualClock(), store)
        rules = replace(wiring.rules(Config()), recheck_s=recheck_s)
        unit = Unit(hands, recogniser, rules=rules, limits=wiring.limits(Config()), report=lambda _: None)
        numbers = count()
        turn = lambda: unit.step(Frame(pixels, next(numbers) / FPS))  # noqa: E731 -- a name for it would say no more
        for _ in range(5):
            turn()
        if unit.tally.n_recorded != 1:
            raise SystemExit("The bench's person was not recorded; nothing to measure.")
        yield turn


def network_sizes(detector: Mtcnn) -> str:
    """The canvas, in words."""
    layout = PyramidLayout.pack(FRAME_SIZE, detector.min_face_px, detector.scale_factor)
    return f"{layout.canvas_size[0]} x {layout.canvas_size[1]} px, {len(layout.levels)} levels"
