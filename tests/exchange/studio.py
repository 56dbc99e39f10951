"""Made-up photographs and a recogniser that reads them: a face is a red rectangle whose colour says which template it has."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import cv2
import numpy as np

from edge.exchange.enrolment.desk import Terms
from edge.exchange.enrolment.enrol import enrol
from edge.exchange.enrolment.receipt import Line, Receipt
from edge.matching.matcher import Rule
from edge.matching.policy import Policy
from edge.store import Store
from edge.types import Faces, Floats, Image
from edge.vision.quality import OPEN
from edge.vision.recogniser import Recogniser

MODEL = "scripted/1"
POLICY = Policy(Rule(max_distance=0.8))
BACKGROUND = (40, 80, 250)
D = 512

_serial = count()
_templates: list[Floats] = []


class RedRectangles:
    """Stands in for MTCNN: a face is a red rectangle; the blue in it is how sure the detector is."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []

    def detect(self, pixels: Image) -> Faces:
        self.sizes.append((pixels.shape[1], pixels.shape[0]))
        red = (pixels[:, :, 0] > 150).astype(np.uint8)
        _, _, stats, centres = cv2.connectedComponentsWithStats(red)
        boxes = np.array([[x, y, x + w, y + h] for x, y, w, h, _ in stats[1:]], np.float32).reshape(-1, 4)
        scores = np.array([pixels[int(y), int(x), 2] / 100 for x, y in centres[1:]], np.float32)
        return Faces(boxes, scores, np.repeat(boxes.reshape(-1, 2, 2).mean(axis=1, keepdims=True), 5, axis=1))


class CutOut:
    """Stands in for FaceNet: reads which template it is, and notes how large the face was in the picture it was cut from."""

    def __init__(self) -> None:
        self.cut: list[tuple[float, float, float]] = []

    def both(self, pixels: Image, faces: Faces) -> tuple[Floats, Floats]:
        (box,) = faces.boxes
        inside = pixels[int(box[1]) + 2 : int(box[3]) - 2, int(box[0]) + 2 : int(box[2]) - 2]
        self.cut.append((box[2] - box[0], box[3] - box[1], float((inside[:, :, 0] > 150).mean())))
        number = int(pixels[0, 0, 2]) * 256 + int(np.median(inside[:, :, 1]))
        template = (_templates[number] if number < len(_templates) else face(0))[np.newaxis]
        return template, template


def face(who: int, *, view: int | None = None, apart: float = 0.4) -> Floats:
    """The template of another photograph of somebody: any two of one person are ``apart``, of two people 2 (squared L2)."""
    template = np.zeros(D, np.float32)
    template[who] = (1 - apart / 2) ** 0.5
    template[100 + (next(_serial) if view is None else view) % (D - 100)] += (apart / 2) ** 0.5
    return template / np.linalg.norm(template)


def towards(a: Floats, b: Floats, distance: float) -> Floats:
    """On the way from one template to another that is at right angles to it, so far from the first (squared L2)."""
    cosine = 1 - distance / 2
    return np.asarray(cosine * a + (1 - cosine**2) ** 0.5 * b, np.float32)


def picture(
    *faces: tuple[int, int, int], size: tuple[int, int] = (400, 300), sure: int = 99, number: int = BACKGROUND[2] * 256
) -> Image:
    """A picture with faces of so many pixels at x, y."""
    pixels = np.full((size[1], size[0], 3), (*BACKGROUND[:2], number // 256), np.uint8)
    for x, y, side in faces:
        pixels[y : y + side, x : x + side] = (200, number % 256, sure)
    return pixels


def put(path: Path, pixels: Image) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", pixels[:, :, ::-1])[1].tobytes())
    return path


def portrait(path: Path, template: Floats | None = None) -> Path:
    """A good photograph, unlike any other file; of person 1 where no template is given."""
    _templates.append(face(1) if template is None else template)
    return put(path, picture((100 + next(_serial) % 150, 80, 120), number=len(_templates) - 1))


def portraits(folder: Path, *names: str) -> None:
    """Photographs at these places below a folder: one person for each sub-folder or loose photograph, as its name says."""
    people: dict[str, int] = {}
    for name in names:
        person = name.split("/")[0].removesuffix(".png").casefold()
        portrait(folder / name, face(people.setdefault(person, len(people) + 1)))


def recogniser() -> Recogniser:
    return Recogniser(RedRectangles(), CutOut(), MODEL)


def hand_in(folder: Path, store: Store, *, look_alikes: frozenset[str] = frozenset(), policy: Policy = POLICY) -> Receipt:
    return enrol(folder, store=store, recogniser=recogniser(), terms=Terms(60, OPEN, policy, look_alikes))


def line(receipt: Receipt, photograph: str) -> Line:
    return next(line for line in receipt.lines if line.photograph == photograph)


def given(receipt: Receipt) -> list[str]:
    return [line.verdict.value for line in receipt.lines]
